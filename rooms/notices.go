package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Notices are what every node is to do once, soon: tell the members of a document
// something, let some go, and what Config.Told does. They are stored, so that none is
// missed, and carried by the bus, so that they are there at once.

const (
	noticesWait    = 4096             // for the log; beyond that every node lets everybody come back
	noticesAtOnce  = 256              // that are read
	noticesLast    = 2 * time.Second  // the log may take when the node goes down
	noticesTimeout = 10 * time.Second // the log may take for one
)

// notice is one of them.
type notice struct {
	Node    string `json:"node"` // which has done it itself already
	Kind    string `json:"kind"`
	Doc     string `json:"doc,omitempty"`
	Person  string `json:"person,omitempty"`
	Share   string `json:"share,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Payload []byte `json:"payload,omitempty"`
}

// Kinds of notices that are the hub's own; others are Config.Told's.
const (
	noticeBroadcast = "broadcast"
	noticeTeam      = "team"
	noticeEnd       = "end"
	noticeEveryone  = "everyone" // is to come back: something was not told
)

// Tell has every other node call Config.Told with what is told, once and soon. It
// does not wait. Of what a single node tells, nothing is heard.
func (h *Hub) Tell(kind string, payload []byte) {
	h.spread(notice{Kind: kind, Payload: payload})
}

// spread gives a notice to the other nodes.
func (h *Hub) spread(n notice) {
	if h.cluster == nil {
		return
	}
	n.Node = h.node
	encoded, err := json.Marshal(n)
	if err != nil {
		panic(fmt.Sprintf("rooms: encoding a notice: %v", err))
	}
	h.cluster.outgoing.add(encoded)
}

// obey does what another node tells.
func (h *Hub) obey(payload []byte) {
	var n notice
	if err := json.Unmarshal(payload, &n); err != nil {
		h.config.Logger.Error("a notice was not understood", "err", err)
		return
	}
	if n.Node == h.node {
		return
	}
	switch n.Kind {
	case noticeBroadcast:
		h.broadcast(n.Doc, n.Payload)
	case noticeTeam:
		h.broadcastTeam(n.Doc, n.Payload)
	case noticeEnd:
		h.endWho(n.Doc, h.reason(n.Reason), whoOf(n))
	case noticeEveryone:
		h.endAll()
	default:
		if h.config.Told != nil {
			h.config.Told(n.Kind, n.Payload)
		}
	}
}

// whoOf tells whom a notice lets go.
func whoOf(n notice) func(*Member) bool {
	if n.Share != "" {
		return func(m *Member) bool { return m.Share == n.Share }
	}
	return func(m *Member) bool { return n.Person == "" || m.Person == n.Person }
}

// reason is the error that another node means.
func (h *Hub) reason(text string) error {
	for _, err := range h.config.Reasons {
		if err.Error() == text {
			return err
		}
	}
	return ErrRestart // they come back, and hear why they may not
}

// reasonText is how an error is told to other nodes.
func (h *Hub) reasonText(err error) string {
	for _, known := range h.config.Reasons {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return ErrRestart.Error()
}

// endAll has everybody come back, with the rights that they have now.
func (h *Hub) endAll() {
	for _, doc := range h.Open() {
		h.endWho(doc, ErrRestart, func(*Member) bool { return true })
	}
}

// outgoing is notices that wait for the log.
type outgoing struct {
	wake chan struct{}

	mu      sync.Mutex // guards what follows
	waiting []*letter
}

type letter struct{ payload []byte }

func (o *outgoing) add(payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) >= noticesWait {
		// Not to miss a revocation, everybody comes back.
		o.waiting = []*letter{{[]byte(`{"kind":"` + noticeEveryone + `"}`)}}
	} else {
		o.waiting = append(o.waiting, &letter{payload})
	}
	signal(o.wake)
}

// first is what waits for longest.
func (o *outgoing) first() *letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) == 0 {
		return nil
	}
	return o.waiting[0]
}

// done removes what is stored, if it still waits.
func (o *outgoing) done(l *letter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) > 0 && o.waiting[0] == l {
		o.waiting = o.waiting[1:]
	}
}

// announce stores notices until ctx ends, and then what is left, as far as there is time.
func (c *cluster) announce(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-c.outgoing.wake:
			c.announceAll(ctx)
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), noticesLast)
	defer cancel()
	c.announceAll(last)
}

// announceAll stores the notices that wait, each again until the log has it.
func (c *cluster) announceAll(ctx context.Context) {
	for pause := retryFirst; ; {
		l := c.outgoing.first()
		if l == nil {
			return
		}
		seq, err := c.announceOne(ctx, l.payload)
		if err == nil {
			pause = retryFirst
			c.outgoing.done(l)
			c.publish(nodesTopic, parcel{Kind: parcelNotice, First: seq, Payload: l.payload})
			continue
		}
		c.hub.config.Logger.Error("log does not take a notice", "err", err)
		select {
		case <-time.After(pause):
			pause = min(2*pause, retryMost)
		case <-ctx.Done():
			return
		}
	}
}

func (c *cluster) announceOne(ctx context.Context, payload []byte) (seq uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, noticesTimeout)
	defer cancel()
	err = c.hub.safely("announcing", "", func() (err error) {
		seq, err = c.shared.Announce(ctx, payload)
		return err
	})
	return seq, err
}

// readNotices takes notices that the log has after the last that was taken.
func (c *cluster) readNotices(ctx context.Context) error {
	for {
		found, err := c.shared.Notices(ctx, c.noticed, noticesAtOnce)
		if err != nil {
			return fmt.Errorf("reading notices: %w", err)
		}
		if found.Last < c.noticed || len(found.List) > 0 && found.List[0].Seq > c.noticed+1 || len(found.List) == 0 && found.Last > c.noticed {
			// This node was away for longer than they are kept, or the log is another.
			c.hub.endAll()
			c.noticed = found.Last
		}
		for _, n := range found.List {
			c.take(n)
		}
		if len(found.List) < noticesAtOnce {
			return nil
		}
	}
}

// take does what a notice says, if it is the next.
func (c *cluster) take(n Notice) {
	if n.Seq == c.noticed+1 {
		c.noticed = n.Seq
		c.hub.obey(n.Payload)
	}
}
