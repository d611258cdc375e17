package lib0

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// ErrMalformed is wrapped by every error of a [Reader].
var ErrMalformed = errors.New("malformed lib0 data")

// Reader reads values from the front of a byte slice. Its first error sticks:
// every later read returns a zero value, and Err tells what went wrong where.
// The zero Reader reads nothing.
type Reader struct {
	buf []byte
	pos int
	err error
}

// NewReader reads from buf, which it does not copy.
func NewReader(buf []byte) *Reader { return &Reader{buf: buf} }

// Reset makes the Reader read from buf, forgetting everything else.
func (r *Reader) Reset(buf []byte) { *r = Reader{buf: buf} }

// Err is the first error, wrapping [ErrMalformed], or nil.
func (r *Reader) Err() error { return r.err }

// Len is the number of bytes not read yet.
func (r *Reader) Len() int { return len(r.buf) - r.pos }

// Pos is the number of bytes read so far.
func (r *Reader) Pos() int { return r.pos }

// Seek continues reading at byte pos of the input.
func (r *Reader) Seek(pos int) { r.pos = pos }

// Slice is the input from byte a to byte b. It aliases the input.
func (r *Reader) Slice(a, b int) []byte { return r.buf[a:b:b] }

// Fail records an error at the present position, unless there is one already.
func (r *Reader) Fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s at byte %d", ErrMalformed, what, r.pos)
	}
	r.pos = len(r.buf)
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if r.pos >= len(r.buf) {
		r.Fail("unexpected end")
		return 0
	}
	b := r.buf[r.pos]
	r.pos++
	return b
}

// Uint reads a varUint of at most 64 bits.
func (r *Reader) Uint() uint64 {
	if r.pos < len(r.buf) {
		if b := r.buf[r.pos]; b < 0x80 {
			r.pos++
			return uint64(b)
		}
	}
	return r.longUint()
}

func (r *Reader) longUint() uint64 {
	v, n := binary.Uvarint(r.buf[r.pos:])
	switch {
	case n > 0:
		r.pos += n
		return v
	case n == 0:
		r.Fail("unexpected end")
	default:
		r.Fail("number too large")
	}
	return 0
}

// Int reads a varInt. Minus zero reads as zero; see [Reader.Any].
func (r *Reader) Int() int64 {
	magnitude, negative := r.signed()
	if negative {
		return -int64(magnitude)
	}
	return int64(magnitude)
}

func (r *Reader) signed() (magnitude uint64, negative bool) {
	b := r.Byte()
	magnitude, negative = uint64(b&0x3f), b&0x40 != 0
	if b&0x80 == 0 {
		return magnitude, negative
	}
	rest := r.Uint()
	if rest >= 1<<57 {
		r.Fail("number too large")
		return 0, false
	}
	return magnitude | rest<<6, negative
}

// Count reads a varUint that announces that many things of at least size bytes
// each, and fails when the rest of the input cannot hold them.
func (r *Reader) Count(size int) int {
	n := r.Uint()
	if n > uint64(r.Len()/size) {
		r.Fail("count beyond the input")
		return 0
	}
	return int(n)
}

// Take reads n bytes. The result aliases the input.
func (r *Reader) Take(n int) []byte {
	if n < 0 || n > r.Len() {
		r.Fail("unexpected end")
		return nil
	}
	b := r.buf[r.pos : r.pos+n : r.pos+n]
	r.pos += n
	return b
}

// Bytes reads a length and that many bytes. The result aliases the input.
func (r *Reader) Bytes() []byte { return r.Take(r.Count(1)) }

// RawString reads a string without copying it and fails when it is not UTF-8.
// The result aliases the input.
func (r *Reader) RawString() []byte {
	b := r.Bytes()
	if !utf8.Valid(b) {
		r.Fail("string is not UTF-8")
		return nil
	}
	return b
}

// String reads a string and fails when it is not UTF-8.
func (r *Reader) String() string { return string(r.RawString()) }

// Float32 reads four bytes, big endian.
func (r *Reader) Float32() float32 {
	if b := r.Take(4); b != nil {
		return math.Float32frombits(binary.BigEndian.Uint32(b))
	}
	return 0
}

// Float64 reads eight bytes, big endian.
func (r *Reader) Float64() float64 {
	if b := r.Take(8); b != nil {
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return 0
}
