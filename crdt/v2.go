package crdt

import (
	"fmt"
	"slices"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Updates have a second version (V2) of the same content, in columns. Documents
// work on the first; these functions convert.

// ToV2 writes an update (V1) as V2, like Y.convertUpdateFormatV1ToV2.
func ToV2(update []byte) ([]byte, error) { return toV2(update, false) }

// EncodeV2 writes the whole document as an update in V2, with what is parked:
// the bytes of Y.encodeStateAsUpdateV2.
func (d *Doc) EncodeV2() []byte {
	out, err := toV2(d.Encode(), true)
	if err != nil {
		panic("crdt: the document's own encoding is malformed: " + err.Error())
	}
	return out
}

// ApplyV2 is [Doc.Apply] for an update in V2.
func (d *Doc) ApplyV2(update []byte) error {
	v1, err := FromV2(update)
	if err != nil {
		return err
	}
	return d.Apply(v1)
}

// toV2 converts. Yjs writes in the info byte that a struct has a key when it
// knows it from the document (keys), not when it only reads an update.
func toV2(update []byte, keys bool) ([]byte, error) {
	r := lib0.NewReader(update)
	blocks, deletes, err := checkUpdate(r, nil)
	if err != nil {
		return nil, err
	}
	blocks = slices.DeleteFunc(blocks, func(b block) bool { return b.count == 0 })
	w := columnWriter{rest: lib0.AppendUint(nil, uint64(len(blocks)))}
	for _, b := range blocks {
		r.Seek(b.pos)
		w.rest = lib0.AppendUint(w.rest, uint64(b.count))
		w.clients.Write(b.client)
		w.rest = lib0.AppendUint(w.rest, uint64(b.clock))
		at := b.clock
		var s incoming
		for range b.count {
			info := r.Slice(r.Pos(), r.Pos()+1)[0]
			s.next(r, b.client, at)
			at = s.end()
			keyed := s.key != nil || keys && info&infoKey != 0
			if err := w.add(&s, keyed); err != nil {
				return nil, err
			}
		}
	}
	r.Seek(deletes)
	var ranges []IDRange
	eachDelete(r, func(client uint64, clock, n uint32) { ranges = append(ranges, IDRange{client, clock, n}) })
	w.deletes(ranges)
	return w.bytes(), nil
}

// columnWriter is an update in V2 while it is written.
type columnWriter struct {
	keyClocks   lib0.DiffWriter
	clients     lib0.UintWriter
	leftClocks  lib0.DiffWriter
	rightClocks lib0.DiffWriter
	infos       lib0.ByteWriter
	strings     lib0.StringWriter
	parents     lib0.ByteWriter
	types       lib0.UintWriter
	lengths     lib0.UintWriter
	rest        []byte
	keys        uint64 // so many were written
}

func (w *columnWriter) bytes() []byte {
	out := []byte{0} // features: none yet
	for _, column := range [][]byte{
		w.keyClocks.Bytes(), w.clients.Bytes(), w.leftClocks.Bytes(), w.rightClocks.Bytes(), w.infos.Bytes(),
		w.strings.Bytes(), w.parents.Bytes(), w.types.Bytes(), w.lengths.Bytes(),
	} {
		out = lib0.AppendBytes(out, column)
	}
	return append(out, w.rest...)
}

// add writes one struct; keyed says that it is known to have a key, even if that
// is not written.
func (w *columnWriter) add(s *incoming, keyed bool) error {
	switch s.kind {
	case kindSkip:
		w.infos.Write(kindSkip)
		w.rest = lib0.AppendUint(w.rest, uint64(s.len))
		return nil
	case kindGC:
		w.infos.Write(kindGC)
		w.lengths.Write(uint64(s.len))
		return nil
	}
	info := s.kind
	if s.origin.ok {
		info |= infoOrigin
	}
	if s.rightOrigin.ok {
		info |= infoRightOrigin
	}
	if keyed {
		info |= infoKey
	}
	w.infos.Write(info)
	w.links(s)
	return w.content(s)
}

func (w *columnWriter) links(s *incoming) {
	if s.origin.ok {
		w.left(s.origin)
	}
	if s.rightOrigin.ok {
		w.clients.Write(s.rightOrigin.client)
		w.rightClocks.Write(uint64(s.rightOrigin.clock))
	}
	if s.origin.ok || s.rightOrigin.ok {
		return
	}
	if s.root != nil {
		w.parents.Write(1)
		w.strings.Write(s.root)
	} else {
		w.parents.Write(0)
		w.left(s.parent)
	}
	if s.key != nil {
		w.strings.Write(s.key)
	}
}

func (w *columnWriter) left(i wireID) {
	w.clients.Write(i.client)
	w.leftClocks.Write(uint64(i.clock))
}

// key writes a key of a format or the name of an XML element. The format has a
// table of keys, but Yjs 13 writes each key anew, and so do we.
func (w *columnWriter) key(k []byte) {
	w.keyClocks.Write(w.keys)
	w.keys++
	w.strings.Write(k)
}

func (w *columnWriter) content(s *incoming) error {
	r := lib0.NewReader(s.content)
	switch s.kind {
	case kindDeleted:
		w.lengths.Write(uint64(s.len))
	case kindString:
		w.strings.Write(s.content)
	case kindAny:
		w.lengths.Write(uint64(s.len))
		w.rest = append(w.rest, s.normal()...)
	case kindJSON:
		w.lengths.Write(uint64(s.len))
		for range s.len {
			w.strings.Write(r.Bytes())
		}
	case kindBinary:
		w.rest = append(w.rest, s.normal()...)
	case kindEmbed:
		return w.json(r.Bytes())
	case kindFormat:
		w.key(r.Bytes())
		return w.json(r.Bytes())
	case kindType:
		w.types.Write(uint64(s.typeRef))
		if s.label != nil {
			w.key(s.label)
		}
	case kindDoc:
		w.strings.Write(r.Bytes())
		w.rest = lib0.Canonical(w.rest, r)
	default:
		panic(fmt.Sprintf("crdt: content %d in a checked update", s.kind))
	}
	return nil
}

// json writes a JSON text as a value.
func (w *columnWriter) json(text []byte) error {
	v, err := parseJSON(text)
	if err != nil {
		return err
	}
	w.rest = lib0.AppendAny(w.rest, v)
	return nil
}

// deletes writes a delete set: in each client, how far each range is from the
// end of the one before.
func (w *columnWriter) deletes(ranges []IDRange) {
	groups := groupRanges(ranges)
	w.rest = lib0.AppendUint(w.rest, uint64(len(groups)))
	for _, g := range groups {
		w.rest = lib0.AppendUint(w.rest, g[0].Client)
		w.rest = lib0.AppendUint(w.rest, uint64(len(g)))
		end := uint32(0)
		for _, r := range g {
			w.rest = lib0.AppendUint(w.rest, uint64(r.Clock-end))
			w.rest = lib0.AppendUint(w.rest, uint64(r.Len-1))
			end = r.End()
		}
	}
}

// groupRanges divides ranges by client, the highest first, and joins those that
// overlap; those that only touch stay apart, as Yjs leaves them.
func groupRanges(ranges []IDRange) (groups [][]IDRange) {
	slices.SortStableFunc(ranges, IDRange.order)
	for _, r := range ranges {
		n := len(groups)
		if n == 0 || groups[n-1][0].Client != r.Client {
			groups = append(groups, []IDRange{r})
			continue
		}
		last := &groups[n-1][len(groups[n-1])-1]
		if r.Clock < last.End() {
			last.Len = max(last.End(), r.End()) - last.Clock
			continue
		}
		groups[n-1] = append(groups[n-1], r)
	}
	return groups
}
