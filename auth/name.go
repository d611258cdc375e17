package auth

import (
	"strings"
	"unicode"
)

// NormalName is the form in which names of people and things are kept: without
// space around it, and without characters that nobody sees but that change how
// what stands beside them is shown. It ends with ErrName when nothing is left.
func NormalName(name string) (string, error) {
	name = strings.TrimSpace(strings.Map(visible, name))
	if strings.Trim(name, string(joiner)) == "" {
		return "", ErrName
	}
	return name, nil
}

// joiner makes one picture of several: families, flags, professions.
const joiner = '\u200d'

// visible drops control characters and marks of direction.
func visible(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != joiner || r == unicode.ReplacementChar {
		return -1
	}
	return r
}
