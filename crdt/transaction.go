package crdt

import "slices"

// txn is what the running transaction has done so far.
type txn struct {
	running bool
	told    bool // observers are being called: nothing may change
	local   bool // made here, not applied
	origin  any
	touched []uint32 // clients that were added to; their before says from where
	deletes rangeSet
	joins   []id // right parts of splits, which may be joined again
	stack   []ref
}

// largeTransaction is how many ranges a transaction notes before their memory is
// given back.
const largeTransaction = 1024

// deletedRange is a range of units by one client.
type deletedRange struct {
	client     uint32
	clock, len uint32
}

// rangeSet is a set of ranges, in no order until it is sorted.
type rangeSet []deletedRange

// add puts a range in, joining it with the last one when it goes on from it.
func (s *rangeSet) add(r deletedRange) {
	if n := len(*s); n > 0 {
		if last := &(*s)[n-1]; last.client == r.client && last.clock+last.len == r.clock {
			last.len += r.len
			return
		}
	}
	*s = append(*s, r)
}

// clients lists who wrote what is in the set, in the order in which it came.
func (s rangeSet) clients() []uint32 {
	var out []uint32
	seen := map[uint32]bool{}
	for _, r := range s {
		if !seen[r.client] {
			seen[r.client] = true
			out = append(out, r.client)
		}
	}
	return out
}

// sort orders the ranges by client index and clock and joins what touches.
func (s *rangeSet) sort() {
	if len(*s) < 2 {
		return
	}
	slices.SortFunc(*s, func(a, b deletedRange) int {
		if a.client != b.client {
			return int(a.client) - int(b.client)
		}
		return int(a.clock) - int(b.clock)
	})
	out := (*s)[:1]
	for _, r := range (*s)[1:] {
		last := &out[len(out)-1]
		if last.client == r.client && r.clock <= last.clock+last.len {
			last.len = max(last.len, r.clock+r.len-last.clock)
			continue
		}
		out = append(out, r)
	}
	*s = out
}

func (d *Doc) begin(origin any, local bool) {
	if d.tx.running {
		panic("crdt: transaction inside a transaction")
	}
	d.tx.running, d.tx.origin, d.tx.local = true, origin, local
}

// end cleans up behind the transaction, in the order of Yjs, so that the same
// structs remain: collect what was deleted, then join what stands together.
func (d *Doc) end() {
	if d.watchers == nil {
		d.tx.deletes.sort()
	} else {
		clients := d.tx.deletes.clients()
		d.tx.deletes.sort()
		d.tell(clients)
	}
	if !d.keepDeleted {
		d.collectDeleted()
	}
	for i := len(d.tx.deletes) - 1; i >= 0; i-- {
		d.joinRange(d.tx.deletes[i])
	}
	for _, c := range d.tx.touched {
		d.joinNew(&d.clients[c])
	}
	for i := len(d.tx.joins) - 1; i >= 0; i-- {
		d.joinAround(d.tx.joins[i])
	}
	d.squeeze()
	d.squeezeEntries()
}

// reset forgets the transaction after its update has been read from it.
func (d *Doc) reset() {
	d.tellUpdate()
	for _, c := range d.tx.touched {
		d.clients[c].touched = false
	}
	d.tx.running, d.tx.origin = false, nil
	d.tx.touched = d.tx.touched[:0]
	d.tx.deletes = d.tx.deletes[:0]
	d.tx.joins = d.tx.joins[:0]
	if cap(d.tx.deletes)+cap(d.tx.joins)+cap(d.tx.stack) > largeTransaction {
		d.tx.deletes, d.tx.joins, d.tx.stack = nil, nil, nil
	}
}

// delete marks an item deleted, and all that is inside it.
func (d *Doc) delete(r ref) {
	if d.items.at(r).deleted() {
		return
	}
	stack := append(d.tx.stack[:0], r)
	for len(stack) > 0 {
		r := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		it := d.items.at(r)
		if it.deleted() {
			d.rejoin(it)
			continue
		}
		if it.key == 0 {
			if it.countable() {
				d.types[it.parent].length -= it.len
				d.shows(it.parent, r, -int(it.len))
			}
			d.cursor.forget(it.parent)
		}
		it.flags |= flagDeleted
		d.noteDeleted(it)
		if it.kind != kindType {
			continue
		}
		t, first := &d.types[it.off], len(stack)
		for child := t.start; child != 0; child = d.items.at(child).right {
			stack = append(stack, child)
		}
		d.eachEntry(it.off, func(_ uint32, tail ref) { stack = append(stack, tail) })
		slices.Reverse(stack[first:]) // the last is taken first
	}
	d.tx.stack = stack
}

// rejoin remembers an item that was deleted in an earlier transaction and now
// loses its parent: collected, it may join its neighbours.
func (d *Doc) rejoin(it *item) {
	if c := &d.clients[it.client]; !c.touched || it.clock < c.before {
		d.tx.joins = append(d.tx.joins, it.id())
	}
}

func (d *Doc) noteDeleted(it *item) {
	d.tx.deletes.add(deletedRange{it.client, it.clock, it.len})
}

