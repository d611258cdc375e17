package shape

import (
	"math"
	"slices"
)

// IsID tells whether a key is the id of a thing: 22 letters and digits, or what
// older programs and other tools make: up to 64 of letters, digits, - and _.
func IsID(key string) bool {
	if len(key) == 0 || len(key) > 64 {
		return false
	}
	for _, c := range []byte(key) {
		if !isWord(c) {
			return false
		}
	}
	return true
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// limit bounds numbers: frames, milliseconds since 1970, seeds.
const limit = 1 << 53

// Number takes finite numbers that JavaScript has exactly, or nearly.
func Number(v any) bool {
	switch v := v.(type) {
	case int64:
		return -limit <= v && v <= limit
	case float64:
		return math.Abs(v) <= limit // false for NaN
	}
	return false
}

// Bool takes true and false.
func Bool(v any) bool {
	_, ok := v.(bool)
	return ok
}

// String takes strings of up to so many bytes.
func String(most int) func(any) bool {
	return func(v any) bool {
		s, ok := v.(string)
		return ok && len(s) <= most
	}
}

// OneOf takes these strings.
func OneOf(words ...string) func(any) bool {
	return func(v any) bool {
		s, ok := v.(string)
		return ok && slices.Contains(words, s)
	}
}

// Null takes null, and what fits.
func Null(fits func(any) bool) func(any) bool {
	return func(v any) bool { return v == nil || fits(v) }
}

// Pair takes lists of two numbers.
func Pair(v any) bool {
	list, ok := v.([]any)
	return ok && len(list) == 2 && Number(list[0]) && Number(list[1])
}

// List takes lists of up to so many values that fit.
func List(most int, fits func(any) bool) func(any) bool {
	return func(v any) bool {
		list, ok := v.([]any)
		return ok && len(list) <= most && !slices.ContainsFunc(list, func(e any) bool { return !fits(e) })
	}
}

// Fields takes objects whose fields fit. A name that ends in "?" may be missing;
// fields that are not named may hold anything.
func Fields(fields map[string]func(any) bool) func(any) bool {
	return func(v any) bool {
		m, ok := v.(map[string]any)
		if !ok {
			return false
		}
		for name, fits := range fields {
			optional := name[len(name)-1] == '?'
			if optional {
				name = name[:len(name)-1]
			}
			if e, there := m[name]; there && !fits(e) || !there && !optional {
				return false
			}
		}
		return true
	}
}
