package crdt

// Text is a shared text, counted in UTF-16 units as in JavaScript. Pieces of it
// may have formats, and objects and types may stand between its letters, each
// counting as one unit.
type Text struct {
	d *Doc
	t uint32
}

// Text returns the root text of that name, which every document has.
func (d *Doc) Text(name string) Text { return Text{d, d.root([]byte(name), typeText)} }

// Len is the length in UTF-16 units.
func (t Text) Len() int { return int(t.d.types[t.t].length) }

// Insert puts s at unit at, which may be Len, with the formats that are on there.
func (t Text) Insert(tx *Tx, at int, s string) {
	if s == "" || !t.d.editable(tx, t.t) {
		return
	}
	if !t.d.types[t.t].formatted {
		t.d.insertInList(t.t, uint32(at), []content{textContent(s)})
		return
	}
	c := t.walkTo(at)
	c.insert(textContent(s), c.on.clone())
}

// InsertFormatted puts s at unit at with just these formats.
func (t Text) InsertFormatted(tx *Tx, at int, s string, with Attributes) {
	if s != "" && t.d.editable(tx, t.t) {
		t.walkTo(at).insert(textContent(s), formatsOf(with))
	}
}

// InsertEmbed puts an object or a [Nested] type at unit at with just these formats.
// An object is anything that JSON has.
func (t Text) InsertEmbed(tx *Tx, at int, v any, with Attributes) {
	if t.d.editable(tx, t.t) {
		t.walkTo(at).insert(embedContent(v), formatsOf(with))
	}
}

// Format sets formats of n units from at on; those that are not named stay.
func (t Text) Format(tx *Tx, at, n int, with Attributes) {
	t.checkRange(at, n)
	if n == 0 || !t.d.editable(tx, t.t) {
		return
	}
	if c := t.walkTo(at); c.right != 0 {
		c.format(uint32(n), formatsOf(with))
	}
}

// Delete removes n units from at on.
func (t Text) Delete(tx *Tx, at, n int) {
	t.checkRange(at, n)
	if n == 0 || !t.d.editable(tx, t.t) {
		return
	}
	if !t.d.types[t.t].formatted {
		t.d.deleteInList(t.t, uint32(at), uint32(n))
		return
	}
	t.walkTo(at).delete(uint32(n))
}

// CleanFormats deletes formats that do nothing, as concurrent formatting leaves
// them, and returns how many there were. Yjs clients do so by themselves after
// each remote change of a formatted text; here it is done when asked for, so that
// a server never writes by itself.
func (t Text) CleanFormats(tx *Tx) int {
	if !t.d.editable(tx, t.t) {
		return 0
	}
	return t.d.cleanFormats(t.t)
}

// Attributes is the map of values that belong to the text as a whole.
func (t Text) Attributes() Map { return Map(t) }

// String is the text without its formatting and embedded objects.
func (t Text) String() string {
	var out []byte
	for it := range t.d.list(t.t) {
		if it.kind == kindString {
			out = append(out, t.d.content.bytes(it)...)
		}
	}
	return string(out)
}

func (t Text) walkTo(at int) *textCursor {
	t.checkRange(at, 0)
	return t.d.walkTo(t.t, uint32(at))
}

func (t Text) checkRange(at, n int) { t.d.checkRange(t.t, at, n) }
