package crdt

import (
	"fmt"
	"iter"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Struct is one struct of an update, for people to look at.
type Struct struct {
	IDRange
	Kind        string // gc, deleted, json, binary, string, embed, format, type, any, doc or skip
	Origin      *ID    // the unit that stood to the left, if any
	RightOrigin *ID    // the unit that stood to the right, if any
	Parent      string // a root's name in quotes, or an id; "" when it is the neighbour's
	Key         string // the parent's key, when it is written
	Content     any    // the text, the values, or the type's name
}

var kindNames = [...]string{
	kindGC: "gc", kindDeleted: "deleted", kindJSON: "json", kindBinary: "binary", kindString: "string",
	kindEmbed: "embed", kindFormat: "format", kindType: "type", kindAny: "any", kindDoc: "doc", kindSkip: "skip",
}

var typeNames = [...]string{
	typeArray: "array", typeMap: "map", typeText: "text", typeElement: "xml-element",
	typeFragment: "xml-fragment", typeHook: "xml-hook", typeXMLText: "xml-text",
}

// Structs yields the structs of an update in its own order, without a document.
// A malformed update yields its error last, wrapping [ErrMalformed].
func Structs(update []byte) iter.Seq2[Struct, error] {
	return func(yield func(Struct, error) bool) {
		_, err := eachStruct(update, func(s *incoming) bool { return yield(s.describe(), nil) })
		if err != nil {
			yield(Struct{}, err)
		}
	}
}

// eachStruct reads the structs of an update, until yield has seen enough, and
// returns where the delete set starts.
func eachStruct(update []byte, yield func(*incoming) bool) (deletes int, err error) {
	r := lib0.NewReader(update)
	var s incoming
	for range r.Count(3) {
		b := blockHeader(r)
		at := b.clock
		for range b.count {
			s.next(r, b.client, at)
			if r.Err() != nil || !yield(&s) {
				return 0, malformed(r.Err())
			}
			at = s.end()
		}
	}
	return r.Pos(), malformed(r.Err())
}

// Blocks is how many runs of structs an update says that it has, about one a client,
// without reading more of it; 0 for what is not an update.
func Blocks(update []byte) int {
	r := lib0.NewReader(update)
	n := r.Uint()
	if r.Err() != nil || n > uint64(len(update)) {
		return 0
	}
	return int(n)
}

// EncodeStateVector writes a state vector of clients and the clocks after their last
// units, in any order.
func EncodeStateVector(entries iter.Seq2[uint64, uint32]) []byte {
	var body []byte
	n := uint64(0)
	for client, clock := range entries {
		n++
		body = lib0.AppendUint(lib0.AppendUint(body, client), uint64(clock))
	}
	return append(lib0.AppendUint(nil, n), body...)
}

// StateVectorEntries decodes a state vector: for each client, the clock after
// its last unit.
func StateVectorEntries(stateVector []byte) (map[uint64]uint32, error) {
	return readStateVector(stateVector)
}

func (s *incoming) describe() Struct {
	out := Struct{IDRange: s.ids(), Kind: kindNames[s.kind], Key: string(s.key), Content: s.value()}
	if s.origin.ok {
		out.Origin = &ID{s.origin.client, s.origin.clock}
	}
	if s.rightOrigin.ok {
		out.RightOrigin = &ID{s.rightOrigin.client, s.rightOrigin.clock}
	}
	switch {
	case s.root != nil:
		out.Parent = fmt.Sprintf("%q", s.root)
	case s.parent.ok:
		out.Parent = ID{s.parent.client, s.parent.clock}.String()
	}
	return out
}

// value is the content of s as Go values.
func (s *incoming) value() any {
	r := lib0.NewReader(s.content)
	switch s.kind {
	case kindString:
		return string(s.content)
	case kindAny:
		values := make([]any, 0, s.len)
		for range s.len {
			values = append(values, lib0.Plain(r.Any()))
		}
		return values
	case kindJSON:
		values := make([]any, 0, s.len)
		for range s.len {
			values = append(values, jsonValue(r.Bytes()))
		}
		return values
	case kindBinary:
		return r.Bytes()
	case kindEmbed:
		return jsonValue(r.Bytes())
	case kindFormat:
		key := r.String()
		return map[string]any{key: jsonValue(r.Bytes())}
	case kindType:
		if s.label != nil {
			return typeNames[s.typeRef] + " " + string(s.label)
		}
		return typeNames[s.typeRef]
	case kindDoc:
		return Subdocument{GUID: r.String()}
	default:
		return nil
	}
}
