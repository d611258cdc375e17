package rooms

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

const (
	inboxSize   = 16                     // messages that wait for the room before its members' sockets do
	idleTimeout = 30 * time.Second       // an empty room stays open, for who comes back
	loadTimeout = 20 * time.Second       // the log may take to answer when a room opens
	degradeTime = 250 * time.Millisecond // the log may take before edits are shown unsaved
	roomBytes   = 8 << 20                // edits a room holds that are not stored
	nodeBytes   = 256 << 20              // the same, all rooms
	entryBytes  = 256                    // what holding an edit costs beside its bytes
)

// Room is a document and who is in it. Its goroutine, run, owns everything but
// the channels.
type Room struct {
	hub *Hub
	doc string

	joins      chan join
	leaves     chan *Member
	inbox      chan event
	calls      chan func()
	orders     orders
	mail       mailbox
	gone       chan struct{} // closed when the room is over and its document stored
	members    atomic.Int64  // how many there are, for who asks
	reached    atomic.Uint64 // how far in the log the room is, for who sweeps
	generation atomic.Uint64 // and of which generation
	err        error         // why; readable after gone, nil when it was just empty

	state    *crdt.Doc
	whole    []byte // the encoded state, nil when it changed since
	measured measured
	groups   []*group
	count    int // members
	slot     *slot
	appended uint64 // entries given to the journal
	stored   uint64 // entries that the log has
	holding  int    // bytes of what is not stored
	held     []held
	aside    aside // updates that wait for others
	degraded bool
	damaged  bool // something of the document was lost on our disk
	closing  bool // the node goes down
	presence presence
	remote   remote
	away     away
	tail     tail
	owners   owners            // whose clients are
	former   map[uint64]uint32 // how far clients wrote before the document was reset
	rest     rest

	timer *time.Timer
	alarm time.Time // when the timer fires
	idle  time.Time // when the empty room ends; zero while it has members
}

// join is a request to be let in; joined is closed when member is.
type join struct {
	member *Member
	joined chan struct{}
}

// group is the members with equal encoders.
type group struct {
	encoder Encoder
	members []*Member
}

func newRoom(h *Hub, doc string) *Room {
	return &Room{
		hub: h, doc: doc,
		joins: make(chan join), leaves: make(chan *Member), calls: make(chan func()),
		inbox: make(chan event, inboxSize), gone: make(chan struct{}),
		orders: orders{wake: make(chan struct{}, 1)},
		mail:   mailbox{wake: make(chan struct{}, 1)}, remote: remote{read: make(chan catchUp, 1)},
	}
}

// do has the room's goroutine call fn, unless the room is gone.
func (r *Room) do(fn func()) {
	select {
	case r.calls <- fn:
	case <-r.gone:
	}
}

// reason is why members of a room that is gone are out.
func (r *Room) reason() error {
	if r.err != nil {
		return r.err
	}
	return ErrFailed // it had no members when it ended
}

// run is the room's life: load, serve, store, end.
func (r *Room) run() {
	r.hub.config.Metrics.rooms(1)
	defer r.hub.config.Metrics.rooms(-1)
	r.timer = time.NewTimer(time.Hour)
	defer r.timer.Stop()
	r.guard(r.load)
	for r.err == nil && !r.over() {
		r.guard(r.step)
	}
	r.end()
}

// guard calls fn. A panic there ends this room, and no other.
func (r *Room) guard(fn func()) {
	defer func() {
		if p := recover(); p != nil {
			r.hub.config.Metrics.panicked()
			r.hub.config.Logger.Error("room panicked", "doc", r.doc, "panic", p, "stack", string(debug.Stack()))
			r.fail(fmt.Errorf("%w: panic: %v", ErrFailed, p))
		}
	}()
	fn()
}

// fail ends the room for this reason, once the present step is done.
func (r *Room) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// over tells whether the room may end: everyone left long ago, or the node
// goes down and all is stored.
func (r *Room) over() bool {
	return !r.busy() && (r.closing || !r.idle.IsZero() && !time.Now().Before(r.idle))
}

