package rooms_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/rooms"
)

// Heads, Since, Announce and Notices make memory a log that nodes share.
func (l *memory) Heads(ctx context.Context, docs []string) (heads map[string]rooms.Head, err error) {
	err = l.call(ctx, "heads", func() {
		heads = map[string]rooms.Head{}
		for _, doc := range docs {
			if s, ok := l.docs[doc]; ok {
				heads[doc] = rooms.Head{Generation: l.doc(doc).Generation, Seq: s.Seq}
			}
		}
	})
	return heads, err
}

func (l *memory) Since(ctx context.Context, doc string, after uint64) (s rooms.Stored, err error) {
	s, err = l.Load(ctx, doc)
	if first := s.Seq - uint64(len(s.Tail)); after >= first {
		s.Snapshot, s.Tail = nil, s.Tail[min(after-first, uint64(len(s.Tail))):]
	}
	return s, err
}

func (l *memory) Announce(ctx context.Context, payload []byte) (seq uint64, err error) {
	err = l.call(ctx, "announce", func() {
		l.notices = append(l.notices, payload)
		seq = uint64(len(l.notices))
	})
	return seq, err
}

func (l *memory) Notices(ctx context.Context, after uint64, most int) (n rooms.Notices, err error) {
	err = l.call(ctx, "notices", func() {
		n.Last = uint64(len(l.notices))
		for seq := max(after, l.forgotten) + 1; seq <= n.Last && len(n.List) < most; seq++ {
			n.List = append(n.List, rooms.Notice{Seq: seq, Payload: l.notices[seq-1]})
		}
	})
	return n, err
}

// network carries messages between the nodes of a test: late, and when it is told so
// it loses, doubles and reorders them.
type network struct {
	mu    sync.Mutex
	rnd   *rand.Rand
	wires []*wired
	bad   bool // loses, doubles and reorders
	down  bool
}

// wired is a node's end of a network.
type wired struct {
	*network
	to     rooms.Receiver
	topics map[string]bool
	calls  chan func()
	cut    bool
}

func newNetwork(seed uint64) *network { return &network{rnd: rand.New(rand.NewPCG(seed, seed))} }

func (n *network) join() *wired {
	w := &wired{network: n, topics: map[string]bool{}, calls: make(chan func(), 1<<16)}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wires = append(n.wires, w)
	return w
}

func (w *wired) Publish(topic string, message []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down || w.cut {
		return
	}
	for _, to := range w.wires {
		times := 1
		if w.bad {
			times = w.rnd.IntN(3) // lost, once, twice
		}
		for range times {
			late := time.Duration(w.rnd.IntN(int(2 * time.Millisecond)))
			if w.bad {
				late *= 50
			}
			time.AfterFunc(late, func() { to.deliver(topic, slices.Clone(message)) })
		}
	}
}

func (w *wired) deliver(topic string, message []byte) {
	w.call(func() {
		w.mu.Lock()
		ok := w.topics[topic] && !w.down && !w.cut
		w.mu.Unlock()
		if ok {
			w.to.Message(topic, message)
		}
	})
}

// call has Run's goroutine do something, if there is one.
func (w *wired) call(fn func()) {
	select {
	case w.calls <- fn:
	default:
	}
}

func (w *wired) Follow(topic string) {
	w.mu.Lock()
	w.topics[topic] = true
	down := w.down
	w.mu.Unlock()
	if !down {
		w.call(func() { w.to.Following(topic) })
	}
}

func (w *wired) Unfollow(topic string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.topics, topic)
}

func (w *wired) Run(ctx context.Context, to rooms.Receiver) error {
	w.to = to
	w.call(func() { to.Working(true) })
	for {
		select {
		case fn := <-w.calls:
			fn()
		case <-ctx.Done():
			return nil
		}
	}
}

// set has the network work, or not. When it works again, nodes are told.
func (n *network) set(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
	for _, w := range n.wires {
		topics := []string{}
		for topic := range w.topics {
			topics = append(topics, topic)
		}
		w.call(func() {
			w.to.Working(!down)
			for _, topic := range topics {
				if !down {
					w.to.Following(topic)
				}
			}
		})
	}
}

func (n *network) misbehave(bad bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bad = bad
}

// nodes starts hubs on one log; without a network they have only that.
func nodes(t *testing.T, count int, log *memory, net *network) []*rooms.Hub {
	t.Helper()
	var hubs []*rooms.Hub
	for range count {
		h, stop := node(log, net, rooms.Config{})
		t.Cleanup(stop)
		hubs = append(hubs, h)
	}
	synctest.Wait()
	return hubs
}

func node(log *memory, net *network, c rooms.Config) (*rooms.Hub, func()) {
	c.Log, c.Shared = log, log
	if net != nil {
		c.Bus = net.join()
	}
	return run(c)
}

// cut has a node neither send nor hear, which it does not notice; mend undoes that.
func (n *network) cut(i int) { n.wire(i, true) }

func (n *network) mend(i int) { n.wire(i, false) }

func (n *network) wire(i int, cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wires[i].cut = cut
}
