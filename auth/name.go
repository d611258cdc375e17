package auth

import (
	"slices"
	"strings"
	"unicode"
)

// NormalName is the form in which names of people and things are kept: without
// space around it, and without characters that nobody sees but that change how
// what stands beside them is shown. It ends with ErrName when nothing is left.
func NormalName(name string) (string, error) {
	name = strings.TrimSpace(strings.Map(visible, name))
	if strings.TrimFunc(name, blank) == "" {
		return "", ErrName
	}
	return name, nil
}

// joiner makes one picture of several: families, flags, professions.
const joiner = '\u200d'

// blanks are letters and symbols that show nothing: fillers of Korean, Braille without
// dots, and what only changes the character before it.
var blanks = []rune{joiner, '\u034f', '\u115f', '\u1160', '\u17b4', '\u17b5', '\u2800', '\u3164', '\uffa0', '\U0001d159'}

func blank(r rune) bool {
	return slices.Contains(blanks, r) || unicode.IsSpace(r) || unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Mn, r)
}

// visible drops control characters and marks of direction.
func visible(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != joiner || r == unicode.ReplacementChar {
		return -1
	}
	return r
}
