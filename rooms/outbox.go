package rooms

import (
	"sync"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/awareness"
	"github.com/soratoo/soratoo/crdt/wire"
)

const (
	mergeFrom    = 32      // waiting updates that are merged before they are sent
	outboxMerge  = 256     // waiting updates that are merged while they wait
	outboxBytes  = 4 << 20 // bytes of updates that a member may fall behind
	outboxFrames = 1024    // frames of other kinds that a member may fall behind
)

// Encoder writes messages as frames for one member. Encoders must be
// comparable, and equal ones write equal frames: a message to many members is
// encoded once for all with equal encoders.
type Encoder interface {
	// Encode returns m as a frame, or nil if the member's protocol has no
	// such message.
	Encode(m wire.Message) []byte
}

// outbox is what waits to be sent to one member. The room puts, the writer of
// the member's socket takes.
type outbox struct {
	encoder Encoder
	ack     []byte // the frame of one acknowledgement

	mu      sync.Mutex
	frames  []frame
	updates int               // frames that are updates
	bytes   int               // bytes of these updates
	acks    int               // acknowledgements, sent last
	present []awareness.State // presence; one state a client
	shared  []byte            // the frame of present, while it is just one message
	closed  bool
}

// frame is an encoded message and, for an update, the update.
type frame struct {
	bytes  []byte
	update []byte
}

func newOutbox(e Encoder) outbox {
	return outbox{encoder: e, ack: e.Encode(wire.Message{Kind: wire.SyncStatus, Applied: true})}
}

// put adds a frame; update is nil unless it is one. It returns false when the
// member is too far behind.
func (o *outbox) put(f frame) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || f.bytes == nil {
		return true
	}
	o.frames = append(o.frames, f)
	if f.update == nil {
		return len(o.frames)-o.updates <= outboxFrames
	}
	o.updates++
	o.bytes += len(f.update)
	if o.updates >= outboxMerge {
		o.merge()
	}
	return o.bytes <= outboxBytes
}

// acknowledge adds an acknowledgement, if the member's protocol has them.
func (o *outbox) acknowledge() bool {
	if o.ack == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.acks++
	}
	return true
}

// presence adds states, which replace older ones of the same clients. The
// frame holds the states, as all members with this encoder get them.
func (o *outbox) presence(states []awareness.State, bytes []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	if len(o.present) == 0 {
		o.present, o.shared = states[:len(states):len(states)], bytes
		return
	}
	o.shared = nil
	waiting := make(map[uint64]int, len(o.present))
	for i, s := range o.present {
		waiting[s.Client] = i
	}
	merged := append([]awareness.State(nil), o.present...)
	for _, s := range states {
		if i, ok := waiting[s.Client]; ok {
			merged[i] = s
		} else {
			merged = append(merged, s)
		}
	}
	o.present = merged
}

// take moves everything that waits to dst, in order.
func (o *outbox) take(dst [][]byte) [][]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.updates >= mergeFrom {
		o.merge()
	}
	for _, f := range o.frames {
		dst = append(dst, f.bytes)
	}
	if len(o.present) > 0 {
		if o.shared == nil {
			o.shared = o.encoder.Encode(wire.Message{Kind: wire.Awareness, Payload: awareness.Append(nil, o.present...)})
		}
		dst = append(dst, o.shared)
	}
	for range o.acks {
		dst = append(dst, o.ack)
	}
	clear(o.frames)
	o.frames, o.updates, o.bytes, o.acks = o.frames[:0], 0, 0, 0
	if cap(o.frames) > mergeFrom {
		o.frames = nil
	}
	o.present, o.shared = nil, nil
	return dst
}

// merge makes one of the updates that wait. It stands where the last of them
// stood: updates commute, and nothing that waits before it needs them.
func (o *outbox) merge() {
	updates := make([][]byte, 0, o.updates)
	for _, f := range o.frames {
		if f.update != nil {
			updates = append(updates, f.update)
		}
	}
	merged, err := crdt.MergeUpdates(updates...)
	if err != nil {
		return // each of them is sent
	}
	rest := o.frames[:0]
	for _, f := range o.frames {
		if f.update == nil {
			rest = append(rest, f)
		}
	}
	clear(o.frames[len(rest):])
	o.frames = append(rest, frame{
		bytes:  o.encoder.Encode(wire.Message{Kind: wire.Update, Payload: merged}),
		update: merged,
	})
	o.updates, o.bytes = 1, len(merged)
}

// close refuses what is put from now on; what waits can still be taken.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
}

// discard drops what waits, and what is put from now on.
func (o *outbox) discard() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.frames, o.present, o.shared = nil, nil, nil
	o.updates, o.bytes, o.acks = 0, 0, 0
}
