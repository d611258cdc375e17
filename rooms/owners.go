package rooms

import (
	"errors"
	"fmt"
	"slices"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

// A client id belongs to the person who first used it in a document. New units of
// another's client are a relay, as Yjs replicas do after a broken line: they are
// the other's words, brought by who has them, too. Only who may change what others
// wrote may relay, and not while the owner is at work with that client, who brings
// them then. What says of units only that they are gone is never relayed, as the
// owner's words of the same ids could not be told from it.
//
// An honest replica loses nothing by this: what may not be taken now waits for its
// owner, see aside.go.

const (
	goneUnits = 1 << 20 // of one client that an update brings as gone already
	claims    = 4096    // clients of presence that are remembered when they are away
)

// Writer is who writes as a client of a document.
type Writer struct {
	Person string
	// Carried says that the person has only brought what the client wrote, with
	// other things: whoever is seen to write as that client becomes its owner.
	Carried bool
}

// owners knows whose the clients of a document are.
type owners struct {
	of      map[uint64]Writer // as the log has it
	claimed map[uint64]string // by presence, of clients that have not written
	oldest  []uint64          // of claimed, in the order in which they came
}

// claim notes that a person has said to write as a client.
func (o *owners) claim(client uint64, person string) {
	if _, known := o.claimed[client]; known {
		return
	}
	if o.claimed == nil {
		o.claimed = map[uint64]string{}
	}
	if len(o.oldest) == claims {
		delete(o.claimed, o.oldest[0])
		o.oldest = o.oldest[1:]
	}
	o.claimed[client] = person
	o.oldest = append(o.oldest, client)
}

// person is the owner of a client, "" for nobody.
func (o *owners) person(client uint64) string {
	if w, known := o.of[client]; known {
		return w.Person
	}
	return o.claimed[client]
}

// authorship is whose the new units of an update are.
type authorship struct {
	clients []uint64          // the sender is the first to use
	carried []uint64          // nobody has used, and the sender perhaps neither
	relays  []crdt.IDRange    // of others
	held    map[uint64]uint32 // client → from which clock on its units wait for their owner
}

// holds tells whether new content waits for its owner.
func (a *authorship) holds(in crdt.PreviewInsert) bool {
	from, held := a.held[in.Client]
	return held && in.Clock >= from
}

// errGone: an update says of too many units that they are gone.
var errGone = errors.New("it leaves out too much")

// attribute tells whose the new units of an update are. It fails with ErrForged
// for what no honest client sends, and with ErrReset for what is not to come back.
func (r *Room) attribute(o *offer, p *crdt.Preview) (a authorship, err error) {
	clients := p.Clients()
	foreign := map[uint64]bool{}
	for _, c := range clients {
		foreign[c] = r.sort(&a, o, c, len(clients) == 1)
	}
	gone := map[uint64]uint32{}
	for i := range p.Inserts {
		in := &p.Inserts[i]
		if isGone(in) {
			if gone[in.Client] += in.Len; in.Len > goneUnits || gone[in.Client] > goneUnits {
				return a, fmt.Errorf("%w: %w", ErrForged, errGone)
			}
		}
		if r.revives(in) {
			return a, fmt.Errorf("%w: %w", ErrReset, errFormer)
		}
		if foreign[in.Client] {
			if err := r.relay(&a, o, in); err != nil {
				return a, err
			}
		}
	}
	return a, nil
}

// isGone tells whether content comes without what it was.
func isGone(in *crdt.PreviewInsert) bool { return in.Kind == "gc" || in.Kind == "deleted" }

// sort tells whether a client is another's. Else it notes what becomes known of
// whose it is; alone says that the update has new units of this client only.
func (r *Room) sort(a *authorship, o *offer, client uint64, alone bool) (foreign bool) {
	m := o.from
	uses := r.presence.owners[client] == m || alone && o.msg.Kind == wire.Update
	w, known := r.owners.of[client]
	switch {
	case known && w.Carried:
		if uses {
			a.clients = append(a.clients, client)
		}
	case known:
		return w.Person != m.Person
	case r.owners.claimed[client] != "" && r.owners.claimed[client] != m.Person:
		return true
	case uses:
		a.clients = append(a.clients, client)
	default:
		a.carried = append(a.carried, client)
	}
	return false
}

// relay decides about new content of another's client.
func (r *Room) relay(a *authorship, o *offer, in *crdt.PreviewInsert) error {
	if a.holds(*in) {
		return nil
	}
	m, live := o.from, o.msg.Kind == wire.Update
	switch {
	case live && !m.Moderate, in.Kind == "gc" && (live || !m.Moderate):
		return fmt.Errorf("%w: client %d is another's", ErrForged, in.Client)
	case !m.Moderate, isGone(in), r.atWork(in.Client, m):
		if a.held == nil {
			a.held = map[uint64]uint32{}
		}
		a.held[in.Client] = in.Clock
	default:
		n := len(a.relays)
		if n > 0 && a.relays[n-1].Client == in.Client && a.relays[n-1].End() == in.Clock {
			a.relays[n-1].Len += in.Len
		} else {
			a.relays = append(a.relays, in.IDRange)
		}
	}
	return nil
}

// atWork tells whether the owner of a client is here with it, or may be: who has
// not told yet what they have. Who asks does not count.
func (r *Room) atWork(client uint64, asking *Member) bool {
	if m := r.presence.owners[client]; m != nil && m != asking {
		return true
	}
	if _, elsewhere := r.away.node[client]; elsewhere {
		return true
	}
	person := r.owners.person(client)
	for _, g := range r.groups {
		for _, m := range g.members {
			if m != asking && m.Person == person && (!m.synced || slices.Contains(m.wrote, client)) {
				return true
			}
		}
	}
	return false
}

// settleOwners notes what an update that was taken tells of whose clients are.
func (r *Room) settleOwners(m *Member, a *authorship) {
	for _, c := range a.clients {
		r.owners.of[c] = Writer{Person: m.Person}
		if len(m.wrote) < wroteClients {
			m.wrote = append(m.wrote, c)
		}
	}
	for _, c := range a.carried {
		r.owners.of[c] = Writer{Person: m.Person, Carried: true}
	}
}
