package crdt

import "fmt"

// Tx is a running transaction; edits take it to show that there is one.
type Tx struct{ d *Doc }

// Transact runs fn, in which the document may be edited, and returns the update
// that brings other replicas to the same state, or nil when nothing changed.
// Transactions do not nest.
func (d *Doc) Transact(fn func(tx *Tx)) (update []byte) { return d.TransactAs(nil, fn) }

// TransactAs is Transact with an origin, which observers and undo managers see:
// any comparable value that tells who or what edits.
func (d *Doc) TransactAs(origin any, fn func(tx *Tx)) (update []byte) {
	d.begin(origin, true)
	fn(&Tx{d})
	d.end()
	update = d.transactionUpdate()
	d.reset()
	return update
}

// transactionUpdate writes what the transaction that just ended has changed.
func (d *Doc) transactionUpdate() []byte {
	var from []fromClock
	for _, c := range d.tx.touched {
		if d.clients[c].before < d.clients[c].next {
			from = append(from, fromClock{c, d.clients[c].before})
		}
	}
	if len(from) == 0 && len(d.tx.deletes) == 0 {
		return nil
	}
	return d.appendDeletes(d.appendStructs(nil, from), d.tx.deletes)
}

// editable tells whether list or map t takes edits: a type that was deleted
// ignores them, as they would be lost anyway.
func (d *Doc) editable(tx *Tx, t uint32) bool {
	if tx == nil || tx.d != d || !d.tx.running || d.tx.told {
		panic("crdt: edit outside a transaction of this document")
	}
	return d.types[t].kind != typeGone && !d.parentDeleted(t)
}

// spot is where a new item goes.
type spot struct {
	parent, key uint32
	left, right ref
}

// insert adds own content of n units at a spot between neighbours.
func (d *Doc) insert(at spot, c content) ref {
	own := d.clientIndex(d.clientID)
	if r := d.continueOwn(at, c, own); r != 0 {
		return r
	}
	r := d.items.alloc()
	it := d.items.at(r)
	*it = item{
		clock: d.clients[own].next, len: c.len, client: own,
		left: at.left, right: at.right, parent: at.parent, key: at.key, kind: c.kind,
	}
	if at.left != 0 {
		it.origin = d.items.at(at.left).lastID()
	}
	if at.right != 0 {
		it.rightOrigin = d.items.at(at.right).id()
	}
	if uint64(it.clock)+uint64(it.len) > maxClock {
		panic("crdt: a client has written more than 2³¹ units")
	}
	if c.nested != nil {
		t := typ{item: r, kind: c.nested.kind}
		if t.kind == typeElement || t.kind == typeHook {
			t.label = d.key([]byte(c.nested.name))
		}
		it.off = d.newType(t)
	} else {
		it.off, it.size = d.content.put(c.bytes), uint32(len(c.bytes))
	}
	d.place(r)
	if c.nested != nil {
		d.fill(d.items.at(r).off, c.nested)
	}
	return r
}

// continueOwn makes the item at the left longer when c is text that goes on
// where this replica's last text ended.
func (d *Doc) continueOwn(at spot, c content, own uint32) ref {
	if c.kind != kindString || at.left == 0 || at.key != 0 {
		return 0
	}
	left := d.items.at(at.left)
	if left.kind != kindString || left.deleted() || left.client != own || left.end() != d.clients[own].next {
		return 0
	}
	if at.right == 0 && left.rightOrigin.client != 0 || at.right != 0 && d.items.at(at.right).id() != left.rightOrigin {
		return 0
	}
	d.touch(&d.clients[own], own)
	d.content.extend(left, c.bytes)
	left.len += c.len
	d.clients[own].next = left.end()
	d.types[at.parent].length += c.len
	d.shows(at.parent, at.left, int(c.len))
	return at.left
}

// insertInList puts contents at unit index of list t, one after the other.
// Text goes behind what is deleted there, elements before it, as in Yjs.
func (d *Doc) insertInList(t, index uint32, contents []content) {
	d.checkRange(t, int(index), 0)
	left, before := d.leftOf(t, index)
	at := spot{parent: t, left: left, right: d.behind(t, left)}
	if len(contents) > 0 && contents[0].kind == kindString {
		for at.right != 0 && d.items.at(at.right).deleted() {
			at.left, at.right = at.right, d.items.at(at.right).right
			before = index
		}
	}
	for _, c := range contents {
		r := d.insert(at, c)
		if r != at.left {
			before = index
		}
		index += c.len
		at.left = r
		d.cursor = cursor{typ: t, item: r, index: before}
	}
}

// deleteInList deletes n units of list t from unit index on.
func (d *Doc) deleteInList(t, index, n uint32) {
	d.checkRange(t, int(index), int(n))
	left, before := d.leftOf(t, index)
	for r := d.behind(t, left); n > 0; r = d.items.at(r).right {
		units := visible(d.items.at(r))
		if units == 0 {
			continue
		}
		if units > n {
			d.split(r, n)
			units = n
		}
		d.delete(r)
		n -= units
	}
	if left != 0 {
		d.cursor = cursor{typ: t, item: left, index: before}
	}
}

// checkRange panics when a list has no n units from at on: the mistake is the
// caller's, as with a slice.
func (d *Doc) checkRange(t uint32, at, n int) {
	if length := int(d.types[t].length); at < 0 || n < 0 || at > length || n > length-at {
		panic(fmt.Sprintf("crdt: range %d+%d beyond length %d", at, n, length))
	}
}

// setEntry makes c the value of a key.
func (d *Doc) setEntry(t uint32, key string, c content) {
	k := d.key([]byte(key))
	d.insert(spot{parent: t, key: k, left: d.tail(t, k)}, c)
}

// deleteEntry deletes the value of a key.
func (d *Doc) deleteEntry(t uint32, key string) {
	if tail := d.tail(t, d.keyAt(key)); tail != 0 {
		d.delete(tail)
	}
}
