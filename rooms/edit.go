package rooms

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

const (
	updateBytes   = 1 << 20  // of one update; a SyncStep2 is limited by its frame
	documentBytes = 64 << 20 // kept in memory of one document, about
	measureBytes  = 64 << 10 // of updates between two looks at that
	mergeMembers  = 8        // from so many on, updates stored together are merged to be sent
)

// What members are told when the log stops answering, and when all is stored.
var (
	noticeNotSaved = []byte(`{"type":"notice","notice":"not-saved"}`)
	noticeSaved    = []byte(`{"type":"notice","notice":"saved"}`)
)

// held is what waits until the log has all entries up to ticket: an update to
// show, an acknowledgement, or an answer that tells of unsaved edits.
type held struct {
	ticket  uint64
	from    *Member
	update  []byte        // nil for an acknowledgement of nothing new, and an answer
	answer  *wire.Message // nil unless an answer
	at      time.Time     // of its receipt
	holding int           // its part of Room.holding
	shown   bool          // others have the update already
	stored  chan struct{} // closed then, in place of an acknowledgement; or nil
}

// edit takes an update: wholly, or not at all.
func (r *Room) edit(e event) {
	if e.msg.Kind == wire.Update && len(e.msg.Payload) > updateBytes {
		r.refuse(e.from, fmt.Sprintf("an update has at most %d bytes", updateBytes))
		return
	}
	if r.judge(e) {
		r.takeAsides()
	}
}

// judge does with an update what is due, and tells whether it was let in.
func (r *Room) judge(e event) bool {
	p, err := r.state.Preview(e.msg.Payload)
	switch {
	case errors.Is(err, crdt.ErrMalformed):
		r.hub.config.Metrics.updates(ResultMalformed)
		r.drop(e.from, fmt.Errorf("%w: %w", ErrMalformed, err))
	case err != nil:
		r.refuse(e.from, err.Error())
	case !p.New():
		// What the document has may not be stored yet.
		r.hub.config.Metrics.updates(ResultKnown)
		r.hold(held{ticket: r.appended, from: e.from, at: e.at})
	case !e.from.Write:
		r.refuse(e.from, "read-only")
	case p.Missing():
		r.setAside(e)
	case !r.fits(len(e.msg.Payload)):
		r.refuse(e.from, "the document is full")
	default:
		return r.allows(e.from, p) && r.apply(e, p)
	}
	return false
}

// allows asks the guard. Who is refused starts afresh, as what they see is not
// what everybody sees.
func (r *Room) allows(m *Member, p *crdt.Preview) bool {
	guard := r.hub.config.Guard
	if guard == nil {
		return true
	}
	err := guard(r.state, p, m.JoinRequest)
	if err != nil {
		r.refuse(m, err.Error())
		r.drop(m, fmt.Errorf("%w: %w", ErrRefused, err))
	}
	return err == nil
}

// fits tells whether the document has space for n bytes more. Measuring takes
// as long as the document has authors, so it is not done each time.
func (r *Room) fits(n int) bool {
	if r.size == 0 || r.unmeasured > measureBytes {
		r.size, r.unmeasured = r.state.Size().Bytes, 0
	}
	r.unmeasured += n
	return r.size+r.unmeasured <= documentBytes
}

// apply integrates an update and hands it to the journal. It tells whether that
// was possible.
func (r *Room) apply(e event, p *crdt.Preview) bool {
	update := e.msg.Payload
	if err := r.state.Apply(update); err != nil {
		r.refuse(e.from, err.Error())
		return false
	}
	r.record(e, update, p)
	return true
}

// record hands an update that is in the document to the journal.
func (r *Room) record(e event, update []byte, p *crdt.Preview) {
	r.whole = nil
	r.hub.config.Metrics.updates(ResultApplied)
	r.hub.journal.add(r.slot, Entry{Update: update, Person: e.from.Person, At: e.at, Clients: r.newWriters(p, e.from.Person)})
	r.appended++
	r.tail.add(len(update))
	r.stir(e.from.Person)
	if r.degraded {
		r.spread(wire.Message{Kind: wire.Update, Payload: update}, e.from)
	}
	r.hold(held{
		ticket: r.appended, from: e.from, update: update, at: e.at,
		holding: len(update) + entryBytes, shown: r.degraded,
	})
}

// refuse answers an update that is not taken. Its author's document now
// differs from everyone's.
func (r *Room) refuse(m *Member, reason string) {
	r.hub.config.Metrics.updates(ResultRefused)
	payload, err := json.Marshal(struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
	}{"refused", reason})
	if err != nil {
		panic(fmt.Sprintf("rooms: encoding a refusal: %v", err))
	}
	if !m.in {
		return
	}
	if !m.send(wire.Message{Kind: wire.SyncStatus}) || !m.send(wire.Message{Kind: wire.Stateless, Payload: payload}) {
		r.drop(m, ErrSlow)
	}
}

