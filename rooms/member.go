package rooms

import (
	"context"
	"time"

	"github.com/soratoo/soratoo/crdt/wire"
)

// Sink is the socket behind a member. Its methods are called by the room and
// must not block.
type Sink interface {
	// Wake says that something waits in the member's outbox, see Member.Take.
	Wake(m *Member)

	// End says that the room let the member go, and why: one of the errors of
	// this package, or one that Hub.End was given. It is not called for a
	// member that leaves.
	End(m *Member, reason error)
}

// JoinRequest says who comes to which document, and how to reach them.
type JoinRequest struct {
	Doc     string
	Person  string // id, as presence and the log have it
	Name    string
	Color   string
	Share   string // the link they came by as a guest; "" for who has an account
	Write   bool   // else updates with anything new are refused
	Sink    Sink
	Encoder Encoder

	// Moderate says that they may change what others wrote, where the guard asks.
	Moderate bool

	// Greeting is the first frame in the member's outbox; nil for none.
	Greeting []byte
	// Ask has the room send its state vector first, as y-websocket servers do;
	// Hocuspocus clients get it in answer to theirs.
	Ask bool
}

// Member is one person's connection to a room. Its methods may be called at
// once, but messages are taken in the order of the calls of Receive.
type Member struct {
	JoinRequest
	room   *Room
	outbox outbox

	// The room's.
	in      bool
	clients []uint64 // whose presence it sends
	wrote   []uint64 // clients that it is the first to use
	synced  bool     // it has told what it has
	brought budget   // of clients that it brings
}

// event is a message of a member.
type event struct {
	from *Member
	msg  wire.Message
	at   time.Time
}

// Receive hands a message of the member to the room, which then owns its
// bytes. Kinds that are not about the document are ignored. It blocks while
// the room is busy, which is how members are slowed down, and returns why the
// member is out when it is: the room's end, or ctx's.
func (m *Member) Receive(ctx context.Context, msg wire.Message) error {
	select {
	case m.room.inbox <- event{from: m, msg: msg, at: time.Now()}:
		return nil
	case <-m.room.gone:
		return m.room.reason()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Take appends to dst the frames that wait for the member, and removes them.
// The frames are shared and must not be changed.
func (m *Member) Take(dst [][]byte) [][]byte { return m.outbox.take(dst) }

// Written says that all that was taken is on its way to the member. It is called
// by who calls Take, after it.
func (m *Member) Written() { m.outbox.written() }

// Leave ends the membership. Messages that the room received before are
// still taken. It may be called more than once.
func (m *Member) Leave() {
	m.outbox.discard()
	select {
	case m.room.leaves <- m:
	case <-m.room.gone:
	}
}

// send encodes a message for this member alone.
func (m *Member) send(msg wire.Message) bool {
	return m.push(m.Encoder.Encode(msg), nil)
}

// reply sends an answer to a request for state. Its payload is shared with other
// members where their encoders can.
func (m *Member) reply(msg wire.Message) bool {
	f := frame{answer: true}
	if h, ok := m.Encoder.(Header); ok {
		f.bytes, f.rest = h.Head(msg), msg.Payload
	} else {
		f.bytes = m.Encoder.Encode(msg)
	}
	ok := m.outbox.put(f)
	m.Sink.Wake(m)
	return ok
}

// push puts a frame in the outbox and wakes the socket. It returns false when
// the member is too far behind.
func (m *Member) push(bytes, update []byte) bool {
	if bytes == nil {
		return true
	}
	ok := m.outbox.put(frame{bytes: bytes, update: update})
	m.Sink.Wake(m)
	return ok
}

// acknowledge tells the member that an update of its is stored.
func (m *Member) acknowledge() {
	if m.outbox.acknowledge() {
		m.Sink.Wake(m)
	}
}
