package crdt

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Attribution knows who deleted what. Who wrote a unit is in its id, but that
// somebody else deleted it is in no document: an Attribution learns it from the
// updates as they come, each with the client that made it. The first who is
// said to have deleted a unit has deleted it; who only passes that on later has
// not. The zero value knows nothing. It belongs to one goroutine at a time.
type Attribution struct {
	clients  map[uint64]*deedList // by whose units were deleted
	authors  []uint64
	authorOf map[uint64]uint32 // author → index
}

// Run is a piece of a list that one client wrote, and of which all or nothing
// was deleted by one.
type Run struct {
	From, To   int // the visible units; equal when it is deleted
	Len        int // the units, visible or not; marks of formats that were deleted count too
	InsertedBy uint64
	Deleted    bool
	DeletedBy  uint64 // 0 when nobody knows, and when it is not deleted
}

// Add takes in what an update deletes. The cost is that of the update and of
// what is known about the ranges in it. What is not an update ends with
// [ErrMalformed].
func (a *Attribution) Add(update []byte, author uint64) error {
	deletes, err := DeletesOf(update)
	if err != nil {
		return err
	}
	a.AddDeletes(deletes, author)
	return nil
}

// AddDeletes takes in that an author has deleted these units, as far as nobody
// else is known to have done so.
func (a *Attribution) AddDeletes(ids IDs, author uint64) {
	if ids.Empty() {
		return
	}
	by := a.author(author)
	for _, r := range ids.ranges {
		a.deeds(r.Client).add(deed{r.Clock, r.Len, by})
	}
}

// Merge takes in what another knows; where both know, this one stays as it is.
func (a *Attribution) Merge(other *Attribution) {
	for client, l := range other.clients {
		for d := range l.all() {
			a.deeds(client).add(deed{d.clock, d.len, a.author(other.authors[d.by])})
		}
	}
}

func (a *Attribution) author(client uint64) uint32 {
	if by, ok := a.authorOf[client]; ok {
		return by
	}
	if a.authorOf == nil {
		a.authorOf = map[uint64]uint32{}
	}
	by := uint32(len(a.authors))
	a.authors = append(a.authors, client)
	a.authorOf[client] = by
	return by
}

func (a *Attribution) deeds(client uint64) *deedList {
	l := a.clients[client]
	if l == nil {
		if a.clients == nil {
			a.clients = map[uint64]*deedList{}
		}
		l = &deedList{}
		a.clients[client] = l
	}
	return l
}

// DeletedBy tells who deleted a unit.
func (a *Attribution) DeletedBy(i ID) (author uint64, known bool) {
	l := a.clients[i.Client]
	if l == nil {
		return 0, false
	}
	d, ok := l.next(l.from(i.Clock))
	if !ok || d.clock > i.Clock {
		return 0, false
	}
	return a.authors[d.by], true
}

// Runs yields who wrote and who deleted what in units from..to of a list, in its
// order. What was deleted at either end is among it.
func (a *Attribution) Runs(list Shared, from, to int) iter.Seq[Run] {
	return func(yield func(Run) bool) {
		last := Run{}
		for r := range a.pieces(list, from, to) {
			if last.Len > 0 && last.InsertedBy == r.InsertedBy && last.Deleted == r.Deleted && last.DeletedBy == r.DeletedBy {
				last.To, last.Len = r.To, last.Len+r.Len
				continue
			}
			if last.Len > 0 && !yield(last) {
				return
			}
			last = r
		}
		if last.Len > 0 {
			yield(last)
		}
	}
}

// pieces yields the runs of each item by itself.
func (a *Attribution) pieces(list Shared, from, to int) iter.Seq[Run] {
	return func(yield func(Run) bool) {
		d, t := list.at()
		at := 0 // visible units passed
		for r := d.types[t].start; r != 0 && at <= to; {
			it := d.items.at(r)
			r = it.right
			n := int(visible(it))
			begin, end := max(at, from), min(at+n, to)
			switch client := d.clients[it.client].id; {
			case it.deleted() && at >= from:
				if !a.deletedPieces(IDRange{client, it.clock, it.len}, at, yield) {
					return
				}
			case begin < end:
				if !yield(Run{From: begin, To: end, Len: end - begin, InsertedBy: client}) {
					return
				}
			}
			at += n
		}
	}
}

// deletedPieces yields who deleted the units of a range, that was at a place.
func (a *Attribution) deletedPieces(r IDRange, at int, yield func(Run) bool) bool {
	run := Run{From: at, To: at, InsertedBy: r.Client, Deleted: true}
	piece := func(from, to uint32, author uint64) bool {
		run.Len, run.DeletedBy = int(to-from), author
		return from >= to || yield(run)
	}
	clock := r.Clock
	if l := a.clients[r.Client]; l != nil {
		for p := l.from(clock); ; p = l.after(p) {
			d, ok := l.next(p)
			if !ok || d.clock >= r.End() {
				break
			}
			begin, end := max(clock, d.clock), min(d.end(), r.End())
			if !piece(clock, begin, 0) || !piece(begin, end, a.authors[d.by]) {
				return false
			}
			clock = end
		}
	}
	return piece(clock, r.End(), 0)
}

// Encode writes all that is known, a few bytes for each piece that somebody
// deleted; equal knowledge is equal bytes.
func (a *Attribution) Encode() []byte {
	used := map[uint64]bool{}
	for _, l := range a.clients {
		for d := range l.all() {
			used[a.authors[d.by]] = true
		}
	}
	number := make(map[uint64]uint64, len(used))
	out := lib0.AppendUint(nil, uint64(len(used)))
	for i, author := range slices.Sorted(maps.Keys(used)) {
		number[author] = uint64(i)
		out = lib0.AppendUint(out, author)
	}
	out = lib0.AppendUint(out, uint64(len(a.clients)))
	for _, client := range slices.SortedFunc(maps.Keys(a.clients), func(x, y uint64) int { return cmp.Compare(y, x) }) {
		deeds := slices.Collect(a.clients[client].all())
		out = lib0.AppendUint(lib0.AppendUint(out, client), uint64(len(deeds)))
		end := uint32(0)
		for _, d := range deeds {
			out = lib0.AppendUint(out, uint64(d.clock-end))
			out = lib0.AppendUint(out, uint64(d.len-1))
			out = lib0.AppendUint(out, number[a.authors[d.by]])
			end = d.end()
		}
	}
	return out
}

// DecodeAttribution reads what [Attribution.Encode] wrote. What is not that ends
// with [ErrMalformed].
func DecodeAttribution(b []byte) (*Attribution, error) {
	r := lib0.NewReader(b)
	a := &Attribution{}
	for i := range r.Count(1) {
		if a.author(r.Uint()) != uint32(i) {
			r.Fail("an author twice")
		}
	}
	for range r.Count(5) {
		client, end := clientID(r), uint64(0)
		for range r.Count(3) {
			from := end + uint64(clock(r))
			end = from + 1 + uint64(clock(r))
			by := r.Uint()
			if by >= uint64(len(a.authors)) || end > maxClock {
				r.Fail("no such author or clock")
			}
			if r.Err() != nil {
				return nil, malformed(r.Err())
			}
			a.deeds(client).add(deed{uint32(from), uint32(end - from), uint32(by)})
		}
	}
	if r.Err() == nil && r.Len() > 0 {
		r.Fail("bytes after the end")
	}
	if err := malformed(r.Err()); err != nil {
		return nil, err
	}
	return a, nil
}
