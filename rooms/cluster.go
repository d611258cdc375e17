package rooms

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// How often the log is asked for what other nodes did. It is what remains when the
// bus loses everything.
const (
	sweepAlone   = 500 * time.Millisecond // without a bus
	sweepBroken  = 250 * time.Millisecond // while it does not work
	sweepWorking = 2 * time.Second
	sweepTimeout = 10 * time.Second

	aliveEvery = 3 * time.Second  // a node says that it is there
	echoTime   = 7 * time.Second  // until it is to have come back
	aliveTime  = 10 * time.Second // of silence, after which a node's clients are gone
	newsMost   = 1024             // notices of the bus that wait; others are read from the log
)

// cluster is a hub's part in a cluster: it hears what other nodes do to the documents
// that are open here, and what they tell.
type cluster struct {
	hub       *Hub
	shared    Shared
	bus       Bus // or nil
	outgoing  outgoing
	news      chan Notice   // of the bus
	look      chan struct{} // the log should be asked at once
	connected atomic.Bool   // the bus says that it works,
	echo      atomic.Int64  // and when it last brought back what this node said, in Unix nanoseconds
	ready     chan struct{} // closed when noticed is known
	noticed   uint64        // the last notice that was taken; of sweep's goroutine

	mu    sync.Mutex           // guards nodes
	nodes map[string]time.Time // others, and when they were last heard
}

func newCluster(h *Hub) *cluster {
	c := h.config
	if c.Shared == nil {
		return nil
	}
	return &cluster{
		hub: h, shared: c.Shared, bus: c.Bus, outgoing: outgoing{wake: make(chan struct{}, 1)},
		news: make(chan Notice, newsMost), look: make(chan struct{}, 1), ready: make(chan struct{}), nodes: map[string]time.Time{},
	}
}

// run works until ctx ends. It ends with an error only when the bus cannot be.
func (c *cluster) run(ctx context.Context) error {
	var parts sync.WaitGroup
	defer parts.Wait()
	parts.Go(func() { c.announce(ctx) })
	parts.Go(func() { c.sweep(ctx) })
	if c.bus == nil {
		return nil
	}
	c.bus.Follow(nodesTopic)
	parts.Go(func() { c.beat(ctx) })
	if err := c.bus.Run(ctx, c); err != nil && ctx.Err() == nil {
		return fmt.Errorf("carrying messages between nodes: %w", err)
	}
	return nil
}

// publish sends a message to other nodes, if there is a bus.
func (c *cluster) publish(topic string, p parcel) {
	if c.bus != nil {
		p.Node = c.hub.node
		c.bus.Publish(topic, p.encode())
	}
}

// published tells other nodes what this one has stored.
func (c *cluster) published(w Write, seq uint64) {
	p := parcel{Kind: parcelEntries, Generation: w.Generation, First: seq - uint64(len(w.Entries)) + 1, Entries: w.Entries}
	bytes := 0
	for _, e := range w.Entries {
		bytes += len(e.Update)
	}
	if bytes > parcelBytes {
		p = parcel{Kind: parcelHead, Generation: w.Generation, First: seq}
	}
	c.publish(w.Doc, p)
}

// Message takes a message of another node; see Receiver.
func (c *cluster) Message(topic string, message []byte) {
	p, err := decodeParcel(message)
	switch {
	case err != nil:
	case p.Node == c.hub.node:
		if p.Kind == parcelAlive {
			c.echo.Store(time.Now().UnixNano())
		}
	case topic != nodesTopic:
		if r := c.hub.find(topic); r != nil {
			r.mail.put(p, len(message))
		}
	case p.Kind == parcelAlive:
		c.alive(p.Node)
	case p.Kind == parcelNotice:
		select {
		case c.news <- Notice{Seq: p.First, Payload: p.Payload}:
		default:
			signal(c.look)
		}
	}
}

