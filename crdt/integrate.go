package crdt

// integrate adds a struct whose dependencies are all here and that begins with
// its client's next unit. It cannot fail.
func (d *Doc) integrate(s *incoming) {
	if s.kind == kindGC {
		d.addCollected(s)
		return
	}
	if d.continues(s) {
		return
	}
	origin, rightOrigin := d.local(s.origin), d.local(s.rightOrigin)
	var left, right ref
	if origin.client != 0 {
		left = d.cleanEnd(origin)
	}
	if rightOrigin.client != 0 {
		right = d.cleanStart(rightOrigin)
		left = d.stillLeft(left, origin)
	}
	parent, key := d.parentOf(s, left, right)
	if parent == 0 {
		d.addCollected(s)
		return
	}
	r := d.items.alloc()
	it := d.items.at(r)
	*it = item{
		clock: s.clock, len: s.len,
		client: d.clientIndex(s.client),
		left:   left, right: right,
		origin: origin, rightOrigin: rightOrigin,
		parent: parent, key: key,
		kind: s.kind,
	}
	if s.kind == kindDeleted {
		it.flags |= flagDeleted
	}
	d.keepContent(r, s)
	d.place(r)
	if key != 0 && s.len > 1 {
		d.lastCounts(r)
	}
}

// lastCounts deletes all but the last unit of an item that came as several values
// of a key. In honest updates all of them are deleted, by the same update.
func (d *Doc) lastCounts(r ref) {
	if it := d.items.at(r); !it.deleted() {
		d.delete(d.cleanEnd(id{it.client, it.end() - 2}))
	}
}

// stillLeft is the item that ends with the unit origin, after another was cut
// at the right origin. Undo and redo write items whose right origin stands left of
// their origin: if both were in one item, left is now the part without the origin.
func (d *Doc) stillLeft(left ref, origin id) ref {
	if left == 0 {
		return 0
	}
	if it := d.items.at(left); it.kind == kindGC || it.end() == origin.clock+1 {
		return left
	}
	return d.find(origin)
}

// continues handles typing: a text that goes on where its writer's last one
// ended, with nothing between them, makes that one longer.
func (d *Doc) continues(s *incoming) bool {
	if s.kind != kindString || s.origin.client != s.client || !s.origin.ok || s.origin.clock+1 != s.clock {
		return false
	}
	c := d.clientAt(s.client)
	l := &d.clients[c].spans
	leftRef := l.at(l.last()).item
	left := d.items.at(leftRef)
	if left.kind != kindString || left.key != 0 || left.deleted() || left.rightOrigin != d.local(s.rightOrigin) {
		return false
	}
	if s.rightOrigin.ok != (left.right != 0) || s.rightOrigin.ok && d.items.at(left.right).id() != left.rightOrigin {
		return false
	}
	d.touch(&d.clients[c], c)
	d.content.extend(left, s.content)
	left.len += s.len
	d.clients[c].next = left.end()
	d.types[left.parent].length += s.len
	d.shows(left.parent, leftRef, int(s.len))
	d.cursor.forget(left.parent)
	return true
}

// addCollected adds a range whose content is gone for good.
func (d *Doc) addCollected(s *incoming) {
	c := d.clientIndex(s.client)
	r := d.items.alloc()
	*d.items.at(r) = item{clock: s.clock, len: s.len, client: c, kind: kindGC, flags: flagDeleted}
	d.addStruct(r)
}

// parentOf finds the type that s belongs to: as written, or its neighbours'.
// 0 means that the parent was collected, and so must s be. So is what names
// neighbours in two places: nobody honest writes that, and as places never change,
// every replica decides alike, whenever it comes.
func (d *Doc) parentOf(s *incoming, left, right ref) (parent, key uint32) {
	for _, r := range [...]ref{left, right} {
		if r != 0 && d.items.at(r).kind == kindGC {
			return 0, 0
		}
	}
	switch {
	case left != 0:
		if right != 0 && !d.besides(left, right) {
			return 0, 0
		}
		return d.items.at(left).parent, d.items.at(left).key
	case right != 0:
		return d.items.at(right).parent, d.items.at(right).key
	case s.root != nil:
		parent = d.root(s.root, typeUnknown)
	default:
		holder := d.items.at(d.find(d.local(s.parent)))
		if holder.kind != kindType {
			return 0, 0
		}
		parent = holder.off
	}
	if s.key != nil {
		key = d.key(s.key)
	}
	return parent, key
}

// besides tells whether two items are in one list, or in one key's chain.
func (d *Doc) besides(a, b ref) bool {
	x, y := d.items.at(a), d.items.at(b)
	return x.parent == y.parent && x.key == y.key
}

// keepContent stores what s carries, for item r.
func (d *Doc) keepContent(r ref, s *incoming) {
	it := d.items.at(r)
	switch s.kind {
	case kindDeleted:
	case kindType:
		t := typ{item: r, kind: s.typeRef}
		if s.label != nil {
			t.label = d.key(s.label)
		}
		it.off = d.newType(t)
	default:
		b := s.normal()
		it.off, it.size = d.content.put(b), uint32(len(b))
	}
}

