package crdttest_test

import (
	"github.com/soratoo/soratoo/crdt/lib0"
)

// Hand-made updates, for shapes that no honest peer writes.

// at names a unit.
type at struct{ client, clock uint64 }

// forged is one struct; links that are nil are not written.
type forged struct {
	kind        byte
	left, right *at
	root, key   string
	parent      *at
	keyed       bool
	content     []byte
}

func (f forged) bytes() []byte {
	info := f.kind
	if f.left != nil {
		info |= 0x80
	}
	if f.right != nil {
		info |= 0x40
	}
	if f.keyed || f.key != "" {
		info |= 0x20
	}
	out := []byte{info}
	if f.left != nil {
		out = appendAt(out, *f.left)
	}
	if f.right != nil {
		out = appendAt(out, *f.right)
	}
	if f.left == nil && f.right == nil && f.kind != 0 && f.kind != 10 {
		if f.parent != nil {
			out = appendAt(append(out, 0), *f.parent)
		} else {
			out = lib0.AppendString(append(out, 1), f.root)
		}
		if info&0x20 != 0 {
			out = lib0.AppendString(out, f.key)
		}
	}
	return append(out, f.content...)
}

func appendAt(dst []byte, a at) []byte {
	return lib0.AppendUint(lib0.AppendUint(dst, a.client), a.clock)
}

// section is the structs of one client.
func section(client, clock uint64, structs ...[]byte) []byte {
	out := lib0.AppendUint(nil, uint64(len(structs)))
	out = appendAt(out, at{client, clock})
	for _, s := range structs {
		out = append(out, s...)
	}
	return out
}

// span is a range of a delete set.
type span struct{ client, clock, n uint64 }

// forge is an update of sections and deletes, each range on its own.
func forge(sections [][]byte, deletes ...span) []byte {
	out := lib0.AppendUint(nil, uint64(len(sections)))
	for _, s := range sections {
		out = append(out, s...)
	}
	out = lib0.AppendUint(out, uint64(len(deletes)))
	for _, d := range deletes {
		out = lib0.AppendUint(out, d.client)
		out = append(out, 1)
		out = lib0.AppendUint(out, d.clock)
		out = lib0.AppendUint(out, d.n)
	}
	return out
}

// one is an update of one client's structs.
func one(client, clock uint64, structs ...[]byte) []byte {
	return forge([][]byte{section(client, clock, structs...)})
}

func text(s string) []byte   { return lib0.AppendString(nil, s) }
func number(n uint64) []byte { return lib0.AppendUint(nil, n) }

// letter is a text struct in the root "t".
func letter(s string, left, right *at) []byte {
	return forged{kind: 4, left: left, right: right, root: "t", content: text(s)}.bytes()
}

func gc(n uint64) []byte { return forged{kind: 0, content: number(n)}.bytes() }
