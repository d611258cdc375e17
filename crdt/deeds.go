package crdt

import (
	"iter"
	"slices"
	"sort"
)

// deed is a run of units of one client that were deleted by the author of an index.
type deed struct {
	clock, len uint32
	by         uint32
}

func (d deed) end() uint32 { return d.clock + d.len }

// goesOn tells whether d is more of what stands before it.
func (d deed) goesOn(before deed) bool { return before.by == d.by && before.end() == d.clock }

// deedList is deeds by clock, none overlapping another, in chunks, so that one
// more is cheap wherever it belongs. No chunk is empty.
type deedList struct{ chunks [][]deed }

// from is the place of the first deed that does not end at or before clock.
func (l *deedList) from(clock uint32) place {
	c := sort.Search(len(l.chunks), func(i int) bool {
		chunk := l.chunks[i]
		return chunk[len(chunk)-1].end() > clock
	})
	if c == len(l.chunks) {
		return place{c, 0}
	}
	chunk := l.chunks[c]
	return place{c, sort.Search(len(chunk), func(i int) bool { return chunk[i].end() > clock })}
}

// next is the deed at a place; false behind the last one.
func (l *deedList) next(p place) (deed, bool) {
	if p.chunk == len(l.chunks) {
		return deed{}, false
	}
	return l.chunks[p.chunk][p.index], true
}

// after is the place behind p, which is not behind the last one.
func (l *deedList) after(p place) place {
	if p.index++; p.index == len(l.chunks[p.chunk]) {
		return place{p.chunk + 1, 0}
	}
	return p
}

// add notes those units of d of which nothing is known.
func (l *deedList) add(d deed) {
	for d.len > 0 {
		p := l.from(d.clock)
		next, ok := l.next(p)
		if ok && next.clock <= d.clock { // known: go on behind it
			known := min(next.end(), d.end()) - d.clock
			d.clock, d.len = d.clock+known, d.len-known
			continue
		}
		part := d
		if ok && next.clock < d.end() {
			part.len = next.clock - d.clock
		}
		l.insert(p, part)
		d.clock, d.len = part.end(), d.len-part.len
	}
}

// insert puts d before place p, where there is room for it, joined with its
// neighbours if they are the same deed.
func (l *deedList) insert(p place, d deed) {
	if p.chunk == len(l.chunks) && p.chunk > 0 { // behind the last chunk is in it
		p = place{p.chunk - 1, len(l.chunks[p.chunk-1])}
	}
	if len(l.chunks) == 0 {
		l.chunks = [][]deed{{d}}
		return
	}
	chunk := l.chunks[p.chunk]
	if p.index < len(chunk) && chunk[p.index].goesOn(d) {
		chunk[p.index].clock, chunk[p.index].len = d.clock, chunk[p.index].len+d.len
		d = chunk[p.index]
		chunk = slices.Delete(chunk, p.index, p.index+1)
	}
	if p.index > 0 && d.goesOn(chunk[p.index-1]) {
		chunk[p.index-1].len += d.len
	} else {
		chunk = slices.Insert(chunk, p.index, d)
	}
	l.chunks[p.chunk] = chunk
	if len(chunk) > chunkSize {
		l.chunks = slices.Insert(l.chunks, p.chunk+1, slices.Clone(chunk[chunkSize/2:]))
		l.chunks[p.chunk] = chunk[: chunkSize/2 : chunkSize/2]
	}
}

// all yields the deeds as the fewest: those that go on from each other, but stand
// in two chunks, as one.
func (l *deedList) all() iter.Seq[deed] {
	return func(yield func(deed) bool) {
		last := deed{}
		for _, chunk := range l.chunks {
			for _, d := range chunk {
				if last.len > 0 && d.goesOn(last) {
					last.len += d.len
					continue
				}
				if last.len > 0 && !yield(last) {
					return
				}
				last = d
			}
		}
		if last.len > 0 {
			yield(last)
		}
	}
}
