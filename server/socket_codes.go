package server

import (
	"errors"

	"github.com/coder/websocket"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

// Why the edge ends sockets.
var (
	errExpired   = errors.New("the session expired")
	errNobody    = errors.New("nobody signed in")
	errTooLarge  = errors.New("message too large")
	errLate      = errors.New("a message takes too long")
	errBusy      = errors.New("the node reads too much at once")
	errSockets   = errors.New("too many connections")
	errFrames    = errors.New("too many frames in a message")
	errTooMany   = errors.New("too many messages")
	errDocuments = errors.New("too many documents")
	errText      = errors.New("text frame")
	errUnasked   = errors.New("not for clients to send")
	errLine      = errors.New("the line failed")
	errStuck     = errors.New("the peer does not read")
)

// closeCodes is the one table of what clients are told. Reasons are at most
// 123 bytes and tell nothing of our insides.
var closeCodes = []struct {
	err    error
	code   websocket.StatusCode
	reason string
}{
	{rooms.ErrRestart, websocket.StatusServiceRestart, "restarting"},
	{rooms.ErrMalformed, 4400, "malformed message"},
	{wire.ErrMalformed, 4400, "malformed message"},
	{errText, 4400, "malformed message"},
	{errUnasked, 4400, "malformed message"},
	{auth.ErrUnauthenticated, 4401, "not signed in"},
	{errNobody, 4401, "not signed in"},
	{errExpired, 4401, "the session expired"},
	{auth.ErrForbidden, 4403, "no access"},
	{auth.ErrShareEnded, 4403, "no access"},
	{auth.ErrNotFound, 4404, "no such project"},
	{rooms.ErrSlow, 4408, "too slow"},
	{errLate, 4408, "too slow"},
	{rooms.ErrReset, 4409, "the document was reset"},
	{rooms.ErrForged, 4403, "no access"},
	{rooms.ErrRefused, 4409, "a change was refused"},
	{errTooLarge, 4413, "message too large"},
	{wire.ErrLimit, 4413, "message too large"},
	{errDocuments, 4429, "too many documents on this connection"},
	{errSockets, 4429, "too many connections"},
	{errBusy, 4429, "the server is busy, try again"},
	{errTooMany, 4429, "too many messages"},
}

// codeInternal is the code of errors that are ours.
const codeInternal = websocket.StatusInternalError

// closeCode is how a socket ends for this reason.
func closeCode(err error) (websocket.StatusCode, string) {
	for _, c := range closeCodes {
		if errors.Is(err, c.err) {
			return c.code, c.reason
		}
	}
	return codeInternal, "internal error"
}