// busy tells whether something of the room is still on its way to the log.
func (r *Room) busy() bool { return r.stored < r.appended || r.tail.busy }

// step waits for one thing to happen and does what follows from it.
func (r *Room) step() {
	r.arm()
	inbox := r.inbox
	if r.full() {
		inbox = nil // members wait, and their sockets with them
	}
	closing := r.hub.closing
	if r.closing {
		closing, inbox = nil, nil
	}
	select {
	case e := <-inbox:
		r.receive(e)
	case <-r.slot.wake:
		r.settle()
	case j := <-r.joins:
		r.join(j)
	case m := <-r.leaves:
		r.leave(m)
		r.takeAsides()
	case fn := <-r.calls:
		fn()
	case <-r.orders.wake:
		r.obey()
	case <-r.mail.wake:
		r.readMail()
	case c := <-r.remote.read:
		r.caughtUp(c)
	case <-r.timer.C:
		r.alarm = time.Time{}
		r.due(time.Now())
	case err := <-r.tail.done:
		r.compacted(err)
	case <-closing:
		r.close()
	case <-r.hub.alive.Done():
		r.fail(context.Cause(r.hub.alive))
	}
}

// full tells whether the room holds as much as it may without the log.
func (r *Room) full() bool {
	return r.holding > roomBytes || r.stored < r.appended && r.degraded && r.hub.journal.full()
}

