package crdt

// Scrub returns a state of the document, as an update (V1), from which contents
// are physically gone: they count as deleted, and what was in them is not
// written, nor is what was inside types among them, whoever wrote that (see
// [Doc.Expand]). The document itself stays as it is.
//
// The units keep their ids and places, so replicas that have the contents merge
// with the state and delete them, and what they wrote beside them finds its
// place. A document that has loaded the state takes nothing of the contents from
// an old update: it has those units already. Names of roots and keys of maps are
// no content and stay, but for the keys of maps that go themselves. Nor is it
// remembered what was undone: an undo that a client makes writes new units.
//
// It fails with [ErrLimit] when more than a document may hold waits for units
// that are missing.
func (d *Doc) Scrub(ids IDs) ([]byte, error) {
	state, err := ScrubUpdate(d.Encode(), ids)
	if err != nil {
		return nil, err
	}
	scrubbed := New(Options{KeepDeleted: d.keepDeleted})
	if err := scrubbed.Apply(state); err != nil {
		return nil, err
	}
	return scrubbed.Encode(), nil
}

// ScrubUpdate returns an update with the same units from which those contents are
// physically gone, without a document: for what a log keeps of them. It knows
// nothing of other updates, so ids has to name what is inside types, too: see
// [Doc.Expand]. What is not an update ends with [ErrMalformed].
func ScrubUpdate(update []byte, ids IDs) ([]byte, error) {
	var w rewriter
	var gone []IDRange
	pos, err := eachStruct(update, func(s *incoming) bool {
		if s.kind == kindSkip {
			return true
		}
		for r, in := range ids.pieces(s.ids()) {
			part := s.part(r)
			if in {
				gone = append(gone, r)
				part.scrub()
			}
			w.add(part)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	deletes, err := DecodeIDs(update[pos:])
	if err != nil {
		return nil, err
	}
	return deletes.Union(NewIDs(gone...)).append(w.finish()), nil
}

// scrub leaves of a struct only that it was there.
func (s *incoming) scrub() {
	if s.kind != kindGC {
		s.kind = kindDeleted
	}
}

// Expand adds to a set all that is and was inside types of the set: what goes
// when they go.
func (d *Doc) Expand(ids IDs) IDs {
	var types []uint32
	for _, r := range ids.ranges {
		for it := range d.itemsIn(r) {
			if it.kind == kindType {
				types = append(types, it.off)
			}
		}
	}
	return ids.Union(d.insideOf(types))
}

// itemsIn yields the items that hold units of a range, as far as they are here.
func (d *Doc) itemsIn(r IDRange) func(yield func(*item) bool) {
	return func(yield func(*item) bool) {
		c := d.clientAt(r.Client)
		if r.Clock >= d.clients[c].next {
			return
		}
		l := &d.clients[c].spans
		p := l.find(r.Clock)
		for more := true; more && l.at(p).clock < r.End(); p, more = l.nextPlace(p) {
			if !yield(d.items.at(l.at(p).item)) {
				return
			}
		}
	}
}

// insideOf is all units inside some types, with what is inside types there.
func (d *Doc) insideOf(types []uint32) IDs {
	var out []IDRange
	add := func(it *item) {
		out = append(out, IDRange{d.clients[it.client].id, it.clock, it.len})
		if it.kind == kindType {
			types = append(types, it.off)
		}
	}
	for len(types) > 0 {
		t := types[len(types)-1]
		types = types[:len(types)-1]
		for r := d.types[t].start; r != 0; r = d.items.at(r).right {
			add(d.items.at(r))
		}
		d.eachEntry(t, func(_ uint32, tail ref) { d.eachValue(tail, add) })
	}
	return NewIDs(out...)
}

// eachValue yields the values that a key has and had, the last first.
func (d *Doc) eachValue(tail ref, yield func(*item)) {
	for r := tail; r != 0; r = d.items.at(r).left {
		yield(d.items.at(r))
	}
}

// UnitsIn is all that is and was inside a type, but not the type itself.
func UnitsIn(s Shared) IDs {
	d, t := s.at()
	return d.insideOf([]uint32{t})
}

// Units is all values that a key has and had, with all that is and was inside them.
func (m Map) Units(key string) IDs {
	var out []IDRange
	m.d.eachValue(m.d.tail(m.t, m.d.keyAt(key)), func(it *item) {
		out = append(out, IDRange{m.d.clients[it.client].id, it.clock, it.len})
	})
	return m.d.Expand(NewIDs(out...))
}
