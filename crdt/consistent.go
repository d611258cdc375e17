package crdt

import "fmt"

// An honest writer saw the neighbours of what it wrote side by side. So they are
// in one list or one key's chain, and what has come between them since refers to
// nothing beyond them. From that follows, for a left neighbour l and a right one r:
//
//   - r was written behind l, or behind what l was written behind, and so on;
//   - l was written before r, or before what r was written before, and so on.
//
// A struct that breaks this has no place on which replicas agree: where it lands
// depends on what else is there.

// maxSteps bounds what Preview follows such rows of neighbours, over all structs
// of an update; in honest ones a few steps for each are enough.
const maxSteps = 1 << 20

// neighbourhood is what is known of a unit: its run, and what stood beside it.
type neighbourhood struct {
	start       uint32 // the run's first unit; each later one was written behind the one before
	origin      wireID
	rightOrigin wireID
	place       location
	gone        bool // collected: what goes there is dropped
	known       bool
}

// location is a list or a key's chain, so that two can be compared.
type location struct {
	holder wireID // the unit that holds the type, or
	root   string
	key    string
	keyed  bool
	known  bool
}

// consistent returns why a struct has no place, or nil. What depends on units
// that are not here yet, or goes into what was collected, is not judged.
func (v *viewer) consistent(s *incoming) error {
	if s.kind == kindGC || s.kind == kindSkip {
		return nil
	}
	var left, right neighbourhood
	if s.origin.ok {
		if left = v.around(s.origin); !left.known {
			return nil
		}
	}
	if s.rightOrigin.ok {
		if right = v.around(s.rightOrigin); !right.known {
			return nil
		}
	}
	if left.gone || right.gone {
		return nil
	}
	switch {
	case s.origin.ok && s.rightOrigin.ok && left.place != right.place && left.place.known && right.place.known:
		return v.inconsistent(s, "its neighbours are in two places")
	case s.parent.ok && !v.holds(s.parent):
		return v.inconsistent(s, "its parent holds nothing")
	case s.rightOrigin.ok && !v.behind(right.originOf(s.rightOrigin), s.origin):
		return v.inconsistent(s, "its neighbours were not side by side")
	case s.origin.ok && !v.before(left.rightOrigin, s.rightOrigin) && !v.before(v.bound(&left), v.boundOf(s)):
		return v.inconsistent(s, "its neighbours were not side by side")
	}
	if v.steps > maxSteps {
		return fmt.Errorf("%w: the neighbours of what it brings lead too far", ErrLimit)
	}
	return nil
}

func (v *viewer) inconsistent(s *incoming, why string) error {
	return fmt.Errorf("%w: %v: %s", ErrInconsistent, s.ids(), why)
}

// originOf is what a unit of the run was written behind.
func (n *neighbourhood) originOf(w wireID) wireID {
	if w.clock > n.start {
		return wireID{w.client, w.clock - 1, true}
	}
	return n.origin
}

// behind tells whether p is l, or what l was written behind, and so on.
func (v *viewer) behind(p, l wireID) bool {
	for ; v.steps <= maxSteps; v.steps++ {
		if p == l {
			return true
		}
		if !l.ok {
			return false
		}
		n := v.around(l)
		if !n.known || n.gone {
			return true
		}
		if p.ok && p.client == l.client && n.start <= p.clock && p.clock < l.clock {
			return true
		}
		l = n.origin
	}
	return true
}

// before tells whether q is r, or what r was written before, and so on.
func (v *viewer) before(q, r wireID) bool {
	for ; v.steps <= maxSteps; v.steps++ {
		if q == r {
			return true
		}
		if !r.ok {
			return false
		}
		n := v.around(r)
		if !n.known || n.gone {
			return true
		}
		r = n.rightOrigin
	}
	return true
}

// bound is what stands at the right of a run. Undo and redo write items whose right
// origin stands left of their origin, or is the same: these stand before what their
// right origin does.
func (v *viewer) bound(n *neighbourhood) wireID {
	to := n.rightOrigin
	for ; to.ok && v.steps <= maxSteps && v.behind(to, n.origin); v.steps++ {
		to = v.around(to).rightOrigin
	}
	return to
}

func (v *viewer) boundOf(s *incoming) wireID {
	return v.bound(&neighbourhood{origin: s.origin, rightOrigin: s.rightOrigin})
}

// around finds the run of a unit, here or in the update.
func (v *viewer) around(w wireID) (n neighbourhood) {
	d := v.doc
	if !d.has(w) {
		i := v.holder(w)
		if i < 0 {
			return n
		}
		s := &v.structs[i]
		return neighbourhood{
			start: s.clock, origin: s.origin, rightOrigin: s.rightOrigin,
			place: v.location(s), gone: s.kind == kindGC, known: true,
		}
	}
	it := d.items.at(d.find(d.local(w)))
	n = neighbourhood{start: it.clock, gone: it.kind == kindGC, known: true}
	if n.gone {
		return n
	}
	n.origin, n.rightOrigin = d.wire(it.origin), d.wire(it.rightOrigin)
	n.place = d.locationOf(it)
	return n
}

func (d *Doc) wire(i id) wireID {
	if i.client == 0 {
		return wireID{}
	}
	return wireID{client: d.clients[i.client].id, clock: i.clock, ok: true}
}

func (d *Doc) locationOf(it *item) location {
	t := &d.types[it.parent]
	l := location{key: d.keys[it.key], keyed: it.key != 0, known: true}
	if t.item == 0 {
		l.root = d.keys[t.label]
	} else {
		l.holder = d.wire(d.items.at(t.item).id())
	}
	return l
}

// location is where a struct of the update goes: where its neighbour is, or what
// it says itself.
func (v *viewer) location(s *incoming) location {
	for range len(v.structs) + 1 {
		w := s.origin
		if !w.ok {
			w = s.rightOrigin
		}
		if !w.ok {
			return location{holder: s.parent, root: string(s.root), key: string(s.key), keyed: s.key != nil, known: true}
		}
		if v.doc.has(w) {
			it := v.doc.items.at(v.doc.find(v.doc.local(w)))
			if it.kind == kindGC {
				return location{}
			}
			return v.doc.locationOf(it)
		}
		i := v.holder(w)
		if i < 0 || v.structs[i].kind == kindGC {
			return location{}
		}
		s = &v.structs[i]
	}
	return location{} // a cycle of a hostile peer
}

// holds tells whether a unit is a type, or was one, or is not here.
func (v *viewer) holds(w wireID) bool {
	if v.doc.has(w) {
		it := v.doc.items.at(v.doc.find(v.doc.local(w)))
		return it.kind == kindType || it.deleted()
	}
	i := v.holder(w)
	return i < 0 || v.structs[i].kind == kindType || v.structs[i].kind == kindDeleted || v.structs[i].kind == kindGC
}
