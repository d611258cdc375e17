package crdt

import (
	"slices"
	"time"
)

// UndoOptions configure an [UndoManager].
type UndoOptions struct {
	// CaptureTimeout joins changes that follow each other faster than this into
	// one step; 0 means half a second, below 0 none are joined.
	CaptureTimeout time.Duration
	// Origins are the origins of the transactions that can be taken back; none
	// means those of [Doc.Transact]: local ones without an origin.
	Origins []any
	// OverRemote lets values of map keys come back even when somebody else has
	// set the key since.
	OverRemote bool
	// Now tells the time; nil means time.Now.
	Now func() time.Time
}

// UndoManager takes back and repeats what certain transactions changed in
// certain types, and nothing that others did. It keeps what it may need from
// being dropped until it is cleared or closed. Like its document it belongs to
// one goroutine at a time.
type UndoManager struct {
	d       *Doc
	scope   []uint32 // types; empty for the whole document
	o       UndoOptions
	undos   []undoStep
	redos   []undoStep
	last    time.Time // of the last change that was captured; zero: begin a new step
	undoing bool
	redoing bool
}

// undoStep is what is taken back at once.
type undoStep struct{ inserts, deletes rangeList }

// rangeList is a set of units, by client in the order in which clients came.
type rangeList []clientRanges

type clientRanges struct {
	client uint32
	ranges rangeSet // sorted
}

