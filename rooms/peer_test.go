package rooms_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/awareness"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

// memory is a log in memory that can be made to fail, to wait and to forget.
type memory struct {
	mu        sync.Mutex
	docs      map[string]rooms.Stored
	relay     map[string][]crdt.IDRange // by who brought it
	notices   [][]byte                  // to all nodes, by their numbers
	forgotten uint64                    // how many of them are no longer told
	before    func(call string) error   // called without the lock, may block
	after     func(call string) error   // an error hides that the call was done
}

func newMemory() *memory {
	return &memory{docs: map[string]rooms.Stored{}}
}

// call lets hooks have their way with do.
func (l *memory) call(ctx context.Context, name string, do func()) error {
	l.mu.Lock()
	before, after := l.before, l.after
	l.mu.Unlock()
	if before != nil {
		if err := before(name); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.mu.Lock()
	do()
	l.mu.Unlock()
	if after != nil {
		return after(name)
	}
	return nil
}

func (l *memory) doc(name string) rooms.Stored {
	s := l.docs[name]
	s.Generation = max(s.Generation, rooms.FirstGeneration)
	return s
}

func (l *memory) Load(ctx context.Context, doc string) (s rooms.Stored, err error) {
	err = l.call(ctx, "load", func() {
		s = l.doc(doc)
		s.Tail, s.Writers = slices.Clone(s.Tail), maps.Clone(s.Writers)
	})
	return s, err
}

func (l *memory) Append(ctx context.Context, writes []rooms.Write) (receipts []rooms.Receipt, err error) {
	err = l.call(ctx, "append", func() {
		for _, w := range writes {
			s := l.doc(w.Doc)
			if s.Generation != w.Generation {
				receipts = append(receipts, rooms.Receipt{Err: rooms.ErrGeneration})
				continue
			}
			for _, e := range w.Entries {
				s.Tail = append(s.Tail, e.Update)
				s.Seq++
				s.Writers = maps.Clone(s.Writers)
				if s.Writers == nil {
					s.Writers = map[uint64]rooms.Writer{}
				}
				for _, client := range e.Clients {
					if w, known := s.Writers[client]; !known || w.Carried {
						s.Writers[client] = rooms.Writer{Person: e.Person}
					}
				}
				if len(e.Relays) > 0 {
					if l.relay == nil {
						l.relay = map[string][]crdt.IDRange{}
					}
					l.relay[e.Person] = append(l.relay[e.Person], e.Relays...)
				}
				for _, client := range e.Carried {
					if _, known := s.Writers[client]; !known {
						s.Writers[client] = rooms.Writer{Person: e.Person, Carried: true}
					}
				}
			}
			l.docs[w.Doc] = s
			receipts = append(receipts, rooms.Receipt{Seq: s.Seq})
		}
	})
	return receipts, err
}

func (l *memory) Compact(ctx context.Context, snap rooms.Snapshot) error {
	refused := false
	err := l.call(ctx, "compact", func() {
		s := l.doc(snap.Doc)
		if refused = s.Generation != snap.Generation; refused {
			return
		}
		if rest := int(s.Seq - snap.Seq); rest < len(s.Tail) {
			s.Snapshot, s.Tail = snap.State, slices.Clone(s.Tail[len(s.Tail)-rest:])
			l.docs[snap.Doc] = s
		}
	})
	if err == nil && refused {
		err = rooms.ErrGeneration
	}
	return err
}

func (l *memory) Reset(ctx context.Context, doc string, to rooms.Replacement) (generation uint64, err error) {
	err = l.call(ctx, "reset", func() {
		s := l.doc(doc)
		generation = s.Generation + 1
		l.docs[doc] = rooms.Stored{Generation: generation, Seq: s.Seq, Snapshot: to.State, Former: to.Former}
	})
	return generation, err
}

// relays is what people brought of other people's.
func (l *memory) relays(string) map[string][]crdt.IDRange {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.relay)
}

// hook sets what happens before calls.
func (l *memory) hook(before func(call string) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before = before
}

// read is the document as somebody finds it who opens it now.
func (l *memory) read(t testing.TB, name string) *crdt.Doc {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.doc(name)
	d := crdt.New(crdt.Options{ClientID: 1})
	for _, u := range append([][]byte{s.Snapshot}, s.Tail...) {
		if u == nil {
			continue
		}
		if err := d.Apply(u); err != nil {
			t.Fatalf("stored update: %v", err)
		}
	}
	return d
}

// stall makes appends wait until the returned function is called.
func (l *memory) stall() (release func()) {
	gate := make(chan struct{})
	l.hook(func(call string) error {
		if call == "append" {
			<-gate
		}
		return nil
	})
	return func() { l.hook(nil); close(gate) }
}

// start runs a hub for the time of the test.
func start(t *testing.T, log rooms.Log) *rooms.Hub {
	t.Helper()
	h, stop := run(rooms.Config{Log: log})
	t.Cleanup(stop)
	return h
}

// run runs a hub until the returned function is called.
func run(c rooms.Config) (h *rooms.Hub, stop func()) {
	h = rooms.New(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.Run(ctx)
	}()
	return h, func() { cancel(); <-done }
}

// dialect encodes frames as Hocuspocus has them; explode makes it panic.
type dialect struct {
	name    string
	explode *bool
}

func (d dialect) Encode(m wire.Message) []byte {
	if d.explode != nil && *d.explode {
		panic("encoder")
	}
	return wire.AppendHocuspocus(nil, wire.Address(d.name), m)
}

