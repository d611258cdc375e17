package crdt

import (
	"fmt"
	"slices"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Apply integrates an update as Yjs wrote it (V1), wholly or not at all.
//
// What the document knows already is passed over. What depends on units that
// are not here yet is parked until they come: see [Doc.Parked]. An update that
// cannot be read ends with [ErrMalformed], one beyond what a document may hold
// with [ErrLimit], and then the document is as it was.
func (d *Doc) Apply(update []byte) error { return d.ApplyAs(nil, update) }

// ApplyAs is Apply with an origin, which observers see.
func (d *Doc) ApplyAs(origin any, update []byte) error {
	in := &d.in
	in.reader.Reset(update)
	var err error
	in.blocks, in.deletes, err = checkUpdate(&in.reader, in.blocks[:0])
	if err != nil {
		return err
	}
	if d.lot.size+len(update) > maxParked && d.lacks(update) {
		return fmt.Errorf("%w: %d bytes of updates wait for missing ones", ErrLimit, d.lot.size)
	}
	d.begin(origin, false)
	d.integrateBlocks(in)
	d.applyDeletes(in)
	d.unpark()
	d.end()
	d.reset()
	in.release()
	return nil
}

// lacks tells whether the update depends on units that are not here.
func (d *Doc) lacks(update []byte) bool {
	p, err := d.Preview(update)
	return err != nil || p.Missing()
}

// input is an update on its way in. A document keeps one, so that typing does
// not allocate.
type input struct {
	reader  lib0.Reader
	blocks  []block
	feeds   []feed
	stack   []errand
	deletes int // where the delete set starts
}

const (
	fewBlocks  = 4  // more are found by a table
	manyBlocks = 16 // the memory of more is given back
)

func (in *input) release() {
	in.reader.Reset(nil)
	if cap(in.blocks) > manyBlocks {
		in.blocks, in.feeds, in.stack = nil, nil, nil
	}
	clear(in.feeds[:cap(in.feeds)])
}

// feed is a block that is being integrated.
type feed struct {
	block
	index   uint32 // of the client, once it has one
	at      uint32 // clock of the next struct
	current incoming
	loaded  bool // current is read but not integrated
	busy    bool // further down the stack: waiting for another feed
	from    int  // where current stands in the update
}

// load reads the next struct; false at the end of the block.
func (f *feed) load(r *lib0.Reader) bool {
	if f.loaded {
		return true
	}
	if f.count == 0 {
		return false
	}
	f.from = f.pos
	r.Seek(f.pos)
	f.current.next(r, f.client, f.at)
	f.pos = r.Pos()
	f.at = f.current.end()
	f.count--
	f.loaded = true
	return true
}

// errand is a feed to be integrated until a unit of its client is there.
type errand struct {
	feed  int
	until uint32
}

// integrateBlocks integrates all structs whose dependencies are here or in the
// update, and parks the rest. A feed that needs a unit of another waits on a
// stack until that one has come as far.
func (d *Doc) integrateBlocks(in *input) {
	in.feeds = in.feeds[:0]
	for _, b := range in.blocks {
		in.feeds = append(in.feeds, feed{block: b, at: b.clock})
	}
	find := in.finder()
	for i := range in.feeds {
		in.stack = append(in.stack[:0], errand{i, maxClock})
		for len(in.stack) > 0 {
			top := len(in.stack) - 1
			f := &in.feeds[in.stack[top].feed]
			needs, done := d.advance(&in.reader, f, in.stack[top].until)
			if !done {
				on := find(needs.client)
				if on >= 0 && !in.feeds[on].busy && &in.feeds[on] != f && in.feeds[on].load(&in.reader) {
					f.busy = true
					in.stack = append(in.stack, errand{on, needs.clock})
					continue
				}
				d.park(&in.reader, f, needs)
			}
			f.busy = false
			in.stack = in.stack[:top]
		}
	}
}

// finder returns a function that finds the feed of a client, or -1.
func (in *input) finder() func(client uint64) int {
	feeds := in.feeds
	if len(feeds) <= fewBlocks {
		return func(client uint64) int {
			return slices.IndexFunc(feeds, func(f feed) bool { return f.client == client })
		}
	}
	// Of the blocks of one client only the first is found: however many there are,
	// they do not stand in each other's way.
	t, first := newTable(), make([]int, 0, len(feeds))
	find := func(client uint64) int {
		for s := t.first(client); ; s = t.next(s) {
			n := int(t[s])
			if n == 0 {
				return -1
			}
			if i := first[n-1]; feeds[i].client == client {
				return i
			}
		}
	}
	for i := range feeds {
		if find(feeds[i].client) < 0 {
			first = append(first, i)
			t.add(len(first), func(n uint32) uint64 { return feeds[first[n-1]].client })
		}
	}
	return find
}

// advance integrates structs of f until its end or the unit until (true), or
// until one needs a unit that is not here.
func (d *Doc) advance(r *lib0.Reader, f *feed, until uint32) (needs wireID, done bool) {
	for f.load(r) {
		s := &f.current
		if f.index == 0 {
			f.index = d.clientAt(f.client)
		}
		state := d.clients[f.index].next
		switch {
		case s.kind == kindSkip || s.end() <= state:
		case s.clock > state:
			return wireID{client: f.client, clock: s.clock - 1, ok: true}, false
		default:
			if s.clock < state {
				rest := *s // f keeps the whole struct, in case it is parked
				rest.clip(state - s.clock)
				s = &rest
			}
			if needs, ok := d.missing(s); ok {
				return needs, false
			}
			d.integrate(s)
		}
		f.loaded = false
		if s.end() > until {
			break
		}
	}
	return wireID{}, true
}

// missing returns a unit that s refers to and that is not here.
func (d *Doc) missing(s *incoming) (wireID, bool) {
	switch {
	case s.origin.ok && s.origin.client != s.client && !d.has(s.origin):
		return s.origin, true
	case s.rightOrigin.ok && s.rightOrigin.client != s.client && !d.has(s.rightOrigin):
		return s.rightOrigin, true
	case s.parent.ok && s.parent.client != s.client && !d.has(s.parent):
		return s.parent, true
	}
	return wireID{}, false
}

// applyDeletes deletes what the update's delete set names, and parks the ranges
// that are not here yet.
func (d *Doc) applyDeletes(in *input) {
	in.reader.Seek(in.deletes)
	eachDelete(&in.reader, d.deleteOrPark)
}
