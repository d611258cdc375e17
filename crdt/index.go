package crdt

// listIndex finds positions in long lists. Over the items of a list stands a tree
// whose nodes know how many units they show, so that finding a unit, and telling
// the index of a change, is a way between the root and a leaf. A list gets a tree
// when a position was once far from everything known, and keeps it true under all
// changes; the many lists that are only told what others did never have one.
type listIndex struct {
	nodes  []indexNode // of all lists; 0 is none
	free   uint32      // nodes to use again, linked through next
	leafOf []uint32    // by ref, for the items of lists that have a tree
}

// indexNode stands over neighbours: nodes, or items if it is a leaf.
type indexNode struct {
	up    uint32 // the node over it; 0 for the root
	next  uint32 // the node to its right under the same one
	first uint32 // the first node under it, or the first item of a leaf
	units uint32 // what is under it shows
	count uint16 // so many are right under it
	leaf  bool
}

const (
	fanOut     = 16  // more under one node are divided
	fanNew     = 12  // under a new one
	longWalk   = 512 // steps after which a list gets a tree
	shortWalk  = 16  // steps after which the tree is asked
	closeUnits = 64  // units from the cursor that are worth walking
)

func (x *listIndex) alloc(n indexNode) uint32 {
	if f := x.free; f != 0 {
		x.free = x.nodes[f].next
		x.nodes[f] = n
		return f
	}
	if len(x.nodes) == 0 {
		x.nodes = make([]indexNode, 1, 64)
	}
	x.nodes = append(x.nodes, n)
	return uint32(len(x.nodes) - 1)
}

func (x *listIndex) release(n uint32) {
	x.nodes[n] = indexNode{next: x.free}
	x.free = n
}

// put notes the leaf of an item.
func (x *listIndex) put(r ref, leaf uint32) {
	if grow := int(r) + 1 - len(x.leafOf); grow > 0 {
		x.leafOf = append(x.leafOf, make([]uint32, grow)...)
	}
	x.leafOf[r] = leaf
}

// change tells a node and those over it that it shows more units, or fewer.
func (x *listIndex) change(n uint32, units int) {
	for ; n != 0; n = x.nodes[n].up {
		x.nodes[n].units = uint32(int(x.nodes[n].units) + units)
	}
}

// find returns the first item of the leaf under which unit index is, and the
// units before it. The list is longer than that.
func (x *listIndex) find(root, index uint32) (first ref, before uint32) {
	for n := root; ; n = x.nodes[n].first {
		for before+x.nodes[n].units <= index {
			before += x.nodes[n].units
			n = x.nodes[n].next
		}
		if x.nodes[n].leaf {
			return ref(x.nodes[n].first), before
		}
	}
}

// buildIndex puts a tree over list t, which is not empty.
func (d *Doc) buildIndex(t uint32) {
	x := &d.index
	var level []uint32
	for r := d.types[t].start; r != 0; r = d.items.at(r).right {
		last := len(level) - 1
		if last < 0 || x.nodes[level[last]].count == fanNew {
			level = append(level, x.alloc(indexNode{leaf: true, first: uint32(r)}))
			last++
		}
		n := &x.nodes[level[last]]
		n.units += visible(d.items.at(r))
		n.count++
		x.put(r, level[last])
	}
	for len(level) > 1 {
		over, left := level[:0], uint32(0)
		for i, n := range level {
			if i%fanNew == 0 {
				over = append(over, x.alloc(indexNode{first: n}))
			} else {
				x.nodes[left].next = n
			}
			left = n
			up := over[len(over)-1]
			x.nodes[n].up = up
			x.nodes[up].units += x.nodes[n].units
			x.nodes[up].count++
		}
		level = over
	}
	d.types[t].index = level[0]
}

// dropIndex forgets the tree of list t, if there is one.
func (d *Doc) dropIndex(t uint32) {
	x := &d.index
	for below := d.types[t].index; below != 0; {
		n := below
		below = x.nodes[n].next
		if first := x.nodes[n].first; !x.nodes[n].leaf {
			last := first // its nodes come next
			for x.nodes[last].next != 0 {
				last = x.nodes[last].next
			}
			x.nodes[last].next, below = below, first
		}
		x.release(n)
	}
	d.types[t].index = 0
}

