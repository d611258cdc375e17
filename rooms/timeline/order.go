package timeline

import (
	"crypto/rand"
	"encoding/binary"
)

// digits are those of ids and order keys; their bytes compare as they count.
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const (
	idLength   = 22 // base 62 digits that hold 128 bits
	chunkWidth = 6  // digits of a chunk of an order key
	chunkFull  = 62 * 62 * 62 * 62 * 62 * 62
	chunkStep  = 62 * 62 * 62
)

// newID is a random name for a thing.
func newID() string {
	out := make([]byte, idLength)
	for i := range out {
		out[i] = digits[random(62)]
	}
	return string(out)
}

// random is a number below n.
func random(n uint64) uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:]) % n
}

// batch makes n order keys for things that are inserted together: they share a
// random prefix, so that no other batch ever comes between them.
func batch(n int) []string {
	prefix := chunk(chunkFull/2+random(chunkStep)) + chunk(1+random(chunkFull-1))
	keys := make([]string, n)
	for i := range keys {
		keys[i] = prefix + chunk(uint64(i+1))
	}
	return keys
}

// pieceOrder is the key of a piece that is split off at a source frame: pieces
// of one clip come out in source order.
func pieceOrder(order string, frame int) string { return order + chunk(uint64(frame)) }

// chunk is n in six digits.
func chunk(n uint64) string {
	var out [chunkWidth]byte
	for i := chunkWidth - 1; i >= 0; i-- {
		out[i] = digits[n%62]
		n /= 62
	}
	return string(out[:])
}
