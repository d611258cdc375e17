package crdt

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Attributes are the formats of a piece of text by name, for example
// {"bold": true}. A value is nil, bool, a number, string, []any or
// map[string]any; nil means that the format is off.
type Attributes map[string]any

// formats are formats in the order in which they came, as a Map of JavaScript
// keeps them: the order decides about bytes. Values are JSON.
type formats struct {
	list []format // removed ones have no value
	at   map[string]int
}

type format struct {
	name  string
	value []byte
}

var jsonNull = []byte("null")

// formatsOf are attributes in the order of their names.
func formatsOf(a Attributes) *formats {
	f := &formats{}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if a[name] != (Undefined{}) {
			f.set(name, jsonOf(a[name]))
		}
	}
	return f
}

// jsonOf is a value as JSON.stringify writes it.
func jsonOf(v any) []byte {
	canonical := lib0.NewReader(lib0.AppendAny(nil, v)).Any()
	out, err := appendJSON(nil, canonical)
	if err != nil {
		panic("crdt: format or embed: " + err.Error())
	}
	return bytes.ToValidUTF8(out, []byte("\uFFFD"))
}

func (f *formats) clone() *formats {
	return &formats{list: slices.Clone(f.list), at: maps.Clone(f.at)}
}

func (f *formats) len() int { return len(f.at) }

func (f *formats) has(name string) bool {
	_, ok := f.at[name]
	return ok
}

// get is the value of a format, null when it is not there.
func (f *formats) get(name string) []byte {
	if i, ok := f.at[name]; ok {
		return f.list[i].value
	}
	return jsonNull
}

func (f *formats) set(name string, value []byte) {
	if i, ok := f.at[name]; ok {
		f.list[i].value = value
		return
	}
	if f.at == nil {
		f.at = map[string]int{}
	}
	f.at[name] = len(f.list)
	f.list = append(f.list, format{name, value})
}

func (f *formats) remove(name string) {
	i, ok := f.at[name]
	if !ok {
		return
	}
	delete(f.at, name)
	f.list[i].value = nil
	if len(f.list) > 2*len(f.at)+8 {
		f.compact()
	}
}

// compact drops the places of removed formats.
func (f *formats) compact() {
	f.list = slices.DeleteFunc(f.list, func(e format) bool { return e.value == nil })
	for i, e := range f.list {
		f.at[e.name] = i
	}
}

// update turns a format on, or off when the value is null.
func (f *formats) update(name string, value []byte) {
	if bytes.Equal(value, jsonNull) {
		f.remove(name)
		return
	}
	f.set(name, value)
}

func (f *formats) each(yield func(name string, value []byte)) {
	for _, e := range f.list {
		if e.value != nil {
			yield(e.name, e.value)
		}
	}
}

// attributes are the formats as values, nil when there are none.
func (f *formats) attributes() Attributes {
	if f.len() == 0 {
		return nil
	}
	out := make(Attributes, f.len())
	f.each(func(name string, value []byte) { out[name] = jsonValue(value) })
	return out
}

// equalFormat tells whether two values are the same format; the order of keys
// in objects does not matter.
func equalFormat(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	return isObject(a) && isObject(b) && reflect.DeepEqual(jsonValue(a), jsonValue(b))
}

// identicalFormat is equality as === has it, for which no two objects are one.
func identicalFormat(a, b []byte) bool { return !isObject(a) && bytes.Equal(a, b) }

func isObject(value []byte) bool {
	return len(value) > 0 && (value[0] == '{' || value[0] == '[') && json.Valid(value)
}

// formatOf reads a format item.
func (d *Doc) formatOf(it *item) (name string, value []byte) {
	r := lib0.NewReader(d.content.bytes(it))
	return r.String(), r.Bytes()
}

func formatContent(name string, value []byte) content {
	return content{kind: kindFormat, len: 1, bytes: lib0.AppendBytes(lib0.AppendString(nil, name), value)}
}

func embedContent(v any) content {
	if n, ok := v.(*Nested); ok {
		return content{kind: kindType, len: 1, nested: n}
	}
	return content{kind: kindEmbed, len: 1, bytes: lib0.AppendBytes(nil, jsonOf(v))}
}