// shows tells the index of list t, if there is one, that item r shows more units
// than before, or fewer.
func (d *Doc) shows(t uint32, r ref, units int) {
	if d.types[t].index != 0 {
		d.index.change(d.index.leafOf[r], units)
	}
}

// indexPlaced tells the index about an item that was linked into list t.
func (d *Doc) indexPlaced(t uint32, r ref) {
	if d.types[t].index == 0 {
		return
	}
	x := &d.index
	it := d.items.at(r)
	leaf := uint32(0)
	if it.left != 0 {
		leaf = x.leafOf[it.left]
	} else {
		leaf = x.leafOf[it.right]
		x.nodes[leaf].first = uint32(r)
	}
	x.change(leaf, int(visible(it)))
	d.indexCount(t, leaf, r)
}

// indexSplit tells the index that left has been cut off the item at its right.
func (d *Doc) indexSplit(t uint32, left, right ref) {
	if d.types[t].index != 0 {
		d.indexCount(t, d.index.leafOf[left], right)
	}
}

// indexCount puts one more item under a leaf, and divides nodes that have too
// many under them.
func (d *Doc) indexCount(t, leaf uint32, r ref) {
	x := &d.index
	x.put(r, leaf)
	x.nodes[leaf].count++
	for n := leaf; x.nodes[n].count > fanOut; {
		over := x.nodes[n].up
		if over == 0 {
			over = x.alloc(indexNode{first: n, units: x.nodes[n].units, count: 1})
			x.nodes[n].up = over
			d.types[t].index = over
		}
		d.divide(n)
		x.nodes[over].count++
		n = over
	}
}

// divide moves half of what is under a node to a new one at its right.
func (d *Doc) divide(n uint32) {
	x := &d.index
	old := x.nodes[n]
	half := old.count / 2
	m := x.alloc(indexNode{up: old.up, next: old.next, count: old.count - half, leaf: old.leaf})
	below, last := old.first, uint32(0)
	for range half {
		last, below = below, d.indexNext(&old, below)
	}
	x.nodes[m].first = below
	units := uint32(0)
	for range old.count - half {
		if old.leaf {
			x.leafOf[below] = m
			units += visible(d.items.at(ref(below)))
		} else {
			x.nodes[below].up = m
			units += x.nodes[below].units
		}
		below = d.indexNext(&old, below)
	}
	if !old.leaf {
		x.nodes[last].next = 0
	}
	x.nodes[m].units = units
	x.nodes[n].units -= units
	x.nodes[n].count, x.nodes[n].next = half, m
}

// indexNext is what stands behind below, both under n.
func (d *Doc) indexNext(n *indexNode, below uint32) uint32 {
	if n.leaf {
		return uint32(d.items.at(ref(below)).right)
	}
	return d.index.nodes[below].next
}

// indexJoin tells the index that right will become part of left, before it does.
func (d *Doc) indexJoin(t uint32, left, right ref) {
	if d.types[t].index == 0 {
		return
	}
	x := &d.index
	from, to := x.leafOf[right], x.leafOf[left]
	if from != to {
		it := d.items.at(right)
		x.change(from, -int(visible(it)))
		x.change(to, int(visible(it)))
		x.nodes[from].first = uint32(it.right)
	}
	for n := from; ; {
		if x.nodes[n].count--; x.nodes[n].count > 0 {
			return
		}
		over := x.nodes[n].up
		x.unlink(over, n)
		x.release(n)
		n = over
	}
}

// unlink takes a node out of the chain of those under one.
func (x *listIndex) unlink(over, n uint32) {
	next := x.nodes[n].next
	if x.nodes[over].first == n {
		x.nodes[over].first = next
		return
	}
	left := x.nodes[over].first
	for x.nodes[left].next != n {
		left = x.nodes[left].next
	}
	x.nodes[left].next = next
}
