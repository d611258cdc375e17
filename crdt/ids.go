package crdt

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// ID names a unit of content.
type ID struct {
	Client uint64
	Clock  uint32
}

// String writes the id as client:clock.
func (i ID) String() string { return fmt.Sprintf("%d:%d", i.Client, i.Clock) }

// IDRange is a run of units that one client wrote one after the other.
type IDRange struct {
	Client     uint64
	Clock, Len uint32
}

// ID is the id of the first unit.
func (r IDRange) ID() ID { return ID{r.Client, r.Clock} }

// End is the clock behind the last unit.
func (r IDRange) End() uint32 { return r.Clock + r.Len }

// String writes the range as client:clock+length.
func (r IDRange) String() string { return fmt.Sprintf("%v+%d", r.ID(), r.Len) }

// order sorts ranges as updates have them: the highest client first.
func (r IDRange) order(o IDRange) int {
	return cmp.Or(cmp.Compare(o.Client, r.Client), cmp.Compare(r.Clock, o.Clock))
}

// endsBefore tells whether r ends before o does.
func (r IDRange) endsBefore(o IDRange) bool {
	return r.Client > o.Client || r.Client == o.Client && r.End() < o.End()
}

// IDs is a set of units, without a document. The zero value is the empty set;
// a set does not change, so any goroutine may use it.
type IDs struct {
	ranges []IDRange // in order; no two overlap or touch
}

// NewIDs makes the set of all units in some ranges.
func NewIDs(ranges ...IDRange) IDs {
	sorted := slices.Clone(ranges)
	for i := range sorted {
		r := &sorted[i]
		r.Clock = min(r.Clock, maxClock)
		r.Len = min(r.Len, maxClock-r.Clock)
	}
	slices.SortFunc(sorted, IDRange.order)
	return joined(sorted)
}

// joined makes a set of ranges in order, whose memory it takes.
func joined(ranges []IDRange) IDs {
	out := ranges[:0]
	for _, r := range ranges {
		if r.Len == 0 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Client == r.Client && r.Clock <= out[n-1].End() {
			out[n-1].Len = max(out[n-1].End(), r.End()) - out[n-1].Clock
			continue
		}
		out = append(out, r)
	}
	return IDs{out}
}

// Empty tells whether there is nothing in the set.
func (s IDs) Empty() bool { return len(s.ranges) == 0 }

// Len is the number of units in the set.
func (s IDs) Len() uint64 {
	n := uint64(0)
	for _, r := range s.ranges {
		n += uint64(r.Len)
	}
	return n
}

// Ranges yields the set as the fewest ranges: the highest client first, each
// client's by clock.
func (s IDs) Ranges() iter.Seq[IDRange] { return slices.Values(s.ranges) }

// Equal tells whether two sets hold the same units.
func (s IDs) Equal(o IDs) bool { return slices.Equal(s.ranges, o.ranges) }

// Contains tells whether a unit is in the set.
func (s IDs) Contains(i ID) bool {
	at := s.from(i.Client, i.Clock)
	return at < len(s.ranges) && s.ranges[at].Client == i.Client && s.ranges[at].Clock <= i.Clock
}

// from is the index of the first range that does not end at or before a unit.
func (s IDs) from(client uint64, clock uint32) int {
	at, _ := slices.BinarySearchFunc(s.ranges, client, func(r IDRange, client uint64) int {
		switch {
		case r.Client != client:
			return cmp.Compare(client, r.Client)
		case r.End() <= clock:
			return -1
		default:
			return 1
		}
	})
	return at
}

// pieces divides a range into parts that are in the set as a whole, or not at all.
func (s IDs) pieces(r IDRange) iter.Seq2[IDRange, bool] {
	return func(yield func(IDRange, bool) bool) {
		at, end := r.Clock, r.End()
		for i := s.from(r.Client, at); at < end; i++ {
			next := IDRange{r.Client, end, 0}
			if i < len(s.ranges) && s.ranges[i].Client == r.Client && s.ranges[i].Clock < end {
				next = s.ranges[i]
			}
			if next.Clock > at && !yield(IDRange{r.Client, at, next.Clock - at}, false) {
				return
			}
			at = max(at, next.Clock)
			if to := min(end, next.End()); to > at && !yield(IDRange{r.Client, at, to - at}, true) {
				return
			}
			at = min(end, next.End())
		}
	}
}

// Union is what is in either set.
func (s IDs) Union(o IDs) IDs {
	a, b := s.ranges, o.ranges
	out := make([]IDRange, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].order(b[0]) <= 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return joined(append(append(out, a...), b...))
}

