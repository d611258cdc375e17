package crdt

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Needs are units that the update depends on and that neither the document nor
// the update has: one of each client, the last. It is empty unless Missing.
func (p *Preview) Needs() []ID {
	last := map[uint64]uint32{}
	need := func(w wireID) { last[w.client] = max(last[w.client], w.clock) }
	v := p.viewer
	for i := range v.structs {
		for _, w := range v.structs[i].needs(v.doc) {
			if w.ok && !v.doc.has(w) && v.holder(w) < 0 {
				need(w)
			}
		}
	}
	eachDelete(lib0.NewReader(v.deletes), func(client uint64, clock, n uint32) {
		if end := clock + n; end > max(v.doc.state(client), v.end[client]) {
			need(wireID{client, end - 1, true})
		}
	})
	var ids []ID
	for client, clock := range last {
		ids = append(ids, ID{client, clock})
	}
	slices.SortFunc(ids, func(a, b ID) int { return cmp.Compare(a.Client, b.Client) })
	return ids
}

// needs are the units that have to be here before s is, at best the one before
// it and those it refers to.
func (s *incoming) needs(d *Doc) [4]wireID {
	refs := [4]wireID{s.origin, s.rightOrigin, s.parent}
	if s.clock > d.state(s.client) {
		refs[3] = wireID{s.client, s.clock - 1, true}
	}
	return refs
}

// Divide writes the update as two: what the document can take now, and the rest,
// which depends on units that are not here, or on what hold keeps back. Nil for a
// part in which there is nothing. What the document has already is in neither.
func (p *Preview) Divide(hold func(PreviewInsert) bool) (now, rest []byte) {
	v := p.viewer
	ready := v.ready(func(i int) bool { return hold != nil && hold(p.Inserts[i]) })
	var parts [2]rewriter
	var deletes [2][]wireRange
	end := map[uint64]uint32{}
	for i := range v.structs {
		s := v.structs[i]
		if ready[i] {
			parts[0].add(s)
			end[s.client] = max(end[s.client], s.end())
		} else {
			parts[1].add(s)
		}
	}
	eachDelete(lib0.NewReader(v.deletes), func(client uint64, clock, n uint32) {
		here := min(max(v.doc.state(client), end[client], clock), clock+n)
		if here > clock {
			deletes[0] = append(deletes[0], wireRange{client, clock, here - clock})
		}
		if clock+n > here {
			deletes[1] = append(deletes[1], wireRange{client, here, clock + n - here})
		}
	})
	var out [2][]byte
	for i := range out {
		if parts[i].count > 0 || parts[i].blocks > 0 || len(deletes[i]) > 0 {
			out[i] = appendWireDeletes(parts[i].finish(), deletes[i])
		}
	}
	return out[0], out[1]
}

// ready tells of each struct whether it and all that it depends on can be
// integrated now. What depends on itself, by way of others, never can.
func (v *viewer) ready(held func(i int) bool) []bool {
	const never = 1 << 30
	ready := make([]bool, len(v.structs))
	waits := make([]int, len(v.structs))      // for so many others of the update
	before := make(map[int][]int, len(waits)) // by struct: those that wait for it
	var next []int
	for i := range v.structs {
		blocked := held(i)
		for _, w := range v.structs[i].needs(v.doc) {
			if !w.ok || v.doc.has(w) {
				continue
			}
			on := v.holder(w)
			blocked = blocked || on < 0
			if on >= 0 {
				waits[i]++
				before[on] = append(before[on], i)
			}
		}
		if blocked {
			waits[i] = never
		} else if waits[i] == 0 {
			next = append(next, i)
		}
	}
	for len(next) > 0 {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		ready[i] = true
		for _, after := range before[i] {
			if waits[after]--; waits[after] == 0 {
				next = append(next, after)
			}
		}
	}
	return ready
}

// Clients are those of whose units the update brings new ones.
func (p *Preview) Clients() []uint64 {
	return slices.Sorted(maps.Keys(p.viewer.brought))
}

// Next is the clock that the next unit of a client has, as far as the document
// knows.
func (d *Doc) Next(client uint64) uint32 { return d.state(client) }

// ClientBytes yields of each client about how many bytes of memory its structs
// take, in time proportional to the document.
func (d *Doc) ClientBytes() iter.Seq2[uint64, int] {
	return func(yield func(uint64, int) bool) {
		for c := 1; c < len(d.clients); c++ {
			bytes := d.clients[c].spans.memory()
			for _, chunk := range d.clients[c].spans.chunks {
				for _, s := range chunk {
					bytes += itemBytes + room(d.items.at(s.item))
				}
			}
			if !yield(d.clients[c].id, bytes) {
				return
			}
		}
	}
}