// answer sends what the member's state vector lacks, and asks for what ours
// does unless that was done on joining. A member that asks again before the answer
// was written gets one that is empty: the first, and the updates since, bring what
// it lacks, unless it forgot something, and then it must come back.
func (r *Room) answer(m *Member, msg wire.Message) {
	update, err := nothing, error(nil)
	if before, first := m.outbox.ask(msg.Payload); first {
		update, err = r.diff(msg.Payload)
	} else {
		err = covers(msg.Payload, before)
	}
	if errors.Is(err, ErrSlow) {
		r.drop(m, err)
		return
	}
	if err != nil {
		r.drop(m, fmt.Errorf("%w: %w", ErrMalformed, err))
		return
	}
	if len(msg.Payload) > 1 && r.count > 1 {
		r.presence.returned()
	}
	if !m.Ask && !msg.Reply {
		m.send(wire.Message{Kind: wire.SyncStep1, Payload: r.state.StateVector()})
	}
	r.hold(held{ticket: r.appended, from: m, answer: &wire.Message{Kind: wire.SyncStep2, Payload: update}})
}

// nothing is an update that brings nothing.
var nothing = []byte{0, 0}

// covers returns ErrSlow unless a replica with state vector a has all that one with
// b has.
func covers(a, b []byte) error {
	has, err := crdt.StateVectorEntries(a)
	if err != nil {
		return err
	}
	had, err := crdt.StateVectorEntries(b)
	for client, clock := range had {
		if has[client] < clock {
			return ErrSlow
		}
	}
	return err
}

// diff is what a replica with this state vector lacks. The whole state, which
// everyone asks for who comes anew, is encoded once between changes.
func (r *Room) diff(vector []byte) ([]byte, error) {
	if len(vector) != 1 || vector[0] != 0 {
		return r.state.Diff(vector)
	}
	return r.encoded(), nil
}

// hold keeps h until its ticket is stored, or lets it pass when it is.
func (r *Room) hold(h held) {
	switch {
	case h.ticket <= r.stored, h.answer != nil && r.degraded:
		r.release([]held{h})
	default:
		r.holding += h.holding
		r.held = append(r.held, h)
	}
}

// settle looks at what the journal stored and lets what waited for it pass.
func (r *Room) settle() {
	stored, seq, err := r.hub.journal.progress(r.slot)
	if err != nil {
		r.fail(fmt.Errorf("%w: %w", ErrReset, err))
		return
	}
	r.stored, r.tail.seq = stored, seq
	n := 0
	for n < len(r.held) && r.held[n].ticket <= stored {
		r.holding -= r.held[n].holding
		n++
	}
	r.release(r.held[:n])
	clear(r.held[:n])
	if r.held = r.held[n:]; len(r.held) == 0 {
		r.held = nil
	}
	if r.degraded && r.stored == r.appended {
		r.degraded = false
		r.stateless(noticeSaved)
	}
	r.compact()
}

// release shows what is stored, and acknowledges it.
func (r *Room) release(hs []held) {
	start := time.Now()
	r.show(hs)
	for _, h := range hs {
		switch {
		case h.stored != nil:
			close(h.stored)
		case h.update != nil:
			r.hub.config.Metrics.update(h.at)
			fallthrough
		case h.answer == nil:
			if h.from.in {
				h.from.acknowledge()
			}
		case h.from.in:
			if !h.from.reply(*h.answer) {
				r.drop(h.from, ErrSlow)
			}
		}
	}
	r.hub.config.Metrics.fanout(start)
}

// show sends the updates that others do not have yet.
func (r *Room) show(hs []held) {
	var updates [][]byte
	var author *Member // of all of them, or nil: an author needs what the others wrote
	for _, h := range hs {
		if h.update == nil || h.shown {
			continue
		}
		if len(updates) == 0 {
			author = h.from
		} else if author != h.from {
			author = nil
		}
		updates = append(updates, h.update)
	}
	if len(updates) > 1 && r.count >= mergeMembers {
		if merged, err := crdt.MergeUpdates(updates...); err == nil {
			r.spread(wire.Message{Kind: wire.Update, Payload: merged}, author)
			return
		}
	}
	for _, h := range hs {
		if h.update != nil && !h.shown {
			r.spread(wire.Message{Kind: wire.Update, Payload: h.update}, h.from)
		}
	}
}

// late is when the oldest edit has waited too long for the log; zero when none
// waits or the room is degraded already.
func (r *Room) late() time.Time {
	if r.degraded || r.stored == r.appended || len(r.held) == 0 {
		return time.Time{}
	}
	return r.held[0].at.Add(degradeTime)
}

// degrade shows the edits that the log does not take, and from now on shows
// each at once, without acknowledging it. Members are told.
func (r *Room) degrade() {
	r.degraded = true
	r.show(r.held)
	rest := r.held[:0]
	for _, h := range r.held {
		if h.answer != nil {
			r.release([]held{h})
			continue
		}
		h.shown = true
		rest = append(rest, h)
	}
	clear(r.held[len(rest):])
	r.held = rest
	r.stateless(noticeNotSaved)
}
