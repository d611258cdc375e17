package rooms

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

// What waits in a room for units that it builds on, or for the owner of what it
// relays. It is looked at again when what it waits for comes.
const (
	asideTime        = 60 * time.Second
	asideMemberBytes = 1 << 20 // of one member
	asideRoomBytes   = 8 << 20 // of all
	asideCost        = 512     // what waiting takes beside the bytes
	asideTries       = 32      // an update is looked at so many times
)

// Why what waited for too long is refused.
var (
	errNotHere   = errors.New("it builds on edits that did not come")
	errNotTheirs = errors.New("it is in the name of another, who did not bring it")
)

// offer is an update, or what is left of one after a part of it was taken.
type offer struct {
	event
	receipt *receipt // of all parts; nil while the update is whole
	waits   []crdt.ID
	owners  []string // whom it waits for, as it relays what is theirs
	until   time.Time
	tries   int
}

// receipt acknowledges an update when all parts of it are stored.
type receipt struct {
	open    int // parts
	refused bool
}

// done tells whether a part was the last that was to be stored.
func (r *receipt) done() bool {
	if r == nil {
		return true
	}
	r.open--
	return r.open == 0 && !r.refused
}

// cost is what an offer counts for while it waits.
func (o *offer) cost() int { return len(o.msg.Payload) + asideCost }

// aside is what waits. The zero value has nothing.
type aside struct {
	offers []*offer
	for_   map[uint64][]*offer // by client of what they wait for
	bytes  int
	ready  []*offer // to be looked at again
	next   time.Time
}

// add keeps an offer, if there is space for it.
func (a *aside) add(o *offer) bool {
	mine := 0
	for _, other := range a.offers {
		if other.from == o.from {
			mine += other.cost()
		}
	}
	if mine+o.cost() > asideMemberBytes || a.bytes+o.cost() > asideRoomBytes {
		return false
	}
	if a.for_ == nil {
		a.for_ = map[uint64][]*offer{}
	}
	for _, id := range o.waits {
		a.for_[id.Client] = append(a.for_[id.Client], o)
	}
	a.offers = append(a.offers, o)
	a.bytes += o.cost()
	if a.next.IsZero() || o.until.Before(a.next) {
		a.next = o.until
	}
	return true
}

// remove forgets an offer.
func (a *aside) remove(o *offer) {
	i := slices.Index(a.offers, o)
	if i < 0 {
		return
	}
	a.offers = slices.Delete(a.offers, i, i+1)
	a.bytes -= o.cost()
	for _, id := range o.waits {
		rest := slices.DeleteFunc(a.for_[id.Client], func(other *offer) bool { return other == o })
		if len(rest) == 0 {
			delete(a.for_, id.Client)
		} else {
			a.for_[id.Client] = rest
		}
	}
}

// came marks what waits for units of a client that are here now.
func (a *aside) came(client uint64, next uint32) {
	for _, o := range slices.Clone(a.for_[client]) {
		if slices.ContainsFunc(o.waits, func(id crdt.ID) bool { return id.Client == client && id.Clock < next }) {
			a.remove(o)
			a.ready = append(a.ready, o)
		}
	}
}

// stir marks what waits for a person: they have told what they have, or left.
func (a *aside) stir(person string) {
	for _, o := range slices.Clone(a.offers) {
		if slices.Contains(o.owners, person) {
			a.remove(o)
			a.ready = append(a.ready, o)
		}
	}
}

// divide takes what can be taken of an update, and keeps the rest.
func (r *Room) divide(o *offer, p *crdt.Preview, a *authorship) {
	now, rest := p.Divide(a.holds)
	if o.receipt == nil {
		o.receipt = &receipt{open: 1}
	}
	if rest != nil {
		r.setAside(r.left(o, p, a, rest))
	}
	if now == nil {
		if o.receipt.open--; o.receipt.open == 0 {
			panic("rooms: an update divides into nothing")
		}
		return
	}
	part := *o
	part.msg = wire.Message{Kind: o.msg.Kind, Payload: now}
	r.judge(&part)
}

// left is what cannot be taken of an update now.
func (r *Room) left(o *offer, p *crdt.Preview, a *authorship, rest []byte) *offer {
	part := &offer{event: o.event, receipt: o.receipt, until: o.until, tries: o.tries + 1, waits: p.Needs()}
	part.msg = wire.Message{Kind: o.msg.Kind, Payload: rest}
	if part.until.IsZero() {
		part.until = time.Now().Add(asideTime)
	}
	for client, from := range a.held {
		part.owners = append(part.owners, r.owners.person(client))
		part.waits = append(part.waits, crdt.ID{Client: client, Clock: from})
	}
	o.receipt.open++
	return part
}

// setAside keeps an offer until what it waits for comes. It is lost with its
// member, who has it still.
func (r *Room) setAside(o *offer) {
	if o.tries > asideTries || !r.aside.add(o) {
		r.giveUp(o)
	}
}

// giveUp refuses what waited in vain. Who just came may have it from somebody who
// lost their line, and goes on without it; who wrote it has forged it.
func (r *Room) giveUp(o *offer) {
	switch {
	case len(o.owners) == 0:
		r.refuse(o, errNotHere.Error())
	case o.msg.Kind == wire.Update:
		r.expel(o, fmt.Errorf("%w: %w", ErrForged, errNotTheirs))
	default:
		r.refuse(o, errNotTheirs.Error())
	}
}

// takeAsides looks again at what waited and can be taken now, and at what can be
// taken by that.
func (r *Room) takeAsides() {
	for len(r.aside.ready) > 0 {
		o := r.aside.ready[0]
		r.aside.ready = r.aside.ready[1:]
		if o.from.in {
			r.judge(o)
		}
	}
	r.aside.ready = nil
}

// dropAsides forgets what waits of a member who leaves.
func (r *Room) dropAsides(m *Member) {
	for _, o := range slices.Clone(r.aside.offers) {
		if o.from == m {
			r.aside.remove(o)
		}
	}
}

// expireAsides gives up what has waited for too long.
func (r *Room) expireAsides(now time.Time) {
	if r.aside.next.IsZero() || now.Before(r.aside.next) {
		return
	}
	r.aside.next = time.Time{}
	for _, o := range slices.Clone(r.aside.offers) {
		switch {
		case !now.Before(o.until):
			r.aside.remove(o)
			if o.from.in {
				r.giveUp(o)
			}
		case r.aside.next.IsZero() || o.until.Before(r.aside.next):
			r.aside.next = o.until
		}
	}
}
