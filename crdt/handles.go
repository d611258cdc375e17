package crdt

import (
	"iter"
	"maps"
	"slices"
)

// Map is a shared map. Each key is a register: the last write wins, whole.
// Like all handles it is a small value, good as long as its document.
type Map struct {
	d *Doc
	t uint32
}

// Array is a shared list of values.
type Array struct {
	d *Doc
	t uint32
}

// Map returns the root map of that name, which every document has.
func (d *Doc) Map(name string) Map { return Map{d, d.root([]byte(name), typeMap)} }

// Array returns the root array of that name, which every document has.
func (d *Doc) Array(name string) Array { return Array{d, d.root([]byte(name), typeArray)} }

// Roots lists the names of all roots that exist, in order.
func (d *Doc) Roots() []string { return slices.Sorted(maps.Keys(d.roots)) }

// Get returns the value of a key: nil, bool, int64, float64, string, []byte,
// []any, map[string]any, [Undefined], [Map], [Array], [Text], [XML] or
// [Subdocument].
func (m Map) Get(key string) (any, bool) {
	it, ok := m.d.value(m.d.tail(m.t, m.d.keyAt(key)))
	if !ok {
		return nil, false
	}
	return m.d.element(it, it.len-1), true
}

// value is the item at the end of a key's chain, unless the key was deleted.
func (d *Doc) value(tail ref) (*item, bool) {
	if tail == 0 || d.items.at(tail).deleted() {
		return nil, false
	}
	return d.items.at(tail), true
}

// Set gives a key a value: nil, bool, a number, string, []byte, []any,
// map[string]any (written in the order of its keys), [Undefined], a [Subdocument]
// or a [Nested].
func (m Map) Set(tx *Tx, key string, v any) {
	if m.d.editable(tx, m.t) {
		m.d.setEntry(m.t, key, contentOf(v))
	}
}

// Delete removes a key, if it is there.
func (m Map) Delete(tx *Tx, key string) {
	if m.d.editable(tx, m.t) {
		m.d.deleteEntry(m.t, key)
	}
}

// Keys lists the keys that have a value, in the order in which they first came.
func (m Map) Keys() []string {
	var keys []string
	m.d.eachEntry(m.t, func(key uint32, tail ref) {
		if _, ok := m.d.value(tail); ok {
			keys = append(keys, m.d.keys[key])
		}
	})
	return keys
}

// Len is the number of keys that have a value.
func (m Map) Len() int { return len(m.Keys()) }

// Len is the number of elements.
func (a Array) Len() int { return int(a.d.types[a.t].length) }

// Get returns element i, as [Map.Get] returns values. It panics when i is not
// below Len.
func (a Array) Get(i int) any {
	if i < 0 || i >= a.Len() {
		panic("crdt: index beyond the array")
	}
	r, before := a.d.holding(a.t, uint32(i))
	return a.d.element(a.d.items.at(r), uint32(i)-before)
}

// Insert puts values before element at, which may be Len. It takes what
// [Map.Set] takes.
func (a Array) Insert(tx *Tx, at int, values ...any) {
	if a.d.editable(tx, a.t) {
		a.d.insertInList(a.t, uint32(at), contentsOf(values))
	}
}

// Push puts values at the end.
func (a Array) Push(tx *Tx, values ...any) { a.Insert(tx, a.Len(), values...) }

// Delete removes n elements from at on.
func (a Array) Delete(tx *Tx, at, n int) {
	if a.d.editable(tx, a.t) {
		a.d.deleteInList(a.t, uint32(at), uint32(n))
	}
}

// list yields the visible items of a list.
func (d *Doc) list(t uint32) iter.Seq[*item] {
	return func(yield func(*item) bool) {
		for r := d.types[t].start; r != 0; {
			it := d.items.at(r)
			r = it.right
			if visible(it) > 0 && !yield(it) {
				return
			}
		}
	}
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
