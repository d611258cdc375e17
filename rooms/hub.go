package rooms

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

// Why a member is out of its room.
var (
	// ErrRestart: the node goes down; come back at once.
	ErrRestart = errors.New("the server is restarting")
	// ErrSlow: the member fell too far behind.
	ErrSlow = errors.New("too slow")
	// ErrReset: the document was reset; drop local state and join anew.
	ErrReset = errors.New("the document was reset")
	// ErrMalformed: the member sent bytes that are no message.
	ErrMalformed = errors.New("malformed message")
	// ErrFailed: the room could not go on; come back.
	ErrFailed = errors.New("the room failed")
	// ErrRefused: the member wrote what it may not; drop local state and join anew.
	ErrRefused = errors.New("a change was refused")
	// ErrUnsaved: so many edits could not be stored before the end.
	ErrUnsaved = errors.New("edits that were given up unsaved")
	// ErrForged: the member wrote in the name of another.
	ErrForged = errors.New("a change was forged")
)

// Author is who sends an update, and whose the units in it are: new units of other
// people's clients are brought by who has them, too.
type Author struct {
	JoinRequest
	// Of is the person behind a client of which the update brings units.
	Of func(client uint64) (person string)
}

// drainTimeout is how long rooms may take to store their last entries when
// the node goes down.
const drainTimeout = 10 * time.Second

// Config is what a hub works with.
type Config struct {
	Log     Log
	Logger  *slog.Logger
	Metrics Metrics

	// Guard tells whether a member may do to a document what an update would do,
	// and if not, why, in words for the member. It must not change the document.
	// Nil allows everything.
	Guard func(d *crdt.Doc, p *crdt.Preview, by Author) error

	// Shared is the log as other nodes write it, too; nil when this node is alone.
	Shared Shared
	// Bus brings nodes together sooner than the log does; nil for none.
	Bus Bus
	// Node is the id of this run of this node. Empty: one is made.
	Node string
	// Told is called with what other nodes tell, see Hub.Tell. It must return at once.
	Told func(kind string, payload []byte)
	// Reasons are errors that members of other nodes are let go with, beside
	// ErrRestart: they are told by their texts.
	Reasons []error

	// Rest is told of each document that was edited and rests, beside what the
	// rooms do; it may be called at once. Nil is told nothing.
	Rest func(Rested)
}

// Hub has the rooms of a node. Its methods may be called at once.
type Hub struct {
	config  Config
	journal *journal
	cluster *cluster // nil when the node is alone
	node    string
	closing chan struct{} // closed when the hub drains
	alive   context.Context
	kill    context.CancelCauseFunc // ends alive: rooms give up what they do
	running sync.WaitGroup          // rooms

	compacting chan struct{} // held by who stores a snapshot

	mu    sync.Mutex // guards rooms and the closing of closing
	rooms map[string]*Room
}

// New makes a hub. Rooms store nothing until Run is called.
func New(c Config) *Hub {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Hub{
		config: c, closing: make(chan struct{}),
		compacting: make(chan struct{}, 1), rooms: map[string]*Room{},
	}
	if h.node = c.Node; h.node == "" {
		h.node = rand.Text()
	}
	h.journal, h.cluster = newJournal(h), newCluster(h)
	h.alive, h.kill = context.WithCancelCause(context.Background())
	return h
}

// Run works until ctx ends, then lets all members go with ErrRestart, stores
// what rooms still have, and returns when nothing of the hub is left. It is
// called once. It ends with ErrUnsaved when the log did not take all of that.
func (h *Hub) Run(ctx context.Context) error {
	var writer sync.WaitGroup
	writing, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	writer.Go(func() { h.journal.run(writing) })
	var failed error
	ctx, end := context.WithCancel(ctx)
	defer end()
	if h.cluster != nil {
		writer.Go(func() {
			if failed = h.cluster.run(writing); failed != nil {
				end()
			}
		})
	}
	<-ctx.Done()

	h.mu.Lock()
	close(h.closing)
	h.mu.Unlock()
	overdue := time.AfterFunc(drainTimeout, func() { h.kill(fmt.Errorf("draining: %w", ErrRestart)) })
	h.running.Wait()
	overdue.Stop()
	h.kill(ErrRestart)
	stop(ErrRestart)
	writer.Wait()
	if n := h.journal.unsaved(); n > 0 {
		failed = errors.Join(failed, fmt.Errorf("%w: %d", ErrUnsaved, n))
	}
	return failed
}

