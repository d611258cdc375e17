package crdttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/soratoo/soratoo/crdt"
)

// Profile says what the edits of a history are made of.
type Profile struct {
	Edits   int  `json:"edits"`   // at most so many in one transaction
	Nested  bool `json:"nested"`  // types inside maps and arrays
	Halves  bool `json:"halves"`  // edits between the halves of surrogate pairs
	Formats bool `json:"formats"` // formatted text and embedded objects, by real replicas
	Exotic  bool `json:"exotic"`  // XML, binary and subdocuments, by real replicas
	Undo    bool `json:"undo"`    // real replicas take back and repeat what they did
}

// History is one seeded run of a network of replicas, some of them real Yjs.
// Each of ours has a shadow: a real document that is fed the same updates in
// the same order, and has to be the same, byte for byte, at every step. Once ours
// has edited, it may join its structs otherwise than one that was only told, as
// real documents then do, too; from there on it has to be the same when a new
// document has read it.
type History struct {
	seed     uint64
	peer     *Peer
	random   *rand.Rand
	profile  Profile
	replicas []*replica
	updates  [][]byte // all that were written so far
	problem  error
}

// replica is a member of the network; doc is nil when it lives in the peer.
type replica struct {
	name   string
	client uint64
	doc    *crdt.Doc
	keep   bool         // it keeps what is deleted
	silent bool         // it never edits, like a server
	edited bool         // it has edited
	seen   map[int]bool // by index of an update
	fed    [][]byte     // what our document was given, its own edits included
}

// Run plays the history of a seed. The error says what differed first, with
// what is needed to see it again.
func Run(peer *Peer, seed uint64) error {
	h := &History{seed: seed, peer: peer, random: rand.New(rand.NewPCG(seed, 0x5eed))}
	h.begin()
	rounds := 2 + h.random.IntN(6)
	if h.profile.Undo {
		rounds *= 2 // there is more to take back
	}
	for range rounds {
		h.round()
	}
	h.settle()
	h.end()
	if h.problem != nil {
		return fmt.Errorf("seed %d: %w", seed, h.problem)
	}
	return nil
}

func (h *History) chance(percent int) bool { return h.random.IntN(100) < percent }

// fail keeps the first problem.
func (h *History) fail(format string, args ...any) {
	if h.problem == nil {
		h.problem = fmt.Errorf(format, args...)
	}
}

func (h *History) flush() {
	if err := h.peer.Flush(); err != nil {
		h.fail("peer: %w", err)
	}
}

// clients are ids of all sizes, from which replicas take theirs.
var clients = []uint64{1, 2, 3, 7, 130, 20000, 1 << 20, 1<<31 + 5, 1<<32 - 1, 1<<53 - 1}

func (h *History) begin() {
	h.profile = Profile{
		Edits: 1 + h.random.IntN(6), Nested: h.chance(70), Halves: h.chance(20),
		Formats: h.chance(30), Exotic: h.chance(30), Undo: h.chance(40),
	}
	keep := h.profile.Undo && h.chance(30)
	ids := h.random.Perm(len(clients))
	for i := range 2 + h.random.IntN(5) {
		r := &replica{client: clients[ids[i]], seen: map[int]bool{}}
		r.name = fmt.Sprintf("%d/%d", h.seed, r.client)
		if i == 0 || i > 1 && h.chance(50) {
			r.keep, r.silent = h.chance(15), h.chance(40)
			r.doc = crdt.New(crdt.Options{ClientID: r.client, KeepDeleted: r.keep})
			h.peer.Queue(nil, "new", r.name, 0, map[string]any{"keepDeleted": r.keep}) // the shadow
		} else {
			h.peer.Queue(nil, "new", r.name, r.client, map[string]any{"keepDeleted": keep})
		}
		h.replicas = append(h.replicas, r)
	}
}

// round lets replicas edit, delivers some of what they wrote, and looks.
func (h *History) round() {
	for _, r := range h.replicas {
		if !r.silent && h.chance(70) {
			h.edit(r)
		}
	}
	h.flush()
	for _, r := range h.replicas {
		h.deliver(r)
	}
	h.flush()
	if h.chance(40) {
		h.lookAtAll()
	}
	if h.chance(20) {
		a, b := h.random.IntN(len(h.replicas)), h.random.IntN(len(h.replicas))
		h.sync(h.replicas[a], h.replicas[b])
	}
	if h.chance(20) {
		h.looseUpdates()
	}
}

func (h *History) edit(r *replica) {
	if r.doc == nil {
		h.peer.Queue(h.wrote(r), "edit", r.name, h.random.Uint32(), h.profile)
		return
	}
	if update := Edit(r.doc, h.random, h.profile); update != nil {
		r.edited = true
		h.feed(r, update)
		h.add(r, update)
		h.check(r)
	}
}

func (h *History) add(r *replica, update []byte) {
	r.seen[len(h.updates)] = true
	h.updates = append(h.updates, update)
}

// wrote takes the updates that the peer says r has written.
func (h *History) wrote(r *replica) func(json.RawMessage) {
	return func(raw json.RawMessage) {
		var updates [][]byte
		decode(h.peer.t, raw, &updates)
		for _, u := range updates {
			h.add(r, u)
		}
	}
}

