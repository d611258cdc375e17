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
	left, before = d.holding(t, index-1)
	if n := index - before; n < d.items.at(left).len {
		d.split(left, n)
	}
	return left, before
}

// holding returns the item that shows unit index of list t, and the units before
// that item. The caller has checked that index is below the length.
func (d *Doc) holding(t, index uint32) (r ref, before uint32) {
	r, before = d.types[t].start, 0
	limit := longWalk
	c := &d.cursor
	switch root := d.types[t].index; {
	case root == 0:
		if c.typ == t && index >= c.index/2 {
			r, before = c.item, c.index
		}
	case c.typ == t && index+closeUnits >= c.index && index <= c.index+closeUnits:
		r, before, limit = c.item, c.index, shortWalk
	default:
		r, before = d.index.find(root, index)
	}
	for steps := 0; ; steps++ {
		if steps == limit {
			if d.types[t].index == 0 {
				d.buildIndex(t)
			}
			r, before = d.index.find(d.types[t].index, index)
		}
		if index < before {
			r = d.items.at(r).left
			before -= visible(d.items.at(r))
			continue
		}
		it := d.items.at(r)
		n := visible(it)
		if index < before+n {
			return r, before
		}
		before += n
		r = it.right
	}
}

// behind is the item to the right of left, or the first of list t.
func (d *Doc) behind(t uint32, left ref) ref {
	if left == 0 {
		return d.types[t].start
	}
	return d.items.at(left).right
}
