package crdt

import (
	"bytes"
	"encoding/json"
	"reflect"
	"unicode/utf16"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// maxCompared bounds the bytes that one update may have compared: it takes that
// many when its structs lie in long ones that are here.
const maxCompared = 64 << 20

// overlap compares the units of s before end, which are all here, with those that
// are here. Other content, or another place, was written by somebody else under
// the same ids. Of what was deleted or collected on either side only the place
// can be compared, or nothing.
func (v *viewer) overlap(s *incoming, end uint32) {
	d := v.doc
	l := &d.clients[d.clientAt(s.client)].spans
	p := l.find(s.clock)
	for more := true; more && l.at(p).clock < end && v.compared <= maxCompared; p, more = l.nextPlace(p) {
		it := d.items.at(l.at(p).item)
		v.compared += int(it.size) + len(s.content)
		from, to := max(s.clock, it.clock), min(end, it.end())
		part := s.part(IDRange{s.client, from, to - from})
		if !d.sameUnits(it, &part) {
			v.out.Differs = append(v.out.Differs, part.ids())
		}
	}
}

// sameUnits compares a part of an item with the item.
func (d *Doc) sameUnits(it *item, part *incoming) bool {
	if it.kind == kindGC || part.kind == kindGC {
		return true
	}
	if !d.sameLinks(it, part) {
		return false
	}
	if it.kind == kindDeleted || part.kind == kindDeleted {
		return true
	}
	return it.kind == part.kind && d.sameContent(it, part)
}

func (d *Doc) sameLinks(it *item, part *incoming) bool {
	origin := it.origin
	if part.clock > it.clock {
		origin = id{it.client, part.clock - 1}
	}
	if !d.sameID(origin, part.origin) || !d.sameID(it.rightOrigin, part.rightOrigin) {
		return false
	}
	if part.origin.ok || part.rightOrigin.ok {
		return true // the place follows from the neighbours
	}
	parent := &d.types[it.parent]
	if parent.item == 0 {
		if part.root == nil || d.keys[parent.label] != string(part.root) {
			return false
		}
	} else if !d.sameID(d.items.at(parent.item).id(), part.parent) {
		return false
	}
	return d.keys[it.key] == string(part.key)
}

func (d *Doc) sameID(i id, w wireID) bool {
	if i.client == 0 || !w.ok {
		return i.client == 0 && !w.ok
	}
	return d.clients[i.client].id == w.client && i.clock == w.clock
}

// sameContent compares contents of one kind.
func (d *Doc) sameContent(it *item, part *incoming) bool {
	if it.kind == kindType {
		t := &d.types[it.off]
		named := t.kind == typeElement || t.kind == typeHook
		return t.kind == typeGone || t.kind == part.typeRef && (!named || d.keys[t.label] == string(part.label))
	}
	has := d.content.bytes(it)
	from, to := part.clock-it.clock, part.end()-it.clock
	switch it.kind {
	case kindString:
		if it.size == it.len && bytes.Equal(has[from:to], part.content) { // ASCII
			return true
		}
		return sameText(utf16.Encode([]rune(string(has)))[from:to], part.content)
	case kindAny, kindJSON:
		has = has[elementsCut(it.kind, has, from):elementsCut(it.kind, has, to)]
	}
	brings := part.normal()
	return bytes.Equal(has, brings) || it.kind != kindAny && sameJSON(it.kind, has, brings)
}

// sameText compares units of a text with a text. U+FFFD stands for half of a
// surrogate pair that was divided on one side and not on the other, so it is equal
// to anything.
func sameText(has []uint16, text []byte) bool {
	brings := utf16.Encode([]rune(string(text)))
	if len(has) != len(brings) {
		return false
	}
	for i := range has {
		if has[i] != brings[i] && has[i] != '\uFFFD' && brings[i] != '\uFFFD' {
			return false
		}
	}
	return true
}

// sameJSON compares contents that hold JSON by what it says: engines other than
// Yjs write one value in several ways.
func sameJSON(kind uint8, has, brings []byte) bool {
	if kind != kindJSON && kind != kindEmbed && kind != kindFormat {
		return false
	}
	a, b := lib0.NewReader(has), lib0.NewReader(brings)
	for a.Len() > 0 && b.Len() > 0 {
		x, y := a.Bytes(), b.Bytes()
		if a.Err() != nil || b.Err() != nil {
			return false
		}
		if bytes.Equal(x, y) {
			continue
		}
		var v, w any
		if json.Unmarshal(x, &v) != nil || json.Unmarshal(y, &w) != nil || !reflect.DeepEqual(v, w) {
			return false
		}
	}
	return a.Len() == 0 && b.Len() == 0
}
