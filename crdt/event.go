package crdt

import (
	"slices"
	"sort"
)

// Event tells how a transaction has changed one type. Its values are good while
// the observer runs; what was deleted is gone afterwards.
type Event struct {
	// Target is the Map, Array, Text or XML that changed.
	Target Shared
	// Path leads from the type that is observed to the target: keys of maps
	// (string) and indices of lists (int).
	Path []any
	// Keys are the keys that changed: of a map, or the attributes of XML or a text.
	Keys map[string]KeyChange
	// Delta is how the list or text changed; nil when it did not.
	Delta []Op
	// Origin and Local are those of the transaction.
	Origin any
	Local  bool

	typ uint32
}

// Action is what happened to a key.
type Action string

// The actions.
const (
	Add    Action = "add"
	Change Action = "update"
	Remove Action = "delete"
)

// KeyChange is how a key changed.
type KeyChange struct {
	Action Action
	Old    any // the value before; nil for Add
}

// change is a type that a transaction changed: in its list, in some keys.
type change struct {
	typ  uint32
	list bool
	keys []uint32
}

// changedTypes finds the types that were there before the transaction and that
// it changed, in the order in which the changes stand in the document's lists.
func (d *Doc) changedTypes() []change {
	var out []change
	at := map[uint32]int{}
	seen := map[uint64]bool{}
	note := func(r ref) {
		it := d.items.at(r)
		if it.kind == kindGC {
			return
		}
		place := uint64(it.parent)<<32 | uint64(it.key)
		if seen[place] {
			return
		}
		seen[place] = true
		if d.isNewOrGone(it.parent) {
			return
		}
		i, ok := at[it.parent]
		if !ok {
			i = len(out)
			at[it.parent] = i
			out = append(out, change{typ: it.parent})
		}
		if it.key == 0 {
			out[i].list = true
		} else {
			out[i].keys = append(out[i].keys, it.key)
		}
	}
	d.eachNew(note)
	for _, r := range d.tx.deletes {
		d.eachIn(r, note)
	}
	return out
}

// eachNew yields the items that the transaction brought.
func (d *Doc) eachNew(yield func(ref)) {
	for _, c := range d.tx.touched {
		if client := &d.clients[c]; client.before < client.next {
			d.eachIn(deletedRange{c, client.before, client.next - client.before}, yield)
		}
	}
}

// eachIn yields the items that hold units of a range, which is here.
func (d *Doc) eachIn(r deletedRange, yield func(ref)) {
	l := &d.clients[r.client].spans
	p := l.find(r.clock)
	for more := true; more && l.at(p).clock < r.clock+r.len; p, more = l.nextPlace(p) {
		yield(l.at(p).item)
	}
}

// isNewOrGone tells whether a type came with this transaction or is deleted:
// then whoever holds it tells about it.
func (d *Doc) isNewOrGone(t uint32) bool {
	r := d.types[t].item
	if r == 0 {
		return false
	}
	it := d.items.at(r)
	return it.deleted() || d.addsUnit(it.client, it.clock)
}

// addsUnit tells whether the transaction brought a unit.
func (d *Doc) addsUnit(client, clock uint32) bool {
	c := &d.clients[client]
	return c.touched && clock >= c.before
}

func (d *Doc) adds(it *item) bool { return d.addsUnit(it.client, it.clock) }

// deletes tells whether the transaction deleted an item.
func (d *Doc) deletes(it *item) bool {
	return it.deleted() && d.tx.deletes.contains(it.client, it.clock)
}

// contains tells whether a sorted set has a unit.
func (s rangeSet) contains(client, clock uint32) bool {
	i := sort.Search(len(s), func(i int) bool {
		return s[i].client > client || s[i].client == client && s[i].clock > clock
	}) - 1
	return i >= 0 && s[i].client == client && clock < s[i].clock+s[i].len
}

func (d *Doc) event(c *change) *Event {
	e := &Event{typ: c.typ, Target: d.shared(c.typ), Origin: d.tx.origin, Local: d.tx.local}
	if len(c.keys) > 0 {
		e.Keys = map[string]KeyChange{}
	}
	for _, key := range c.keys {
		if change, ok := d.keyChange(c.typ, key); ok {
			e.Keys[d.keys[key]] = change
		}
	}
	if c.list {
		if kind := d.types[c.typ].kind; kind == typeText || kind == typeXMLText {
			e.Delta = d.textChange(c.typ)
		} else {
			e.Delta = d.listChange(c.typ)
		}
	}
	return e
}

