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

// closeBy is how many spans around a guess are looked at first.
const closeBy = 4

// spanList is the ordered list of a client's structs, in chunks.
type spanList struct {
	chunks [][]span
	hint   int32 // the chunk that was found last
	near   int32 // the index in it
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
	last := len(chunk) - 1
	if chunk[last].clock <= clock {
		return place{c, last}
	}
	low, high := l.bracket(chunk, clock)
	for high-low > 1 { // invariant: chunk[low].clock <= clock < chunk[high].clock
		if mid := int(uint(low+high) / 2); chunk[mid].clock <= clock {
			low = mid
		} else {
			high = mid
		}
	}
	l.hint, l.near = int32(c), int32(low)
	return place{c, low}
}

// bracket narrows the search for a clock in a chunk that goes on behind it.
func (l *spanList) bracket(chunk []span, clock uint32) (low, high int) {
	last := len(chunk) - 1
	// People refer to what stands just behind what they referred to last.
	if n := int(l.near); n+closeBy < last && chunk[n].clock <= clock && clock < chunk[n+closeBy].clock {
		return n, n + closeBy
	}
	// A client's structs are often about equally long, so that a guess is good.
	guess := int(uint64(clock-chunk[0].clock) * uint64(last) / uint64(chunk[last].clock-chunk[0].clock))
	if chunk[guess].clock <= clock {
		if high = guess + closeBy; high < last && clock < chunk[high].clock {
			return guess, high
		}
		return guess, last
	}
	if low = guess - closeBy; low > 0 && chunk[low].clock <= clock {
		return low, guess
	}
	return 0, guess
}

func (l *spanList) chunkOf(clock uint32) int {
	last := len(l.chunks) - 1
	if l.chunks[last][0].clock <= clock {
		return last
	}
	if h := int(l.hint); h < last && l.chunks[h][0].clock <= clock && clock < l.chunks[h+1][0].clock {
		return h
	}
	return sort.Search(last, func(i int) bool { return l.chunks[i][0].clock > clock }) - 1
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
