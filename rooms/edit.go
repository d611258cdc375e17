package rooms

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

const (
	updateBytes   = 8 << 20  // of one update, however it is sent
	updateStructs = 64 << 10 // that one update brings
	updateDeletes = 64 << 10 // ranges that one update deletes
	updateClients = 4 << 10  // that one update has structs of
	mergeMembers  = 8        // from so many on, updates stored together are merged to be sent
)

// What members are told when the log stops answering, and when all is stored.
var (
	noticeNotSaved = []byte(`{"type":"notice","notice":"not-saved"}`)
	noticeDamaged  = []byte(`{"type":"notice","notice":"damaged"}`) // to who may restore an earlier version
	noticeSaved    = []byte(`{"type":"notice","notice":"saved"}`)
)

// held is what waits until the log has all entries up to ticket: an update to
// show, an acknowledgement, or an answer that tells of unsaved edits.
type held struct {
	ticket  uint64
	from    *Member
	receipt *receipt      // of the update of which this is a part; nil when it is whole
	update  []byte        // nil for an acknowledgement of nothing new, and an answer
	answer  *wire.Message // nil unless an answer
	at      time.Time     // of its receipt
	holding int           // its part of Room.holding
	shown   bool          // others have the update already
	stored  chan struct{} // closed then, in place of an acknowledgement; or nil
}

// edit takes an update: what the document can take of it, wholly or not at all;
// the rest waits.
func (r *Room) edit(e event) {
	if len(e.msg.Payload) > updateBytes {
		r.refuse(&offer{event: e}, fmt.Sprintf("an update has at most %d bytes", updateBytes))
		return
	}
	if crdt.Blocks(e.msg.Payload) > updateClients {
		r.expel(&offer{event: e}, fmt.Errorf("%w: %w", ErrRefused, errReplicas))
		return
	}
	r.judge(&offer{event: e})
	if e.msg.Kind == wire.SyncStep2 && !e.from.synced {
		e.from.synced = true
		r.aside.stir(e.from.Person)
	}
	r.takeAsides()
}

// judge does with an update what is due.
func (r *Room) judge(o *offer) {
	p, err := r.state.Preview(o.msg.Payload)
	switch {
	case errors.Is(err, crdt.ErrMalformed):
		r.hub.config.Metrics.updates(ResultMalformed)
		r.drop(o.from, fmt.Errorf("%w: %w", ErrMalformed, err))
	case err != nil:
		r.refuse(o, err.Error())
	case len(p.Differs) > 0:
		r.conflict(o, p)
	case !p.New():
		// What the document has may not be stored yet.
		r.hub.config.Metrics.updates(ResultKnown)
		r.hold(held{ticket: r.appended, from: o.from, receipt: o.receipt, at: o.at})
	case !o.from.Write:
		r.refuse(o, "read-only")
	case len(p.Inserts) > updateStructs || len(p.Deletes) > updateDeletes:
		r.refuse(o, "it changes too much at once")
	default:
		r.admit(o, p)
	}
}

// conflict refuses an update that repeats units with other content: somebody
// wrote under the same client id. What is stored is what everybody has.
func (r *Room) conflict(o *offer, p *crdt.Preview) {
	reason, client := ErrRefused, p.Differs[0].Client
	if r.owners.person(client) != o.from.Person && (o.msg.Kind == wire.Update || !o.from.Moderate) {
		reason = ErrForged
	}
	r.expel(o, fmt.Errorf("%w: %w as client %d", reason, errConflict, client))
}

// errConflict is why an update is refused that differs from what is stored.
var errConflict = errors.New("other content is stored for what it repeats")

// admit takes an update that brings something, as far as it may be taken now.
func (r *Room) admit(o *offer, p *crdt.Preview) {
	a, err := r.attribute(o, p)
	switch {
	case err != nil:
		r.expel(o, err)
	case p.Missing() || len(a.held) > 0:
		r.divide(o, p, &a)
	default:
		r.take(o, p, &a)
	}
}

