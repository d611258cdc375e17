package rooms

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/soratoo/soratoo/crdt/awareness"
	"github.com/soratoo/soratoo/crdt/wire"
)

const (
	stateBytes  = 4 << 10         // of one state; larger ones are not shown
	stateClock  = 1 << 31         // clocks go no further: the next has to be possible
	personBytes = 64 << 10        // of states of one person that are sent at once,
	personRate  = 16 << 10        // and more in a second
	expireEvery = 5 * time.Second // silent clients are looked for
	rouseEvery  = 2 * time.Second // members may be asked to say again that they are here
	rouseMost   = 64              // members that are asked: each answers with all it knows
	personWait  = time.Second / 4 // until a person who had their share is looked at again
)

// presence is who is here and what they point at. It is never stored.
type presence struct {
	set      awareness.Set
	owners   map[uint64]*Member         // whose connection a client id is
	people   map[string]*share          // what was sent of each person's states
	changed  map[uint64]awareness.State // not sent yet
	sent     time.Time                  // when the last were
	flushAt  time.Time                  // when the next are, zero when none wait
	expireAt time.Time                  // when silence is looked for, zero when nobody is here
	roused   time.Time                  // when members were last asked
	rouseAt  time.Time                  // when they are next, zero when nobody came back
}

// interval is the time between two messages about presence: rarer the more
// members get them, as each is sent to all.
func interval(members int) time.Duration {
	switch {
	case members <= 20:
		return time.Second / 30
	case members <= 100:
		return time.Second / 15
	case members <= 500:
		return time.Second / 5
	default:
		return time.Second / 2
	}
}

// aware takes what a member says of itself. What it says of others is passed
// over: y-websocket clients repeat all they hear.
func (r *Room) aware(m *Member, update []byte) {
	states, err := awareness.Decode(update)
	if err != nil {
		r.drop(m, fmt.Errorf("%w: %w", ErrMalformed, err))
		return
	}
	if !m.in {
		return
	}
	now := time.Now()
	own := states[:0]
	for _, s := range states {
		if s.Clock < stateClock && r.owns(m, s) && stamp(&s, m) {
			own = append(own, s)
			break // a connection has one state
		}
	}
	changed := r.presence.set.Apply(own, now)
	for _, s := range changed {
		r.presence.bind(m, s.Client)
		delete(r.away.node, s.Client)
		delete(r.away.heard, s.Client)
		if _, wrote := r.owners.of[s.Client]; !wrote && s.JSON != nil {
			r.owners.claim(s.Client, m.Person)
		}
	}
	r.revive(m, own)
	r.note(changed, now)
	r.flush(now)
}

// owns tells whether m may speak for the client of s: for the one that it spoke for
// before, or a new one once that has gone. A client id belongs to who wrote as that
// client, or spoke for it first; a person who comes back on a new connection takes
// theirs along.
func (r *Room) owns(m *Member, s awareness.State) bool {
	owner := r.presence.owners[s.Client]
	if owner == m {
		return true
	}
	if len(m.clients) > 0 && r.presence.set.Has(m.clients[0]) || s.JSON == nil && owner == nil {
		return false
	}
	if owner != nil {
		return owner.Person == m.Person
	}
	w, wrote := r.owners.of[s.Client]
	if wrote && w.Carried {
		return true
	}
	person := r.owners.person(s.Client)
	return person == "" || person == m.Person
}

// bind gives a client id to m.
func (p *presence) bind(m *Member, client uint64) {
	owner := p.owners[client]
	if owner == m {
		return
	}
	if owner != nil {
		owner.clients = slices.DeleteFunc(owner.clients, func(c uint64) bool { return c == client })
	}
	if p.owners == nil {
		p.owners = map[uint64]*Member{}
	}
	for _, former := range m.clients {
		delete(p.owners, former)
	}
	p.owners[client] = m
	m.clients = []uint64{client}
}

// revive has clients that were away, and so are known as gone at a later clock
// than their own, say again that they are here: told that they are gone, they
// answer with a clock beyond that.
func (r *Room) revive(m *Member, own []awareness.State) {
	gone := r.presence.set.Behind(own)
	if len(gone) == 0 {
		return
	}
	m.rouse(gone)
}

// rouse tells a member that clients of its are gone, and asks for them.
func (m *Member) rouse(gone []awareness.State) {
	m.send(wire.Message{Kind: wire.Awareness, Payload: awareness.Append(nil, gone...)})
	m.send(wire.Message{Kind: wire.QueryAwareness})
}

// returned is called when somebody joins who may have been here before. They
// forgot the others when the line broke, but not their clocks: they take no
// notice of anybody until everybody speaks at a later clock.
func (p *presence) returned() {
	if p.rouseAt.IsZero() {
		p.rouseAt = p.roused.Add(rouseEvery)
	}
}

// rouse has everybody who is here say so again, when it is time.
func (r *Room) rouse(now time.Time) {
	p := &r.presence
	if p.rouseAt.IsZero() || now.Before(p.rouseAt) {
		return
	}
	p.roused, p.rouseAt = now, time.Time{}
	if r.count > rouseMost {
		return // they renew their states in a while by themselves
	}
	here := map[*Member][]awareness.State{}
	for _, s := range p.set.All() {
		if m := p.owners[s.Client]; m != nil {
			here[m] = append(here[m], awareness.State{Client: s.Client, Clock: s.Clock})
		}
	}
	for m, states := range here {
		m.rouse(states)
	}
	r.rouseElsewhere()
}

