package crdt

import (
	"encoding/json"
	"strings"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Undefined is JavaScript's undefined, which differs from null (nil).
type Undefined = lib0.Undefined

// Subdocument stands for a document inside a document, which is synchronised
// apart from it.
type Subdocument struct {
	GUID    string
	Options map[string]any
}

func (s Subdocument) append(dst []byte) []byte {
	options := s.Options
	if options == nil {
		options = map[string]any{}
	}
	return lib0.AppendAny(lib0.AppendString(dst, strings.ToValidUTF8(s.GUID, "\uFFFD")), options)
}

// Nested is a type to be put into another; see [NewMap], [NewArray], [NewText],
// [NewElement], [NewXMLText], [NewHook].
type Nested struct {
	kind   uint8
	name   string // of an element or hook
	text   string
	values []any
	fields map[string]any
}

// NewMap makes a map with these fields (which may be nil) to be put into
// another type. Fields are written in the order of their keys.
func NewMap(fields map[string]any) *Nested { return &Nested{kind: typeMap, fields: fields} }

// NewArray makes an array with these values to be put into another type.
func NewArray(values ...any) *Nested { return &Nested{kind: typeArray, values: values} }

// NewText makes a text to be put into another type.
func NewText(text string) *Nested { return &Nested{kind: typeText, text: text} }

// content is what a new item carries.
type content struct {
	kind   uint8
	len    uint32
	bytes  []byte
	nested *Nested
}

// contentOf is the content for one value.
func contentOf(v any) content {
	switch v := v.(type) {
	case *Nested:
		return content{kind: kindType, len: 1, nested: v}
	case Subdocument:
		return content{kind: kindDoc, len: 1, bytes: v.append(nil)}
	case []byte:
		return content{kind: kindBinary, len: 1, bytes: lib0.AppendBytes(nil, v)}
	case string:
		v = strings.ToValidUTF8(v, "\uFFFD")
		return content{kind: kindAny, len: 1, bytes: lib0.AppendAny(nil, v)}
	default:
		return content{kind: kindAny, len: 1, bytes: lib0.AppendAny(nil, v)}
	}
}

// contentsOf is the contents for values that stand side by side: plain values
// share one.
func contentsOf(values []any) []content {
	var out []content
	for _, v := range values {
		c := contentOf(v)
		if n := len(out); n > 0 && c.kind == kindAny && out[n-1].kind == kindAny {
			out[n-1].bytes = append(out[n-1].bytes, c.bytes...)
			out[n-1].len++
			continue
		}
		out = append(out, c)
	}
	return out
}

func textContent(s string) content {
	b := []byte(strings.ToValidUTF8(s, "\uFFFD"))
	return content{kind: kindString, len: utf16Len(b), bytes: b}
}

// fill gives a new type the content that it was made with.
func (d *Doc) fill(t uint32, n *Nested) {
	if n.text != "" {
		d.insertInList(t, 0, []content{textContent(n.text)})
	}
	d.insertInList(t, 0, contentsOf(n.values))
	for _, key := range sortedKeys(n.fields) {
		d.setEntry(t, key, contentOf(n.fields[key]))
	}
}

// element is unit n of an item as a Go value.
func (d *Doc) element(it *item, n uint32) any {
	if it.kind == kindType {
		return d.handle(it.off)
	}
	b := d.content.bytes(it)
	switch it.kind {
	case kindAny:
		return lib0.Plain(lib0.NewReader(b[elementsCut(kindAny, b, n):]).Any())
	case kindJSON:
		return jsonValue(lib0.NewReader(b[elementsCut(kindJSON, b, n):]).Bytes())
	case kindString:
		from, _ := utf16Cut(b, n)
		to, inside := utf16Cut(b, n+1)
		if inside || to <= from {
			return "\uFFFD" // half a surrogate pair
		}
		return string(b[from:to])
	case kindBinary:
		return append([]byte(nil), lib0.NewReader(b).Bytes()...)
	case kindEmbed:
		return jsonValue(lib0.NewReader(b).Bytes())
	case kindDoc:
		r := lib0.NewReader(b)
		sub := Subdocument{GUID: r.String()}
		sub.Options, _ = lib0.Plain(r.Any()).(map[string]any)
		return sub
	default:
		return nil
	}
}

func jsonValue(b []byte) any {
	if string(b) == "undefined" {
		return Undefined{}
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return nil // checked when it came in
	}
	return v
}

// handle is a type as a value that can be read and edited.
func (d *Doc) handle(t uint32) any { return d.handleAs(t, d.types[t].kind) }
