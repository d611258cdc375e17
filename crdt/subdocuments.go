package crdt

import "iter"

// Subdocuments yields the subdocuments that are in the document now, by who put
// them in and when. The cost is that of looking at every struct.
func (d *Doc) Subdocuments() iter.Seq[Subdocument] {
	return func(yield func(Subdocument) bool) {
		for c := range d.clients {
			for _, chunk := range d.clients[c].spans.chunks {
				for _, s := range chunk {
					if it := d.items.at(s.item); it.kind == kindDoc && !it.deleted() && !yield(d.subdocument(it)) {
						return
					}
				}
			}
		}
	}
}

// SubdocumentChange tells which subdocuments a transaction has brought and which
// it has taken away. One that came and went in it is in neither.
type SubdocumentChange struct {
	Added, Removed []Subdocument
	Origin         any
	Local          bool
}

// OnSubdocuments calls fn after each transaction that brought subdocuments or took
// some away, until stop is called: whoever holds those documents opens and closes
// them here. fn may read the document but not change it.
func (d *Doc) OnSubdocuments(fn func(SubdocumentChange)) (stop func()) {
	w := &watcher[func(SubdocumentChange)]{fn}
	all := &d.watched().subdocuments
	*all = append(*all, w)
	return func() { *all = without(*all, w) }
}

func (d *Doc) tellSubdocuments(w *watchers) {
	c := SubdocumentChange{Origin: d.tx.origin, Local: d.tx.local}
	d.eachNew(func(r ref) {
		if it := d.items.at(r); it.kind == kindDoc && !it.deleted() {
			c.Added = append(c.Added, d.subdocument(it))
		}
	})
	for _, r := range d.tx.deletes {
		d.eachIn(r, func(r ref) {
			if it := d.items.at(r); it.kind == kindDoc && !d.adds(it) {
				c.Removed = append(c.Removed, d.subdocument(it))
			}
		})
	}
	if len(c.Added)+len(c.Removed) == 0 {
		return
	}
	for _, each := range w.subdocuments {
		each.call(c)
	}
}

// subdocument is what an item of that kind holds.
func (d *Doc) subdocument(it *item) Subdocument {
	s, _ := d.element(it, 0).(Subdocument)
	return s
}
