// Package wire turns the WebSocket frames of the two common Yjs protocols into
// values and back: y-websocket 3 (which is y-protocols with a type in front)
// and Hocuspocus 4 (the same behind an address, with more kinds of message).
//
// Decoding copies nothing: the slices of a [Message] alias the frame. It checks
// a frame to its last byte and allocates nothing on its strength; a frame that
// is not one is refused with [ErrMalformed], one that exceeds a limit of this
// package with [ErrLimit]. How long updates and awareness may be is for the
// caller, who limits frames as it reads them. Encoding appends to a slice.
// Everything here may be called from any goroutine.
package wire

import (
	"errors"
	"fmt"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// The reasons for which a frame is refused.
var (
	// ErrMalformed: the bytes are not a frame of the protocol.
	ErrMalformed = errors.New("wire: malformed frame")
	// ErrLimit: a part of the frame is longer than this package allows.
	ErrLimit = errors.New("wire: frame part too long")
)

// The longest parts of a frame, in bytes.
const (
	MaxAddress = 1 << 10  // document name and session
	MaxToken   = 8 << 10  // a token of an Auth frame
	MaxVersion = 64       // the version of a provider
	MaxText    = 64 << 10 // stateless payloads and reasons
)

// Kind tells what a message says.
type Kind uint8

// The kinds of messages. What the Payload holds is said beside each; the
// protocols that have it are both unless one is named.
const (
	SyncStep1          Kind = iota + 1 // a state vector: "send me what this lacks"
	SyncStep2                          // an update: the answer to a SyncStep1
	Update                             // an update
	Awareness                          // an awareness update
	QueryAwareness                     // nothing: "send me everyone's awareness"
	PermissionDenied                   // a reason
	Token                              // Hocuspocus: a token, see also Message.Version
	TokenRequest                       // Hocuspocus: nothing: "send me your token"
	Authenticated                      // Hocuspocus: a scope, see ScopeReadWrite
	Stateless                          // Hocuspocus: text that is not stored
	BroadcastStateless                 // Hocuspocus: the same between servers
	Close                              // Hocuspocus: a reason, or nothing from a client
	SyncStatus                         // Hocuspocus: nothing, see Message.Applied
	Ping                               // Hocuspocus: nothing, has no address
	Pong                               // Hocuspocus: nothing, has no address
)

var kindNames = [...]string{
	SyncStep1: "SyncStep1", SyncStep2: "SyncStep2", Update: "Update",
	Awareness: "Awareness", QueryAwareness: "QueryAwareness",
	PermissionDenied: "PermissionDenied", Token: "Token", TokenRequest: "TokenRequest",
	Authenticated: "Authenticated", Stateless: "Stateless",
	BroadcastStateless: "BroadcastStateless", Close: "Close", SyncStatus: "SyncStatus",
	Ping: "Ping", Pong: "Pong",
}

// String is the name of the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k > 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// The scopes of an [Authenticated] message.
const (
	ScopeReadWrite = "read-write"
	ScopeReadOnly  = "readonly"
)

// Message is what a frame says, without its address.
type Message struct {
	Kind    Kind
	Payload []byte // see the kinds; aliases the frame it was decoded from
	Version []byte // Token: the provider's version; nil when it sent none
	Applied bool   // SyncStatus: the update was taken
	Reply   bool   // the sync kinds on Hocuspocus: sent as SyncReply, which asks for no SyncStep1 back
}

// The message types on the wire. y-websocket has the first four.
const (
	typeSync               = 0
	typeAwareness          = 1
	typeAuth               = 2
	typeQueryAwareness     = 3
	typeSyncReply          = 4
	typeStateless          = 5
	typeBroadcastStateless = 6
	typeClose              = 7
	typeSyncStatus         = 8
	typePing               = 9
	typePong               = 10
)

// The second number of an Auth frame: y-protocols knows only a denial, and
// Hocuspocus numbers it otherwise.
const (
	authDeniedYjs     = 0
	authToken         = 0
	authDenied        = 1
	authAuthenticated = 2
)

// reader reads the parts of a frame; its first error sticks.
type reader struct {
	lib0.Reader
	limit error
}

func (r *reader) err() error {
	if r.limit != nil {
		return r.limit
	}
	if err := r.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// text reads a string of at most limit bytes, called what in errors.
func (r *reader) text(limit int, what string) []byte {
	b := r.RawString()
	if len(b) > limit && r.limit == nil {
		r.limit = fmt.Errorf("%w: %s of %d bytes, at most %d", ErrLimit, what, len(b), limit)
	}
	return b
}

// end is called where the frame has to be over.
func (r *reader) end() error {
	if r.Len() > 0 && r.Err() == nil {
		r.Fail("bytes after the message")
	}
	return r.err()
}

// sync reads the rest of a Sync message.
func (r *reader) sync() (m Message) {
	switch r.Uint() {
	case 0:
		m.Kind = SyncStep1
	case 1:
		m.Kind = SyncStep2
	case 2:
		m.Kind = Update
	default:
		r.Fail("unknown sync message")
	}
	m.Payload = r.Bytes()
	return m
}

func appendSync(dst []byte, m Message) []byte {
	return lib0.AppendBytes(append(dst, byte(m.Kind-SyncStep1)), m.Payload)
}
