package lib0

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Undefined is JavaScript's undefined, which differs from null (nil).
type Undefined struct{}

// BigInt is a JavaScript bigint; only those of 64 bits can be written.
type BigInt int64

// Member is one key of an [Object] with its value.
type Member struct {
	Key   string
	Value any
}

// Object is a JavaScript object with the order of its keys, which the encoding
// keeps and a Go map would lose.
type Object []Member

// Map is the object as a Go map, objects inside it too.
func (o Object) Map() map[string]any {
	m := make(map[string]any, len(o))
	for _, member := range o {
		m[member.Key] = Plain(member.Value)
	}
	return m
}

// Plain turns every [Object] inside v into a map[string]any.
func Plain(v any) any {
	switch v := v.(type) {
	case Object:
		return v.Map()
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = Plain(e)
		}
		return out
	default:
		return v
	}
}

// The tags of values, counted down from 127.
const (
	tagBytes     = 116
	tagArray     = 117
	tagObject    = 118
	tagString    = 119
	tagTrue      = 120
	tagFalse     = 121
	tagBigInt    = 122
	tagFloat64   = 123
	tagFloat32   = 124
	tagInteger   = 125
	tagNull      = 126
	tagUndefined = 127
)

// maxDepth is how deep arrays and objects may nest in one value.
const maxDepth = 100

// AppendAny appends v with its tag, choosing the form that JavaScript would: a
// number becomes an integer when it is one of at most 31 bits, else a float32
// when that keeps its value, else a float64. It takes nil, [Undefined], bool,
// the Go number types, string, []byte, []any, map[string]any (keys sorted),
// [Object] and [BigInt], and panics on anything else.
func AppendAny(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, tagNull)
	case Undefined:
		return append(dst, tagUndefined)
	case bool:
		if v {
			return append(dst, tagTrue)
		}
		return append(dst, tagFalse)
	case string:
		return AppendString(append(dst, tagString), v)
	case []byte:
		return AppendBytes(append(dst, tagBytes), v)
	case BigInt:
		return binary.BigEndian.AppendUint64(append(dst, tagBigInt), uint64(v))
	case []any:
		dst = AppendUint(append(dst, tagArray), uint64(len(v)))
		for _, e := range v {
			dst = AppendAny(dst, e)
		}
		return dst
	case map[string]any:
		return appendMap(dst, v)
	case Object:
		dst = AppendUint(append(dst, tagObject), uint64(len(v)))
		for _, m := range v {
			dst = AppendAny(AppendString(dst, m.Key), m.Value)
		}
		return dst
	default:
		return appendNumber(dst, number(v))
	}
}

func appendMap(dst []byte, m map[string]any) []byte {
	object := make(Object, 0, len(m))
	for k, v := range m {
		object = append(object, Member{k, v})
	}
	slices.SortFunc(object, func(a, b Member) int { return compareKeys(a.Key, b.Key) })
	return AppendAny(dst, object)
}

func number(v any) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int8:
		return float64(v)
	case int16:
		return float64(v)
	case int32:
		return float64(v)
	case int64:
		return float64(v)
	case uint8:
		return float64(v)
	case uint16:
		return float64(v)
	case uint32:
		return float64(v)
	case uint:
		return float64(v)
	case uint64:
		return float64(v)
	case float32:
		return float64(v)
	case float64:
		return v
	default:
		panic(fmt.Sprintf("lib0: %T has no encoding", v))
	}
}

func appendNumber(dst []byte, f float64) []byte {
	if isInteger(f) {
		return appendSigned(append(dst, tagInteger), uint64(math.Abs(f)), math.Signbit(f))
	}
	if float64(float32(f)) == f {
		return AppendFloat32(append(dst, tagFloat32), float32(f))
	}
	if math.IsNaN(f) {
		// JavaScript writes one NaN only.
		return binary.BigEndian.AppendUint64(append(dst, tagFloat64), 0x7ff8000000000000)
	}
	return AppendFloat64(append(dst, tagFloat64), f)
}

func isInteger(f float64) bool {
	return math.Abs(f) <= math.MaxInt32 && math.Trunc(f) == f
}

// Any reads a tagged value: nil, [Undefined], bool, int64 (integers), float64
// (other numbers, and minus zero), [BigInt], string, []byte (a copy), []any or
// [Object].
func (r *Reader) Any() any { return r.any(maxDepth) }

func (r *Reader) any(depth int) any {
	tag := r.Byte()
	switch tag {
	case tagUndefined:
		return Undefined{}
	case tagNull:
		return nil
	case tagInteger:
		magnitude, negative := r.signed()
		if negative && magnitude == 0 {
			return math.Copysign(0, -1)
		}
		if negative {
			return -int64(magnitude)
		}
		return int64(magnitude)
	case tagFloat32:
		return float64(r.Float32())
	case tagFloat64:
		return r.Float64()
	case tagBigInt:
		if b := r.Take(8); b != nil {
			return BigInt(binary.BigEndian.Uint64(b))
		}
		return nil
	case tagFalse:
		return false
	case tagTrue:
		return true
	case tagString:
		return r.String()
	case tagBytes:
		return slices.Clone(r.Bytes())
	case tagArray, tagObject:
		if depth == 0 {
			r.Fail("value nested too deep")
			return nil
		}
		if tag == tagArray {
			return r.array(depth - 1)
		}
		return r.object(depth - 1)
	default:
		r.Fail("unknown value tag " + strconv.Itoa(int(tag)))
		return nil
	}
}

