package crdttest

import (
	"math/rand/v2"

	"github.com/soratoo/soratoo/crdt"
)

var (
	pieces = []string{"a", "bc", "def", "Dawn ", "é", "日本", "🎬", "🌅x", "👩‍👧", "\n", "0123456789"}
	keys   = []string{"k", "title", "order", "__proto__", "é", "🎬", "", "long key with spaces"}
)

// Edit makes a few random edits in one transaction and returns its update: the
// Go side of edits.mjs.
func Edit(doc *crdt.Doc, r *rand.Rand, p Profile) []byte {
	m, a, t := doc.Map("m"), doc.Array("a"), doc.Text("t")
	return doc.Transact(func(tx *crdt.Tx) {
		for n := 1 + r.IntN(max(p.Edits, 1)); n > 0; n-- {
			switch target := reach(r, []any{m, a, t}[r.IntN(3)]).(type) {
			case crdt.Map:
				editMap(tx, r, target, p)
			case crdt.Array:
				editArray(tx, r, target, p)
			case crdt.Text:
				editText(tx, r, target, p)
			}
		}
	})
}

// reach walks from a container to a random one inside it.
func reach(r *rand.Rand, c any) any {
	for depth := 0; depth < 5 && r.IntN(4) != 0; depth++ {
		var inner []any
		switch c := c.(type) {
		case crdt.Map:
			for _, k := range c.Keys() {
				v, _ := c.Get(k)
				inner = append(inner, v)
			}
		case crdt.Array:
			for i := range c.Len() {
				inner = append(inner, c.Get(i))
			}
		}
		inner = containers(inner)
		if len(inner) == 0 {
			return c
		}
		c = inner[r.IntN(len(inner))]
	}
	return c
}

func containers(values []any) (out []any) {
	for _, v := range values {
		switch v.(type) {
		case crdt.Map, crdt.Array, crdt.Text:
			out = append(out, v)
		}
	}
	return out
}

func editMap(tx *crdt.Tx, r *rand.Rand, m crdt.Map, p Profile) {
	key := keys[r.IntN(len(keys))]
	if r.IntN(4) == 0 {
		m.Delete(tx, key)
		return
	}
	m.Set(tx, key, content(r, p))
}

func editArray(tx *crdt.Tx, r *rand.Rand, a crdt.Array, p Profile) {
	if a.Len() > 0 && r.IntN(3) == 0 {
		at := r.IntN(a.Len())
		a.Delete(tx, at, 1+r.IntN(min(3, a.Len()-at)))
		return
	}
	values := make([]any, 1+r.IntN(3))
	for i := range values {
		values[i] = content(r, p)
		if values[i] == (crdt.Undefined{}) {
			values[i] = nil // Yjs has no undefined in arrays
		}
	}
	a.Insert(tx, r.IntN(a.Len()+1), values...)
}

func editText(tx *crdt.Tx, r *rand.Rand, t crdt.Text, p Profile) {
	at, end := position(r, t, p), position(r, t, p)
	if at > end {
		at, end = end, at
	}
	if r.IntN(4) == 0 {
		if end > at {
			t.Delete(tx, at, end-at)
		}
		return
	}
	t.Insert(tx, at, text(r))
}

// position is a random unit of t that is not inside a surrogate pair, unless
// the profile asks for that.
func position(r *rand.Rand, t crdt.Text, p Profile) int {
	at := r.IntN(t.Len() + 1)
	if p.Halves {
		return at
	}
	unit := 0
	for _, c := range t.String() {
		n := 1
		if c > 0xffff {
			n = 2
		}
		if unit+n > at {
			return unit
		}
		unit += n
	}
	return t.Len() // embedded objects: units and text differ
}

func text(r *rand.Rand) (s string) {
	for n := 1 + r.IntN(3); n > 0; n-- {
		s += pieces[r.IntN(len(pieces))]
	}
	return s
}

func content(r *rand.Rand, p Profile) any {
	if !p.Nested || r.IntN(5) != 0 {
		return value(r)
	}
	switch r.IntN(3) {
	case 0:
		return crdt.NewMap(map[string]any{"in": value(r)})
	case 1:
		return crdt.NewArray(value(r), r.IntN(10))
	default:
		return crdt.NewText(text(r))
	}
}

func value(r *rand.Rand) any {
	switch r.IntN(13) {
	case 0:
		return nil
	case 1:
		return crdt.Undefined{}
	case 2:
		return r.IntN(2) == 0
	case 3:
		return r.IntN(100) - 50
	case 4:
		return (r.Int64N(1<<50) - 1<<49) >> r.IntN(40)
	case 5:
		return float64(r.IntN(1000)) / 8
	case 6:
		return float64(r.IntN(1000)) / 7
	case 7:
		return []any{r.IntN(9), text(r), []any{nil}}
	case 8:
		return map[string]any{"b": r.IntN(9), "a": text(r), "c": map[string]any{"z": []any{}, "y": map[string]any{}}}
	case 9:
		return []byte{byte(r.IntN(256)), 0, 255}
	default:
		return text(r)
	}
}