// NewUndoManager watches the types of one document; none means the whole document d.
func NewUndoManager(d *Doc, o UndoOptions, scope ...Shared) *UndoManager {
	if o.CaptureTimeout == 0 {
		o.CaptureTimeout = 500 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	u := &UndoManager{d: d, o: o}
	for _, s := range scope {
		of, t := s.at()
		if of != d {
			panic("crdt: a type of another document")
		}
		u.scope = append(u.scope, t)
	}
	if d.redone == nil {
		d.redone = map[id]id{}
	}
	d.watched().undo = append(d.watched().undo, u)
	return u
}

// Close ends the watch; there is nothing to take back any more.
func (u *UndoManager) Close() {
	u.Clear()
	u.d.watchers.undo = without(u.d.watchers.undo, u)
}

// CanUndo tells whether there is anything to take back.
func (u *UndoManager) CanUndo() bool { return len(u.undos) > 0 }

// CanRedo tells whether there is anything to repeat.
func (u *UndoManager) CanRedo() bool { return len(u.redos) > 0 }

// StopCapturing lets the next change begin a step of its own.
func (u *UndoManager) StopCapturing() { u.last = time.Time{} }

// Clear forgets all steps.
func (u *UndoManager) Clear() {
	u.d.TransactAs(u, func(*Tx) {
		u.drop(&u.undos)
		u.drop(&u.redos)
	})
}

func (u *UndoManager) drop(steps *[]undoStep) {
	for _, s := range *steps {
		for r := range u.d.eachOf(s.deletes) {
			if u.inScope(r) {
				u.d.keep(r, false)
			}
		}
	}
	*steps = nil
}

// Undo takes the last step back and returns the update for the others, or nil
// when there was nothing to take back.
func (u *UndoManager) Undo() []byte {
	u.undoing = true
	defer func() { u.undoing = false }()
	return u.pop(&u.undos)
}

// Redo repeats what was taken back last.
func (u *UndoManager) Redo() []byte {
	u.redoing = true
	defer func() { u.redoing = false }()
	return u.pop(&u.redos)
}

// pop takes steps back until one has changed something.
func (u *UndoManager) pop(steps *[]undoStep) []byte {
	return u.d.TransactAs(u, func(*Tx) {
		for changed := false; !changed && len(*steps) > 0; {
			last := len(*steps) - 1
			step := (*steps)[last]
			*steps = (*steps)[:last]
			changed = u.takeBack(step)
		}
	})
}

func (u *UndoManager) takeBack(step undoStep) (changed bool) {
	d := u.d
	var gone []ref
	for r := range d.eachOf(step.inserts) {
		if d.items.at(r).flags&flagRedone != 0 {
			r = d.followRedone(r)
		}
		if it := d.items.at(r); it.kind != kindGC && !it.deleted() && u.inScope(r) {
			gone = append(gone, r)
		}
	}
	again := redoer{u: u, wanted: map[ref]bool{}, inserts: step.inserts}
	var order []ref
	for r := range d.eachOf(step.deletes) {
		it := d.items.at(r)
		if u.inScope(r) && !step.inserts.contains(it.client, it.clock) && !again.wanted[r] {
			again.wanted[r] = true
			order = append(order, r)
		}
	}
	for _, r := range order {
		changed = again.redo(r) != 0 || changed
	}
	for _, r := range slices.Backward(gone) {
		d.delete(r)
		changed = true
	}
	return changed
}

// tracks tells whether the transaction that ends can be taken back.
func (u *UndoManager) tracks(tx *txn) bool {
	if len(u.o.Origins) == 0 && tx.origin == nil {
		return tx.local
	}
	return tx.origin == any(u) || slices.Contains(u.o.Origins, tx.origin)
}

// capture keeps what the transaction that ends has changed.
func (u *UndoManager) capture(changed []change, deletedClients []uint32) {
	d := u.d
	if !u.tracks(&d.tx) || !u.touches(changed) {
		return
	}
	steps := &u.undos
	switch {
	case u.undoing:
		steps = &u.redos
		u.StopCapturing()
	case !u.redoing:
		u.drop(&u.redos)
	}
	step := undoStep{inserts: d.insertedUnits(), deletes: d.tx.deletes.by(deletedClients)}
	now := u.o.Now()
	if !u.undoing && !u.redoing && !u.last.IsZero() && now.Sub(u.last) < u.o.CaptureTimeout && len(*steps) > 0 {
		last := &(*steps)[len(*steps)-1]
		last.inserts = last.inserts.plus(step.inserts)
		last.deletes = last.deletes.plus(step.deletes)
	} else {
		*steps = append(*steps, step)
	}
	if !u.undoing && !u.redoing {
		u.last = now
	}
	for r := range d.eachOf(step.deletes) {
		if u.inScope(r) {
			d.keep(r, true)
		}
	}
}

// touches tells whether something changed in a type of the scope or inside it.
func (u *UndoManager) touches(changed []change) bool {
	if len(u.scope) == 0 {
		return true
	}
	for _, c := range changed {
		for t := c.typ; t != 0; t = u.d.parentType(t) {
			if slices.Contains(u.scope, t) {
				return true
			}
		}
	}
	return false
}

// inScope tells whether an item is in a type of the scope or inside one.
func (u *UndoManager) inScope(r ref) bool {
	it := u.d.items.at(r)
	if it.kind == kindGC {
		return false
	}
	if len(u.scope) == 0 {
		return true
	}
	for t := it.parent; t != 0; t = u.d.parentType(t) {
		if slices.Contains(u.scope, t) {
			return true
		}
	}
	return false
}

// keep marks an item, and all that it is in, as needed or not needed by an undo.
func (d *Doc) keep(r ref, needed bool) {
	for r != 0 {
		it := d.items.at(r)
		if (it.flags&flagKept != 0) == needed || it.kind == kindGC {
			return
		}
		it.flags ^= flagKept
		r = d.types[it.parent].item
	}
}

// insertedUnits is what the running transaction has added.
func (d *Doc) insertedUnits() rangeList {
	var out rangeList
	for c := uint32(1); int(c) < len(d.clients); c++ {
		if client := &d.clients[c]; client.touched && client.before < client.next {
			out = append(out, clientRanges{c, rangeSet{{c, client.before, client.next - client.before}}})
		}
	}
	return out
}

// by groups a sorted set by client, in the given order.
func (s rangeSet) by(clients []uint32) rangeList {
	out := make(rangeList, len(clients))
	for i, c := range clients {
		from, _ := slices.BinarySearchFunc(s, c, func(r deletedRange, c uint32) int { return int(r.client) - int(c) })
		to, _ := slices.BinarySearchFunc(s, c+1, func(r deletedRange, c uint32) int { return int(r.client) - int(c) })
		out[i] = clientRanges{c, slices.Clone(s[from:to])}
	}
	return out
}

// plus joins two lists; clients that are new come behind.
func (l rangeList) plus(other rangeList) rangeList {
	for _, o := range other {
		i := slices.IndexFunc(l, func(c clientRanges) bool { return c.client == o.client })
		if i < 0 {
			l = append(l, o)
			continue
		}
		l[i].ranges = append(l[i].ranges, o.ranges...)
		l[i].ranges.sort()
	}
	return l
}

func (l rangeList) contains(client, clock uint32) bool {
	i := slices.IndexFunc(l, func(c clientRanges) bool { return c.client == client })
	return i >= 0 && l[i].ranges.contains(client, clock)
}

// eachOf yields the items of a list of units, split so that they hold just those.
func (d *Doc) eachOf(l rangeList) func(yield func(ref) bool) {
	return func(yield func(ref) bool) {
		for _, c := range l {
			for _, r := range c.ranges {
				for at, end := r.clock, r.clock+r.len; at < end; {
					item := d.cleanStart(id{c.client, at})
					if it := d.items.at(item); it.kind != kindGC && it.end() > end {
						item = d.cleanEnd(id{c.client, end - 1})
					}
					next := d.items.at(item).end()
					if !yield(item) {
						return
					}
					at = next
				}
			}
		}
	}
}
