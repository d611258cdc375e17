package crdt

import (
	"container/heap"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// parkingLot keeps what cannot be integrated yet. What waits is found by what
// it waits for, so that an update costs nothing for others that go on waiting.
type parkingLot struct {
	updates map[uint64]*waiting[parked]       // by the client whose unit they need
	deletes map[uint64]*waiting[parkedDelete] // by the client whose units they delete
	size    int                               // bytes of all
}

// parked is the structs of one client, as an update without deletes.
type parked struct {
	needs  uint32 // the clock of the missing unit
	update string // not a []byte: what comes again is recognised
}

type parkedDelete struct{ clock, len uint32 }

func (p parked) need() uint32       { return p.needs }
func (p parkedDelete) need() uint32 { return p.clock }

// parkedDeleteSize is what a parked range counts in bytes.
const parkedDeleteSize = 8

// waiter is something that waits for a unit of some client.
type waiter interface {
	comparable
	need() uint32
}

// waiting is a heap of waiters, those with the smallest need first, each once.
type waiting[T waiter] struct {
	list []T
	seen map[T]struct{}
}

func (w *waiting[T]) Len() int           { return len(w.list) }
func (w *waiting[T]) Less(i, j int) bool { return w.list[i].need() < w.list[j].need() }
func (w *waiting[T]) Swap(i, j int)      { w.list[i], w.list[j] = w.list[j], w.list[i] }
func (w *waiting[T]) Push(x any)         { w.list = append(w.list, x.(T)) }

func (w *waiting[T]) Pop() any {
	last := len(w.list) - 1
	x := w.list[last]
	w.list = w.list[:last]
	return x
}

// wait adds t to those that wait for a client, unless it waits already.
func wait[T waiter](all *map[uint64]*waiting[T], client uint64, t T) (added bool) {
	w := (*all)[client]
	if w == nil {
		w = &waiting[T]{seen: map[T]struct{}{}}
		if *all == nil {
			*all = map[uint64]*waiting[T]{}
		}
		(*all)[client] = w
	}
	if _, ok := w.seen[t]; ok {
		return false
	}
	w.seen[t] = struct{}{}
	heap.Push(w, t)
	return true
}

// ready takes out those that wait for a unit of client before next.
func ready[T waiter](all map[uint64]*waiting[T], client uint64, next uint32) []T {
	w := all[client]
	if w == nil {
		return nil
	}
	var out []T
	for len(w.list) > 0 && w.list[0].need() < next {
		t := heap.Pop(w).(T)
		delete(w.seen, t)
		out = append(out, t)
	}
	if len(w.list) == 0 {
		delete(all, client)
	}
	return out
}

// Parked tells whether the document holds updates that wait for missing ones.
func (d *Doc) Parked() bool { return d.lot.size > 0 }

// park puts the rest of f aside until the unit that it needs is here.
func (d *Doc) park(r *lib0.Reader, f *feed, needs wireID) {
	update := lib0.AppendUint(nil, 1)
	update = lib0.AppendUint(update, uint64(f.count)+1)
	update = lib0.AppendUint(update, f.client)
	update = lib0.AppendUint(update, uint64(f.current.clock))
	update = append(update, r.Slice(f.from, f.end)...)
	update = append(update, 0)
	f.loaded, f.count = false, 0
	if wait(&d.lot.updates, needs.client, parked{needs.clock, string(update)}) {
		d.lot.size += len(update)
	}
}

// deleteOrPark deletes the units of a range that are here and parks the rest.
func (d *Doc) deleteOrPark(clientID uint64, clock, n uint32) {
	done := uint32(0)
	if c := d.clientAt(clientID); c != 0 {
		done = d.deleteRange(deletedRange{c, clock, n})
	}
	if done < n && wait(&d.lot.deletes, clientID, parkedDelete{clock + done, n - done}) {
		d.lot.size += parkedDeleteSize
	}
}

// unpark integrates what the running transaction has made possible.
func (d *Doc) unpark() {
	for progress := true; progress && d.lot.size > 0; {
		progress = false
		for i := 0; i < len(d.tx.touched); i++ {
			if d.unparkFor(d.tx.touched[i]) {
				progress = true
			}
		}
	}
}

// unparkFor integrates what waits for units of a client that are here now, and
// tells whether there was anything.
func (d *Doc) unparkFor(c uint32) bool {
	client := d.clients[c].id
	updates := ready(d.lot.updates, client, d.clients[c].next)
	for _, p := range updates {
		d.lot.size -= len(p.update)
		var in input
		in.reader.Reset([]byte(p.update))
		in.blocks, in.deletes, _ = checkUpdate(&in.reader, nil) // it was checked before it was parked
		d.integrateBlocks(&in)
	}
	deletes := ready(d.lot.deletes, client, d.clients[c].next)
	for _, p := range deletes {
		d.lot.size -= parkedDeleteSize
		d.deleteOrPark(client, p.clock, p.len)
	}
	return len(updates)+len(deletes) > 0
}
