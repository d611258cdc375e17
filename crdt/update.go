package crdt

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Verify reads a whole update and returns the first defect, wrapping
// [ErrMalformed], or nil.
func Verify(update []byte) error {
	_, _, err := checkUpdate(lib0.NewReader(update), nil)
	return err
}

// MergeUpdates joins updates into one with the same effect, without a document.
// What several of them hold is written once; where units between them are
// missing, the result says so. With no updates it returns an empty one. The
// cost is that of sorting their structs.
func MergeUpdates(updates ...[]byte) ([]byte, error) {
	if len(updates) == 1 { // as it is, like Yjs
		return slices.Clone(updates[0]), Verify(updates[0])
	}
	var m merger
	for i, u := range updates {
		if err := m.add(u); err != nil {
			return nil, fmt.Errorf("update %d: %w", i, err)
		}
	}
	return m.finish(), nil
}

// mergerOf takes updates that were checked when they came in.
func mergerOf(updates [][]byte) *merger {
	m := &merger{}
	for _, u := range updates {
		if err := m.add(u); err != nil {
			panic("crdt: a parked update is malformed: " + err.Error())
		}
	}
	return m
}

// merger collects the structs of updates, to write them in order.
type merger struct {
	structs []located
	deletes []wireRange
}

// located is a struct that stands in an update.
type located struct {
	client     uint64
	clock, end uint32
	kind       uint8
	foreign    bool
	bytes      []byte
}

// wireRange is a range of a delete set as updates write it.
type wireRange struct {
	client     uint64
	clock, len uint32
}

func (m *merger) add(update []byte) error {
	r := lib0.NewReader(update)
	blocks := r.Count(3)
	var s incoming
	for range blocks {
		b := blockHeader(r)
		at := b.clock
		for range b.count {
			start := r.Pos()
			s.next(r, b.client, at)
			if r.Err() != nil {
				return malformed(r.Err())
			}
			at = s.end()
			if s.kind != kindSkip {
				m.structs = append(m.structs, located{b.client, s.clock, at, s.kind, s.foreign, r.Slice(start, r.Pos())})
			}
		}
	}
	eachDelete(r, func(client uint64, clock, n uint32) {
		m.deletes = append(m.deletes, wireRange{client, clock, n})
	})
	if r.Err() == nil && r.Len() != 0 {
		r.Fail("bytes after the end")
	}
	return malformed(r.Err())
}

func (m *merger) finish() []byte {
	// Stable: of two structs at one clock, that of the earlier update is taken.
	slices.SortStableFunc(m.structs, func(a, b located) int {
		if a.client != b.client {
			return cmp.Compare(b.client, a.client)
		}
		return cmp.Compare(a.clock, b.clock)
	})
	var body []byte
	clients := 0
	for rest := m.structs; len(rest) > 0; clients++ {
		n := 1
		for n < len(rest) && rest[n].client == rest[0].client {
			n++
		}
		body = appendMerged(body, rest[:n])
		rest = rest[n:]
	}
	out := append(lib0.AppendUint(make([]byte, 0, len(body)+16), uint64(clients)), body...)
	return appendWireDeletes(out, m.deletes)
}

// appendMerged writes the structs of one client, sorted by clock, each unit once.
func appendMerged(dst []byte, structs []located) []byte {
	var body []byte
	count, end := 0, structs[0].clock
	for i := range structs {
		l := &structs[i]
		if i > 0 && l.end <= end {
			continue
		}
		if l.clock > end {
			body = lib0.AppendUint(append(body, kindSkip), uint64(l.clock-end))
			count++
			end = l.clock
		}
		if l.clock < end || l.foreign {
			s := l.read()
			if l.clock < end {
				s.clip(end - l.clock)
			}
			body = s.append(body)
		} else {
			body = append(append(body, l.info()), l.bytes[1:]...)
		}
		count++
		end = l.end
	}
	dst = lib0.AppendUint(dst, uint64(count))
	dst = lib0.AppendUint(dst, structs[0].client)
	dst = lib0.AppendUint(dst, uint64(structs[0].clock))
	return append(dst, body...)
}

// info is the first byte of a struct as Yjs writes it without a document: a key
// that is the neighbour's is not known, and so not announced.
func (l *located) info() byte {
	info := l.bytes[0]
	switch {
	case l.kind == kindGC:
		return kindGC
	case info&(infoOrigin|infoRightOrigin) != 0:
		return info &^ infoKey
	default:
		return info
	}
}

func (l *located) read() incoming {
	var s incoming
	s.next(lib0.NewReader(l.bytes), l.client, l.clock)
	return s
}

