package rooms_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

// simulation is a node that crashes and comes back, a log that fails, and
// people who come, edit, go and come back.
type simulation struct {
	t     *testing.T
	seed  uint64
	rnd   *rand.Rand
	log   *memory
	fence *fence
	hub   *rooms.Hub
	stop  func()
	peers []*simPeer
}

// simPeer remembers which of its edits were acknowledged.
type simPeer struct {
	*peer
	doc    string
	in     bool
	edits  int
	waits  []string // keys of edits on this connection, in order
	before int      // acknowledgements before the first of them
	acked  []string // keys that must never be lost
}

// fence stands between a node and the log; when the node crashes it is cut.
type fence struct {
	rooms.Log
	cut chan struct{}
}

func (f *fence) Append(ctx context.Context, w []rooms.Write) ([]rooms.Receipt, error) {
	select {
	case <-f.cut:
		return nil, errDisk
	default:
	}
	receipts, err := f.Log.Append(ctx, w)
	select {
	case <-f.cut: // it may be stored, but nobody hears of it
		return nil, errDisk
	default:
		return receipts, err
	}
}

func (f *fence) Compact(ctx context.Context, s rooms.Snapshot) error {
	select {
	case <-f.cut:
		return errDisk
	default:
		return f.Log.Compact(ctx, s)
	}
}

func (s *simulation) boot() {
	s.fence = &fence{Log: s.log, cut: make(chan struct{})}
	s.hub, s.stop = run(rooms.Config{Log: s.fence})
}

// crash ends the node as a power cut does: what it had in memory is gone.
func (s *simulation) crash() {
	close(s.fence.cut)
	s.stop()
	synctest.Wait()
	for _, p := range s.peers {
		s.disconnect(p)
	}
	s.lost() // before anyone comes back and brings edits along
	s.boot()
}

// lost reports acknowledged edits that the log does not have.
func (s *simulation) lost() {
	for _, p := range s.peers {
		stored := s.log.read(s.t, p.doc).Map("m")
		for _, key := range p.acked {
			if _, ok := stored.Get(key); !ok {
				s.t.Errorf("seed %d: edit %s was acknowledged and is lost", s.seed, key)
			}
		}
	}
}

// note takes down which edits of p were acknowledged until now.
func (s *simulation) note(p *simPeer) {
	acks, _, _ := p.counts()
	for n := acks - p.before; n > 0 && len(p.waits) > 0; n-- {
		p.acked = append(p.acked, p.waits[0])
		p.waits = p.waits[1:]
		p.before++
	}
}

func (s *simulation) disconnect(p *simPeer) {
	if !p.in {
		return
	}
	s.note(p)
	p.in, p.waits = false, nil
	p.leave()
}

// connect joins and waits for the answer to what the peer has to offer, so
// that later acknowledgements are those of its edits.
func (s *simulation) connect(p *simPeer) {
	acks, _, _ := p.counts()
	if err := p.join(s.hub, p.doc); err != nil {
		if !errors.Is(err, errDisk) {
			s.t.Errorf("%s joins: %v", p.name, err)
		}
		return
	}
	p.in = true
	synctest.Wait()
	p.before = acks + 1
}

func (s *simulation) edit(p *simPeer) {
	key := fmt.Sprintf("%s.%d", p.name, p.edits)
	p.edits++
	p.mu.Lock()
	update := p.peer.doc.Transact(func(tx *crdt.Tx) { p.peer.doc.Map("m").Set(tx, key, p.edits) })
	p.mu.Unlock()
	if !p.in {
		return // offline: it is sent on return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if p.member.Receive(ctx, wire.Message{Kind: wire.Update, Payload: update}) == nil {
		p.waits = append(p.waits, key)
	}
}

// trouble sets how the log behaves from now on.
func (s *simulation) trouble() {
	kind, seed := s.rnd.IntN(4), s.rnd.Uint64()
	rnd := rand.New(rand.NewPCG(seed, seed))
	s.log.hook(func(call string) error {
		if call == "load" {
			return nil
		}
		switch {
		case kind == 1 && call == "append":
			time.Sleep(700 * time.Millisecond)
		case kind == 2:
			time.Sleep(time.Millisecond)
			return errDisk
		case kind == 3 && call == "compact":
			if rnd.IntN(2) == 0 {
				return errDisk
			}
		}
		return nil
	})
}

func (s *simulation) step() {
	p := s.peers[s.rnd.IntN(len(s.peers))]
	switch n := s.rnd.IntN(100); {
	case n < 60:
		s.edit(p)
	case n < 75 && p.in:
		s.disconnect(p)
	case n < 75:
		s.connect(p)
	case n < 85:
		time.Sleep(time.Duration(s.rnd.IntN(1000)) * time.Millisecond)
	case n < 88:
		time.Sleep(time.Duration(s.rnd.IntN(60)) * time.Second)
	case n < 95:
		s.trouble()
	case n < 97:
		s.crash()
	default:
		synctest.Wait()
	}
}

// check has everyone come together and compares what they have.
func (s *simulation) check() {
	s.log.hook(nil)
	time.Sleep(time.Minute)
	synctest.Wait()
	for _, p := range s.peers {
		s.note(p)
	}
	s.lost()
	for _, p := range s.peers {
		if !p.in {
			s.connect(p)
		}
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	for _, p := range s.peers {
		want := string(s.log.read(s.t, p.doc).Encode())
		p.mu.Lock()
		got := string(p.peer.doc.Encode())
		p.mu.Unlock()
		if got != want {
			s.t.Errorf("seed %d: %s ended with another document than the log has: %v, not %v; out for %v, told %v",
				s.seed, p.name, p.peer.doc.JSON(), s.log.read(s.t, p.doc).JSON(), p.ended(), p.said())
		}
		s.disconnect(p)
	}
}

// Whatever happens, an acknowledged edit is in the log, and in the end all
// have what the log has.
func TestAcknowledgedEditsSurviveEverything(t *testing.T) {
	acked := 0
	for seed := range uint64(120) {
		synctest.Test(t, func(t *testing.T) {
			s := &simulation{t: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, seed)), log: newMemory()}
			s.boot()
			for i := range 6 {
				p := newPeer(t, fmt.Sprint("p", i), uint64(100+i))
				p.moderate, p.announces = seed%2 == 0, seed%3 > 0
				s.peers = append(s.peers, &simPeer{peer: p, doc: fmt.Sprint("d", i%2)})
			}
			for range 400 {
				s.step()
			}
			s.check()
			s.stop()
			for _, p := range s.peers {
				acked += len(p.acked)
			}
		})
	}
	t.Logf("%d edits were acknowledged", acked)
	if acked < 1000 {
		t.Errorf("only %d edits were acknowledged", acked)
	}
}
