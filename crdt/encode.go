package crdt

import (
	"bytes"
	"slices"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Encode writes the whole document as an update (V1), with what is parked: the
// bytes of Y.encodeStateAsUpdate.
func (d *Doc) Encode() []byte { return d.AppendDiff(nil, nil) }

// Diff writes what a replica with that state vector lacks, and all deletes. A
// state vector that cannot be read ends with [ErrMalformed].
func (d *Doc) Diff(stateVector []byte) ([]byte, error) {
	has, err := readStateVector(stateVector)
	if err != nil {
		return nil, err
	}
	return d.AppendDiff(nil, has), nil
}

// AppendDiff appends what a replica lacks that has the units of each client
// before the given clock; nil means that it has nothing.
func (d *Doc) AppendDiff(dst []byte, has map[uint64]uint32) []byte {
	from := make([]fromClock, 0, len(d.clients))
	for c := 1; c < len(d.clients); c++ {
		if clock := has[d.clients[c].id]; clock < d.clients[c].next {
			from = append(from, fromClock{uint32(c), clock})
		}
	}
	if d.lot.size == 0 {
		dst = slices.Grow(dst, d.sizeHint(has))
		return d.appendDeletes(d.appendStructs(dst, from), d.deletedUnits())
	}
	update := d.appendDeletes(d.appendStructs(nil, from), d.deletedUnits())
	return append(dst, d.withParked(update, has)...)
}

// sizeHint guesses how long the whole document's encoding is.
func (d *Doc) sizeHint(has map[uint64]uint32) int {
	if len(has) > 0 {
		return 64
	}
	return len(d.content.buf) - d.content.dead + d.items.live*10 + 16
}

// StateVector writes, for each client, the clock after its last unit.
func (d *Doc) StateVector() []byte {
	present := d.byID(func(c *client) bool { return c.next > 0 })
	out := lib0.AppendUint(make([]byte, 0, len(present)*8+2), uint64(len(present)))
	for _, c := range present {
		out = lib0.AppendUint(out, d.clients[c].id)
		out = lib0.AppendUint(out, uint64(d.clients[c].next))
	}
	return out
}

// byID lists the indices of clients that fit, the highest id first.
func (d *Doc) byID(fits func(*client) bool) []uint32 {
	var out []uint32
	for c := 1; c < len(d.clients); c++ {
		if fits(&d.clients[c]) {
			out = append(out, uint32(c))
		}
	}
	slices.SortFunc(out, func(a, b uint32) int { return d.compareClients(b, a) })
	return out
}

func (d *Doc) compareClients(a, b uint32) int {
	switch x, y := d.clients[a].id, d.clients[b].id; {
	case x < y:
		return -1
	case x > y:
		return 1
	default:
		return 0
	}
}

// fromClock says from which clock on a client's structs are wanted.
type fromClock struct{ client, clock uint32 }

// appendStructs writes the structs of the given clients, highest id first.
func (d *Doc) appendStructs(dst []byte, from []fromClock) []byte {
	slices.SortFunc(from, func(a, b fromClock) int { return d.compareClients(b.client, a.client) })
	dst = lib0.AppendUint(dst, uint64(len(from)))
	for _, f := range from {
		dst = d.appendClient(dst, f)
	}
	return dst
}

func (d *Doc) appendClient(dst []byte, f fromClock) []byte {
	l := &d.clients[f.client].spans
	p := l.find(f.clock)
	count := len(l.chunks[p.chunk]) - p.index
	for _, chunk := range l.chunks[p.chunk+1:] {
		count += len(chunk)
	}
	dst = lib0.AppendUint(dst, uint64(count))
	dst = lib0.AppendUint(dst, d.clients[f.client].id)
	dst = lib0.AppendUint(dst, uint64(f.clock))
	offset := f.clock - l.at(p).clock
	for c := p.chunk; c < len(l.chunks); c++ {
		chunk := l.chunks[c]
		if c == p.chunk {
			chunk = chunk[p.index:]
		}
		for _, s := range chunk {
			dst = d.appendItem(dst, d.items.at(s.item), offset)
			offset = 0
		}
	}
	return dst
}

// appendItem writes an item from its unit offset on.
func (d *Doc) appendItem(dst []byte, it *item, offset uint32) []byte {
	if it.kind == kindGC {
		return lib0.AppendUint(append(dst, kindGC), uint64(it.len-offset))
	}
	origin := it.origin
	if offset > 0 {
		origin = id{it.client, it.clock + offset - 1}
	}
	info := it.kind
	if origin.client != 0 {
		info |= infoOrigin
	}
	if it.rightOrigin.client != 0 {
		info |= infoRightOrigin
	}
	if it.key != 0 {
		info |= infoKey
	}
	dst = append(dst, info)
	if origin.client != 0 {
		dst = d.appendID(dst, origin)
	}
	if it.rightOrigin.client != 0 {
		dst = d.appendID(dst, it.rightOrigin)
	}
	if origin.client == 0 && it.rightOrigin.client == 0 {
		dst = d.appendParent(dst, it)
	}
	return d.appendContent(dst, it, offset)
}

func (d *Doc) appendID(dst []byte, i id) []byte {
	dst = lib0.AppendUint(dst, d.clients[i.client].id)
	return lib0.AppendUint(dst, uint64(i.clock))
}

func (d *Doc) appendParent(dst []byte, it *item) []byte {
	parent := &d.types[it.parent]
	if parent.item == 0 {
		dst = lib0.AppendString(append(dst, 1), d.keys[parent.label])
	} else {
		dst = d.appendID(append(dst, 0), d.items.at(parent.item).id())
	}
	if it.key != 0 {
		dst = lib0.AppendString(dst, d.keys[it.key])
	}
	return dst
}

func (d *Doc) appendContent(dst []byte, it *item, offset uint32) []byte {
	switch it.kind {
	case kindDeleted:
		return lib0.AppendUint(dst, uint64(it.len-offset))
	case kindString:
		b := d.content.bytes(it)
		if offset > 0 {
			cut, inside := utf16Cut(b, offset)
			if inside {
				b = append([]byte("\uFFFD"), b[cut+4:]...)
			} else {
				b = b[cut:]
			}
		}
		return lib0.AppendBytes(dst, b)
	case kindJSON, kindAny:
		b := d.content.bytes(it)
		b = b[elementsCut(it.kind, b, offset):]
		return append(lib0.AppendUint(dst, uint64(it.len-offset)), b...)
	case kindType:
		t := &d.types[it.off]
		dst = lib0.AppendUint(dst, uint64(t.kind))
		if t.kind == typeElement || t.kind == typeHook {
			dst = lib0.AppendString(dst, d.keys[t.label])
		}
		return dst
	default:
		return append(dst, d.content.bytes(it)...)
	}
}

// deletedUnits collects the ranges of all that is deleted.
func (d *Doc) deletedUnits() rangeSet {
	var out rangeSet
	for c := 1; c < len(d.clients); c++ {
		for _, chunk := range d.clients[c].spans.chunks {
			for _, s := range chunk {
				if it := d.items.at(s.item); it.deleted() {
					out.add(deletedRange{it.client, it.clock, it.len})
				}
			}
		}
	}
	return out
}

// appendDeletes writes a delete set whose ranges are sorted within each client.
func (d *Doc) appendDeletes(dst []byte, ranges rangeSet) []byte {
	var groups [][]deletedRange
	for len(ranges) > 0 {
		n := 1
		for n < len(ranges) && ranges[n].client == ranges[0].client {
			n++
		}
		groups = append(groups, ranges[:n])
		ranges = ranges[n:]
	}
	slices.SortFunc(groups, func(a, b []deletedRange) int { return d.compareClients(b[0].client, a[0].client) })
	dst = lib0.AppendUint(dst, uint64(len(groups)))
	for _, g := range groups {
		dst = lib0.AppendUint(dst, d.clients[g[0].client].id)
		dst = lib0.AppendUint(dst, uint64(len(g)))
		for _, r := range g {
			dst = lib0.AppendUint(dst, uint64(r.clock))
			dst = lib0.AppendUint(dst, uint64(r.len))
		}
	}
	return dst
}

// withParked joins an update with all that is parked and not in has.
func (d *Doc) withParked(update []byte, has map[uint64]uint32) []byte {
	var waiting [][]byte
	known := d.StateVector()
	for _, w := range d.lot.updates {
		for _, p := range w.list {
			// Units that the document has are its own, whatever waits says.
			rest, _ := DiffUpdate([]byte(p.update), known)
			waiting = append(waiting, rest)
		}
	}
	// Equal documents are equal bytes, in whatever order updates were parked.
	slices.SortFunc(waiting, bytes.Compare)
	m := mergerOf(append([][]byte{update}, waiting...))
	for client, w := range d.lot.deletes {
		for _, p := range w.list {
			m.deletes = append(m.deletes, wireRange{client, p.clock, p.len})
		}
	}
	m.skip(has)
	return m.finish()
}