// deliver gives r some of the updates that it has not seen, in some order, some
// twice and some joined.
func (h *History) deliver(r *replica) {
	var open []int
	for i := range h.updates {
		if !r.seen[i] || h.chance(5) {
			open = append(open, i)
		}
	}
	if h.chance(40) {
		h.random.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
	}
	for len(open) > 0 {
		n := 1
		if h.chance(25) {
			n = 1 + h.random.IntN(len(open))
		}
		group := open[:n]
		open = open[n:]
		if h.chance(20) {
			continue // lost
		}
		h.give(r, h.joined(group))
		for _, i := range group {
			r.seen[i] = true
		}
	}
}

// joined is the updates of a group as one.
func (h *History) joined(group []int) []byte {
	if len(group) == 1 {
		return h.updates[group[0]]
	}
	list := make([][]byte, len(group))
	for i, u := range group {
		list[i] = h.updates[u]
	}
	merged, err := crdt.MergeUpdates(list...)
	if err != nil {
		h.fail("merging %x: %w", list, err)
	}
	return merged
}

// give applies an update to r.
func (h *History) give(r *replica, update []byte) {
	if r.doc == nil {
		h.peer.Queue(h.wrote(r), "apply", r.name, update)
		return
	}
	h.feed(r, update)
	h.preview(r, update)
	if err := r.doc.Apply(update); err != nil {
		h.fail("replica %s: Apply(%x): %w", r.name, update, err)
	}
	h.check(r)
}

func (h *History) check(r *replica) {
	if err := r.doc.Check(); err != nil {
		h.fail("replica %s after %d updates: %w%s", r.name, len(r.fed), err, h.shrunk(r, nil))
	}
}

// feed gives the shadow of r what r is given.
func (h *History) feed(r *replica, update []byte) {
	r.fed = append(r.fed, update)
	h.peer.Queue(nil, "apply", r.name, update)
}

// preview looks at an update before it is applied, which changes nothing.
func (h *History) preview(r *replica, update []byte) {
	before := string(r.doc.Encode())
	p, err := r.doc.Preview(update)
	if err != nil || string(r.doc.Encode()) != before {
		h.fail("replica %s: Preview(%x) = %v, changed the document: %v", r.name, update, err, string(r.doc.Encode()) != before)
		return
	}
	if len(p.Differs) > 0 {
		h.fail("replica %s: Preview(%x) takes %v for another's", r.name, update, p.Differs)
	}
	if p.Missing() && !r.doc.Parked() {
		h.divide(r, p, update)
	}
	if p.New() || p.Missing() {
		return
	}
	if err := r.doc.Apply(update); err != nil || string(r.doc.Encode()) != before {
		h.fail("replica %s: Preview(%x) said nothing new, but Apply changed the document%s", r.name, update, h.shrunk(r, nil))
	}
}

// divide has what r can take of an update taken before the rest, which has to come
// to the same.
func (h *History) divide(r *replica, p *crdt.Preview, update []byte) {
	now, rest := p.Divide(nil)
	parts, whole := crdt.New(crdt.Options{}), crdt.New(crdt.Options{})
	state := r.doc.Encode()
	err := errors.Join(parts.Apply(state), whole.Apply(state), whole.Apply(update))
	if now != nil {
		err = errors.Join(err, parts.Apply(now))
	}
	if err != nil || parts.Parked() || rest == nil || len(p.Needs()) == 0 {
		h.fail("replica %s: of %x, %x is not all that can be taken: %v", r.name, update, now, err)
		return
	}
	if !bytes.Equal(parts.StateVector(), whole.StateVector()) {
		h.fail("replica %s: of %x, %x leaves out what can be taken", r.name, update, now)
	}
	if err := parts.Apply(rest); err != nil || !bytes.Equal(parts.Encode(), whole.Encode()) {
		h.fail("replica %s: %x and then %x are not %x: %v", r.name, now, rest, update, err)
	}
}

// sync brings b what it lacks of a, by its state vector.
func (h *History) sync(a, b *replica) {
	var vector, diff []byte
	take := func(into *[]byte) func(json.RawMessage) {
		return func(raw json.RawMessage) { decode(h.peer.t, raw, into) }
	}
	if b.doc != nil {
		vector = b.doc.StateVector()
	} else {
		h.peer.Queue(take(&vector), "vector", b.name)
		h.flush()
	}
	h.peer.Queue(take(&diff), "diff", a.name, vector)
	h.flush()
	if a.doc != nil {
		ours, err := a.doc.Diff(vector)
		var waiting bool
		h.peer.Into(&waiting, "pending", a.name)
		switch {
		case err != nil:
			h.fail("replica %s: Diff(%x): %w", a.name, vector, err)
		case !a.doc.Parked() && !waiting && !h.same(a, ours, diff):
			h.fail("replica %s: Diff(%x)\n     = %x\nwant %x%s", a.name, vector, ours, diff, h.shrunk(a, vector))
		}
		diff = ours
	}
	h.give(b, diff)
	h.flush()
}

// settle syncs everyone with everyone until nobody writes anything more: real
// replicas tidy up formats, and that are new updates.
func (h *History) settle() {
	for range 4 {
		before := len(h.updates)
		for _, a := range h.replicas {
			for _, b := range h.replicas {
				if a != b {
					h.sync(a, b)
				}
			}
		}
		if len(h.updates) == before {
			break
		}
	}
	h.lookAtAll()
	h.compareAll()
}

// end lets go of what the peer holds.
func (h *History) end() {
	names := []any{"free"}
	for _, r := range h.replicas {
		names = append(names, r.name)
	}
	h.peer.Queue(nil, names...)
	h.flush()
}
