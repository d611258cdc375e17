package rooms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/crdt"
)

const (
	tailEntries    = 500              // entries after the snapshot before there is a new one,
	tailShare      = 1 << 10          // and one more for so many bytes of that snapshot
	tailBytes      = 256 << 10        // or bytes of them, or half the snapshot's
	compactTimeout = 30 * time.Second // the log may take for a snapshot
)

// tail is what was appended after the last snapshot.
type tail struct {
	entries  int
	bytes    int
	snapshot int // bytes of the snapshot
	busy     bool
	done     chan error // the snapshot under way is stored, or not
	taken    tailMark   // what the snapshot under way holds
}

// tailMark is a length of the tail.
type tailMark struct{ entries, bytes, snapshot int }

func (t *tail) add(bytes int) {
	t.entries++
	t.bytes += bytes
}

// long tells whether the tail should become part of a snapshot.
func (t *tail) long() bool {
	return t.entries > tailEntries+t.snapshot/tailShare || t.bytes > max(tailBytes, t.snapshot/2)
}

// load reads the document. Until it has, the room serves nobody; if it cannot,
// the room ends, and nothing was stored.
func (r *Room) load() {
	r.tail.done = make(chan error, 1)
	ctx, cancel := context.WithTimeout(r.hub.alive, loadTimeout)
	defer cancel()
	stored, err := r.hub.config.Log.Load(ctx, r.doc)
	if err != nil {
		r.fail(fmt.Errorf("opening %s: %w", r.doc, err))
		return
	}
	state := crdt.New(crdt.Options{})
	if stored.Snapshot != nil {
		err = state.Apply(stored.Snapshot)
	}
	if err == nil && stored.Former != nil {
		r.former, err = crdt.StateVectorEntries(stored.Former)
	}
	if err != nil {
		r.fail(fmt.Errorf("opening %s: %w: %w", r.doc, ErrCorrupt, err))
		return
	}
	r.mend(state, &stored)
	r.state, r.slot, r.owners.of = state, newSlot(r.doc, stored), stored.Writers
	if r.owners.of == nil {
		r.owners.of = map[uint64]Writer{}
	}
	r.tail.snapshot = len(stored.Snapshot)
	r.remote.seq = stored.Seq
	r.reached.Store(stored.Seq)
	r.generation.Store(stored.Generation)
	r.idle = time.Now().Add(idleTimeout)
}

// mend applies the entries after the snapshot. One that does not fit any more, as
// it builds on what was damaged, is left out and told.
func (r *Room) mend(state *crdt.Doc, stored *Stored) {
	first := stored.Seq - uint64(len(stored.Tail))
	for i, update := range stored.Tail {
		if err := state.Apply(update); err != nil {
			stored.Damage = append(stored.Damage, Damage{Kind: "unfit entry", Seq: first + uint64(i) + 1})
			r.hub.config.Logger.Error("a stored entry does not fit", "doc", r.doc, "err", err)
		}
		r.tail.add(len(update))
	}
	for _, d := range stored.Damage {
		r.hub.config.Logger.Error("a stored document is damaged", "doc", r.doc, "kind", d.Kind, "seq", d.Seq)
	}
	r.hub.config.Metrics.damaged(len(stored.Damage))
	r.damaged = len(stored.Damage) > 0
}

// compact has a snapshot stored when the tail is long. The room goes on
// meanwhile: the snapshot may hold edits that are not stored, as they will be.
func (r *Room) compact() {
	if r.tail.busy || !r.tail.long() {
		return
	}
	snapshot := r.snapshot()
	r.tail.busy = true
	r.tail.taken = tailMark{r.tail.entries, r.tail.bytes, len(snapshot.State)}
	go func() { r.tail.done <- r.hub.compact(snapshot) }()
}

// snapshot is the document as of the last stored entry, or later.
func (r *Room) snapshot() Snapshot {
	return Snapshot{Doc: r.doc, Generation: r.slot.generation, Seq: r.remote.seq, State: r.encoded()}
}

// compacted notes how storing a snapshot ended. Without it the tail is just
// longer; it is tried again when the tail has grown.
func (r *Room) compacted(err error) {
	r.tail.busy = false
	switch {
	case errors.Is(err, ErrGeneration):
		r.fail(fmt.Errorf("%w: %w", ErrReset, err))
	case err != nil:
		r.hub.config.Logger.Error("snapshot was not stored", "doc", r.doc, "err", err)
		r.tail.entries, r.tail.bytes = 0, 0
	default:
		r.tail.entries -= r.tail.taken.entries
		r.tail.bytes -= r.tail.taken.bytes
		r.tail.snapshot = r.tail.taken.snapshot
	}
}

// compactLast stores a snapshot of a room that ends for want of members. If
// that fails the tail is longer when the document is opened, no more.
func (r *Room) compactLast() {
	if r.tail.entries == 0 {
		return
	}
	if err := r.hub.compact(r.snapshot()); err != nil {
		r.hub.config.Logger.Error("snapshot was not stored", "doc", r.doc, "err", err)
	}
}

// compact stores a snapshot, one at a time on this node.
func (h *Hub) compact(s Snapshot) error {
	select {
	case h.compacting <- struct{}{}:
		defer func() { <-h.compacting }()
	case <-h.alive.Done():
		return context.Cause(h.alive)
	}
	ctx, cancel := context.WithTimeout(h.alive, compactTimeout)
	defer cancel()
	return h.safely("compaction", s.Doc, func() error { return h.config.Log.Compact(ctx, s) })
}
