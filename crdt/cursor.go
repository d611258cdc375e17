package crdt

// cursor remembers where in a list the last local edit was, so that typing
// does not search from the beginning again.
type cursor struct {
	typ   uint32
	item  ref
	index uint32 // visible units before item
}

// forget drops the position after a change to type t.
func (c *cursor) forget(t uint32) {
	if c.typ == t {
		*c = cursor{}
	}
}

// join follows an item that becomes part of its left neighbour, whose length
// is still that from before.
func (c *cursor) join(left *item, leftRef, rightRef ref) {
	if c.item != rightRef {
		return
	}
	c.item = leftRef
	c.index -= visible(left)
}

// visible is what an item adds to the length of its list.
func visible(it *item) uint32 {
	if it.deleted() || !it.countable() {
		return 0
	}
	return it.len
}

// leftOf returns the item that ends where unit index of list t begins, which
// is 0 for index 0, splitting one if it must, and the units before that item.
// The caller has checked that index is not beyond the end.
func (d *Doc) leftOf(t, index uint32) (left ref, before uint32) {
	if index == 0 {
		return 0, 0
	}
	at, before := d.types[t].start, uint32(0)
	if c := d.cursor; c.typ == t && index > c.index/2 {
		at, before = c.item, c.index
		for before >= index { // index is left of the cursor
			at = d.items.at(at).left
			before -= visible(d.items.at(at))
		}
	}
	for {
		it := d.items.at(at)
		n := visible(it)
		if n > 0 && index <= before+n {
			if index < before+n {
				d.split(at, index-before)
			}
			return at, before
		}
		before += n
		at = it.right
	}
}

// behind is the item to the right of left, or the first of list t.
func (d *Doc) behind(t uint32, left ref) ref {
	if left == 0 {
		return d.types[t].start
	}
	return d.items.at(left).right
}