// peer is a client: a document of its own, kept equal by messages.
type peer struct {
	t         testing.TB
	name      string
	person    string
	write     bool
	moderate  bool
	share     string
	explodes  bool        // when it is let go
	announces bool        // its client in presence, on joining
	asleep    atomic.Bool // does not take what waits for it
	encoder   rooms.Encoder

	member *rooms.Member
	wake   chan struct{}
	stop   chan struct{}
	done   chan struct{}

	clock uint64 // of its presence

	mu       sync.Mutex
	doc      *crdt.Doc
	frames   int
	acks     int
	refusals int
	texts    []string
	present  map[uint64]awareness.State
	queries  int
	heard    int // bytes of presence
	reason   error
}

func newPeer(t testing.TB, name string, client uint64) *peer {
	return &peer{
		t: t, name: name, person: name, write: true, encoder: dialect{name: "d"},
		doc: crdt.New(crdt.Options{ClientID: client}), present: map[uint64]awareness.State{},
	}
}

// as makes it another connection of a person.
func (p *peer) as(person string) *peer {
	p.person = person
	return p
}

func (p *peer) Wake(*rooms.Member) {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *peer) End(_ *rooms.Member, reason error) {
	if p.explodes {
		panic("oh")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reason = reason
}

// join connects and begins to sync.
func (p *peer) join(h *rooms.Hub, doc string) error {
	p.wake, p.stop, p.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	m, err := h.Join(context.Background(), rooms.JoinRequest{
		Doc: doc, Person: p.person, Name: "N " + p.name, Color: "#123456", Write: p.write, Sink: p, Encoder: p.encoder,
		Moderate: p.moderate, Share: p.share,
	})
	if err != nil {
		return err
	}
	p.member = m
	p.mu.Lock()
	p.reason = nil
	vector := p.doc.StateVector()
	p.mu.Unlock()
	go p.read(m, p.wake, p.stop, p.done)
	if p.announces {
		p.clock++
		if err := p.says(p.doc.ClientID(), p.clock, `{}`); err != nil {
			return err
		}
	}
	return p.send(wire.SyncStep1, vector)
}

func (p *peer) mustJoin(h *rooms.Hub, doc string) *peer {
	p.t.Helper()
	if err := p.join(h, doc); err != nil {
		p.t.Fatalf("%s joins: %v", p.name, err)
	}
	return p
}

func (p *peer) send(kind wire.Kind, payload []byte) error {
	return p.member.Receive(context.Background(), wire.Message{Kind: kind, Payload: payload})
}

// leave disconnects.
func (p *peer) leave() {
	close(p.stop)
	<-p.done
	p.member.Leave()
}

// read takes what comes until the peer leaves.
func (p *peer) read(m *rooms.Member, wake, stop, done chan struct{}) {
	defer close(done)
	for {
		select {
		case <-wake:
		case <-stop:
			return
		}
		if p.asleep.Load() {
			continue
		}
		for _, f := range m.Take(nil) {
			p.frame(m, f)
		}
	}
}

func (p *peer) frame(m *rooms.Member, frame []byte) {
	_, msg, err := wire.DecodeHocuspocus(frame)
	if err != nil {
		p.t.Errorf("%s got %x: %v", p.name, frame, err)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frames++
	switch msg.Kind {
	case wire.SyncStep1:
		diff, err := p.doc.Diff(msg.Payload)
		if err != nil {
			p.t.Errorf("%s: %v", p.name, err)
		}
		go func() {
			_ = m.Receive(context.Background(), wire.Message{Kind: wire.SyncStep2, Payload: diff})
		}()
	case wire.SyncStep2, wire.Update:
		if err := p.doc.Apply(msg.Payload); err != nil {
			p.t.Errorf("%s got update %x: %v", p.name, msg.Payload, err)
		}
	case wire.SyncStatus:
		if msg.Applied {
			p.acks++
		} else {
			p.refusals++
		}
	case wire.Stateless:
		p.texts = append(p.texts, string(msg.Payload))
	case wire.QueryAwareness:
		p.queries++
	case wire.Awareness:
		p.heard += len(msg.Payload)
		states, err := awareness.Decode(msg.Payload)
		if err != nil {
			p.t.Errorf("%s got awareness %x: %v", p.name, msg.Payload, err)
		}
		for _, s := range states {
			p.present[s.Client] = s
		}
	}
}

// set writes a key of the peer's document, and sends that.
func (p *peer) set(key string, value any) error {
	p.mu.Lock()
	update := p.doc.Transact(func(tx *crdt.Tx) { p.doc.Map("m").Set(tx, key, value) })
	p.mu.Unlock()
	return p.send(wire.Update, update)
}

// get reads a key of the peer's document.
func (p *peer) get(key string) any {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, _ := p.doc.Map("m").Get(key)
	return v
}

func (p *peer) counts() (acks, refusals, frames int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acks, p.refusals, p.frames
}

func (p *peer) said() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.texts)
}

func (p *peer) ended() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reason
}

// sees returns the state of a client, or "" when it is gone or unknown.
func (p *peer) sees(client uint64) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.present[client].JSON)
}

// says sends a presence state.
func (p *peer) says(client, clock uint64, json string) error {
	s := awareness.State{Client: client, Clock: clock}
	if json != "" {
		s.JSON = []byte(json)
	}
	return p.send(wire.Awareness, awareness.Append(nil, s))
}

var errDisk = errors.New("disk on fire")