// stamp puts into a state who its member is. It returns false for a state that
// is too large to be shown.
func stamp(s *awareness.State, m *Member) bool {
	if s.JSON == nil {
		return true
	}
	var fields map[string]json.RawMessage
	if len(s.JSON) > stateBytes || json.Unmarshal(s.JSON, &fields) != nil {
		return false
	}
	for key, value := range map[string]string{"person": m.Person, "name": m.Name, "color": m.Color} {
		fields[key] = quote(value)
	}
	delete(fields, "guest")
	if m.Share != "" {
		fields["guest"] = json.RawMessage("true")
	}
	stamped, err := json.Marshal(fields)
	s.JSON = stamped
	return err == nil
}

func quote(s string) json.RawMessage {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("rooms: quoting %q: %v", s, err))
	}
	return quoted
}

// note has changed states sent with the next message.
func (r *Room) note(changed []awareness.State, now time.Time) {
	p := &r.presence
	if len(changed) == 0 {
		return
	}
	if p.changed == nil {
		p.changed = map[uint64]awareness.State{}
	}
	for _, s := range changed {
		p.changed[s.Client] = s
	}
	if next := p.sent.Add(interval(r.count)); p.flushAt.IsZero() || next.Before(p.flushAt) {
		p.flushAt = next
	}
	if p.expireAt.IsZero() {
		p.expireAt = now.Add(expireEvery)
	}
}

// flush sends what changed, if it is time: one message to all, also to those
// it is about, who would otherwise think that the line is dead.
func (r *Room) flush(now time.Time) {
	p := &r.presence
	if p.flushAt.IsZero() || now.Before(p.flushAt) {
		return
	}
	p.sent, p.flushAt = now, time.Time{}
	states := p.due(now)
	r.tellChanged(states)
	if len(p.changed) > 0 {
		p.flushAt = now.Add(personWait)
	}
	if len(states) == 0 {
		return
	}

	msg := wire.Message{Kind: wire.Awareness, Payload: awareness.Append(nil, states...)}
	for _, g := range r.groups {
		frame := g.encoder.Encode(msg)
		if frame == nil {
			continue
		}
		for _, m := range g.members {
			m.outbox.presence(states, frame)
			m.Sink.Wake(m)
		}
	}
}

// due takes the changed states that are sent now. Whoever has had their share by
// bytes waits, and is then shown as they are by that time.
func (p *presence) due(now time.Time) []awareness.State {
	states := make([]awareness.State, 0, len(p.changed))
	for _, s := range slices.SortedFunc(maps.Values(p.changed), func(a, b awareness.State) int { return cmp.Compare(a.Client, b.Client) }) {
		if m := p.owners[s.Client]; m != nil && s.JSON != nil && !p.shareOf(m.Person).spend(len(s.JSON), now) {
			continue
		}
		delete(p.changed, s.Client)
		states = append(states, s)
	}
	return states
}

// share is what one person's presence takes of everybody's line.
type share struct {
	spent float64
	last  time.Time
}

func (s *share) spend(bytes int, now time.Time) bool {
	spent := max(0, s.spent-now.Sub(s.last).Seconds()*personRate)
	s.last, s.spent = now, spent
	if spent+float64(bytes) > personBytes {
		return false
	}
	s.spent = spent + float64(bytes)
	return true
}

func (p *presence) shareOf(person string) *share {
	s := p.people[person]
	if s == nil {
		if p.people == nil || len(p.people) >= claims {
			p.people = map[string]*share{}
		}
		s = &share{}
		p.people[person] = s
	}
	return s
}

// sendPresence tells a member who is here.
func (r *Room) sendPresence(m *Member) {
	all := r.presence.set.All()
	if len(all) == 0 || !m.in {
		return
	}
	msg := wire.Message{Kind: wire.Awareness, Payload: awareness.Append(nil, all...)}
	if frame := m.Encoder.Encode(msg); frame != nil {
		m.outbox.presence(all, frame)
		m.Sink.Wake(m)
	}
}

// absent removes the presence of a member that left, at once.
func (r *Room) absent(m *Member) {
	now := time.Now()
	for _, c := range m.clients {
		delete(r.presence.owners, c)
	}
	r.note(r.presence.set.Remove(now, m.clients...), now)
	m.clients = nil
	if !r.presence.flushAt.IsZero() {
		r.presence.flushAt = now
		r.flush(now)
	}
}

// expire removes clients that were silent for too long.
func (r *Room) expire(now time.Time) {
	p := &r.presence
	if p.expireAt.IsZero() || now.Before(p.expireAt) {
		return
	}
	for _, s := range p.set.Expire(now) {
		if _, elsewhere := r.away.node[s.Client]; elsewhere {
			delete(r.away.node, s.Client)
			r.noteElsewhere([]awareness.State{s}, now)
		} else {
			r.note([]awareness.State{s}, now)
		}
	}
	p.expireAt = time.Time{}
	if len(p.set.All()) > 0 {
		p.expireAt = now.Add(expireEvery)
	}
}
