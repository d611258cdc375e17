package crdt

import "fmt"

// checkIndexes: the trees over lists are right, and no node is lost.
func (d *Doc) checkIndexes() error {
	nodes := 0
	for t := range d.types {
		root := d.types[t].index
		if root == 0 {
			continue
		}
		w := treeWalk{doc: d, next: d.types[t].start}
		units, err := w.check(root, 0)
		if err == nil && (w.next != 0 || units != d.types[t].length) {
			err = fmt.Errorf("the tree ends at item %d with %d units", w.next, units)
		}
		if err != nil {
			return fmt.Errorf("crdt: type %d: %w", t, err)
		}
		nodes += w.nodes
	}
	for n := d.index.free; n != 0; n = d.index.nodes[n].next {
		nodes++
	}
	if all := max(len(d.index.nodes)-1, 0); nodes != all {
		return fmt.Errorf("crdt: %d nodes in trees or free, of %d", nodes, all)
	}
	return nil
}

// treeWalk goes over the tree of a list and the list itself.
type treeWalk struct {
	doc   *Doc
	next  ref // the item that must come next
	nodes int
}

// check checks one node, which is under another, and all under it: the items are
// those of the list, and the node knows what they show.
func (w *treeWalk) check(n, up uint32) (units uint32, err error) {
	d := w.doc
	w.nodes++
	node := d.index.nodes[n]
	below := node.first
	for range node.count {
		part := uint32(0)
		if node.leaf {
			if ref(below) != w.next || below == 0 || d.index.leafOf[below] != n {
				return 0, fmt.Errorf("item %d is in the tree where %d is in the list", below, w.next)
			}
			part = visible(d.items.at(ref(below)))
			w.next = d.items.at(ref(below)).right
		} else if part, err = w.check(below, n); err != nil {
			return 0, err
		}
		units += part
		below = d.indexNext(&node, below)
	}
	if units != node.units || node.up != up || node.count == 0 || node.count > fanOut || !node.leaf && below != 0 {
		return 0, fmt.Errorf("node %d of %d shows %d units, not %d", n, node.count, units, node.units)
	}
	return units, nil
}
