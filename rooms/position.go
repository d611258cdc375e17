package rooms

import "slices"

// position says which entries of the log a room has taken: all up to seq, and
// beyond that some, as other nodes write between its own.
type position struct {
	seq    uint64
	beyond []span // in order, with holes before and between them
}

// span is entries from first to last.
type span struct{ first, last uint64 }

// maxSpans bounds what is remembered beyond a hole. What is forgotten is read again,
// which is harmless.
const maxSpans = 1024

// has tells whether an entry was taken.
func (p *position) has(seq uint64) bool {
	return seq <= p.seq || slices.ContainsFunc(p.beyond, func(s span) bool { return s.first <= seq && seq <= s.last })
}

// holes tells whether entries are missing before others that were taken.
func (p *position) holes() bool { return len(p.beyond) > 0 }

// add notes that entries were taken.
func (p *position) add(s span) {
	i, _ := slices.BinarySearchFunc(p.beyond, s.first, func(b span, first uint64) int {
		if b.first < first {
			return -1
		}
		return 1
	})
	p.beyond = slices.Insert(p.beyond, i, s)
	p.join()
	if len(p.beyond) > maxSpans {
		p.beyond = p.beyond[:maxSpans]
	}
}

// reach notes that all entries up to seq were taken.
func (p *position) reach(seq uint64) {
	p.seq = max(p.seq, seq)
	p.join()
}

// join moves on over what follows without a hole, and makes one span of those that
// touch.
func (p *position) join() {
	rest := p.beyond[:0]
	for _, s := range p.beyond {
		switch n := len(rest); {
		case n == 0 && s.first <= p.seq+1:
			p.seq = max(p.seq, s.last)
		case n > 0 && s.first <= rest[n-1].last+1:
			rest[n-1].last = max(rest[n-1].last, s.last)
		default:
			rest = append(rest, s)
		}
	}
	p.beyond = rest
}
