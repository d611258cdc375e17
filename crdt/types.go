package crdt

// typ is a shared type: a root, or one that an item holds. It keeps no name of
// its own but the key that it is known by.
type typ struct {
	item       ref    // the item that holds it; 0 for roots
	label      uint32 // key id: a root's name, an XML element's or hook's name
	start      ref    // first item of the list
	length     uint32 // visible units of the list
	firstEntry uint32 // map entries in the order in which their keys came
	lastEntry  uint32
	index      uint32 // the root of the list's tree, if it has one
	kind       uint8
	formatted  bool // has had formats: positions are found by walking
}

// entry is one key of a map: tail is the last item of its chain, which holds
// the value unless it is deleted.
type entry struct {
	typ, key uint32
	tail     ref
	next     uint32
}

// root returns the root type of that name, which exists once it is asked for.
func (d *Doc) root(name []byte, kind uint8) uint32 {
	t, ok := d.roots[string(name)]
	if !ok {
		t = d.newType(typ{label: d.key(name), kind: typeUnknown})
		d.roots[string(name)] = t
	}
	if d.types[t].kind == typeUnknown {
		d.types[t].kind = kind
	}
	return t
}

func (d *Doc) newType(t typ) uint32 {
	d.types = append(d.types, t)
	return uint32(len(d.types) - 1)
}

// tail is the last item of a key's chain, or 0.
func (d *Doc) tail(t, key uint32) ref { return d.entries[d.entryAt(t, key)].tail }

func (d *Doc) setTail(t, key uint32, r ref) {
	if e := d.entryAt(t, key); e != 0 {
		d.entries[e].tail = r
		return
	}
	d.entries = append(d.entries, entry{typ: t, key: key, tail: r})
	e := uint32(len(d.entries) - 1)
	d.entryOf.add(int(e), d.hashEntry)
	if last := d.types[t].lastEntry; last != 0 {
		d.entries[last].next = e
	} else {
		d.types[t].firstEntry = e
	}
	d.types[t].lastEntry = e
}

func (d *Doc) hashEntry(e uint32) uint64 { return entryHash(d.entries[e].typ, d.entries[e].key) }

// squeezeEntries forgets the entries of types that are gone, once they are most
// of all.
func (d *Doc) squeezeEntries() {
	if d.gone < 1024 || d.gone < len(d.entries)/2 {
		return
	}
	old := d.entries
	d.entries, d.entryOf, d.gone = make([]entry, 1, len(old)-d.gone), newTable(), 0
	for t := range d.types {
		e := d.types[t].firstEntry
		d.types[t].firstEntry, d.types[t].lastEntry = 0, 0
		for ; e != 0; e = old[e].next {
			d.setTail(uint32(t), old[e].key, old[e].tail)
		}
	}
}

// eachEntry yields the tails of all keys of a type.
func (d *Doc) eachEntry(t uint32, yield func(key uint32, tail ref)) {
	for e := d.types[t].firstEntry; e != 0; e = d.entries[e].next {
		if tail := d.entries[e].tail; tail != 0 {
			yield(d.entries[e].key, tail)
		}
	}
}

// has tells whether the unit with that id is here.
func (d *Doc) has(w wireID) bool {
	return w.clock < d.clients[d.clientAt(w.client)].next
}

// state is the clock after the last unit of a client.
func (d *Doc) state(clientID uint64) uint32 {
	return d.clients[d.clientAt(clientID)].next
}

// local turns the id of a unit that is here into the document's own form.
func (d *Doc) local(w wireID) id {
	if !w.ok {
		return id{}
	}
	return id{d.clientAt(w.client), w.clock}
}

// find returns the item that holds a unit that is here.
func (d *Doc) find(i id) ref {
	l := &d.clients[i.client].spans
	return l.at(l.find(i.clock)).item
}

// addStruct appends an item to the list of its client.
func (d *Doc) addStruct(r ref) {
	it := d.items.at(r)
	c := &d.clients[it.client]
	d.touch(c, it.client)
	c.spans.push(span{it.clock, r})
	c.next = it.end()
}

// touch notes where a client stood when the running transaction began.
func (d *Doc) touch(c *client, index uint32) {
	if !c.touched {
		c.touched, c.before = true, c.next
		d.tx.touched = append(d.tx.touched, index)
	}
}

// parentDeleted tells whether the item that holds type t is deleted.
func (d *Doc) parentDeleted(t uint32) bool {
	r := d.types[t].item
	return r != 0 && d.items.at(r).deleted()
}
