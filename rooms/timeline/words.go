package timeline

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A longer way from one text to another is not looked for: what differs is then
// one piece out and one in.
const wordSteps = 1_000

// Piece is a part of two texts: in both, or only in one of them.
type Piece struct {
	In   PieceIn `json:"in" enum:"both,from,to"`
	Text string  `json:"text"`
}

// PieceIn says which of two texts has a piece.
type PieceIn string

// Where pieces are.
const (
	InBoth PieceIn = "both"
	InFrom PieceIn = "from"
	InTo   PieceIn = "to"
)

// Words tells by whole words how one text becomes another. Where pieces differ,
// what goes comes before what comes.
func Words(from, to string) []Piece {
	a, b := words(from), words(to)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var p pieces
	p.add(InBoth, a[:head]...)
	p.way(a[head:len(a)-tail], b[head:len(b)-tail])
	p.add(InBoth, a[len(a)-tail:]...)
	return p.all()
}

// words cuts a text into words and what is between them.
func words(text string) (all []string) {
	start, inside := 0, false
	for i, r := range text {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		if i > start && (!letter || !inside) {
			all = append(all, text[start:i])
			start = i
		}
		inside = letter
	}
	if start < len(text) {
		all = append(all, text[start:])
	}
	return all
}

// pieces collects pieces; from and to wait until both texts go on together.
type pieces struct {
	done          []Piece
	from, to, was strings.Builder
}

func (p *pieces) add(in PieceIn, words ...string) {
	for _, w := range words {
		switch in {
		case InFrom:
			p.flush(&p.was, InBoth)
			p.from.WriteString(w)
		case InTo:
			p.flush(&p.was, InBoth)
			p.to.WriteString(w)
		default:
			p.flush(&p.from, InFrom)
			p.flush(&p.to, InTo)
			p.was.WriteString(w)
		}
	}
}

func (p *pieces) flush(b *strings.Builder, in PieceIn) {
	if b.Len() > 0 {
		p.done = append(p.done, Piece{in, b.String()})
		b.Reset()
	}
}

func (p *pieces) all() []Piece {
	p.flush(&p.was, InBoth)
	p.flush(&p.from, InFrom)
	p.flush(&p.to, InTo)
	return p.done
}

// way adds a shortest way from a to b (Myers, 1986).
func (p *pieces) way(a, b []string) {
	var rounds [][]int // for each number of steps, how far in a each diagonal is
	reach := []int{0, 0, 0}
	for steps := 0; steps <= min(len(a)+len(b), wordSteps); steps++ {
		// reach[k+steps+1] is of diagonal k; one more on either side is room.
		next := make([]int, 2*steps+3)
		for k := -steps; k <= steps; k += 2 {
			x := 0
			if steps > 0 {
				x = furthest(reach, k, steps)
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			next[k+steps+1] = x
			if x >= len(a) && x-k >= len(b) {
				p.walk(a, b, append(rounds, next))
				return
			}
		}
		rounds, reach = append(rounds, next), next
	}
	p.add(InFrom, a...)
	p.add(InTo, b...)
}

// furthest is how far in a diagonal k begins, one step on from reach.
func furthest(reach []int, k, steps int) int {
	// The diagonals of reach go from 1-steps to steps-1.
	down, right := -1, -1
	if k+1 <= steps-1 {
		down = reach[k+1+steps]
	}
	if k-1 >= 1-steps {
		right = reach[k-1+steps] + 1
	}
	return max(down, right)
}

// walk goes back over the rounds from the end of both and adds what it passed.
func (p *pieces) walk(a, b []string, rounds [][]int) {
	type step struct {
		in   PieceIn
		word string
	}
	var back []step
	x, y := len(a), len(b)
	for steps := len(rounds) - 1; steps >= 0; steps-- {
		k, begin := x-y, 0
		if steps > 0 {
			begin = furthest(rounds[steps-1], k, steps)
		}
		for x > begin {
			x, y = x-1, y-1
			back = append(back, step{InBoth, a[x]})
		}
		if steps == 0 {
			break
		}
		if reach := rounds[steps-1]; k-1 >= 1-steps && reach[k-1+steps]+1 == begin {
			x--
			back = append(back, step{InFrom, a[x]})
		} else {
			y--
			back = append(back, step{InTo, b[y]})
		}
	}
	for i := len(back) - 1; i >= 0; i-- {
		p.add(back[i].in, back[i].word)
	}
}

// units is the length of a text in UTF-16 units.
func units(text string) (n int) {
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		if n++; r > 0xffff {
			n++
		}
	}
	return n
}
