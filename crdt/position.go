package crdt

import (
	"encoding/json"
	"fmt"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Position is a place in a list or text that stays where it is meant to be when
// others edit: it is tied to the unit before or behind it, or to an end of the
// type. Positions can be compared with ==. The zero Position is nowhere.
type Position struct {
	item  wireID // the unit; if there is none, it is the end or beginning of
	of    wireID // a type, by the item that holds it, or
	root  string // a root
	named bool   // of the name root
	assoc int64
}

// Position ties unit index of the text to the unit behind it, or, when assoc is
// below 0, to the one before it. An index beyond Len means the end.
func (t Text) Position(index, assoc int) Position { return t.d.position(t.t, index, assoc) }

// Position ties element index of the array to the element behind it, or, when
// assoc is below 0, to the one before it. An index beyond Len means the end.
func (a Array) Position(index, assoc int) Position { return a.d.position(a.t, index, assoc) }

// Position ties child index (or unit, in a text) to the one behind it, or, when
// assoc is below 0, to the one before it. An index beyond Len means the end.
func (x XML) Position(index, assoc int) Position { return x.d.position(x.t, index, assoc) }

func (d *Doc) position(t uint32, index, assoc int) Position {
	p := Position{assoc: int64(assoc)}
	if r := d.types[t].item; r != 0 {
		p.of = d.wireID(d.items.at(r).id())
	} else {
		p.root, p.named = d.keys[d.types[t].label], true
	}
	if assoc < 0 {
		if index <= 0 {
			return p
		}
		index--
	}
	last := ref(0)
	for r := d.types[t].start; r != 0; r = d.items.at(r).right {
		it := d.items.at(r)
		n := int(visible(it))
		if index < n {
			p.item = d.wireID(id{it.client, it.clock + uint32(index)})
			return p
		}
		index -= n
		last = r
	}
	if assoc < 0 && last != 0 {
		p.item = d.wireID(d.items.at(last).lastID())
	}
	return p
}

func (d *Doc) wireID(i id) wireID { return wireID{d.clients[i.client].id, i.clock, true} }

// Resolve finds what type a position is in now, and at which index. It is false
// when that has not come yet, or was collected. A position next to something
// deleted is where that was; one in a deleted type is 0.
func (d *Doc) Resolve(p Position) (in Shared, index int, ok bool) {
	switch {
	case p.item.ok:
		return d.resolveUnit(p)
	case p.named:
		return d.resolveEnd(d.root([]byte(p.root), typeUnknown), p.assoc)
	case p.of.ok && d.has(p.of):
		r, _ := d.unitNow(d.local(p.of))
		if it := d.items.at(r); it.kind == kindType {
			return d.resolveEnd(it.off, p.assoc)
		}
	}
	return nil, 0, false
}

func (d *Doc) resolveEnd(t uint32, assoc int64) (Shared, int, bool) {
	if assoc < 0 {
		return d.shared(t), 0, true
	}
	return d.shared(t), int(d.types[t].length), true
}

func (d *Doc) resolveUnit(p Position) (Shared, int, bool) {
	if !d.has(p.item) {
		return nil, 0, false
	}
	r, offset := d.unitNow(d.local(p.item))
	it := d.items.at(r)
	if it.kind == kindGC {
		return nil, 0, false
	}
	index := d.unitsBefore(r)
	if visible(it) > 0 {
		index += offset
		if p.assoc < 0 {
			index++
		}
	}
	return d.shared(it.parent), int(index), true
}

// unitsBefore counts what is visible left of an item.
func (d *Doc) unitsBefore(r ref) uint32 {
	n := uint32(0)
	for r = d.items.at(r).left; r != 0; r = d.items.at(r).left {
		n += visible(d.items.at(r))
	}
	return n
}

// unitNow finds the item that holds a unit, or what undos have made of it, and
// how far inside the item it is.
func (d *Doc) unitNow(i id) (r ref, offset uint32) {
	for {
		r = d.find(i)
		it := d.items.at(r)
		offset = i.clock - it.clock
		if it.kind == kindGC || !d.isRedone(r) {
			return r, offset
		}
		i = d.redone[it.id()]
		i.clock += offset
	}
}

// The three ways in which a position is written.
const (
	positionUnit = 0
	positionRoot = 1
	positionType = 2
)

// Encode writes the position: the bytes of Y.encodeRelativePosition. Nothing is
// written for the zero Position.
func (p Position) Encode() []byte {
	var out []byte
	switch {
	case p.item.ok:
		out = p.item.append([]byte{positionUnit})
	case p.named:
		out = lib0.AppendString([]byte{positionRoot}, p.root)
	case p.of.ok:
		out = p.of.append([]byte{positionType})
	default:
		return nil
	}
	return lib0.AppendInt(out, p.assoc)
}

// DecodePosition reads what [Position.Encode] or Y.encodeRelativePosition wrote.
// What is not that ends with [ErrMalformed].
func DecodePosition(b []byte) (Position, error) {
	r := lib0.NewReader(b)
	var p Position
	switch r.Uint() {
	case positionUnit:
		p.item = readID(r)
	case positionRoot:
		p.root, p.named = r.String(), true
	case positionType:
		p.of = readID(r)
	default:
		r.Fail("unknown position")
	}
	if r.Err() == nil && r.Len() > 0 { // old clients write none
		p.assoc = r.Int()
	}
	if r.Err() == nil && r.Len() > 0 {
		r.Fail("bytes after the end")
	}
	if err := malformed(r.Err()); err != nil {
		return Position{}, err
	}
	return p, nil
}

// MarshalJSON writes the position as Y.relativePositionToJSON does, and null for
// the zero Position.
func (p Position) MarshalJSON() ([]byte, error) {
	if p == (Position{}) {
		return []byte("null"), nil
	}
	out := []byte{'{'}
	if p.of.ok {
		out = fmt.Appendf(out, `"type":{"client":%d,"clock":%d},`, p.of.client, p.of.clock)
	}
	if p.named {
		out = append(appendQuoted(append(out, `"tname":`...), p.root), ',')
	}
	if p.item.ok {
		out = fmt.Appendf(out, `"item":{"client":%d,"clock":%d},`, p.item.client, p.item.clock)
	}
	return fmt.Appendf(out, `"assoc":%d}`, p.assoc), nil
}

// positionJSON is the form in which Yjs has positions.
type positionJSON struct {
	Type  *positionID `json:"type"`
	Root  *string     `json:"tname"`
	Item  *positionID `json:"item"`
	Assoc int64       `json:"assoc"`
}

type positionID struct {
	Client uint64 `json:"client"`
	Clock  uint32 `json:"clock"`
}

func (p *positionID) id() (w wireID, err error) {
	if p == nil {
		return w, nil
	}
	if p.Client > maxClient || p.Clock > maxClock {
		return w, fmt.Errorf("%w: no such id: %d:%d", ErrMalformed, p.Client, p.Clock)
	}
	return wireID{p.Client, p.Clock, true}, nil
}

// UnmarshalJSON reads what MarshalJSON or Yjs wrote. What is not that ends with
// [ErrMalformed].
func (p *Position) UnmarshalJSON(b []byte) (err error) {
	if string(b) == "null" {
		return nil
	}
	var in positionJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return malformed(err)
	}
	out := Position{assoc: in.Assoc}
	if in.Root != nil {
		out.root, out.named = *in.Root, true
	}
	if out.of, err = in.Type.id(); err != nil {
		return err
	}
	if out.item, err = in.Item.id(); err != nil {
		return err
	}
	if !out.named && !out.of.ok && !out.item.ok {
		return fmt.Errorf("%w: a position without a place", ErrMalformed)
	}
	*p = out
	return nil
}
