package crdt

// redoer makes deleted items anew, for an undo: items of its own with the same
// content at the same place.
type redoer struct {
	u       *UndoManager
	wanted  map[ref]bool // what is made anew
	inserts rangeList    // what the same step deletes
	depth   int
}

// made is the item that an undo made of r.
func (d *Doc) made(r ref) ref { return d.cleanStart(d.redone[d.items.at(r).id()]) }

func (d *Doc) isRedone(r ref) bool { return d.items.at(r).flags&flagRedone != 0 }

// followRedone is what has become of item r after undos.
func (d *Doc) followRedone(r ref) ref {
	for d.items.at(r).kind != kindGC && d.isRedone(r) {
		r = d.made(r)
	}
	return r
}

// redo makes an item anew and returns the new one, or 0 when that cannot be:
// what it was in is gone, or somebody else has set the key since.
func (x *redoer) redo(r ref) ref {
	d := x.u.d
	if d.isRedone(r) {
		return d.made(r)
	}
	parent, ok := x.redoParent(r)
	if !ok {
		return 0
	}
	t := d.items.at(r).parent
	if parent != 0 {
		t = d.items.at(parent).off
	}
	at := spot{parent: t, key: d.items.at(r).key}
	if at.key == 0 {
		at.left = d.nearest(d.items.at(r).left, parent, leftwards)
		at.right = d.nearest(r, parent, rightwards)
	} else if at.left, ok = x.keyPlace(r, t); !ok {
		return 0
	}
	return x.copy(r, at)
}

// redoParent is the item that holds the type in which r is made anew, 0 for a
// root; false when the type cannot be had.
func (x *redoer) redoParent(r ref) (parent ref, ok bool) {
	d := x.u.d
	parent = d.types[d.items.at(r).parent].item
	if parent == 0 || !d.items.at(parent).deleted() {
		return parent, true
	}
	if !d.isRedone(parent) {
		if x.depth++; x.depth > maxPlainDepth {
			return 0, false
		}
		made := ref(0)
		if x.wanted[parent] {
			made = x.redo(parent)
		}
		x.depth--
		if made == 0 {
			return 0, false
		}
	}
	parent = d.followRedone(parent)
	return parent, d.items.at(parent).kind == kindType
}

func leftwards(it *item) ref  { return it.left }
func rightwards(it *item) ref { return it.right }

// nearest is the first item from r on, in a direction, that is in the type held
// by parent now, or that was made anew there.
func (d *Doc) nearest(r, parent ref, next func(*item) ref) ref {
	for r != 0 {
		trace := r
		for trace != 0 && d.holder(trace) != parent {
			if !d.isRedone(trace) {
				trace = 0
				break
			}
			trace = d.made(trace)
		}
		if trace != 0 {
			return trace
		}
		r = next(d.items.at(r))
	}
	return 0
}

// holder is the item that holds the type in which r is; 0 for roots.
func (d *Doc) holder(r ref) ref {
	if it := d.items.at(r); it.kind != kindGC {
		return d.types[it.parent].item
	}
	return ^ref(0) // a collected range is nowhere
}

// keyPlace is the item behind which the value of a key is made anew in type t.
func (x *redoer) keyPlace(r ref, t uint32) (left ref, ok bool) {
	d := x.u.d
	it := d.items.at(r)
	if it.right == 0 || x.u.o.OverRemote {
		return d.tail(t, it.key), true
	}
	left = r
	for {
		next := d.items.at(left).right
		if next == 0 || !x.passable(next) {
			break
		}
		left = d.followRedone(next)
	}
	if d.items.at(left).right != 0 {
		return 0, false // somebody else's value is newer
	}
	if d.items.at(left).parent != t {
		left = d.tail(t, it.key)
	}
	return left, true
}

// passable tells whether a newer value of a key is one's own, that an undo has
// taken back or is taking back.
func (x *redoer) passable(r ref) bool {
	if x.u.d.isRedone(r) {
		return true
	}
	it := x.u.d.items.at(r)
	if x.inserts.contains(it.client, it.clock) {
		return true
	}
	for _, steps := range [...][]undoStep{x.u.undos, x.u.redos} {
		for _, s := range steps {
			if s.deletes.contains(it.client, it.clock) {
				return true
			}
		}
	}
	return false
}

// copy inserts the content of r again and remembers as what.
func (x *redoer) copy(r ref, at spot) ref {
	d := x.u.d
	made := d.items.alloc()
	old := d.items.at(r)
	own := d.clientIndex(d.clientID)
	it := d.items.at(made)
	*it = item{
		clock: d.clients[own].next, len: old.len, client: own,
		left: at.left, right: at.right, parent: at.parent, key: at.key, kind: old.kind,
	}
	if at.left != 0 {
		it.origin = d.items.at(at.left).lastID()
	}
	if at.right != 0 {
		it.rightOrigin = d.items.at(at.right).id()
	}
	switch old.kind {
	case kindType:
		it.off = d.newType(typ{item: made, kind: d.types[old.off].kind, label: d.types[old.off].label})
	case kindDeleted:
		it.flags |= flagDeleted
	default:
		b := append([]byte(nil), d.content.bytes(old)...)
		it.off, it.size = d.content.put(b), uint32(len(b))
	}
	old.flags |= flagRedone
	d.redone[old.id()] = it.id()
	d.keep(made, true)
	d.place(made)
	return made
}
