package crdt

// textChange is how the transaction changed a text, its formats included: the
// delta that the event of a Y.Text has.
func (d *Doc) textChange(t uint32) []Op {
	w := textChange{d: d, on: &formats{}, old: &formats{}, now: &formats{}}
	for r := d.types[t].start; r != 0; r = d.items.at(r).right {
		it := d.items.at(r)
		switch it.kind {
		case kindFormat:
			w.format(it)
		case kindString:
			w.text(it)
		case kindGC, kindDeleted:
			// One that was deleted earlier, or came deleted.
		default:
			w.embed(it)
		}
	}
	w.flush()
	return w.out.finish()
}

// textChange is the writer of a text's delta. Of the formats, on are those that
// are on now, old those that were on before, and now those that a retained piece
// gets.
type textChange struct {
	d            *Doc
	out          opWriter
	on, old, now *formats
	inserted     []byte
	deleted      uint32
	retained     uint32
}

// flush writes the step that was collected.
func (w *textChange) flush() {
	switch {
	case len(w.inserted) > 0:
		w.out.ops = append(w.out.ops, Op{Insert: string(w.inserted), Attributes: w.on.attributes()})
	case w.deleted > 0:
		w.out.ops = append(w.out.ops, Op{Delete: int(w.deleted)})
	case w.retained > 0:
		w.out.ops = append(w.out.ops, Op{Retain: int(w.retained), Attributes: w.now.attributes()})
	}
	w.inserted, w.deleted, w.retained = w.inserted[:0], 0, 0
}

func (w *textChange) flushUnless(same bool) {
	if !same {
		w.flush()
	}
}

func (w *textChange) text(it *item) {
	for part := range w.d.segments(it) {
		switch {
		case !part.old && !it.deleted():
			w.flushUnless(len(w.inserted) > 0)
			b := w.d.content.bytes(it)
			cut, _ := utf16Cut(b, it.len-part.units)
			w.inserted = append(w.inserted, b[cut:]...)
		case part.old:
			w.keepOrDelete(it, part.units)
		}
	}
}

func (w *textChange) keepOrDelete(it *item, units uint32) {
	switch {
	case w.d.deletes(it):
		w.flushUnless(w.deleted > 0)
		w.deleted += units
	case !it.deleted():
		w.flushUnless(w.retained > 0)
		w.retained += units
	}
}

func (w *textChange) embed(it *item) {
	if !w.d.adds(it) {
		w.keepOrDelete(it, it.len)
		return
	}
	if !it.deleted() {
		w.flush()
		w.out.ops = append(w.out.ops, Op{Insert: w.d.element(it, 0), Attributes: w.on.attributes()})
	}
}

// format follows a format: one that came or went changes what the text behind
// it has. One that does nothing counts for nothing; Yjs deletes it here.
func (w *textChange) format(it *item) {
	name, value := w.d.formatOf(it)
	adds, deletes := w.d.adds(it), w.d.deletes(it)
	idle := false
	switch {
	case adds && !deletes:
		idle = w.began(name, value)
	case adds:
	case deletes:
		w.old.set(name, value)
		if now := w.on.get(name); !equalFormat(now, value) {
			w.flushUnless(w.retained == 0)
			w.now.set(name, now)
		}
	case !it.deleted():
		w.old.set(name, value)
		idle = w.stayed(name, value)
	}
	if !it.deleted() && !idle {
		w.flushUnless(len(w.inserted) == 0)
		w.on.update(name, value)
	}
}

// began tells whether a format that came does nothing.
func (w *textChange) began(name string, value []byte) (idle bool) {
	if equalFormat(w.on.get(name), value) {
		return string(value) != string(jsonNull)
	}
	w.flushUnless(w.retained == 0)
	if equalFormat(value, w.old.get(name)) {
		w.now.remove(name)
	} else {
		w.now.set(name, value)
	}
	return false
}

// stayed: a format that was there ends what began before it, or does nothing any
// more.
func (w *textChange) stayed(name string, value []byte) (idle bool) {
	if !w.now.has(name) {
		return false
	}
	null := string(value) == string(jsonNull)
	if equalFormat(w.now.get(name), value) {
		return !null
	}
	w.flushUnless(w.retained == 0)
	if null {
		w.now.remove(name)
	} else {
		w.now.set(name, value)
	}
	return false
}
