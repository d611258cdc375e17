package wire

import (
	"fmt"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// DecodeYjs reads a frame of y-websocket.
func DecodeYjs(frame []byte) (Message, error) {
	var r reader
	r.Reset(frame)
	var m Message
	switch r.Uint() {
	case typeSync:
		m = r.sync()
	case typeAwareness:
		m = Message{Kind: Awareness, Payload: r.Bytes()}
	case typeAuth:
		if r.Uint() != authDeniedYjs {
			r.Fail("unknown auth message")
		}
		m = Message{Kind: PermissionDenied, Payload: r.text(MaxText, "reason")}
	case typeQueryAwareness:
		m = Message{Kind: QueryAwareness}
	default:
		r.Fail("unknown message type")
	}
	if err := r.end(); err != nil {
		return Message{}, err
	}
	return m, nil
}

// AppendYjs appends m as a frame of y-websocket. It panics if that protocol has
// no such kind of message. For the sync kinds, Awareness and QueryAwareness the
// result is also what follows the address in a frame of Hocuspocus.
func AppendYjs(dst []byte, m Message) []byte {
	switch m.Kind {
	case SyncStep1, SyncStep2, Update:
		return appendSync(append(dst, typeSync), m)
	case Awareness:
		return lib0.AppendBytes(append(dst, typeAwareness), m.Payload)
	case QueryAwareness:
		return append(dst, typeQueryAwareness)
	case PermissionDenied:
		return lib0.AppendBytes(append(dst, typeAuth, authDeniedYjs), m.Payload)
	default:
		panic(fmt.Sprintf("wire: y-websocket has no message %v", m.Kind))
	}
}