// alive notes that another node is there. It is told at once who is connected here.
func (c *cluster) alive(node string) {
	c.mu.Lock()
	_, known := c.nodes[node]
	c.nodes[node] = time.Now()
	c.mu.Unlock()
	if known {
		return
	}
	for _, r := range c.hub.all() {
		r.mail.put(parcel{Kind: parcelAsk}, 0)
	}
}

// Following hears that a topic is followed from now on; see Receiver.
func (c *cluster) Following(topic string) {
	if topic == nodesTopic {
		signal(c.look)
		return
	}
	if r := c.hub.find(topic); r != nil {
		r.mail.behind()
		r.mail.put(parcel{Kind: parcelAsk}, 0) // tells what this node has,
		r.tell(parcel{Kind: parcelAsk})        // and asks for what the others have
	}
}

// Working hears whether the bus works; see Receiver.
func (c *cluster) Working(ok bool) {
	if c.connected.Swap(ok) != ok {
		signal(c.look)
	}
	c.hub.config.Metrics.bus(ok)
}

// working tells whether the bus brings back what this node says: a line may stand that
// carries nothing.
func (c *cluster) working() bool {
	return c.connected.Load() && time.Since(time.Unix(0, c.echo.Load())) < echoTime
}

// beat says that the node is there, and finds out which others are not.
func (c *cluster) beat(ctx context.Context) {
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		c.publish(nodesTopic, parcel{Kind: parcelAlive})
		select {
		case now := <-tick.C:
			c.silent(now)
		case <-ctx.Done():
			return
		}
	}
}

// silent has rooms forget the clients of nodes that are silent.
func (c *cluster) silent(now time.Time) {
	c.mu.Lock()
	var gone []string
	for node, heard := range c.nodes {
		if now.Sub(heard) > aliveTime {
			gone = append(gone, node)
			delete(c.nodes, node)
		}
	}
	c.mu.Unlock()
	for _, node := range gone {
		for _, r := range c.hub.all() {
			r.mail.put(parcel{Kind: parcelSilent, Node: node}, 0)
		}
	}
}

// sweep asks the log from time to time for what the bus may have lost.
func (c *cluster) sweep(ctx context.Context) {
	c.noticed = c.firstNotice(ctx)
	close(c.ready)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case n := <-c.news:
			if n.Seq <= c.noticed+1 {
				c.take(n)
				continue
			}
		case <-c.look:
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		c.ask(ctx)
		timer.Reset(c.pause())
	}
}

// pause is how long the log is left alone.
func (c *cluster) pause() time.Duration {
	switch {
	case c.bus == nil:
		return sweepAlone
	case c.working():
		return sweepWorking
	default:
		return sweepBroken
	}
}

// firstNotice is the last notice that was before this node.
func (c *cluster) firstNotice(ctx context.Context) uint64 {
	for pause := retryFirst; ; pause = min(2*pause, retryMost) {
		found, err := c.shared.Notices(ctx, 1<<62, 1)
		if err == nil {
			return found.Last
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0
		}
	}
}

// ask reads notices, and tells rooms that are behind.
func (c *cluster) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	err := c.hub.safely("asking the log", "", func() error {
		if err := c.readNotices(ctx); err != nil {
			return err
		}
		return c.askHeads(ctx)
	})
	if err != nil && ctx.Err() == nil {
		c.hub.config.Logger.Warn("log was not asked for what other nodes did", "err", err)
	}
}

// askHeads tells rooms that are behind the log.
func (c *cluster) askHeads(ctx context.Context) error {
	docs := c.hub.Open()
	if len(docs) == 0 {
		return nil
	}
	heads, err := c.shared.Heads(ctx, docs)
	if err != nil {
		return fmt.Errorf("reading how far documents are: %w", err)
	}
	for _, r := range c.hub.all() {
		head, ok := heads[r.doc]
		if ok && (head.Seq > r.reached.Load() || head.Generation > r.generation.Load()) {
			r.mail.put(parcel{Kind: parcelHead, Generation: head.Generation, First: head.Seq}, 0)
		}
	}
	return nil
}
