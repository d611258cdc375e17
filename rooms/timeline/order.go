package timeline

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
)

// digits are those of ids and order keys; their bytes compare as they count.
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const (
	idLength   = 22 // base 62 digits that hold 128 bits
	chunkWidth = 6  // digits of a chunk of an order key
	chunkFull  = 62 * 62 * 62 * 62 * 62 * 62
	chunkStep  = 62 * 62 * 62 // how far a key at an open end stands from its neighbour, at most
	chunkNear  = 62 * 62      // how far a key between two neighbours stands from the later one, at most
	// Source frames, as pieces of a clip append them, stay below this. What is put
	// after a clip stands above, so that later pieces of it come before.
	aboveFrames = 1 << 32
	// How long a key may become; where things were put between each other that
	// often, nothing more can be put. The shape takes some more.
	longestOrder = 480
)

// chance gives a number below n.
type chance func(n uint64) uint64

// random is the system's chance.
func random(n uint64) uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:]) % n
}

// newID is a random name for a thing.
func newID() string { return chance(random).id() }

func (r chance) id() string {
	out := make([]byte, idLength)
	for i := range out {
		out[i] = digits[r(62)]
	}
	return string(out)
}

// batch makes n order keys for things that are inserted together: they share a
// random prefix, so that no other batch ever comes between them.
func batch(n int) []string { return chance(random).between("", "", n) }

// between makes n keys between two neighbours, "" where there is none, with a
// random tail: two people who insert at one spot get distinct keys. Several
// share what is random. Where nothing fits (both are equal) they stand after
// them.
func (r chance) between(before, after string, n int) []string {
	prefix := r.key(before, after) + chunk(1+r(chunkFull-1))
	if n == 1 {
		return []string{prefix}
	}
	keys := make([]string, n)
	for i := range keys {
		keys[i] = prefix + chunk(uint64(i+1))
	}
	return keys
}

// key is what stands between two neighbours, without its tail.
func (r chance) key(before, after string) string {
	if after != "" && after <= before {
		return before + chunk(aboveFrames+r(chunkStep))
	}
	var key strings.Builder
	bounded := after != ""
	for at := 0; at <= max(len(before), len(after)); at += chunkWidth {
		lo, hi := int64(-1), int64(chunkFull)
		if at < len(before) {
			lo = chunkAt(before, at)
		}
		if bounded {
			hi = chunkAt(after, at)
		}
		if hi-lo >= 2 {
			return key.String() + chunk(uint64(r.pick(lo, hi, at == 0)))
		}
		next := max(lo, 0)
		key.WriteString(chunk(uint64(next)))
		if next < hi {
			bounded = false
		}
	}
	return key.String()
}

// pick chooses a chunk strictly between lo and hi, where hi - lo is at least 2;
// lo is -1 and hi is chunkFull where there is no neighbour.
func (r chance) pick(lo, hi int64, first bool) int64 {
	below := func(n int64) int64 { return int64(r(uint64(max(1, n)))) }
	openLow, openHigh := lo < 0, hi == chunkFull
	switch {
	case first && openLow && openHigh:
		return chunkFull/2 + below(chunkStep)
	case first && openLow:
		return hi - 1 - below(min(chunkStep, hi-1))
	case first && openHigh:
		return lo + 1 + below(min(chunkStep, hi-lo-1))
	case first:
		return lo + 1 + below(hi-lo-1)
	case openHigh && openLow:
		return aboveFrames + 1 + below(chunkStep)
	case openHigh:
		return lo + 1 + below(min(chunkStep, hi-lo-1))
	case hi <= aboveFrames+1:
		// Between two pieces of a clip: right ahead of the later one, see aboveFrames.
		return hi - 1
	default:
		return hi - 1 - below(min(chunkNear, hi-max(lo, aboveFrames)-1))
	}
}

// pieceOrder is the key of a piece that is split off at a source frame: pieces
// of one clip come out in source order.
func pieceOrder(order string, frame int) string { return order + chunk(uint64(frame)) }

// orderOfFirst is the key that a piece's own was made of.
func orderOfFirst(piece string) string { return piece[:max(0, len(piece)-chunkWidth)] }

// chunk is n in six digits.
func chunk(n uint64) string {
	var out [chunkWidth]byte
	for i := chunkWidth - 1; i >= 0; i-- {
		out[i] = digits[n%62]
		n /= 62
	}
	return string(out[:])
}

// chunkAt is the number in the six digits of a key from at on; digits that are
// not there count as 0.
func chunkAt(key string, at int) int64 {
	n := int64(0)
	for i := at; i < at+chunkWidth; i++ {
		n *= 62
		if i < len(key) {
			n += max(0, int64(strings.IndexByte(digits, key[i])))
		}
	}
	return n
}