// deleteRange deletes the units of a range that are here and returns how many
// from its front that were.
func (d *Doc) deleteRange(r deletedRange) uint32 {
	c := &d.clients[r.client]
	if r.clock >= c.next {
		return 0
	}
	end := min(r.clock+r.len, c.next)
	l := &c.spans
	p := l.find(r.clock)
	for at := r.clock; ; {
		it := d.items.at(l.at(p).item)
		next := it.end()
		if !it.deleted() {
			part := d.cleanStart(id{r.client, at})
			if next > end {
				part = d.cleanEnd(id{r.client, end - 1})
			}
			d.delete(part)
			p = l.find(min(next, end) - 1) // cuts have moved the places
		}
		if at = next; at >= end {
			return end - r.clock
		}
		p, _ = l.nextPlace(p)
	}
}

// collectDeleted drops the content of what this transaction deleted. Where a
// type was deleted, all inside it becomes collected ranges.
func (d *Doc) collectDeleted() {
	for _, r := range d.tx.deletes {
		l := &d.clients[r.client].spans
		p := l.find(r.clock)
		for more := true; more; p, more = l.nextPlace(p) {
			s := l.at(p)
			if s.clock >= r.clock+r.len {
				break
			}
			if it := d.items.at(s.item); it.deleted() && it.flags&flagKept == 0 && it.kind != kindGC {
				d.collect(s.item)
			}
		}
	}
}

// collect drops the content of a deleted item but keeps its place.
func (d *Doc) collect(r ref) {
	it := d.items.at(r)
	if it.kind == kindType {
		d.collectInside(it.off)
		it.off = 0
	} else {
		d.content.drop(it)
	}
	it.kind = kindDeleted
}

// collectInside turns everything inside a type into collected ranges.
func (d *Doc) collectInside(t uint32) {
	stack := []uint32{t}
	for len(stack) > 0 {
		t := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		gone := func(r ref) {
			it := d.items.at(r)
			if it.kind == kindType {
				stack = append(stack, it.off)
			} else {
				d.content.drop(it)
			}
			*it = item{clock: it.clock, len: it.len, client: it.client, kind: kindGC, flags: flagDeleted}
		}
		for r := d.types[t].start; r != 0; {
			next := d.items.at(r).right
			gone(r)
			r = next
		}
		d.eachEntry(t, func(_ uint32, tail ref) {
			for r := tail; r != 0; {
				next := d.items.at(r).left
				gone(r)
				r = next
			}
			d.gone++
		})
		d.dropIndex(t)
		d.types[t] = typ{kind: typeGone}
	}
}

// joinRange joins the structs of a deleted range with each other and with
// their neighbours.
func (d *Doc) joinRange(r deletedRange) {
	l := &d.clients[r.client].spans
	p := l.find(r.clock + r.len - 1)
	if next, ok := l.nextPlace(p); ok {
		p = next
	}
	for l.at(p).clock >= r.clock {
		joined := d.joinLeft(l, p)
		before, ok := l.prev(joined)
		if !ok {
			return
		}
		p = before
	}
}

// joinNew joins what was added to a client, and with what was there before.
func (d *Doc) joinNew(c *client) {
	if c.before == c.next {
		return
	}
	l := &c.spans
	p := l.last()
	for {
		p = d.joinLeft(l, p)
		before, ok := l.prev(p)
		if !ok || l.at(p).clock <= c.before {
			return
		}
		p = before
	}
}

// joinAround joins the struct at i with its neighbours, if it still begins one.
func (d *Doc) joinAround(i id) {
	l := &d.clients[i.client].spans
	p := l.find(i.clock)
	if next, ok := l.nextPlace(p); ok {
		p = d.joinLeft(l, next)
		if l.at(p).clock < i.clock {
			return
		}
		p = l.find(i.clock)
	}
	d.joinLeft(l, p)
}

// joinLeft joins the struct at p with those before it as far as that goes, and
// returns the place of the whole.
func (d *Doc) joinLeft(l *spanList, p place) place {
	for {
		before, ok := l.prev(p)
		if !ok {
			return p
		}
		left, right := l.at(before).item, l.at(p).item
		if it := d.items.at(right); it.kind != kindGC && it.origin.clock+1 != it.clock {
			return p // it was not written behind what is before it
		}
		if !d.join(left, right) {
			return p
		}
		p = l.remove(p)
		d.items.release(right)
	}
}

// join makes left and right one item if they are what one client wrote in one
// go and nothing tells them apart any more.
func (d *Doc) join(leftRef, rightRef ref) bool {
	left, right := d.items.at(leftRef), d.items.at(rightRef)
	if left.kind != right.kind || left.deleted() != right.deleted() || left.end() != right.clock {
		return false
	}
	if left.kind == kindGC {
		left.len += right.len
		return true
	}
	if (left.flags|right.flags)&flagRedone != 0 || right.flags&flagApart != 0 {
		return false
	}
	if !mergeable(left.kind) || left.right != rightRef || right.origin != left.lastID() || left.rightOrigin != right.rightOrigin {
		return false
	}
	if right.key != 0 && d.tail(right.parent, right.key) == rightRef {
		d.setTail(right.parent, right.key, leftRef)
	}
	left.flags |= right.flags & flagKept
	if left.key == 0 {
		d.indexJoin(left.parent, leftRef, rightRef)
	}
	d.cursor.join(left, leftRef, rightRef)
	d.joinContent(left, right)
	left.right = right.right
	if left.right != 0 {
		d.items.at(left.right).left = leftRef
	}
	left.len += right.len
	return true
}

func (d *Doc) joinContent(left, right *item) {
	if right.size == 0 {
		return
	}
	a := &d.content
	if left.slack == 0 && left.off+left.size == right.off {
		left.size += right.size
		a.dead += room(right) - int(right.size)
		return
	}
	a.extend(left, a.bytes(right))
	a.dead += room(right)
}
