package crdt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Formats and embedded objects are JSON texts in V1 and values in V2. Both
// directions keep the order of keys and write numbers as JavaScript does.

// maxJSONDepth is how deep a value may nest to be read in V2.
const maxJSONDepth = 100

// parseJSON reads a JSON text, that was checked before, as a value.
func parseJSON(text []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	v, err := parseValue(dec, maxJSONDepth)
	if err != nil {
		return nil, err
	}
	return lib0.Ordered(v), nil
}

func parseValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	switch t := token.(type) {
	case json.Number:
		f, _ := strconv.ParseFloat(string(t), 64) // out of range is an infinity, as in JavaScript
		return f, nil
	case json.Delim:
		if depth == 0 {
			return nil, fmt.Errorf("%w: JSON nested too deep", ErrLimit)
		}
		return parseInside(dec, t, depth-1)
	default:
		return token, nil
	}
}

func parseInside(dec *json.Decoder, open json.Delim, depth int) (any, error) {
	list, object := []any{}, lib0.Object{}
	for dec.More() {
		var key string
		if open == '{' {
			token, err := dec.Token()
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
			}
			key, _ = token.(string)
		}
		v, err := parseValue(dec, depth)
		if err != nil {
			return nil, err
		}
		if open == '{' {
			object = append(object, lib0.Member{Key: key, Value: v})
		} else {
			list = append(list, v)
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if open == '{' {
		return object, nil
	}
	return list, nil
}

// appendJSON writes a value as JSON.stringify does, its objects in the order in
// which they are.
func appendJSON(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		return appendNumber(dst, v), nil
	case string:
		return appendQuoted(dst, v), nil
	case []any:
		return appendList(dst, v)
	case lib0.Object:
		return appendObject(dst, v)
	case []byte: // an object with indices for keys
		var object lib0.Object
		for i, b := range v {
			object = append(object, lib0.Member{Key: strconv.Itoa(i), Value: int64(b)})
		}
		return appendObject(dst, object)
	default:
		return dst, fmt.Errorf("%T is not JSON", v)
	}
}

func appendList(dst []byte, list []any) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if e == (Undefined{}) {
			e = nil
		}
		if dst, err = appendJSON(dst, e); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, object lib0.Object) (_ []byte, err error) {
	dst = append(dst, '{')
	first := true
	for _, m := range object {
		if m.Value == (Undefined{}) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendQuoted(dst, m.Key), ':')
		if dst, err = appendJSON(dst, m.Value); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendNumber writes f as JavaScript does; what is not a number is null.
func appendNumber(dst []byte, f float64) []byte {
	switch abs := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(dst, "null"...)
	case f == 0:
		return append(dst, '0')
	case abs >= 1e-6 && abs < 1e21:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	text := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent := text[:len(text)-2], text[len(text)-2:]
	if exponent[0] == '0' && !(mantissa[len(mantissa)-1] >= '0' && mantissa[len(mantissa)-1] <= '9') {
		exponent = exponent[1:] // e-07 is e-7
	}
	return append(append(dst, mantissa...), exponent...)
}

// appendQuoted writes a string as JSON.stringify does, which escapes only what
// it must.
func appendQuoted(dst []byte, s string) []byte {
	const short = "\b\f\n\r\t\"\\"
	const letters = "bfnrt\"\\"
	dst = append(dst, '"')
	for i := range len(s) {
		c := s[i]
		if at := bytes.IndexByte([]byte(short), c); at >= 0 {
			dst = append(dst, '\\', letters[at])
		} else if c < 0x20 {
			dst = fmt.Appendf(dst, "\\u%04x", c)
		} else {
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
