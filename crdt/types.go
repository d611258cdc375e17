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
	kind       uint8
	formatted  bool // has had formats: positions are found by walking
}

// entry is one key of a map: tail is the last item of its chain, which holds
// the value unless it is deleted.
type entry struct {
	key  uint32
	tail ref
	next uint32
}

// key returns the number of a key, giving it one when it is new.
func (d *Doc) key(name []byte) uint32 {
	if k, ok := d.keyOf[string(name)]; ok {
		return k
	}
	s := string(name)
	d.keys = append(d.keys, s)
	k := uint32(len(d.keys) - 1)
	d.keyOf[s] = k
	return k
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
func (d *Doc) tail(t, key uint32) ref {
	if e, ok := d.entryOf[uint64(t)<<32|uint64(key)]; ok {
		return d.entries[e].tail
	}
	return 0
}

func (d *Doc) setTail(t, key uint32, r ref) {
	at := uint64(t)<<32 | uint64(key)
	if e, ok := d.entryOf[at]; ok {
		d.entries[e].tail = r
		return
	}
	d.entries = append(d.entries, entry{key: key, tail: r})
	e := uint32(len(d.entries) - 1)
	d.entryOf[at] = e
	if last := d.types[t].lastEntry; last != 0 {
		d.entries[last].next = e
	} else {
		d.types[t].firstEntry = e
	}
	d.types[t].lastEntry = e
}

// eachEntry yields the tails of all keys of a type.
func (d *Doc) eachEntry(t uint32, yield func(key uint32, tail ref)) {
	for e := d.types[t].firstEntry; e != 0; e = d.entries[e].next {
		if tail := d.entries[e].tail; tail != 0 {
			yield(d.entries[e].key, tail)
		}
	}
}

// clientIndex returns the index of a client, giving it one when it is new.
func (d *Doc) clientIndex(clientID uint64) uint32 {
	if c, ok := d.clientOf[clientID]; ok {
		return c
	}
	d.clients = append(d.clients, client{id: clientID})
	c := uint32(len(d.clients) - 1)
	d.clientOf[clientID] = c
	return c
}

// has tells whether the unit with that id is here.
func (d *Doc) has(w wireID) bool {
	c, ok := d.clientOf[w.client]
	return ok && w.clock < d.clients[c].next
}

// state is the clock after the last unit of a client.
func (d *Doc) state(clientID uint64) uint32 {
	if c, ok := d.clientOf[clientID]; ok {
		return d.clients[c].next
	}
	return 0
}

// local turns the id of a unit that is here into the document's own form.
func (d *Doc) local(w wireID) id {
	if !w.ok {
		return id{}
	}
	return id{d.clientOf[w.client], w.clock}
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
