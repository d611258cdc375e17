package crdttest

import (
	"fmt"
	"math/rand/v2"

	"github.com/soratoo/soratoo/crdt"
)

// twinEdit makes one random edit somewhere in a document and tells it as
// twins.mjs takes it: [path, method, arguments...].
func twinEdit(doc *crdt.Doc, tx *crdt.Tx, r *rand.Rand) []any {
	roots := []crdt.Shared{doc.Map("m"), doc.Array("a"), doc.Text("t"), doc.Text("t"), doc.XML("x"), doc.XML("x")}
	i := r.IntN(len(roots))
	target, path := walk(r, roots[i], []any{twinRoots[[]int{0, 1, 2, 2, 3, 3}[i]]})
	var call []any
	switch s := target.(type) {
	case crdt.Map:
		call = twinMap(tx, r, s)
	case crdt.Array:
		call = twinArray(tx, r, s)
	case crdt.Text:
		call = twinText(tx, r, s)
	case crdt.XML:
		call = twinXML(tx, r, s)
	}
	return append([]any{path}, call...)
}

// walk goes from a type to a random one inside it, and tells the way.
func walk(r *rand.Rand, s crdt.Shared, path []any) (crdt.Shared, []any) {
	for depth := 0; depth < 4 && r.IntN(3) != 0; depth++ {
		var inner []crdt.Shared
		var steps []any
		add := func(step, v any) {
			if s, ok := v.(crdt.Shared); ok {
				inner, steps = append(inner, s), append(steps, step)
			}
		}
		switch c := s.(type) {
		case crdt.Map:
			for _, k := range c.Keys() {
				v, _ := c.Get(k)
				add(k, v)
			}
		case crdt.Array:
			for i := range c.Len() {
				add(i, c.Get(i))
			}
		case crdt.XML:
			if c.Kind() == "xml-fragment" || c.Kind() == "xml-element" {
				for i := range c.Len() {
					add(i, c.Get(i))
				}
			}
		}
		if len(inner) == 0 {
			break
		}
		i := r.IntN(len(inner))
		s, path = inner[i], append(path[:len(path):len(path)], steps[i])
	}
	return s, path
}

// twinValue is a value that JSON carries whole.
func twinValue(r *rand.Rand) any {
	switch r.IntN(8) {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2:
		return r.IntN(1000) - 500
	case 3:
		return float64(r.IntN(1000)) / 7
	case 4:
		return []any{r.IntN(9), text(r)}
	case 5:
		return map[string]any{"b": r.IntN(9), "a": text(r)}
	default:
		return text(r)
	}
}

// twinContent is a value or a type, ours and as the peer makes it.
func twinContent(r *rand.Rand) (ours, theirs any) {
	switch r.IntN(9) {
	case 8:
		guid, meta := fmt.Sprint("sub ", r.IntN(1e6)), r.IntN(9)
		return crdt.Subdocument{GUID: guid, Options: map[string]any{"meta": meta}}, map[string]any{"$": "doc", "guid": guid, "meta": meta}
	case 0:
		fields := map[string]any{"in": twinValue(r), "also": twinValue(r)}
		return crdt.NewMap(fields), map[string]any{"$": "map", "fields": fields}
	case 1:
		values := []any{twinValue(r), r.IntN(10)}
		return crdt.NewArray(values...), map[string]any{"$": "array", "values": values}
	case 2:
		s := text(r)
		return crdt.NewText(s), map[string]any{"$": "text", "text": s}
	default:
		v := twinValue(r)
		return v, v
	}
}

func twinMap(tx *crdt.Tx, r *rand.Rand, m crdt.Map) []any {
	key := keys[r.IntN(len(keys))]
	if r.IntN(4) == 0 {
		m.Delete(tx, key)
		return []any{"remove", key}
	}
	ours, theirs := twinContent(r)
	m.Set(tx, key, ours)
	return []any{"set", key, theirs}
}

func twinArray(tx *crdt.Tx, r *rand.Rand, a crdt.Array) []any {
	if a.Len() > 0 && r.IntN(3) == 0 {
		at := r.IntN(a.Len())
		n := 1 + r.IntN(min(3, a.Len()-at))
		a.Delete(tx, at, n)
		return []any{"delete", at, n}
	}
	at := r.IntN(a.Len() + 1)
	var ours, theirs []any
	for range 1 + r.IntN(3) {
		o, t := twinContent(r)
		ours, theirs = append(ours, o), append(theirs, t)
	}
	a.Insert(tx, at, ours...)
	return []any{"insert", at, theirs}
}

