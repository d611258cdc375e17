package rooms

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/soratoo/soratoo/crdt/awareness"
)

// Presence across nodes. Each node tells the others what its own members say, as it
// tells its members; what the bus loses comes again with the next movement, or the
// renewal that every client sends in half of awareness.Timeout. A client whose node
// went silent is gone.

// away is what a room knows of clients that are connected to other nodes.
type away struct {
	node  map[uint64]string   // by client
	heard map[uint64]struct{} // changed clients that other nodes told of: they are not told again
}

// receivePresence takes what another node says of its members.
func (r *Room) receivePresence(p parcel) {
	now := time.Now()
	states, err := awareness.Decode(p.Payload)
	if err != nil {
		states = nil
	}
	switch p.Kind {
	case parcelPresence:
		r.presentElsewhere(p, states, now)
	case parcelAsk:
		r.tellPresence()
	case parcelGone:
		if p.To == r.hub.node {
			r.rouseOwn(states)
		}
	case parcelSilent:
		r.absentElsewhere(now, func(_ uint64, node string) bool { return node == p.Node })
	}
	r.flush(now)
}

// presentElsewhere takes states of clients of another node.
func (r *Room) presentElsewhere(p parcel, states []awareness.State, now time.Time) {
	set := &r.presence.set
	told := map[uint64]bool{}
	theirs := states[:0]
	for _, s := range states {
		if len(s.JSON) <= 2*stateBytes && r.presence.owners[s.Client] == nil { // whoever is here speaks for themselves
			theirs = append(theirs, s)
			told[s.Client] = true
		}
	}
	changed := set.Apply(theirs, now)
	for _, s := range changed {
		if s.JSON == nil {
			delete(r.away.node, s.Client)
			continue
		}
		if r.away.node == nil {
			r.away.node = map[uint64]string{}
		}
		r.away.node[s.Client] = p.Node
		if _, wrote := r.owners.of[s.Client]; !wrote {
			r.owners.claim(s.Client, personIn(s.JSON))
		}
	}
	r.noteElsewhere(changed, now)
	if gone := set.Behind(theirs); len(gone) > 0 {
		r.tell(parcel{Kind: parcelGone, To: p.Node, Payload: awareness.Append(nil, gone...)})
	}
	if p.Whole {
		r.absentElsewhere(now, func(client uint64, node string) bool { return node == p.Node && !told[client] })
	}
}

// personIn is the person that another node has stamped into a state.
func personIn(state []byte) string {
	var s struct {
		Person string `json:"person"`
	}
	if json.Unmarshal(state, &s) != nil {
		return ""
	}
	return s.Person
}

// absentElsewhere removes clients of other nodes.
func (r *Room) absentElsewhere(now time.Time, gone func(client uint64, node string) bool) {
	var clients []uint64
	for client, node := range r.away.node {
		if gone(client, node) {
			clients = append(clients, client)
			delete(r.away.node, client)
		}
	}
	slices.Sort(clients)
	r.noteElsewhere(r.presence.set.Remove(now, clients...), now)
}

// noteElsewhere has changed states of clients of other nodes sent to the members.
func (r *Room) noteElsewhere(changed []awareness.State, now time.Time) {
	if r.away.heard == nil {
		r.away.heard = map[uint64]struct{}{}
	}
	for _, s := range changed {
		r.away.heard[s.Client] = struct{}{}
	}
	r.note(changed, now)
}

// rouseOwn has members whose clients others take for gone say that they are here.
func (r *Room) rouseOwn(gone []awareness.State) {
	for _, s := range gone {
		if m := r.presence.owners[s.Client]; m != nil {
			m.rouse([]awareness.State{s})
		}
	}
}

// rouseElsewhere has members of other nodes say that they are here, as rouse does with
// those of this node.
func (r *Room) rouseElsewhere() {
	there := map[string][]awareness.State{}
	for _, s := range r.presence.set.All() {
		if node, ok := r.away.node[s.Client]; ok {
			there[node] = append(there[node], awareness.State{Client: s.Client, Clock: s.Clock})
		}
	}
	for node, states := range there {
		r.tell(parcel{Kind: parcelGone, To: node, Payload: awareness.Append(nil, states...)})
	}
}

// tellPresence tells other nodes of all clients that are connected to this one.
func (r *Room) tellPresence() {
	var own []awareness.State
	for _, s := range r.presence.set.All() {
		if r.presence.owners[s.Client] != nil {
			own = append(own, s)
		}
	}
	r.tell(parcel{Kind: parcelPresence, Whole: true, Payload: awareness.Append(nil, own...)})
}

// tellChanged tells other nodes what is sent to the members, as far as it is of theirs.
func (r *Room) tellChanged(states []awareness.State) {
	if r.hub.config.Bus == nil {
		return
	}
	own := make([]awareness.State, 0, len(states))
	for _, s := range states {
		if _, heard := r.away.heard[s.Client]; !heard {
			own = append(own, s)
		}
		delete(r.away.heard, s.Client)
	}
	if len(own) > 0 {
		r.tell(parcel{Kind: parcelPresence, Payload: awareness.Append(nil, own...)})
	}
}

// tell sends a message to the rooms of the document on other nodes.
func (r *Room) tell(p parcel) {
	if r.hub.config.Bus != nil {
		p.Node = r.hub.node
		r.hub.config.Bus.Publish(r.doc, p.encode())
	}
}
