package crdt

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// XML is a shared node of XML: a fragment, an element, a text or a hook.
type XML struct {
	d *Doc
	t uint32
}

// XML returns the root fragment of that name, which every document has.
func (d *Doc) XML(name string) XML { return XML{d, d.root([]byte(name), typeFragment)} }

// NewElement makes an element with these attributes (which may be nil) and
// children to be put into a fragment or another element.
func NewElement(name string, attributes map[string]any, children ...*Nested) *Nested {
	return &Nested{kind: typeElement, name: name, fields: attributes, values: nodes(children)}
}

// NewXMLText makes a text to be put into a fragment or an element.
func NewXMLText(text string) *Nested { return &Nested{kind: typeXMLText, text: text} }

// NewHook makes a hook, a map that an editor shows as it likes, to be put into a
// fragment or an element.
func NewHook(name string, fields map[string]any) *Nested {
	return &Nested{kind: typeHook, name: name, fields: fields}
}

func nodes(list []*Nested) []any {
	out := make([]any, len(list))
	for i, n := range list {
		out[i] = n
	}
	return out
}

// Kind is xml-fragment, xml-element, xml-text or xml-hook.
func (x XML) Kind() string {
	if k := x.d.types[x.t].kind; int(k) < len(typeNames) {
		return typeNames[k]
	}
	return typeNames[typeFragment]
}

// Name is the name of an element or a hook, else "".
func (x XML) Name() string {
	if k := x.d.types[x.t].kind; k != typeElement && k != typeHook {
		return ""
	}
	return x.d.keys[x.d.types[x.t].label]
}

// Attributes is the map of an element's attributes, of a text's, or of what a
// hook holds.
func (x XML) Attributes() Map { return Map(x) }

// Text is a node of kind xml-text as a text, with its formats.
func (x XML) Text() Text { return Text(x) }

// Len is the number of children, or the length of a text.
func (x XML) Len() int { return int(x.d.types[x.t].length) }

// Get returns child i, usually an XML. It panics when i is not below Len.
func (x XML) Get(i int) any { return Array(x).Get(i) }

// Insert puts nodes before child at, which may be Len.
func (x XML) Insert(tx *Tx, at int, children ...*Nested) {
	Array(x).Insert(tx, at, nodes(children)...)
}

// Delete removes n children from at on.
func (x XML) Delete(tx *Tx, at, n int) { Array(x).Delete(tx, at, n) }

// String writes the node as Yjs does: attributes and the formats of a text in
// the order of their names, nothing escaped.
func (x XML) String() string {
	var b strings.Builder
	x.d.writeXML(&b, x.t, 0)
	return b.String()
}

func (d *Doc) writeXML(b *strings.Builder, t uint32, depth int) {
	if depth > maxPlainDepth {
		return
	}
	switch d.types[t].kind {
	case typeXMLText:
		for _, op := range (Text{d, t}).Delta() {
			d.writeFormatted(b, op, depth)
		}
	case typeElement:
		name := strings.ToLower(d.keys[d.types[t].label])
		b.WriteString("<" + name)
		m := Map{d, t}
		for _, key := range slices.Sorted(slices.Values(m.Keys())) {
			v, _ := m.Get(key)
			b.WriteString(" " + key + `="`)
			d.writeJS(b, v, depth)
			b.WriteString(`"`)
		}
		b.WriteString(">")
		d.writeChildren(b, t, depth)
		b.WriteString("</" + name + ">")
	default:
		d.writeChildren(b, t, depth)
	}
}

func (d *Doc) writeChildren(b *strings.Builder, t uint32, depth int) {
	for it := range d.list(t) {
		for n := range it.len {
			d.writeJS(b, d.element(it, n), depth)
		}
	}
}

// writeFormatted writes a piece of text inside elements that stand for its formats.
func (d *Doc) writeFormatted(b *strings.Builder, op Op, depth int) {
	names := slices.Sorted(maps.Keys(op.Attributes))
	for _, name := range names {
		b.WriteString("<" + name)
		members := membersOf(op.Attributes[name])
		for _, key := range sortedKeys(members) {
			b.WriteString(" " + key + `="`)
			d.writeJS(b, members[key], depth)
			b.WriteString(`"`)
		}
		b.WriteString(">")
	}
	d.writeJS(b, op.Insert, depth)
	for _, name := range slices.Backward(names) {
		b.WriteString("</" + name + ">")
	}
}

// membersOf are what JavaScript's for-in finds in a value, which for a string
// are its units.
func membersOf(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case string:
		out := map[string]any{}
		for i, unit := range utf16.Encode([]rune(v)) {
			out[strconv.Itoa(i)] = string(rune(unit)) // half a pair is U+FFFD
		}
		return out
	case []any:
		out := map[string]any{}
		for i, e := range v {
			out[strconv.Itoa(i)] = e
		}
		return out
	default:
		return nil
	}
}

// writeJS writes a value as JavaScript turns it into a string.
func (d *Doc) writeJS(b *strings.Builder, v any, depth int) {
	switch v := v.(type) {
	case string:
		b.WriteString(v)
	case float64:
		b.Write(appendNumber(nil, v))
	case nil:
		b.WriteString("null")
	case Undefined:
		b.WriteString("undefined")
	case Text:
		b.WriteString(v.String())
	case XML:
		if d.types[v.t].kind == typeHook {
			b.WriteString("[object Object]")
			return
		}
		d.writeXML(b, v.t, depth+1)
	case []any:
		for i, e := range v {
			if i > 0 {
				b.WriteString(",")
			}
			if e != nil && e != (Undefined{}) && depth < maxPlainDepth {
				d.writeJS(b, e, depth+1)
			}
		}
	case bool, int64:
		fmt.Fprint(b, v)
	default:
		b.WriteString("[object Object]")
	}
}
