package lib0

import (
	"bytes"
	"unicode/utf8"
)

// The run-length columns of updates in their second version. Each kind has a
// writer, whose zero value is empty and whose Bytes end it, and a reader over
// those bytes. A run costs nothing to read again and again, so whoever reads a
// column bounds how often.

// UintWriter is a column of numbers: a value, and how often it repeats.
type UintWriter struct {
	out   []byte
	value uint64
	count uint64
}

// Write adds v.
func (w *UintWriter) Write(v uint64) {
	if w.value == v {
		w.count++
		return
	}
	w.flush()
	w.value, w.count = v, 1
}

// flush writes a run: the value alone, or with a minus sign and its length.
func (w *UintWriter) flush() {
	switch w.count {
	case 0:
	case 1:
		w.out = appendSigned(w.out, w.value, false)
	default:
		w.out = AppendUint(appendSigned(w.out, w.value, true), w.count-2)
	}
	w.count = 0
}

// Bytes ends the column.
func (w *UintWriter) Bytes() []byte {
	w.flush()
	return w.out
}

// UintReader reads what a [UintWriter] has written.
type UintReader struct {
	Reader
	value uint64
	count uint64
}

// Read is the next value.
func (r *UintReader) Read() uint64 {
	if r.count == 0 {
		value, repeated := r.signed()
		r.value, r.count = value, 1
		if repeated {
			r.count = r.Uint() + 2
		}
	}
	r.count--
	return r.value
}

// DiffWriter is a column of numbers: the difference to the number before, and
// how often it repeats.
type DiffWriter struct {
	out         []byte
	value, diff int64
	count       uint64
}

// Write adds v.
func (w *DiffWriter) Write(v uint64) {
	diff := int64(v) - w.value
	w.value = int64(v)
	if w.diff == diff {
		w.count++
		return
	}
	w.flush()
	w.diff, w.count = diff, 1
}

// flush writes a run: twice the difference, odd when a length follows.
func (w *DiffWriter) flush() {
	switch w.count {
	case 0:
	case 1:
		w.out = AppendInt(w.out, w.diff*2)
	default:
		w.out = AppendUint(AppendInt(w.out, w.diff*2+1), w.count-2)
	}
	w.count = 0
}

// Bytes ends the column.
func (w *DiffWriter) Bytes() []byte {
	w.flush()
	return w.out
}

// DiffReader reads what a [DiffWriter] has written.
type DiffReader struct {
	Reader
	value, diff int64
	count       uint64
}

// Read is the next value. A column that counts below zero is malformed.
func (r *DiffReader) Read() uint64 {
	if r.count == 0 {
		n := r.Int()
		r.diff, r.count = n>>1, 1
		if n&1 != 0 {
			r.count = r.Uint() + 2
		}
	}
	r.count--
	r.value += r.diff
	if r.value < 0 || r.value >= 1<<62 {
		r.Fail("column out of range")
		r.value, r.diff = 0, 0
	}
	return uint64(r.value)
}

// ByteWriter is a column of bytes: a value, and how often it repeats; the last
// one repeats for ever.
type ByteWriter struct {
	out   []byte
	value byte
	count uint64
}

// Write adds b.
func (w *ByteWriter) Write(b byte) {
	if w.count > 0 && w.value == b {
		w.count++
		return
	}
	if w.count > 0 {
		w.out = AppendUint(w.out, w.count-1)
	}
	w.out = append(w.out, b)
	w.value, w.count = b, 1
}

// Bytes ends the column.
func (w *ByteWriter) Bytes() []byte { return w.out }

// ByteReader reads what a [ByteWriter] has written.
type ByteReader struct {
	Reader
	value   byte
	count   uint64
	forever bool
}

// Read is the next byte.
func (r *ByteReader) Read() byte {
	if r.forever {
		return r.value
	}
	if r.count == 0 {
		r.value = r.Byte()
		if r.forever = r.Len() == 0; r.forever {
			return r.value
		}
		r.count = r.Uint() + 1
	}
	r.count--
	return r.value
}

// StringWriter is a column of strings: all of them joined, and their lengths in
// UTF-16 units.
type StringWriter struct {
	text    []byte
	lengths UintWriter
}

// Write adds s, which is valid UTF-8.
func (w *StringWriter) Write(s []byte) {
	w.text = append(w.text, s...)
	w.lengths.Write(uint64(units(s)))
}

// Bytes ends the column.
func (w *StringWriter) Bytes() []byte {
	return append(AppendBytes(nil, w.text), w.lengths.Bytes()...)
}

// units is the number of UTF-16 units of valid UTF-8.
func units(s []byte) int {
	n := utf8.RuneCount(s)
	for _, c := range s {
		if c >= 0xf0 {
			n++
		}
	}
	return n
}

// StringReader reads what a [StringWriter] has written.
type StringReader struct {
	UintReader
	text []byte
	half bool // the last string ended inside a surrogate pair
}

// Reset makes the StringReader read from a column.
func (r *StringReader) Reset(column []byte) {
	*r = StringReader{}
	r.Reader.Reset(column)
	r.text = r.RawString()
}

var replacement = []byte("\uFFFD")

// Read is the next string. It aliases the input, unless the column was cut
// inside a surrogate pair: then each half is U+FFFD.
func (r *StringReader) Read() []byte {
	n := r.UintReader.Read()
	if n > uint64(len(r.text))+1 {
		r.Fail("string beyond its column")
		return nil
	}
	var prefix []byte
	if r.half && n > 0 {
		prefix, r.half, n = replacement, false, n-1
	}
	cut := 0
	for ; n > 0; n-- {
		_, size := utf8.DecodeRune(r.text[cut:])
		switch {
		case size == 0:
			r.Fail("string beyond its column")
			return nil
		case size == 4 && n == 1:
			out := bytes.Join([][]byte{prefix, r.text[:cut], replacement}, nil)
			r.text, r.half = r.text[cut+4:], true
			return out
		case size == 4:
			n--
		}
		cut += size
	}
	out := r.text[:cut:cut]
	r.text = r.text[cut:]
	if prefix != nil {
		return append(prefix[:len(prefix):len(prefix)], out...)
	}
	return out
}
