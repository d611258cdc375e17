package crdt

// Op is one step of a delta, which describes a list or its change from front to
// back, as Quill and Yjs have them: exactly one of Insert, Retain and Delete is set.
type Op struct {
	// Insert is what comes in: of a text, a string or one embedded object or type;
	// of an array or XML, the elements as []any.
	Insert any `json:"insert,omitempty"`
	// Retain is how many units stay as they are, but for Attributes.
	Retain int `json:"retain,omitempty"`
	// Delete is how many units go.
	Delete int `json:"delete,omitempty"`
	// Attributes are the formats of what comes in or stays.
	Attributes Attributes `json:"attributes,omitempty"`
}

// Delta is the text as inserts with their formats.
func (t Text) Delta() []Op {
	w := deltaWriter{}
	on := &formats{}
	for r := t.d.types[t.t].start; r != 0; {
		it := t.d.items.at(r)
		r = it.right
		switch {
		case it.deleted():
		case it.kind == kindFormat:
			w.flush(on)
			on.update(t.d.formatOf(it))
		case it.kind == kindString:
			w.text = append(w.text, t.d.content.bytes(it)...)
		default:
			w.flush(on)
			w.ops = append(w.ops, Op{Insert: t.d.element(it, 0), Attributes: on.attributes()})
		}
	}
	w.flush(on)
	return w.ops
}

// deltaWriter collects text that has the same formats.
type deltaWriter struct {
	ops  []Op
	text []byte
}

func (w *deltaWriter) flush(on *formats) {
	if len(w.text) > 0 {
		w.ops = append(w.ops, Op{Insert: string(w.text), Attributes: on.attributes()})
		w.text = w.text[:0]
	}
}

// ApplyDelta changes the text as a delta says. What it inserts has just the
// formats that are given with it.
func (t Text) ApplyDelta(tx *Tx, delta []Op) {
	if !t.d.editable(tx, t.t) {
		return
	}
	c := t.d.walkTo(t.t, 0)
	for _, op := range delta {
		switch s, isText := op.Insert.(string); {
		case isText && s != "":
			c.insert(textContent(s), formatsOf(op.Attributes))
		case isText:
		case op.Insert != nil:
			c.insert(embedContent(op.Insert), formatsOf(op.Attributes))
		case op.Retain > 0:
			c.format(uint32(op.Retain), formatsOf(op.Attributes))
		case op.Delete > 0:
			c.delete(uint32(op.Delete))
		}
	}
}
