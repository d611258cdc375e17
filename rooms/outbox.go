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
	outboxBytes  = 1 << 20 // bytes that a member may fall behind, beside an answer and a last frame
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

// Header is an Encoder whose frames end with the message's payload, so that large
// payloads are shared and not copied.
type Header interface {
	// Head returns the frame of m up to its payload.
	Head(m wire.Message) []byte
}

// outbox is what waits to be sent to one member. The room puts, the writer of
// the member's socket takes.
type outbox struct {
	encoder Encoder
	ack     []byte // the frame of one acknowledgement

	mu      sync.Mutex
	frames  []frame
	others  int               // frames that are no updates
	fresh   int               // frames that are updates as they came
	bytes   int               // bytes of all frames but answers
	asked   []byte            // the state vector of the answer that is not written yet; nil when there is none
	sending bool              // that answer was taken
	acks    int               // acknowledgements, sent last
	present []awareness.State // presence; one state a client
	shared  []byte            // the frame of present, while it is just one message
	closed  bool
}

// frame is an encoded message and, for an update, the update.
type frame struct {
	bytes  []byte
	rest   []byte // more bytes, which are shared; nil when there are none
	update []byte
	merged bool // of several updates
	answer bool // to a request for state
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
	kept := o.bytes <= outboxBytes // one frame more may be of any size
	o.frames = append(o.frames, f)
	if !f.answer {
		o.bytes += len(f.bytes)
	}
	if f.update == nil {
		o.others++
		return kept && o.others <= outboxFrames
	}
	o.fresh++
	if o.fresh >= outboxMerge {
		// What was merged before is left alone, or it would be so each time.
		o.frames = merge(o.encoder, o.frames, func(f frame) bool { return f.update != nil && !f.merged })
		o.fresh = 0
		o.bytes = 0
		for _, f := range o.frames {
			if !f.answer {
				o.bytes += len(f.bytes)
			}
		}
	}
	return kept
}

// ask notes a request for state, unless the answer to an earlier one is not
// written yet: then it returns what that asked for.
func (o *outbox) ask(vector []byte) (before []byte, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asked != nil {
		return o.asked, false
	}
	o.asked = vector
	return nil, true
}

// written notes that what was taken has gone.
func (o *outbox) written() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sending {
		o.asked, o.sending = nil, false
	}
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

// take moves everything that waits to dst, in order. The work is done without
// the lock: the room does not wait for it.
func (o *outbox) take(dst [][]byte) [][]byte {
	o.mu.Lock()
	frames, present, shared, acks := o.frames, o.present, o.shared, o.acks
	o.empty()
	for _, f := range frames {
		o.sending = o.sending || f.answer
	}
	o.mu.Unlock()

	updates := 0
	for _, f := range frames {
		if f.update != nil {
			updates++
		}
	}
	if updates >= mergeFrom {
		frames = merge(o.encoder, frames, func(f frame) bool { return f.update != nil })
	}
	for _, f := range frames {
		dst = append(dst, f.bytes)
		if f.rest != nil {
			dst = append(dst, f.rest)
		}
	}
	if len(present) > 0 && shared == nil {
		shared = o.encoder.Encode(wire.Message{Kind: wire.Awareness, Payload: awareness.Append(nil, present...)})
	}
	if shared != nil {
		dst = append(dst, shared)
	}
	for range acks {
		dst = append(dst, o.ack)
	}
	return dst
}

// merge makes one of the updates that are picked. It stands last: updates
// commute, and nothing else that waits needs them to come before it.
func merge(e Encoder, frames []frame, pick func(frame) bool) []frame {
	var updates [][]byte
	rest := make([]frame, 0, len(frames))
	for _, f := range frames {
		if pick(f) {
			updates = append(updates, f.update)
		} else {
			rest = append(rest, f)
		}
	}
	merged, err := crdt.MergeUpdates(updates...)
	if err != nil {
		return frames // each of them is sent
	}
	return append(rest, frame{
		bytes: e.Encode(wire.Message{Kind: wire.Update, Payload: merged}), update: merged, merged: true,
	})
}

// empty forgets what waits. The caller holds the lock.
func (o *outbox) empty() {
	o.frames, o.present, o.shared = nil, nil, nil
	o.others, o.fresh, o.bytes, o.acks = 0, 0, 0, 0
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
	o.empty()
}
