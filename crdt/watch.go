package crdt

import "slices"

// Shared is a shared type: a [Map], [Array], [Text] or [XML].
type Shared interface {
	at() (d *Doc, t uint32)
}

func (m Map) at() (*Doc, uint32)   { return m.d, m.t }
func (a Array) at() (*Doc, uint32) { return a.d, a.t }
func (t Text) at() (*Doc, uint32)  { return t.d, t.t }
func (x XML) at() (*Doc, uint32)   { return x.d, x.t }

// watchers are those who want to know what happens to a document. It has none
// until somebody asks, and then pays nothing for events.
type watchers struct {
	updates []*watcher[func(Update)]
	shallow map[uint32][]*watcher[func(*Event)] // by type
	deep    map[uint32][]*watcher[func([]*Event)]
	undo    []*UndoManager

	subdocuments []*watcher[func(SubdocumentChange)]
}

// watcher gives each function an identity, by which it is taken out.
type watcher[F any] struct{ call F }

func (d *Doc) watched() *watchers {
	if d.watchers == nil {
		d.watchers = &watchers{
			shallow: map[uint32][]*watcher[func(*Event)]{},
			deep:    map[uint32][]*watcher[func([]*Event)]{},
		}
	}
	return d.watchers
}

// Update is what a transaction has changed.
type Update struct {
	Bytes  []byte // to bring other replicas to the same state (V1)
	Origin any    // given to [Doc.TransactAs] or [Doc.ApplyAs]
	Local  bool   // made here, not applied
}

// OnUpdate calls fn after each transaction that changed the document, until stop
// is called. Like all observers, fn may read the document but not change it.
func (d *Doc) OnUpdate(fn func(Update)) (stop func()) {
	w := &watcher[func(Update)]{fn}
	all := &d.watched().updates
	*all = append(*all, w)
	return func() { *all = without(*all, w) }
}

// Observe calls fn when a transaction has changed s itself: its keys, its
// elements or its text. What is inside nested types does not count.
func Observe(s Shared, fn func(*Event)) (stop func()) {
	d, t := s.at()
	return observe(d.watched().shallow, t, fn)
}

// ObserveDeep calls fn when a transaction has changed s or anything inside it,
// with one event for each type that changed, outer ones first.
func ObserveDeep(s Shared, fn func([]*Event)) (stop func()) {
	d, t := s.at()
	return observe(d.watched().deep, t, fn)
}

func observe[F any](all map[uint32][]*watcher[F], t uint32, fn F) (stop func()) {
	w := &watcher[F]{fn}
	all[t] = append(all[t], w)
	return func() {
		if all[t] = without(all[t], w); len(all[t]) == 0 {
			delete(all, t)
		}
	}
}

// without is a new list, because the old one may be being walked.
func without[T comparable](list []T, gone T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(w T) bool { return w == gone })
}

// tell calls who watches, before deleted content is dropped.
func (d *Doc) tell(deletedClients []uint32) {
	w := d.watchers
	if len(w.shallow)+len(w.deep)+len(w.undo)+len(w.subdocuments) == 0 {
		return
	}
	d.tx.told = true // from here on the document must not change
	if len(w.subdocuments) > 0 {
		d.tellSubdocuments(w)
	}
	changed := d.changedTypes()
	if len(w.shallow)+len(w.deep) > 0 {
		d.tellObservers(w, changed)
	}
	for _, u := range slices.Clone(w.undo) {
		u.capture(changed, deletedClients)
	}
	d.tx.told = false
}

func (d *Doc) tellObservers(w *watchers, changed []change) {
	inside := map[uint32][]*Event{}
	var order []uint32
	for i := range changed {
		var e *Event
		c := &changed[i]
		event := func() *Event {
			if e == nil {
				e = d.event(c)
			}
			return e
		}
		for _, each := range w.shallow[c.typ] {
			each.call(event())
		}
		for t := c.typ; t != 0; t = d.parentType(t) {
			if len(w.deep[t]) == 0 {
				continue
			}
			if inside[t] == nil {
				order = append(order, t)
			}
			inside[t] = append(inside[t], event().seenFrom(t))
		}
	}
	for _, t := range order {
		events := inside[t]
		slices.SortStableFunc(events, func(a, b *Event) int { return len(a.Path) - len(b.Path) })
		for _, each := range w.deep[t] {
			each.call(events)
		}
	}
}

// parentType is the type that t is in, 0 for roots.
func (d *Doc) parentType(t uint32) uint32 {
	if r := d.types[t].item; r != 0 {
		return d.items.at(r).parent
	}
	return 0
}

// tellUpdate calls who wants updates, after the transaction.
func (d *Doc) tellUpdate() {
	w := d.watchers
	if w == nil || len(w.updates) == 0 {
		return
	}
	update := d.transactionUpdate()
	if update == nil {
		return
	}
	d.tx.told = true
	for _, each := range w.updates {
		each.call(Update{Bytes: update, Origin: d.tx.origin, Local: d.tx.local})
	}
	d.tx.told = false
}