// place puts item r, whose left and right are its origins, where all replicas
// put it, and links it in.
func (d *Doc) place(r ref) {
	it := d.items.at(r)
	t := &d.types[it.parent]
	if it.right != 0 && it.origin.client == it.rightOrigin.client && it.rightOrigin.clock <= it.origin.clock {
		d.keepApart(it.right, it.left)
	}
	if it.left == 0 && (it.right == 0 || d.items.at(it.right).left != 0) ||
		it.left != 0 && d.items.at(it.left).right != it.right {
		it.left = d.scan(r)
	}
	switch {
	case it.left != 0:
		left := d.items.at(it.left)
		it.right, left.right = left.right, r
	case it.key != 0:
		it.right = d.head(it.parent, it.key)
	default:
		it.right, t.start = t.start, r
	}
	d.addStruct(r)
	if it.right != 0 {
		d.items.at(it.right).left = r
	} else if it.key != 0 {
		d.setTail(it.parent, it.key, r)
		if it.left != 0 {
			d.delete(it.left) // it is the key's value now
		}
	}
	if it.key == 0 {
		if it.countable() && !it.deleted() {
			t.length += it.len
		}
		d.indexPlaced(it.parent, r)
		d.cursor.forget(it.parent)
	}
	switch it.kind {
	case kindDeleted:
		if d.watchers != nil { // else nobody asks: it has no content, and is joined because it is new
			d.noteDeleted(it)
		}
	case kindFormat:
		t.formatted = true
	}
	if d.parentDeleted(it.parent) || it.key != 0 && it.right != 0 {
		d.delete(r)
	}
}

// maxApart bounds how many pieces of a text are looked at for an origin.
const maxApart = 64

// keepApart leaves a cut before a right origin that stands in one text with the
// origin behind it. Yjs, when it has to cut there, takes what is before the cut for
// the origin, and so shows a text that was written joined otherwise than its writer.
func (d *Doc) keepApart(right, left ref) {
	for r, n := right, 0; r != 0 && n < maxApart; n++ {
		if r == left {
			d.items.at(right).flags |= flagApart
			return
		}
		it := d.items.at(r)
		if it.right == 0 || d.items.at(it.right).origin != it.lastID() {
			return
		}
		r = it.right
	}
}

// head is the first item of a key's chain, or 0.
func (d *Doc) head(t, key uint32) ref {
	r := d.tail(t, key)
	for r != 0 && d.items.at(r).left != 0 {
		r = d.items.at(r).left
	}
	return r
}

// scan decides between items that were written at one spot at the same time:
// it returns the item after which r belongs. This is the heart of YATA.
//
// Walking right from the left origin, r goes behind every item o that
//   - has the same origin as r, and comes from a client with a smaller id, or
//   - has its origin among the items passed since r's place was last moved
//     forward: such an item belongs to the one it was written after.
//
// The walk ends at r's right origin, at an item with an origin before r's, or
// where two items with equal origins on both sides are in order.
func (d *Doc) scan(r ref) ref {
	it := d.items.at(r)
	left := it.left
	o := d.firstBetween(it)
	passed := &d.scanned
	passed.reset()
	for o != 0 && o != it.right {
		other := d.items.at(o)
		passed.add(o)
		if it.origin == other.origin {
			if d.clients[other.client].id < d.clients[it.client].id {
				left = o
				passed.settle()
			} else if it.rightOrigin == other.rightOrigin {
				break
			}
		} else if other.origin.client != 0 && passed.contains(d.find(other.origin)) {
			if !passed.conflicts(d.find(other.origin)) {
				left = o
				passed.settle()
			}
		} else {
			break
		}
		o = other.right
	}
	return left
}

// firstBetween is the first item behind the left origin of it.
func (d *Doc) firstBetween(it *item) ref {
	switch {
	case it.left != 0:
		return d.items.at(it.left).right
	case it.key != 0:
		return d.head(it.parent, it.key)
	default:
		return d.types[it.parent].start
	}
}

// conflictScan remembers the items that a scan has passed, and which of them
// came after the place found so far.
type conflictScan struct {
	order   []ref
	settled int         // items before this are left of the place found
	index   map[ref]int // built when order grows long
}

// linearScan is how many items are searched one by one; conflicts are rare and
// short, but a hostile peer can make them long.
const linearScan = 16

func (c *conflictScan) reset() {
	c.order, c.settled = c.order[:0], 0
	clear(c.index)
}

func (c *conflictScan) add(r ref) {
	c.order = append(c.order, r)
	if len(c.order) <= linearScan {
		return
	}
	if len(c.order) == linearScan+1 {
		if c.index == nil {
			c.index = map[ref]int{}
		}
		for i, o := range c.order {
			c.index[o] = i
		}
		return
	}
	c.index[r] = len(c.order) - 1
}

func (c *conflictScan) position(r ref) int {
	if len(c.order) > linearScan {
		if i, ok := c.index[r]; ok {
			return i
		}
		return -1
	}
	for i, o := range c.order {
		if o == r {
			return i
		}
	}
	return -1
}

func (c *conflictScan) contains(r ref) bool  { return c.position(r) >= 0 }
func (c *conflictScan) conflicts(r ref) bool { return c.position(r) >= c.settled }

// settle moves the place found behind all that was passed.
func (c *conflictScan) settle() { c.settled = len(c.order) }