// take integrates an update for which all is here, if it may.
func (r *Room) take(o *offer, p *crdt.Preview, a *authorship) {
	if err := r.allows(o, p, a); err != nil {
		if r.withoutCarried(o, p, a) {
			return
		}
		r.expel(o, fmt.Errorf("%w: %w", ErrRefused, err))
		return
	}
	if err := r.fits(o.from, p, a, len(o.msg.Payload)); err != nil {
		r.refuse(o, err.Error())
		return
	}
	if err := r.state.Apply(o.msg.Payload); err != nil {
		r.refuse(o, err.Error())
		return
	}
	r.record(o, p, a)
}

// allows asks the guard.
func (r *Room) allows(o *offer, p *crdt.Preview, a *authorship) error {
	guard := r.hub.config.Guard
	if guard == nil {
		return nil
	}
	relayed := map[uint64]bool{}
	for _, ids := range a.relays {
		relayed[ids.Client] = true
	}
	return guard(r.state, p, Author{o.from.JoinRequest, func(client uint64) string {
		if relayed[client] {
			return r.owners.person(client)
		}
		return o.from.Person
	}})
}

// withoutCarried has what a member brings of clients that nobody has used wait for
// whoever does, when it may not be taken as the member's own: it may be another's,
// whose line broke, too. It tells whether there is any.
func (r *Room) withoutCarried(o *offer, p *crdt.Preview, a *authorship) bool {
	if o.msg.Kind != wire.SyncStep2 || len(a.carried) == 0 || o.tries > 0 {
		return false
	}
	a.held = map[uint64]uint32{}
	for _, c := range a.carried {
		a.held[c] = r.state.Next(c)
	}
	a.carried = nil
	r.divide(o, p, a)
	return true
}

// record hands an update that is in the document to the journal.
func (r *Room) record(o *offer, p *crdt.Preview, a *authorship) {
	update := o.msg.Payload
	r.whole = nil
	r.hub.config.Metrics.updates(ResultApplied)
	r.settleOwners(o.from, a)
	r.hub.journal.add(r.slot, Entry{
		Update: update, Person: o.from.Person, At: o.at, Clients: a.clients, Carried: a.carried, Relays: a.relays,
	})
	r.appended++
	r.tail.add(len(update))
	r.stir(o.from.Person)
	if r.degraded {
		r.spread(wire.Message{Kind: wire.Update, Payload: update}, o.from)
	}
	r.hold(held{
		ticket: r.appended, from: o.from, receipt: o.receipt, update: update, at: o.at,
		holding: len(update) + entryBytes, shown: r.degraded,
	})
	if len(r.aside.offers) > 0 {
		for _, c := range p.Clients() {
			r.aside.came(c, r.state.Next(c))
		}
	}
}

// expel refuses an update and lets its author go, as what they see is not what
// everybody sees.
func (r *Room) expel(o *offer, reason error) {
	r.refuse(o, reasonOf(reason))
	r.drop(o.from, reason)
}

// reasonOf is a refusal in words for who sent it.
func reasonOf(err error) string {
	text := err.Error()
	for _, prefix := range []error{ErrRefused, ErrForged, ErrReset} {
		text = strings.TrimPrefix(text, prefix.Error()+": ")
	}
	return text
}

// refuse answers an update that is not taken. Its author's document now
// differs from everyone's.
func (r *Room) refuse(o *offer, reason string) {
	m := o.from
	r.hub.config.Metrics.updates(ResultRefused)
	payload, err := json.Marshal(struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
	}{"refused", reason})
	if err != nil {
		panic(fmt.Sprintf("rooms: encoding a refusal: %v", err))
	}
	if o.receipt != nil {
		o.receipt.refused = true
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
	if len(msg.Payload) > 1 && r.count+len(r.away.node) > 1 {
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
	stored, err := r.hub.journal.progress(r.slot)
	if err != nil {
		r.fail(fmt.Errorf("%w: %w", ErrReset, err))
		return
	}
	r.stored = stored
	for _, s := range r.hub.journal.places(r.slot) {
		r.remote.add(s)
	}
	r.watchHoles()
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
			if h.receipt.done() && h.from.in {
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