// arm sets the timer to the next thing that is due, if it is before the alarm
// that is set already; an early alarm does no harm.
func (r *Room) arm() {
	var next time.Time
	if !r.busy() {
		next = r.idle
	}
	for _, t := range [...]time.Time{r.late(), r.rest.at, r.aside.next, r.presence.flushAt, r.presence.expireAt, r.presence.rouseAt, r.remote.hole} {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if next.IsZero() || !r.alarm.IsZero() && !next.Before(r.alarm) {
		return
	}
	r.alarm = next
	r.timer.Reset(time.Until(next))
}

// due does what the time asks for.
func (r *Room) due(now time.Time) {
	if t := r.late(); !t.IsZero() && !now.Before(t) {
		r.degrade()
	}
	if t := r.rest.at; !t.IsZero() && !now.Before(t) {
		r.settleDown()
	}
	if t := r.remote.hole; !t.IsZero() && !now.Before(t) {
		r.catchUp()
	}
	r.expireAsides(now)
	r.takeAsides()
	r.expire(now)
	r.flush(now)
	r.rouse(now)
}

// receive takes one message of a member.
func (r *Room) receive(e event) {
	switch e.msg.Kind {
	case wire.SyncStep1:
		r.answer(e.from, e.msg)
	case wire.SyncStep2, wire.Update:
		r.edit(e)
	case wire.Awareness:
		r.aware(e.from, e.msg.Payload)
	case wire.QueryAwareness:
		r.sendPresence(e.from)
	}
}

// join lets a member in and greets it.
func (r *Room) join(j join) {
	m := j.member
	r.idle = time.Time{}
	r.count++
	r.members.Add(1)
	m.in = true
	g := r.group(m.Encoder)
	g.members = append(g.members, m)
	defer close(j.joined)

	m.push(m.Greeting, nil)
	if m.Ask {
		m.send(wire.Message{Kind: wire.SyncStep1, Payload: r.state.StateVector()})
	}
	if r.degraded {
		m.send(wire.Message{Kind: wire.Stateless, Payload: noticeNotSaved})
	}
	if r.damaged && m.Moderate {
		m.send(wire.Message{Kind: wire.Stateless, Payload: noticeDamaged})
	}
	r.sendPresence(m)
}

// group returns the group of members with this encoder.
func (r *Room) group(e Encoder) *group {
	for _, g := range r.groups {
		if g.encoder == e {
			return g
		}
	}
	g := &group{encoder: e}
	r.groups = append(r.groups, g)
	return g
}

// leave takes a member out, if it is still in.
func (r *Room) leave(m *Member) {
	if !m.in {
		return
	}
	m.in = false
	m.outbox.close()
	r.count--
	r.members.Add(-1)
	for i, g := range r.groups {
		if g.encoder != m.Encoder {
			continue
		}
		g.remove(m)
		if len(g.members) == 0 {
			r.groups = append(r.groups[:i], r.groups[i+1:]...)
		}
		break
	}
	r.absent(m)
	r.dropAsides(m)
	r.aside.stir(m.Person)
	if r.count == 0 {
		r.idle = time.Now().Add(idleTimeout)
	}
}

// remove takes m out of the group.
func (g *group) remove(m *Member) {
	for i := range g.members {
		if g.members[i] == m {
			last := len(g.members) - 1
			g.members[i], g.members[last] = g.members[last], nil
			g.members = g.members[:last]
			return
		}
	}
}

// drop lets a member go, for this reason. It can still take what waits for it,
// unless that is too much.
func (r *Room) drop(m *Member, reason error) {
	if !m.in {
		return
	}
	if errors.Is(reason, ErrSlow) {
		m.outbox.discard()
	}
	r.leave(m)
	_ = r.hub.safely("a member's end", r.doc, func() error { // it is logged, and the member is out
		m.Sink.End(m, reason)
		return nil
	})
}

// dropAll lets all members go.
func (r *Room) dropAll(reason error) {
	for _, m := range r.everyone() {
		r.drop(m, reason)
	}
}

// everyone lists the members; it is safe to let them go while going over it.
func (r *Room) everyone() []*Member {
	all := make([]*Member, 0, r.count)
	for _, g := range r.groups {
		all = append(all, g.members...)
	}
	return all
}

// stateless sends a message of ours to everyone.
func (r *Room) stateless(payload []byte) {
	r.spread(wire.Message{Kind: wire.Stateless, Payload: payload}, nil)
}

// spread sends a message to everyone but one member, who may be nil. It is
// encoded once a group. Who is too far behind is let go.
func (r *Room) spread(msg wire.Message, except *Member) {
	var update []byte
	if msg.Kind == wire.Update {
		update = msg.Payload
	}
	var slow []*Member
	for _, g := range r.groups {
		var frame []byte
		for _, m := range g.members {
			if m == except {
				continue
			}
			if frame == nil {
				if frame = g.encoder.Encode(msg); frame == nil {
					break
				}
			}
			if !m.push(frame, update) {
				slow = append(slow, m)
			}
		}
	}
	for _, m := range slow {
		r.drop(m, ErrSlow)
	}
}

// close begins the end of the room as the node goes down: what its members
// sent before is taken, and the room ends when all of it is stored.
func (r *Room) close() {
	for r.err == nil {
		select {
		case e := <-r.inbox:
			r.receive(e)
		default:
			r.closing = true
			return
		}
	}
}

// end is the room's last act. Nobody opens the document anew before the
// journal is done with it.
func (r *Room) end() {
	reason := r.err
	if r.closing && reason == nil {
		reason = ErrRestart
	}
	if reason != nil {
		r.dropAll(reason)
		if !errors.Is(reason, ErrRestart) && !errors.Is(reason, ErrReset) {
			r.hub.config.Logger.Error("room ended", "doc", r.doc, "err", reason)
		}
	} else {
		r.guard(r.compactLast)
	}
	if reason == nil || errors.Is(reason, ErrRestart) {
		r.guard(r.settleDown)
	}
	r.finish()
	if r.remote.reading {
		r.remote.stop()
		<-r.remote.read
	}
	if r.tail.busy {
		r.compacted(<-r.tail.done)
	}
	r.err = reason
	r.hub.remove(r)
	close(r.gone)
}

// finish waits until the journal has stored what the room gave it, or the log
// refused that, or there is no more time.
func (r *Room) finish() {
	for r.slot != nil && r.hub.alive.Err() == nil {
		stored, err := r.hub.journal.progress(r.slot)
		if stored == r.appended || err != nil {
			return
		}
		select {
		case <-r.slot.wake:
		case <-r.hub.alive.Done():
		}
	}
}
