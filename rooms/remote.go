package rooms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

// What other nodes write to a document. Only what is stored crosses: an entry is in
// the log before the bus carries it, and the log's gapless numbers tell a room what it
// has missed. Entries that come before their predecessors are taken at once, if they do
// not build on them, as updates commute.

const (
	holeTime  = 20 * time.Millisecond // a message may be late until the log is read in its place
	againTime = time.Second           // until the log is read again after it did not answer
)

// remote is what a room knows of the log beside what it wrote itself.
type remote struct {
	position
	hole     time.Time // when the log is read for what is missing; zero when nothing is
	reading  bool
	read     chan catchUp
	stop     context.CancelFunc // of the reading
	reachEnd bool               // the log is to be read again once it was read
}

// catchUp is what the log has after a position.
type catchUp struct {
	stored Stored
	err    error
}

// readMail takes what other nodes have sent.
func (r *Room) readMail() {
	parcels, behind := r.mail.take()
	for _, p := range parcels {
		switch p.Kind {
		case parcelEntries:
			r.receiveEntries(p)
		case parcelHead:
			r.receiveHead(p)
		default:
			r.receivePresence(p)
		}
		if r.err != nil {
			return
		}
	}
	if behind {
		r.catchUp()
	}
	r.watchHoles()
	r.takeAsides()
}

// receiveHead hears how far the log is.
func (r *Room) receiveHead(p parcel) {
	switch {
	case p.Generation > r.slot.generation:
		r.fail(ErrReset)
	case p.Generation == r.slot.generation && !r.remote.has(p.First):
		r.catchUp()
	}
}

// receiveEntries takes entries that another node has stored.
func (r *Room) receiveEntries(p parcel) {
	if p.Generation != r.slot.generation {
		r.receiveHead(p)
		return
	}
	var fresh [][]byte
	for i, e := range p.Entries {
		seq := p.First + uint64(i)
		if r.remote.has(seq) {
			continue
		}
		preview, err := r.state.Preview(e.Update)
		if err == nil && preview.Missing() {
			break // the log will bring it, with what it builds on
		}
		r.owners.learn(e)
		if r.integrate(e.Update, preview, err) {
			r.stirElsewhere(e.Person)
			fresh = append(fresh, e.Update)
		}
		if r.err != nil {
			return
		}
		r.remote.add(span{seq, seq})
	}
	r.showStored(fresh)
	if last := p.First + uint64(len(p.Entries)) - 1; !r.remote.has(last) && !r.remote.holes() {
		r.remote.hole = time.Now().Add(holeTime)
	}
}

// learn takes over whose the clients are whose units an entry brings. Who was first
// stays, as in the log.
func (o *owners) learn(e Entry) {
	for _, c := range e.Clients {
		if w, known := o.of[c]; !known || w.Carried {
			o.of[c] = Writer{Person: e.Person}
		}
	}
	for _, c := range e.Carried {
		if _, known := o.of[c]; !known {
			o.of[c] = Writer{Person: e.Person, Carried: true}
		}
	}
}

// integrate takes an update that is in the log, and tells whether it brought something.
func (r *Room) integrate(update []byte, p *crdt.Preview, err error) bool {
	if err == nil && len(p.Differs) > 0 {
		// Two nodes took other words under the same ids, before they heard of each
		// other: what was first in the log holds, and replicas here may have the other.
		r.fail(fmt.Errorf("%w: two nodes took different units of client %d", ErrReset, p.Differs[0].Client))
		return false
	}
	if err == nil && !p.New() {
		return false
	}
	if err == nil {
		err = r.state.Apply(update)
	}
	if err != nil {
		// It was sound when it was stored: who loads the document will tell.
		r.hub.config.Logger.Error("a stored entry does not fit", "doc", r.doc, "err", err)
		return false
	}
	r.whole = nil
	r.tail.add(len(update))
	for _, c := range p.Clients() {
		r.aside.came(c, r.state.Next(c))
	}
	return true
}

// showStored sends updates of other nodes to all members, as one message.
func (r *Room) showStored(updates [][]byte) {
	if len(updates) > 1 {
		if merged, err := crdt.MergeUpdates(updates...); err == nil {
			updates = [][]byte{merged}
		}
	}
	for _, u := range updates {
		r.spread(wire.Message{Kind: wire.Update, Payload: u}, nil)
	}
}

// watchHoles has the log read when entries stay away that others follow.
func (r *Room) watchHoles() {
	switch {
	case !r.remote.holes() || r.remote.reading:
		r.remote.hole = time.Time{}
	case r.remote.hole.IsZero():
		r.remote.hole = time.Now().Add(holeTime)
	}
	r.reached.Store(r.remote.seq)
}

// catchUp reads what the log has after what the room has.
func (r *Room) catchUp() {
	if r.hub.config.Shared == nil {
		return
	}
	if r.remote.reading {
		r.remote.reachEnd = true
		return
	}
	r.hub.config.Metrics.catchUp()
	r.remote.reading, r.remote.reachEnd, r.remote.hole = true, false, time.Time{}
	ctx, stop := context.WithTimeout(r.hub.alive, loadTimeout)
	r.remote.stop = stop
	after := r.remote.seq
	go func() {
		defer stop()
		var c catchUp
		c.err = r.hub.safely("catching up", r.doc, func() (err error) {
			c.stored, err = r.hub.config.Shared.Since(ctx, r.doc, after)
			return err
		})
		r.remote.read <- c
	}()
}

// caughtUp takes what the log had.
func (r *Room) caughtUp(c catchUp) {
	r.remote.reading = false
	switch {
	case errors.Is(c.err, ErrCorrupt):
		r.fail(fmt.Errorf("%w: %w", ErrFailed, c.err)) // opening it anew sets aside what is damaged
		return
	case c.err != nil:
		r.hub.config.Logger.Error("log was not read", "doc", r.doc, "err", c.err)
		r.remote.hole = time.Now().Add(againTime)
		return
	case c.stored.Generation != r.slot.generation:
		r.fail(ErrReset)
		return
	}
	for client, w := range c.stored.Writers {
		if known, ok := r.owners.of[client]; !ok || known.Carried {
			r.owners.of[client] = w
		}
	}
	r.integrateStored(c.stored)
	if r.err != nil {
		return
	}
	r.remote.reach(c.stored.Seq)
	if r.remote.reachEnd {
		r.catchUp()
	}
	r.watchHoles()
	r.takeAsides()
}

// integrateStored takes what is new of it.
func (r *Room) integrateStored(s Stored) {
	var fresh [][]byte
	take := func(update []byte) bool {
		p, err := r.state.Preview(update)
		return r.integrate(update, p, err)
	}
	if s.Snapshot != nil {
		before := r.state.StateVector()
		if take(s.Snapshot) {
			if diff, err := r.state.Diff(before); err == nil { // the whole would be sent to all who have it
				fresh = append(fresh, diff)
			}
		}
	}
	first := s.Seq - uint64(len(s.Tail)) + 1
	for i, update := range s.Tail {
		if r.err == nil && !r.remote.has(first+uint64(i)) && take(update) {
			fresh = append(fresh, update)
		}
	}
	if len(fresh) > 0 {
		r.stirElsewhere("")
	}
	r.showStored(fresh)
}
