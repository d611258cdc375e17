package wire

import (
	"bytes"
	"fmt"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Address is where a Hocuspocus frame belongs: a document and, for clients that
// open one document more than once on a socket, a session. On the wire it is
// the document's name alone, or the name, a NUL and the session.
type Address []byte

// MakeAddress is the address of doc, with a session unless that is empty.
func MakeAddress(doc, session string) Address {
	if session == "" {
		return Address(doc)
	}
	return Address(doc + "\x00" + session)
}

// Split returns the document's name and the session, which is empty for clients
// without sessions.
func (a Address) Split() (doc, session string) {
	name, rest, _ := bytes.Cut(a, []byte{0})
	return string(name), string(rest)
}

// DecodeHocuspocus reads a frame of Hocuspocus. The address, which aliases the
// frame, is nil for Ping and Pong; an answer goes to the same address.
func DecodeHocuspocus(frame []byte) (Address, Message, error) {
	if len(frame) == 1 && (frame[0] == typePing || frame[0] == typePong) {
		return nil, Message{Kind: Ping + Kind(frame[0]-typePing)}, nil
	}
	var r reader
	r.Reset(frame)
	address := r.text(MaxAddress, "address")
	m := r.hocuspocus()
	if err := r.end(); err != nil {
		return nil, Message{}, err
	}
	return address, m, nil
}

// hocuspocus reads what follows the address.
func (r *reader) hocuspocus() (m Message) {
	switch kind := r.Uint(); kind {
	case typeSync, typeSyncReply:
		m = r.sync()
		m.Reply = kind == typeSyncReply
	case typeAwareness:
		m = Message{Kind: Awareness, Payload: r.Bytes()}
	case typeAuth:
		m = r.auth()
	case typeQueryAwareness:
		m = Message{Kind: QueryAwareness}
	case typeStateless:
		m = Message{Kind: Stateless, Payload: r.text(MaxText, "payload")}
	case typeBroadcastStateless:
		m = Message{Kind: BroadcastStateless, Payload: r.text(MaxText, "payload")}
	case typeClose:
		m = Message{Kind: Close}
		if r.Len() > 0 {
			m.Payload = r.text(MaxText, "reason")
		}
	case typeSyncStatus:
		applied := r.Uint()
		if applied > 1 {
			r.Fail("unknown sync status")
		}
		m = Message{Kind: SyncStatus, Applied: applied == 1}
	default:
		r.Fail("unknown message type")
	}
	return m
}

// auth reads the rest of an Auth message. A token is followed by the version
// of its provider since 3.0, and perhaps by more one day, which is passed over.
func (r *reader) auth() (m Message) {
	switch r.Uint() {
	case authToken:
		if r.Len() == 0 {
			return Message{Kind: TokenRequest}
		}
		m = Message{Kind: Token, Payload: r.text(MaxToken, "token")}
		if r.Len() > 0 {
			m.Version = r.text(MaxVersion, "provider version")
			r.Take(r.Len())
		}
	case authDenied:
		m = Message{Kind: PermissionDenied, Payload: r.text(MaxText, "reason")}
	case authAuthenticated:
		m = Message{Kind: Authenticated, Payload: r.text(MaxText, "scope")}
	default:
		r.Fail("unknown auth message")
	}
	return m
}

// AppendHocuspocus appends m as a frame of Hocuspocus. Ping and Pong need no
// address.
func AppendHocuspocus(dst []byte, address Address, m Message) []byte {
	switch m.Kind {
	case Ping, Pong:
		return append(dst, typePing+byte(m.Kind-Ping))
	}
	dst = lib0.AppendBytes(dst, address)
	switch m.Kind {
	case SyncStep1, SyncStep2, Update:
		kind := byte(typeSync)
		if m.Reply {
			kind = typeSyncReply
		}
		return appendSync(append(dst, kind), m)
	case Awareness, QueryAwareness:
		return AppendYjs(dst, m)
	case Token:
		dst = lib0.AppendBytes(append(dst, typeAuth, authToken), m.Payload)
		if m.Version != nil {
			dst = lib0.AppendBytes(dst, m.Version)
		}
		return dst
	case TokenRequest:
		return append(dst, typeAuth, authToken)
	case PermissionDenied:
		return lib0.AppendBytes(append(dst, typeAuth, authDenied), m.Payload)
	case Authenticated:
		return lib0.AppendBytes(append(dst, typeAuth, authAuthenticated), m.Payload)
	case Stateless:
		return lib0.AppendBytes(append(dst, typeStateless), m.Payload)
	case BroadcastStateless:
		return lib0.AppendBytes(append(dst, typeBroadcastStateless), m.Payload)
	case Close:
		return appendClose(dst, m)
	case SyncStatus:
		return append(dst, typeSyncStatus, applied(m))
	default:
		panic(fmt.Sprintf("wire: Hocuspocus has no message %v", m.Kind))
	}
}

// appendClose writes a reason only if there is one: servers give one, clients
// do not.
func appendClose(dst []byte, m Message) []byte {
	dst = append(dst, typeClose)
	if m.Payload == nil {
		return dst
	}
	return lib0.AppendBytes(dst, m.Payload)
}

func applied(m Message) byte {
	if m.Applied {
		return 1
	}
	return 0
}
