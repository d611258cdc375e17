package crdt

import "github.com/soratoo/soratoo/crdt/lib0"

// IntersectUpdate returns an update with only those contents of another that
// are in inserts, and only those deletes that are in deletes, without a
// document. What is left out between other contents becomes a gap, which waits
// to be filled when the result is applied.
func IntersectUpdate(update []byte, inserts, deletes IDs) ([]byte, error) {
	var w rewriter
	pos, err := eachStruct(update, func(s *incoming) bool {
		if s.kind == kindSkip {
			return true
		}
		for part, in := range inserts.pieces(s.ids()) {
			if in {
				w.add(s.part(part))
			}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	has, err := DecodeIDs(update[pos:])
	if err != nil {
		return nil, err
	}
	return has.Intersect(deletes).append(w.finish()), nil
}

// part is the units of s in a range, which is inside it.
func (s *incoming) part(r IDRange) incoming {
	out := *s
	if r.Clock > s.clock {
		out.clip(r.Clock - s.clock)
	}
	if r.End() < s.end() {
		out.cut(r.Len)
	}
	return out
}

// cut leaves only the first n units of s, as if it had been written in two parts.
func (s *incoming) cut(n uint32) {
	s.len = n
	switch s.kind {
	case kindString:
		at, inside := utf16Cut(s.content, n)
		s.content = s.content[:at:at]
		if inside {
			s.content = append(s.content, "\uFFFD"...)
		}
	case kindAny, kindJSON:
		s.content = s.content[:elementsCut(s.kind, s.content, n)]
	}
}

// rewriter writes the structs of an update anew, as they come.
type rewriter struct {
	client   uint64
	from, at uint32 // where the block that is being written begins, and goes on
	count    uint64 // its structs; 0: none is being written
	block    []byte
	blocks   uint64
	body     []byte
}

// add writes a struct behind those before it, or into a block of its own.
func (w *rewriter) add(s incoming) {
	if w.count > 0 && (w.client != s.client || s.clock < w.at) {
		w.flush()
	}
	if w.count == 0 {
		w.client, w.from, w.at = s.client, s.clock, s.clock
	}
	if s.clock > w.at {
		w.block = lib0.AppendUint(append(w.block, kindSkip), uint64(s.clock-w.at))
		w.count++
	}
	w.block = s.append(w.block)
	w.count++
	w.at = s.end()
}

func (w *rewriter) flush() {
	w.body = lib0.AppendUint(w.body, w.count)
	w.body = lib0.AppendUint(w.body, w.client)
	w.body = lib0.AppendUint(w.body, uint64(w.from))
	w.body = append(w.body, w.block...)
	w.count, w.block = 0, w.block[:0]
	w.blocks++
}

// finish returns the update, to which its deletes are still to be appended.
func (w *rewriter) finish() []byte {
	if w.count > 0 {
		w.flush()
	}
	out := lib0.AppendUint(make([]byte, 0, len(w.body)+16), w.blocks)
	return append(out, w.body...)
}
