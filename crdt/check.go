package crdt

import "fmt"

// Check proves the document's inner order and returns the first thing that is
// not as it must be. It is for tests: it looks at everything.
func (d *Doc) Check() error {
	seen := 0
	for c := 1; c < len(d.clients); c++ {
		n, err := d.checkClient(uint32(c))
		if err != nil {
			return err
		}
		seen += n
	}
	if seen != d.items.live {
		return fmt.Errorf("crdt: %d items in the clients' lists, %d in the slab", seen, d.items.live)
	}
	for t := 1; t < len(d.types); t++ {
		if err := d.checkType(uint32(t)); err != nil {
			return err
		}
	}
	if err := d.checkIndexes(); err != nil {
		return err
	}
	return d.checkContent()
}

// checkClient: structs follow each other without gaps.
func (d *Doc) checkClient(c uint32) (n int, err error) {
	next := uint32(0)
	for _, chunk := range d.clients[c].spans.chunks {
		if len(chunk) == 0 || len(chunk) > chunkSize {
			return 0, fmt.Errorf("crdt: client %d: chunk of %d", d.clients[c].id, len(chunk))
		}
		for _, s := range chunk {
			it := d.items.at(s.item)
			if it.clock != next || s.clock != next || it.client != c || it.len == 0 {
				return 0, fmt.Errorf("crdt: client %d: struct at %d where %d comes next", d.clients[c].id, it.clock, next)
			}
			if it.kind == kindString && utf16Len(d.content.bytes(it)) != it.len {
				return 0, fmt.Errorf("crdt: client %d: text at %d is not %d units", d.clients[c].id, it.clock, it.len)
			}
			next = it.end()
			n++
		}
	}
	if next != d.clients[c].next {
		return 0, fmt.Errorf("crdt: client %d: ends at %d, not %d", d.clients[c].id, next, d.clients[c].next)
	}
	return n, nil
}

// checkType: neighbours agree, the length is that of what is visible, and the
// value of a key is the end of its chain.
func (d *Doc) checkType(t uint32) error {
	if d.types[t].kind == typeGone {
		return nil
	}
	length, left := uint32(0), ref(0)
	for r := d.types[t].start; r != 0; r = d.items.at(r).right {
		it := d.items.at(r)
		if it.left != left || it.parent != t || it.key != 0 || it.kind == kindGC {
			return fmt.Errorf("crdt: type %d: item %d is not where its neighbours say", t, r)
		}
		length += visible(it)
		left = r
	}
	if length != d.types[t].length {
		return fmt.Errorf("crdt: type %d: length %d, counted %d", t, d.types[t].length, length)
	}
	var err error
	d.eachEntry(t, func(key uint32, tail ref) {
		for r, right := tail, ref(0); r != 0 && err == nil; r, right = d.items.at(r).left, r {
			it := d.items.at(r)
			if it.right != right || it.parent != t || it.key != key || r != tail && !it.deleted() {
				err = fmt.Errorf("crdt: type %d: key %q: item %d is out of its chain", t, d.keys[key], r)
			}
		}
	})
	return err
}

// checkContent: no two items share bytes, and the dead ones are counted.
func (d *Doc) checkContent() error {
	used := 0
	for c := range d.clients {
		for _, chunk := range d.clients[c].spans.chunks {
			for _, s := range chunk {
				if it := d.items.at(s.item); it.kind != kindType {
					used += room(it)
				}
			}
		}
	}
	if used+d.content.dead != len(d.content.buf) {
		return fmt.Errorf("crdt: %d bytes used and %d dead of %d", used, d.content.dead, len(d.content.buf))
	}
	return nil
}