func (r *Reader) array(depth int) any {
	n := r.Count(1)
	out := make([]any, 0, min(n, 1024))
	for range n {
		out = append(out, r.any(depth))
		if r.err != nil {
			return nil
		}
	}
	return out
}

func (r *Reader) object(depth int) any {
	n := r.Count(2)
	out := make(Object, 0, min(n, 1024))
	for range n {
		key := r.String()
		out = append(out, Member{key, r.any(depth)})
		if r.err != nil {
			return nil
		}
	}
	return out
}

// SkipAny reads past a tagged value without allocating. It reports whether the
// value stands in the only form in which JavaScript would write it again; when
// not, [Canonical] makes that form.
func (r *Reader) SkipAny() (canonical bool) { return r.skipAny(maxDepth) }

func (r *Reader) skipAny(depth int) bool {
	tag := r.Byte()
	switch tag {
	case tagUndefined, tagNull, tagFalse, tagTrue:
		return true
	case tagInteger:
		start := r.pos
		magnitude, _ := r.signed()
		minimal := 1
		if magnitude > 0x3f {
			minimal += UintSize(magnitude >> 6)
		}
		return r.pos-start == minimal && magnitude <= math.MaxInt32
	case tagFloat32:
		f := float64(r.Float32())
		return !isInteger(f) && !math.IsNaN(f)
	case tagFloat64:
		f := r.Float64()
		return !isInteger(f) && float64(float32(f)) != f && !math.IsNaN(f)
	case tagBigInt:
		r.Take(8)
		return true
	case tagString:
		start := r.pos
		s := r.RawString()
		return r.pos-start == UintSize(uint64(len(s)))+len(s)
	case tagBytes:
		start := r.pos
		b := r.Bytes()
		return r.pos-start == UintSize(uint64(len(b)))+len(b)
	case tagArray, tagObject:
		if depth == 0 {
			r.Fail("value nested too deep")
			return false
		}
		if tag == tagArray {
			return r.skipArray(depth - 1)
		}
		return r.skipObject(depth - 1)
	default:
		r.Fail("unknown value tag " + strconv.Itoa(int(tag)))
		return false
	}
}

func (r *Reader) skipArray(depth int) bool {
	start := r.pos
	n := r.Count(1)
	canonical := r.pos-start == UintSize(uint64(n))
	for range n {
		canonical = r.skipAny(depth) && canonical
		if r.err != nil {
			return false
		}
	}
	return canonical
}

// maxPlainKeys bounds the quadratic search for repeated keys in skipObject; a
// larger object simply goes the way of Canonical.
const maxPlainKeys = 16

func (r *Reader) skipObject(depth int) bool {
	start := r.pos
	n := r.Count(2)
	canonical := r.pos-start == UintSize(uint64(n)) && n <= maxPlainKeys
	var keys [maxPlainKeys][]byte
	for i := range n {
		keyStart := r.pos
		key := r.RawString()
		canonical = canonical && r.pos-keyStart == UintSize(uint64(len(key)))+len(key) && !isIndex(key)
		if canonical {
			for _, earlier := range keys[:i] {
				canonical = canonical && string(earlier) != string(key)
			}
			keys[i] = key
		}
		canonical = r.skipAny(depth) && canonical
		if r.err != nil {
			return false
		}
	}
	return canonical
}

// Canonical reads a value and appends it to dst in the form in which JavaScript
// would write it after reading it: numbers in their shortest form, a repeated
// key once with its last value, keys that look like array indices first.
func Canonical(dst []byte, r *Reader) []byte {
	return AppendAny(dst, canonical(r.Any()))
}

// Ordered is v as JavaScript would hold it: its objects have each key once, with
// its last value, and those that look like array indices first. It may change v.
func Ordered(v any) any { return canonical(v) }

func canonical(v any) any {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			v[i] = canonical(e)
		}
		return v
	case Object:
		return canonicalObject(v)
	default:
		return v
	}
}

func canonicalObject(o Object) Object {
	at := make(map[string]int, len(o))
	out := o[:0:0]
	for _, m := range o {
		m.Value = canonical(m.Value)
		if i, ok := at[m.Key]; ok {
			out[i].Value = m.Value
			continue
		}
		at[m.Key] = len(out)
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b Member) int {
		aIndex, bIndex := isIndex([]byte(a.Key)), isIndex([]byte(b.Key))
		switch {
		case aIndex && bIndex:
			return compareKeys(a.Key, b.Key)
		case aIndex:
			return -1
		case bIndex:
			return 1
		default:
			return 0
		}
	})
	return out
}

// isIndex tells whether JavaScript treats key as an array index, which objects
// list before all other keys.
func isIndex(key []byte) bool {
	if len(key) == 0 || len(key) > 10 || (key[0] == '0' && len(key) > 1) {
		return false
	}
	var n uint64
	for _, c := range key {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + uint64(c-'0')
	}
	return n < math.MaxUint32
}

// compareKeys orders index keys by value before all others by their bytes.
func compareKeys(a, b string) int {
	aIndex, bIndex := isIndex([]byte(a)), isIndex([]byte(b))
	switch {
	case aIndex && bIndex && len(a) != len(b):
		return len(a) - len(b)
	case aIndex && !bIndex:
		return -1
	case bIndex && !aIndex:
		return 1
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}
