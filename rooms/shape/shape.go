// Package shape says what a shared document may hold, as a tree of rules, and
// holds updates against it before they are merged.
package shape

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/soratoo/soratoo/crdt"
)

// ErrShape is wrapped by what [Doc.Check] returns: the update would put something
// into the document that does not belong there.
var ErrShape = errors.New("not of the document's shape")

// Doc is the shape of a document: what its roots, which are maps, hold.
type Doc map[string]*Node

// Node is what may stand at a place.
type Node struct {
	kind   kind
	fields map[string]*Node
	things *Node             // what other keys hold; nil: plain values
	key    func(string) bool // what other keys may be
	value  func(any) bool
	units  int
}

type kind uint8

const (
	register kind = iota
	object
	text
)

const (
	registerBytes = 64 << 10 // of one value, roughly
	keyBytes      = 128
	otherBytes    = 4 << 10 // of one value that the shape does not name
	otherFields   = 64      // fields of one thing, if one of them is such a value
)

// inherited are the names that every object has in JavaScript: as a key they are
// read as something else than what was written.
var inherited = map[string]bool{
	"__proto__": true, "constructor": true, "prototype": true, "hasOwnProperty": true, "isPrototypeOf": true,
	"propertyIsEnumerable": true, "toLocaleString": true, "toString": true, "valueOf": true,
	"__defineGetter__": true, "__defineSetter__": true, "__lookupGetter__": true, "__lookupSetter__": true,
}

// Object is a map with these fields. Fields that it does not name may hold plain
// values, so that later versions and other programs can keep theirs.
func Object(fields map[string]*Node) *Node { return &Node{kind: object, fields: fields} }

// Things is a map in which each key that fits holds the same.
func Things(key func(string) bool, each *Node) *Node {
	return &Node{kind: object, things: each, key: key}
}

// Text is a plain text of at most so many UTF-16 units.
func Text(units int) *Node { return &Node{kind: text, units: units} }

// Register is a key that holds a value as a whole.
func Register(fits func(v any) bool) *Node { return &Node{kind: register, value: fits} }

// other is the register under a key that the shape does not name.
var other = Register(func(v any) bool { return size(v) <= otherBytes })

// Check tells whether all that an update would bring has its place, is of the
// right kind and within the limits. The cost is that of the update, and of the
// lengths of the texts that it writes in.
func (s Doc) Check(d *crdt.Doc, p *crdt.Preview) error {
	grown := map[string]int{}
	for i := range p.Inserts {
		in := &p.Inserts[i]
		if in.Where.Gone || in.Kind == "gc" {
			continue
		}
		if !in.Where.Known {
			return fmt.Errorf("%w: content at a place that cannot be found", ErrShape)
		}
		if err := s.insert(d, in, grown); err != nil {
			return err
		}
	}
	return nil
}

func (s Doc) insert(d *crdt.Doc, in *crdt.PreviewInsert, grown map[string]int) error {
	path := in.Where.Path
	holder, err := s.find(in.Where.Root, path[:len(path)-1])
	if err != nil {
		return err
	}
	at := in.Where.Root + "/" + strings.Join(path, "/")
	if holder.kind == text {
		if path[len(path)-1] != "" || in.Kind != "string" && in.Kind != "deleted" {
			return fmt.Errorf("%w: %s in the plain text %s", ErrShape, in.Kind, strings.TrimSuffix(at, "/"))
		}
		if grown[at] += int(in.Len); grown[at] > holder.units-length(d, in.Where) {
			return fmt.Errorf("%w: %s is longer than %d", ErrShape, strings.TrimSuffix(at, "/"), holder.units)
		}
		return nil
	}
	node, err := holder.under(path[len(path)-1], at)
	if err != nil || in.Kind == "deleted" {
		return err
	}
	if node == other && fields(d, in.Where, grown) > otherFields {
		return fmt.Errorf("%w: %s has more fields than %d", ErrShape, at, otherFields)
	}
	return node.takes(in, at)
}

// find is the node in which content would be put.
func (s Doc) find(root string, path []string) (*Node, error) {
	node, ok := s[root]
	if !ok {
		return nil, fmt.Errorf("%w: no root is called %.40q", ErrShape, root)
	}
	for i, key := range path {
		var err error
		if node, err = node.under(key, root+"/"+strings.Join(path[:i+1], "/")); err != nil {
			return nil, err
		}
	}
	if node.kind == register {
		return nil, fmt.Errorf("%w: %s/%s holds no other content", ErrShape, root, strings.Join(path, "/"))
	}
	return node, nil
}

// under is what a key of a node may hold.
func (n *Node) under(key, at string) (*Node, error) {
	switch {
	case n.kind != object || key == "" || len(key) > keyBytes || inherited[key]:
		return nil, fmt.Errorf("%w: nothing can be at %.80q", ErrShape, at)
	case n.fields[key] != nil:
		return n.fields[key], nil
	case n.things == nil:
		return other, nil
	case !n.key(key):
		return nil, fmt.Errorf("%w: %.80q is not called as its like are", ErrShape, at)
	}
	return n.things, nil
}

// takes tells whether a key holds what it may.
func (n *Node) takes(in *crdt.PreviewInsert, at string) error {
	want := [...]string{register: "any", object: "map", text: "text"}[n.kind]
	got := in.Kind
	if got == "type" {
		got, _ = in.Content().(string)
	}
	if got != want {
		return fmt.Errorf("%w: %s is %s, not %s", ErrShape, at, got, want)
	}
	if n.kind != register {
		return nil
	}
	// A key that is set several times in one transaction comes as a row of values,
	// of which the last is the one that stays.
	values, _ := in.Content().([]any)
	if len(values) == 0 || slices.ContainsFunc(values, func(v any) bool { return size(v) > registerBytes || !n.value(v) }) {
		return fmt.Errorf("%w: the value of %s", ErrShape, at)
	}
	return nil
}

// size is about how many bytes a value takes.
func size(v any) int {
	n := 8
	switch v := v.(type) {
	case string:
		n += len(v)
	case []byte:
		n += len(v)
	case []any:
		for _, e := range v {
			n += size(e)
		}
	case map[string]any:
		for k, e := range v {
			n += len(k) + size(e)
		}
	}
	return n
}

// length is how long a text is now, 0 when it is only coming.
func length(d *crdt.Doc, w crdt.Where) int {
	t, _ := Lookup(d, w.Root, w.Path[:len(w.Path)-1]...).(crdt.Text)
	if t == (crdt.Text{}) {
		return 0
	}
	return t.Len()
}

// fields is how many fields the thing has in which a field is set now.
func fields(d *crdt.Doc, w crdt.Where, grown map[string]int) int {
	inside := w.Path[:len(w.Path)-1]
	at := w.Root + "/" + strings.Join(inside, "/")
	m, _ := Lookup(d, w.Root, inside...).(crdt.Map)
	if m == (crdt.Map{}) {
		grown[at]++
		return grown[at]
	}
	if _, there := m.Get(w.Path[len(w.Path)-1]); !there {
		grown[at]++
	}
	return m.Len() + grown[at]
}

// Lookup is what a document holds now under the keys of maps, or nil.
func Lookup(d *crdt.Doc, root string, path ...string) any {
	var at any = d.Map(root)
	for _, key := range path {
		m, ok := at.(crdt.Map)
		if !ok {
			return nil
		}
		at, _ = m.Get(key)
	}
	return at
}