// Join makes a member of a document's room, which it opens when there is none.
// When it returns a member, the room has it; else the room never will.
func (h *Hub) Join(ctx context.Context, req JoinRequest) (*Member, error) {
	if err := h.ready(ctx); err != nil {
		return nil, err
	}
	for {
		r, err := h.open(req.Doc)
		if err != nil {
			return nil, err
		}
		j := join{member: &Member{JoinRequest: req, room: r, outbox: newOutbox(req.Encoder)}, joined: make(chan struct{})}
		select {
		case r.joins <- j:
			return j.answer()
		case <-r.gone:
			if err := r.err; err != nil {
				return nil, err
			}
			// It closed for want of members: open it anew.
		case <-ctx.Done():
			return nil, fmt.Errorf("joining %s: %w", req.Doc, context.Cause(ctx))
		}
	}
}

// answer waits for a room that has taken the request.
func (j join) answer() (*Member, error) {
	select {
	case <-j.joined:
		return j.member, nil
	case <-j.member.room.gone:
		return nil, j.member.room.reason()
	}
}

// open returns the document's room, a new one if there is none.
func (h *Hub) open(doc string) (*Room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closing:
		return nil, ErrRestart
	default:
	}
	r := h.rooms[doc]
	if r == nil {
		r = newRoom(h, doc)
		h.rooms[doc] = r
		if h.config.Bus != nil {
			h.config.Bus.Follow(doc)
		}
		h.running.Go(r.run)
	}
	return r, nil
}

// remove forgets a room that ends. Whoever joins the document from now on
// opens it anew.
func (h *Hub) remove(r *Room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rooms[r.doc] == r {
		delete(h.rooms, r.doc)
		if h.config.Bus != nil {
			h.config.Bus.Unfollow(r.doc)
		}
	}
}

// find returns the document's room if it is open.
func (h *Hub) find(doc string) *Room {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rooms[doc]
}

// Node is the id of this run of the node.
func (h *Hub) Node() string { return h.node }

// Size is how many rooms are open, and how many members are in them.
func (h *Hub) Size() (rooms, members int) {
	for _, r := range h.all() {
		rooms++
		members += int(r.members.Load())
	}
	return rooms, members
}

// Open lists the documents that have a room.
func (h *Hub) Open() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.rooms))
}

// all lists the rooms.
func (h *Hub) all() []*Room {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.rooms))
}

// ready waits until the node knows what other nodes have told before.
func (h *Hub) ready(ctx context.Context) error {
	if h.cluster == nil {
		return nil
	}
	select {
	case <-h.cluster.ready:
		return nil
	case <-h.closing:
		return ErrRestart
	case <-ctx.Done():
		return fmt.Errorf("joining: %w", context.Cause(ctx))
	}
}

// Broadcast sends a Stateless message, JSON, to the members of a document, soon, on
// all nodes.
func (h *Hub) Broadcast(doc string, payload []byte) {
	h.broadcast(doc, payload)
	h.spread(notice{Kind: noticeBroadcast, Doc: doc, Payload: payload})
}

func (h *Hub) broadcast(doc string, payload []byte) {
	if r := h.find(doc); r != nil {
		_ = r.orders.add(func() { r.stateless(payload) }) // a room so far behind has nobody in it
	}
}

// BroadcastTeam is Broadcast to the members who are not guests.
func (h *Hub) BroadcastTeam(doc string, payload []byte) {
	h.broadcastTeam(doc, payload)
	h.spread(notice{Kind: noticeTeam, Doc: doc, Payload: payload})
}

func (h *Hub) broadcastTeam(doc string, payload []byte) {
	r := h.find(doc)
	if r == nil {
		return
	}
	r.do(func() {
		for _, m := range r.everyone() {
			if m.Share == "" && !m.send(wire.Message{Kind: wire.Stateless, Payload: payload}) {
				r.drop(m, ErrSlow)
			}
		}
	})
}

// End lets members of a document go, for this reason, on all nodes: those of a person,
// or all when person is empty. It does not wait. Members of joins that are under way
// may still come in afterwards: who joins asks for the right anew behind it.
func (h *Hub) End(doc, person string, reason error) {
	h.endAndTell(reason, notice{Doc: doc, Person: person})
}

// EndShare lets the guests go who came to a document by a share, see End.
func (h *Hub) EndShare(doc, share string, reason error) {
	h.endAndTell(reason, notice{Doc: doc, Share: share})
}

func (h *Hub) endAndTell(reason error, n notice) {
	n.Kind, n.Reason = noticeEnd, h.reasonText(reason)
	h.endWho(n.Doc, reason, whoOf(n))
	h.spread(n)
}

func (h *Hub) endWho(doc string, reason error, who func(*Member) bool) {
	r := h.find(doc)
	if r == nil {
		return
	}
	order := func() {
		for _, m := range r.everyone() {
			if who(m) {
				r.drop(m, reason)
			}
		}
	}
	if !r.orders.add(order) {
		r.orders.instead(func() { r.fail(ErrRestart) })
	}
}
