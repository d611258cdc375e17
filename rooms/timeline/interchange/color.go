package interchange

import "strconv"

// nearest is the name of the colour that is nearest to one, "" for none.
func nearest(hex string, names map[string]string) (best string) {
	r, g, b, ok := rgb(hex)
	if !ok {
		return ""
	}
	least := 1 << 30
	for name, other := range names {
		or, og, ob, _ := rgb(other)
		d := (r-or)*(r-or) + (g-og)*(g-og) + (b-ob)*(b-ob)
		if d < least || d == least && name < best {
			least, best = d, name
		}
	}
	return best
}

func rgb(hex string) (r, g, b int, ok bool) {
	if len(hex) != 7 || hex[0] != '#' {
		return 0, 0, 0, false
	}
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	return int(n >> 16), int(n >> 8 & 255), int(n & 255), err == nil
}
