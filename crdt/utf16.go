package crdt

import (
	"unicode/utf8"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Yjs counts text in UTF-16 units; contents are kept as UTF-8. A text whose
// length in units equals its length in bytes is ASCII, and needs no scan.

// utf16Len is the number of UTF-16 units of valid UTF-8.
func utf16Len(b []byte) uint32 {
	n := uint32(0)
	for _, c := range b {
		if c&0xc0 != 0x80 {
			n++
		}
		if c >= 0xf0 { // four bytes: a surrogate pair
			n++
		}
	}
	return n
}

// utf16Cut is the byte where unit n begins. When it would be the second half
// of a surrogate pair, cut is where the pair begins and inside is true.
func utf16Cut(b []byte, n uint32) (cut int, inside bool) {
	units := uint32(0)
	for cut < len(b) && units < n {
		c := b[cut]
		switch {
		case c < utf8.RuneSelf:
			cut++
		case c >= 0xf0:
			if units+1 == n {
				return cut, true
			}
			units++
			cut += 4
		case c >= 0xe0:
			cut += 3
		default:
			cut += 2
		}
		units++
	}
	return cut, false
}

// elementsCut is the byte where element n of a JSON or Any content begins.
func elementsCut(kind uint8, b []byte, n uint32) int {
	r := lib0.NewReader(b)
	for range n {
		if kind == kindAny {
			r.SkipAny()
		} else {
			r.Bytes()
		}
	}
	return r.Pos()
}