// Intersect is what is in both sets.
func (s IDs) Intersect(o IDs) IDs {
	var out []IDRange
	for a, b := s.ranges, o.ranges; len(a) > 0 && len(b) > 0; {
		x, y := a[0], b[0]
		if x.Client == y.Client {
			if from, to := max(x.Clock, y.Clock), min(x.End(), y.End()); from < to {
				out = append(out, IDRange{x.Client, from, to - from})
			}
		}
		if x.endsBefore(y) {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return IDs{out}
}

// Subtract is what is in s and not in o.
func (s IDs) Subtract(o IDs) IDs {
	var out []IDRange
	b := o.ranges
	for _, x := range s.ranges {
		at := x.Clock
		for len(b) > 0 && b[0].endsBefore(IDRange{x.Client, at, 0}) {
			b = b[1:]
		}
		for _, y := range b {
			if y.Client != x.Client || y.Clock >= x.End() {
				break
			}
			if y.Clock > at {
				out = append(out, IDRange{x.Client, at, y.Clock - at})
			}
			at = max(at, y.End())
		}
		if at < x.End() {
			out = append(out, IDRange{x.Client, at, x.End() - at})
		}
	}
	return IDs{out}
}

// Encode writes the set as updates write their deletes (V1).
func (s IDs) Encode() []byte { return s.append(nil) }

func (s IDs) append(dst []byte) []byte {
	groups := s.byClient()
	dst = lib0.AppendUint(dst, uint64(len(groups)))
	for _, g := range groups {
		dst = appendRanges(dst, g)
	}
	return dst
}

// appendV2 writes the set as updates in V2 write their deletes.
func (s IDs) appendV2(dst []byte) []byte {
	w := columnWriter{rest: dst}
	w.deletes(s.ranges)
	return w.rest
}

// appendRanges writes the ranges of one client.
func appendRanges(dst []byte, ranges []IDRange) []byte {
	dst = lib0.AppendUint(dst, ranges[0].Client)
	dst = lib0.AppendUint(dst, uint64(len(ranges)))
	for _, r := range ranges {
		dst = lib0.AppendUint(lib0.AppendUint(dst, uint64(r.Clock)), uint64(r.Len))
	}
	return dst
}

// byClient is the ranges of each client.
func (s IDs) byClient() (groups [][]IDRange) {
	for rest := s.ranges; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Client == rest[0].Client {
			n++
		}
		groups = append(groups, rest[:n])
		rest = rest[n:]
	}
	return groups
}

// DecodeIDs reads what [IDs.Encode] wrote. What is not that ends with
// [ErrMalformed].
func DecodeIDs(b []byte) (IDs, error) {
	r := lib0.NewReader(b)
	s := readIDs(r)
	if r.Err() == nil && r.Len() > 0 {
		r.Fail("bytes after the end")
	}
	return s, malformed(r.Err())
}

func readIDs(r *lib0.Reader) IDs {
	var ranges []IDRange
	eachDelete(r, func(client uint64, clock, n uint32) { ranges = append(ranges, IDRange{client, clock, n}) })
	return NewIDs(ranges...)
}

// Inserts is all units that a document has, also those that were deleted.
func (d *Doc) Inserts() IDs {
	var out []IDRange
	for _, c := range d.byID(func(c *client) bool { return c.next > 0 }) {
		out = append(out, IDRange{d.clients[c].id, 0, d.clients[c].next})
	}
	return IDs{out}
}

// Deletes is all units of a document that were deleted.
func (d *Doc) Deletes() IDs {
	var out []IDRange
	for _, r := range d.deletedUnits() {
		out = append(out, IDRange{d.clients[r.client].id, r.clock, r.len})
	}
	slices.SortFunc(out, IDRange.order)
	return joined(out)
}

// InsertsOf is the units that an update brings, without a document.
func InsertsOf(update []byte) (IDs, error) {
	var out []IDRange
	_, err := eachStruct(update, func(s *incoming) bool {
		if s.kind != kindSkip {
			out = append(out, s.ids())
		}
		return true
	})
	if err != nil {
		return IDs{}, err
	}
	return NewIDs(out...), nil
}

// DeletesOf is the units that an update deletes, without a document.
func DeletesOf(update []byte) (IDs, error) {
	pos, err := eachStruct(update, func(*incoming) bool { return true })
	if err != nil {
		return IDs{}, err
	}
	return DecodeIDs(update[pos:])
}

func (s *incoming) ids() IDRange { return IDRange{s.client, s.clock, s.len} }