// append writes s as an update does. Only a key that s itself names is announced.
func (s *incoming) append(dst []byte) []byte {
	if s.kind == kindGC || s.kind == kindSkip {
		return lib0.AppendUint(append(dst, s.kind), uint64(s.len))
	}
	info := s.kind
	if s.origin.ok {
		info |= infoOrigin
	}
	if s.rightOrigin.ok {
		info |= infoRightOrigin
	}
	if s.key != nil {
		info |= infoKey
	}
	dst = append(dst, info)
	if s.origin.ok {
		dst = s.origin.append(dst)
	}
	if s.rightOrigin.ok {
		dst = s.rightOrigin.append(dst)
	}
	switch {
	case s.origin.ok || s.rightOrigin.ok:
	case s.root != nil:
		dst = lib0.AppendBytes(append(dst, 1), s.root)
	default:
		dst = s.parent.append(append(dst, 0))
	}
	if s.key != nil {
		dst = lib0.AppendBytes(dst, s.key)
	}
	return s.appendContent(dst)
}

func (s *incoming) appendContent(dst []byte) []byte {
	switch s.kind {
	case kindDeleted:
		return lib0.AppendUint(dst, uint64(s.len))
	case kindString:
		return lib0.AppendBytes(dst, s.content)
	case kindJSON, kindAny:
		return append(lib0.AppendUint(dst, uint64(s.len)), s.normal()...)
	case kindType:
		dst = lib0.AppendUint(dst, uint64(s.typeRef))
		if s.typeRef == typeElement || s.typeRef == typeHook {
			dst = lib0.AppendBytes(dst, s.label)
		}
		return dst
	default:
		return append(dst, s.normal()...)
	}
}

func (w wireID) append(dst []byte) []byte {
	return lib0.AppendUint(lib0.AppendUint(dst, w.client), uint64(w.clock))
}

// appendWireDeletes writes ranges as a delete set, sorted and joined.
func appendWireDeletes(dst []byte, ranges []wireRange) []byte {
	slices.SortFunc(ranges, func(a, b wireRange) int {
		if a.client != b.client {
			return cmp.Compare(b.client, a.client)
		}
		return cmp.Compare(a.clock, b.clock)
	})
	var joined []wireRange
	clients := uint64(0)
	for _, r := range ranges {
		if n := len(joined); n > 0 && joined[n-1].client == r.client {
			if last := &joined[n-1]; r.clock <= last.clock+last.len {
				last.len = max(last.len, r.clock+r.len-last.clock)
				continue
			}
		} else {
			clients++
		}
		joined = append(joined, r)
	}
	dst = lib0.AppendUint(dst, clients)
	for len(joined) > 0 {
		n := 1
		for n < len(joined) && joined[n].client == joined[0].client {
			n++
		}
		dst = lib0.AppendUint(dst, joined[0].client)
		dst = lib0.AppendUint(dst, uint64(n))
		for _, r := range joined[:n] {
			dst = lib0.AppendUint(dst, uint64(r.clock))
			dst = lib0.AppendUint(dst, uint64(r.len))
		}
		joined = joined[n:]
	}
	return dst
}

// readStateVector decodes a state vector.
func readStateVector(b []byte) (map[uint64]uint32, error) {
	r := lib0.NewReader(b)
	n := r.Count(2)
	has := make(map[uint64]uint32, min(n, 1024))
	for range n {
		client := clientID(r)
		at := clock(r)
		if r.Err() != nil {
			break
		}
		has[client] = at
	}
	if r.Err() == nil && r.Len() != 0 {
		r.Fail("bytes after the end")
	}
	return has, malformed(r.Err())
}

// DiffUpdate returns what update holds beyond a state vector, without a
// document; its deletes stay whole.
func DiffUpdate(update, stateVector []byte) ([]byte, error) {
	has, err := readStateVector(stateVector)
	if err != nil {
		return nil, fmt.Errorf("state vector: %w", err)
	}
	var m merger
	if err := m.add(update); err != nil {
		return nil, err
	}
	m.skip(has)
	return m.finish(), nil
}

// skip drops the units that a state vector has.
func (m *merger) skip(has map[uint64]uint32) {
	kept := m.structs[:0]
	for _, l := range m.structs {
		from := has[l.client]
		if l.end <= from {
			continue
		}
		if l.clock < from {
			s := l.read()
			s.clip(from - l.clock)
			l.clock, l.bytes, l.foreign = from, s.append(nil), false
		}
		kept = append(kept, l)
	}
	m.structs = kept
}

// StateVectorFromUpdate returns the state vector of a document that would hold
// just this update: for each client that begins at clock 0, the clock after
// its last unit without a gap.
func StateVectorFromUpdate(update []byte) ([]byte, error) {
	var m merger
	if err := m.add(update); err != nil {
		return nil, err
	}
	var body []byte
	clients := uint64(0)
	for rest := m.structs; len(rest) > 0; {
		client, next := rest[0].client, uint32(0)
		for len(rest) > 0 && rest[0].client == client {
			if rest[0].clock == next {
				next = rest[0].end
			}
			rest = rest[1:]
		}
		if next > 0 {
			clients++
			body = lib0.AppendUint(lib0.AppendUint(body, client), uint64(next))
		}
	}
	return append(lib0.AppendUint(nil, clients), body...), nil
}