// shared is a type as a handle; a root that nobody has asked for by kind is
// what it looks like.
func (d *Doc) shared(t uint32) Shared {
	return d.handleAs(t, d.looksLike(t))
}

// seenFrom is the event with its path from an outer type.
func (e *Event) seenFrom(outer uint32) *Event {
	seen := *e
	d, _ := e.Target.at()
	seen.Path = d.pathFrom(outer, e.typ)
	return &seen
}

// pathFrom is the way from an outer type to one inside it.
func (d *Doc) pathFrom(outer, t uint32) []any {
	path := []any{}
	for t != outer {
		r := d.types[t].item
		it := d.items.at(r)
		if it.key != 0 {
			path = append(path, d.keys[it.key])
		} else {
			index := 0
			for left := it.left; left != 0; left = d.items.at(left).left {
				index += int(visible(d.items.at(left)))
			}
			path = append(path, index)
		}
		t = it.parent
	}
	slices.Reverse(path)
	return path
}

// keyChange is what the transaction did to a key; false when nothing remains.
func (d *Doc) keyChange(t, key uint32) (KeyChange, bool) {
	it := d.items.at(d.tail(t, key))
	if !d.adds(it) {
		return KeyChange{Remove, d.lastValue(it)}, d.deletes(it)
	}
	before := it.left
	for before != 0 && d.adds(d.items.at(before)) {
		before = d.items.at(before).left
	}
	had := before != 0 && d.deletes(d.items.at(before))
	switch {
	case d.deletes(it) && had:
		return KeyChange{Remove, d.lastValue(d.items.at(before))}, true
	case d.deletes(it):
		return KeyChange{}, false
	case had:
		return KeyChange{Change, d.lastValue(d.items.at(before))}, true
	default:
		return KeyChange{Action: Add}, true
	}
}

func (d *Doc) lastValue(it *item) any { return d.element(it, it.len-1) }

// listChange is how the transaction changed a list of elements.
func (d *Doc) listChange(t uint32) []Op {
	var w opWriter
	for r := d.types[t].start; r != 0; {
		it := d.items.at(r)
		r = it.right
		for from := range d.segments(it) {
			switch {
			case it.deleted():
				if from.old && d.deletes(it) {
					w.delete(from.units)
				}
			case from.old:
				w.retain(from.units, nil)
			default:
				for n := it.len - from.units; n < it.len; n++ {
					w.insert(d.element(it, n))
				}
			}
		}
	}
	return w.finish()
}

// segment is a part of an item that is older than the transaction, or not.
type segment struct {
	old   bool
	units uint32
}

// segments yields the parts of an item: typing makes items longer, so the first
// part may have been there before.
func (d *Doc) segments(it *item) func(yield func(segment) bool) {
	return func(yield func(segment) bool) {
		c := &d.clients[it.client]
		switch {
		case !c.touched || it.end() <= c.before:
			yield(segment{true, it.len})
		case it.clock >= c.before:
			yield(segment{false, it.len})
		default:
			old := c.before - it.clock
			_ = yield(segment{true, old}) && yield(segment{false, it.len - old})
		}
	}
}

// opWriter joins steps of the same sort.
type opWriter struct{ ops []Op }

func (w *opWriter) last() *Op {
	if len(w.ops) == 0 {
		return &Op{}
	}
	return &w.ops[len(w.ops)-1]
}

func (w *opWriter) insert(v any) {
	if list, ok := w.last().Insert.([]any); ok {
		w.last().Insert = append(list, v)
		return
	}
	w.ops = append(w.ops, Op{Insert: []any{v}})
}

func (w *opWriter) delete(n uint32) {
	if w.last().Delete > 0 {
		w.last().Delete += int(n)
		return
	}
	w.ops = append(w.ops, Op{Delete: int(n)})
}

func (w *opWriter) retain(n uint32, with Attributes) {
	if w.last().Retain > 0 && with == nil {
		w.last().Retain += int(n)
		return
	}
	w.ops = append(w.ops, Op{Retain: int(n), Attributes: with})
}

// finish drops what stays at the end.
func (w *opWriter) finish() []Op {
	for w.last().Retain > 0 && w.last().Attributes == nil {
		w.ops = w.ops[:len(w.ops)-1]
	}
	return w.ops
}
