// Package lib0 is the byte alphabet of Yjs: variable-length integers,
// length-prefixed strings and tagged values, as the JavaScript library of that
// name writes them.
//
// Writing appends to a byte slice and cannot fail. Reading goes through a
// [Reader], which remembers its first error, so that a decoder can read a whole
// record and look once. Nothing is allocated on the strength of a length that
// the input merely claims. Values may be shared between goroutines only as
// plain byte slices may; a Reader belongs to one goroutine.
package lib0

import (
	"encoding/binary"
	"math"
)

// AppendUint appends v as a varUint: seven bits a byte, low bits first, the
// high bit set while more follow.
func AppendUint(dst []byte, v uint64) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// AppendInt appends v as a varInt: the first byte holds the sign (0x40) and six
// bits, the following bytes seven bits each.
func AppendInt(dst []byte, v int64) []byte {
	if v < 0 {
		return appendSigned(dst, uint64(-v), true)
	}
	return appendSigned(dst, uint64(v), false)
}

// appendSigned takes sign and magnitude apart because −0 exists in JavaScript.
func appendSigned(dst []byte, magnitude uint64, negative bool) []byte {
	first := byte(magnitude & 0x3f)
	if negative {
		first |= 0x40
	}
	magnitude >>= 6
	if magnitude == 0 {
		return append(dst, first)
	}
	return AppendUint(append(dst, first|0x80), magnitude)
}

// AppendString appends s with its length in bytes before it. The caller keeps
// s valid UTF-8: Yjs refuses to read anything else.
func AppendString(dst []byte, s string) []byte {
	return append(AppendUint(dst, uint64(len(s))), s...)
}

// AppendBytes appends b with its length before it.
func AppendBytes(dst, b []byte) []byte {
	return append(AppendUint(dst, uint64(len(b))), b...)
}

// AppendFloat32 appends f as four bytes, big endian.
func AppendFloat32(dst []byte, f float32) []byte {
	return binary.BigEndian.AppendUint32(dst, math.Float32bits(f))
}

// AppendFloat64 appends f as eight bytes, big endian.
func AppendFloat64(dst []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(f))
}

// UintSize tells how many bytes [AppendUint] uses for v.
func UintSize(v uint64) int {
	n := 1
	for v >= 0x80 {
		v >>= 7
		n++
	}
	return n
}
