package awareness

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// Timeout is how long a client may be silent before it is gone. Clients renew
// their state in half of that.
const Timeout = 30 * time.Second

// memory is how long the clock of a client that is gone is remembered, so that
// an old message cannot bring it back.
const memory = 2 * Timeout

// Set is the states of one room. The zero value is empty. A Set belongs to one
// goroutine at a time.
type Set struct {
	clients map[uint64]presence
}

// presence is what is known of a client; json is nil when it is gone.
type presence struct {
	clock uint64
	json  []byte
	heard time.Time
}

// Apply takes over the states that are news and returns them, in the order
// given: those are what the others have to hear, renewals of an unchanged state
// included. The Set keeps no slice of states. Ignored are a client beyond
// [MaxStates], one that is gone and was never here, and one that starts at clock
// zero, which to y-protocols says nothing yet.
func (s *Set) Apply(states []State, now time.Time) (changed []State) {
	if s.clients == nil {
		s.clients = map[uint64]presence{}
	}
	for _, n := range states {
		known, ok := s.clients[n.Client]
		if !ok && (n.JSON == nil || len(s.clients) >= MaxStates) || !news(known, n) {
			continue
		}
		json := n.JSON
		if bytes.Equal(known.json, json) {
			json = known.json
		} else {
			json = slices.Clone(json)
		}
		s.clients[n.Client] = presence{clock: n.Clock, json: json, heard: now}
		changed = append(changed, State{n.Client, n.Clock, json})
	}
	return changed
}

// news tells whether n says more than what is known; of a client never heard of
// that is: gone at clock zero.
func news(known presence, n State) bool {
	return n.Clock > known.clock || n.Clock == known.clock && n.JSON == nil && known.json != nil
}

// Behind returns, for those states that Apply ignores because their client was
// removed under the same or a later clock, that removal. Sent to the client
// itself it makes y-protocols raise the clock and tell its state again: a
// client that comes back is seen at once and not at its next renewal.
func (s *Set) Behind(states []State) (gone []State) {
	for _, n := range states {
		known, ok := s.clients[n.Client]
		if ok && known.json == nil && n.JSON != nil && n.Clock <= known.clock {
			gone = append(gone, State{Client: n.Client, Clock: known.clock})
		}
	}
	return gone
}

// Remove says that clients are gone, with the clock after their last. It
// returns the states that tell the others.
func (s *Set) Remove(now time.Time, clients ...uint64) (gone []State) {
	for _, c := range clients {
		known, ok := s.clients[c]
		if !ok || known.json == nil {
			continue
		}
		s.clients[c] = presence{clock: known.clock + 1, heard: now}
		gone = append(gone, State{Client: c, Clock: known.clock + 1})
	}
	return gone
}

// Expire removes the clients that were not heard of for [Timeout]. It returns
// the states that tell the others.
func (s *Set) Expire(now time.Time) []State {
	var silent []uint64
	for c, p := range s.clients {
		switch since := now.Sub(p.heard); {
		case p.json != nil && since >= Timeout:
			silent = append(silent, c)
		case p.json == nil && since >= memory:
			delete(s.clients, c)
		}
	}
	slices.Sort(silent)
	return s.Remove(now, silent...)
}

// Has tells whether a client is here.
func (s *Set) Has(client uint64) bool { return s.clients[client].json != nil }

// All returns the state of each client that is here, by client id.
func (s *Set) All() []State {
	var here []State
	for c, p := range s.clients {
		if p.json != nil {
			here = append(here, State{c, p.clock, p.json})
		}
	}
	slices.SortFunc(here, func(a, b State) int { return cmp.Compare(a.Client, b.Client) })
	return here
}
