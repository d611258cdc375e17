package server

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"
)

const bufferBytes = 512 // of a socket's buffers: most sockets are idle

// hijacker gives a connection small buffers of its own when it is taken from
// the HTTP server.
type hijacker struct {
	http.ResponseWriter
	raw *watchedConn
}

// Hijack takes the connection over; see http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	// The deadlines of the HTTP server do not hold for a socket.
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, nil, err
	}
	h.raw = &watchedConn{Conn: conn}
	h.raw.heard.Store(time.Now().UnixNano())
	r := bufio.NewReaderSize(h.raw, bufferBytes)
	if n := rw.Reader.Buffered(); n > 0 {
		early, err := rw.Reader.Peek(n)
		if err != nil {
			return nil, nil, err
		}
		r = bufio.NewReaderSize(&earlyReader{early: append([]byte(nil), early...), rest: h.raw}, max(bufferBytes, n))
		if _, err := r.Peek(n); err != nil {
			return nil, nil, err
		}
	}
	return h.raw, bufio.NewReadWriter(r, bufio.NewWriterSize(h.raw, bufferBytes)), nil
}

// earlyReader reads what came before the connection was taken over.
type earlyReader struct {
	early []byte
	rest  net.Conn
}

func (r *earlyReader) Read(p []byte) (int, error) {
	if len(r.early) == 0 {
		return r.rest.Read(p)
	}
	n := copy(p, r.early)
	r.early = r.early[n:]
	return n, nil
}

// accept makes a socket of a request; kind is for the figures. When that fails it has answered the
// request. Requests of pages elsewhere are refused.
func (s *Server) accept(w http.ResponseWriter, r *http.Request, kind string) (*socket, error) {
	h := &hijacker{ResponseWriter: w}
	sock := &socket{id: requestIDOf(r.Context()), kind: kind, sockets: &s.sockets, opened: time.Now(), gauge: s.Metrics.sockets.WithLabelValues(kind)}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{OriginPatterns: s.origins(), OnPingReceived: sock.pinged})
	if err != nil {
		return nil, fmt.Errorf("accepting a socket: %w", err)
	}
	ws.SetReadLimit(-1) // socket.next has one
	sock.ws, sock.raw = ws, h.raw
	sock.reading, sock.cancel = context.WithCancelCause(context.Background())
	return sock, nil
}

// origins are the hosts whose pages may connect, beside the one that the
// request was sent to.
func (s *Server) origins() []string {
	u, err := url.Parse(s.PublicURL)
	if err != nil || u.Host == "" {
		return nil
	}
	return []string{u.Host}
}

// start begins to serve the socket. The handler of its request may return.
func (s *socket) start(p protocol) {
	s.protocol = p
	s.sockets.add(s)
}
