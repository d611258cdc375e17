package crdt

import "sort"

// client is what one replica has written.
type client struct {
	id      uint64
	next    uint32 // the clock after its last unit
	before  uint32 // next when the running transaction began, if touched
	touched bool   // the running transaction added to it
	spans   spanList
}

// span is one struct of a client in clock order.
type span struct {
	clock uint32 // the item's clock, here so that a search stays in one place
	item  ref
}

// chunkSize bounds what an insertion in the middle has to move.
const chunkSize = 256

// spanList is the ordered list of a client's structs, in chunks.
type spanList struct {
	chunks [][]span
	hint   int // the chunk that was found last
}

// place is a position in a spanList.
type place struct{ chunk, index int }

func (l *spanList) at(p place) span { return l.chunks[p.chunk][p.index] }

func (l *spanList) memory() int {
	n := 0
	for _, c := range l.chunks {
		n += 24 + cap(c)*8
	}
	return n
}

// find returns the place of the span that holds clock, which the caller knows
// to be in the list.
func (l *spanList) find(clock uint32) place {
	c := l.chunkOf(clock)
	chunk := l.chunks[c]
	low, high := 0, len(chunk)
	if chunk[high-1].clock <= clock {
		return place{c, high - 1}
	}
	for high-low > 1 { // invariant: chunk[low].clock <= clock < chunk[high].clock
		if mid := int(uint(low+high) / 2); chunk[mid].clock <= clock {
			low = mid
		} else {
			high = mid
		}
	}
	return place{c, low}
}

func (l *spanList) chunkOf(clock uint32) int {
	last := len(l.chunks) - 1
	if l.chunks[last][0].clock <= clock {
		return last
	}
	if h := l.hint; h < last && l.chunks[h][0].clock <= clock && clock < l.chunks[h+1][0].clock {
		return h
	}
	c := sort.Search(last, func(i int) bool { return l.chunks[i][0].clock > clock }) - 1
	l.hint = c
	return c
}

// push adds a span at the end.
func (l *spanList) push(s span) {
	last := len(l.chunks) - 1
	if last < 0 || len(l.chunks[last]) == chunkSize {
		size := 1
		if last >= 0 {
			size = chunkSize / 8
		}
		l.chunks = append(l.chunks, make([]span, 0, size))
		last++
	}
	l.chunks[last] = append(l.chunks[last], s)
}

// insert puts s behind place p.
func (l *spanList) insert(p place, s span) {
	if len(l.chunks[p.chunk]) >= chunkSize {
		l.halve(p.chunk)
		if p.index >= chunkSize/2 {
			p = place{p.chunk + 1, p.index - chunkSize/2}
		}
	}
	chunk := append(l.chunks[p.chunk], span{})
	copy(chunk[p.index+2:], chunk[p.index+1:])
	chunk[p.index+1] = s
	l.chunks[p.chunk] = chunk
}

func (l *spanList) halve(c int) {
	chunk := l.chunks[c]
	upper := append(make([]span, 0, chunkSize), chunk[chunkSize/2:]...)
	l.chunks[c] = chunk[:chunkSize/2]
	l.chunks = append(l.chunks, nil)
	copy(l.chunks[c+2:], l.chunks[c+1:])
	l.chunks[c+1] = upper
}

// remove takes the span at p out and returns the place before it.
func (l *spanList) remove(p place) place {
	chunk := l.chunks[p.chunk]
	before, _ := l.prev(p)
	if len(chunk) == 1 {
		l.chunks = append(l.chunks[:p.chunk], l.chunks[p.chunk+1:]...)
		return before
	}
	l.chunks[p.chunk] = append(chunk[:p.index], chunk[p.index+1:]...)
	return before
}

func (l *spanList) prev(p place) (place, bool) {
	if p.index > 0 {
		return place{p.chunk, p.index - 1}, true
	}
	if p.chunk == 0 {
		return p, false
	}
	return place{p.chunk - 1, len(l.chunks[p.chunk-1]) - 1}, true
}

func (l *spanList) nextPlace(p place) (place, bool) {
	if p.index+1 < len(l.chunks[p.chunk]) {
		return place{p.chunk, p.index + 1}, true
	}
	if p.chunk+1 == len(l.chunks) {
		return p, false
	}
	return place{p.chunk + 1, 0}, true
}

func (l *spanList) last() place {
	c := len(l.chunks) - 1
	return place{c, len(l.chunks[c]) - 1}
}