// No objects: whether Yjs deletes a format that does nothing depends, for
// objects, on whether two are the same one in memory.
var twinFormats = []crdt.Attributes{
	{"bold": true}, {"bold": nil}, {"em": "x"}, {"bold": true, "em": nil}, {"link": "u"}, {"link": 7, "bold": true}, {},
}

// span is a random range of a text that cuts no surrogate pair.
func span(r *rand.Rand, t crdt.Text) (at, n int) {
	var cuts []int
	unit := 0
	for _, op := range t.Delta() {
		s, isText := op.Insert.(string)
		if !isText {
			cuts = append(cuts, unit)
			unit++
		}
		for _, c := range s {
			cuts = append(cuts, unit)
			if unit++; c > 0xffff {
				unit++
			}
		}
	}
	cuts = append(cuts, unit)
	i, j := r.IntN(len(cuts)), r.IntN(len(cuts))
	return cuts[min(i, j)], cuts[max(i, j)] - cuts[min(i, j)]
}

func twinText(tx *crdt.Tx, r *rand.Rand, t crdt.Text) []any {
	at, n := span(r, t)
	with := twinFormats[r.IntN(len(twinFormats))]
	switch r.IntN(8) {
	case 0:
		t.Delete(tx, at, n)
		return []any{"delete", at, n}
	case 1, 2:
		t.Format(tx, at, n, with)
		return []any{"format", at, n, with}
	case 3:
		s := text(r)
		t.InsertFormatted(tx, at, s, with)
		return []any{"writeFormatted", at, s, with}
	case 4:
		embed := map[string]any{"image": text(r), "n": r.IntN(5)}
		t.InsertEmbed(tx, at, embed, with)
		return []any{"embed", at, embed, with}
	case 5:
		return twinDelta(tx, r, t)
	case 6:
		if r.IntN(3) == 0 {
			v := twinValue(r)
			t.Attributes().Set(tx, "lang", v)
			return []any{"setAttribute", "lang", v}
		}
		fallthrough
	default:
		s := text(r)
		t.Insert(tx, at, s)
		return []any{"write", at, s}
	}
}

func twinDelta(tx *crdt.Tx, r *rand.Rand, t crdt.Text) []any {
	at, n := span(r, t)
	delta := []crdt.Op{{Insert: text(r), Attributes: twinFormats[r.IntN(2)]}}
	if n > 0 {
		delta = append(delta, crdt.Op{Delete: n})
	}
	if at > 0 {
		delta = append([]crdt.Op{{Retain: at, Attributes: twinFormats[r.IntN(len(twinFormats))]}}, delta...)
	}
	if r.IntN(8) == 0 {
		delta = []crdt.Op{{Retain: t.Len() + 2, Attributes: crdt.Attributes{"bold": true}}}
	}
	t.ApplyDelta(tx, delta)
	return []any{"delta", delta}
}

func twinNode(r *rand.Rand, depth int) (*crdt.Nested, map[string]any) {
	switch n := r.IntN(6); {
	case n == 0:
		fields := map[string]any{"src": text(r)}
		return crdt.NewHook("hook", fields), map[string]any{"$": "hook", "name": "hook", "fields": fields}
	case n < 3:
		s := text(r)
		return crdt.NewXMLText(s), map[string]any{"$": "xml-text", "text": s}
	}
	name := []string{"p", "Video"}[r.IntN(2)]
	fields := map[string]any{}
	for _, key := range []string{"id", "src"} {
		if r.IntN(2) == 0 {
			fields[key] = text(r)
		}
	}
	var ours []*crdt.Nested
	theirs := []any{}
	for depth < 2 && r.IntN(2) == 0 && len(ours) < 3 {
		o, t := twinNode(r, depth+1)
		ours, theirs = append(ours, o), append(theirs, t)
	}
	return crdt.NewElement(name, fields, ours...),
		map[string]any{"$": "element", "name": name, "fields": fields, "children": theirs}
}

func twinXML(tx *crdt.Tx, r *rand.Rand, x crdt.XML) []any {
	switch x.Kind() {
	case "xml-text":
		return twinText(tx, r, x.Text())
	case "xml-hook":
		return twinMap(tx, r, x.Attributes())
	}
	if x.Kind() == "xml-element" && r.IntN(3) == 0 {
		v := text(r)
		x.Attributes().Set(tx, "id", v)
		return []any{"setAttribute", "id", v}
	}
	if x.Len() > 0 && r.IntN(3) == 0 {
		at := r.IntN(x.Len())
		x.Delete(tx, at, 1)
		return []any{"delete", at, 1}
	}
	at := r.IntN(x.Len() + 1)
	ours, theirs := twinNode(r, 0)
	x.Insert(tx, at, ours)
	return []any{"insert", at, []any{theirs}}
}
