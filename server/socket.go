package server

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/soratoo/soratoo/rooms"
)

const (
	chunkBytes = 32 << 10 // of one write, so that a slow reader shows progress
)

// protocol is what a socket speaks. Its methods are called one at a time,
// except for tick and end.
type protocol interface {
	// receive takes one message, whose bytes it may keep. An error ends the
	// socket, with the close code that the error has.
	receive(ctx context.Context, message []byte) error
	// tick is called every second. An error ends the socket.
	tick(now time.Time) error
	// alive returns a frame that does nothing, for clients that think the
	// line dead when they hear nothing; nil while there is none.
	alive() []byte
	// members tells whether rooms have members here, which they will end.
	members() bool
	// left ends all memberships. It is called once, last.
	left()
}

// socket is one WebSocket connection. Reading it is one goroutine; writing it
// is another that exists only while something waits.
type socket struct {
	id       string // of the request that it began with
	kind     string
	ws       *websocket.Conn
	raw      *watchedConn
	sockets  *sockets
	protocol protocol
	opened   time.Time
	gauge    prometheus.Gauge // of open sockets like this
	reading  context.Context  // ends with the socket; the reader waits with it
	cancel   context.CancelCauseFunc
	open     atomic.Bool  // a document is open on it
	incoming incoming     // the message that is being read
	sent     atomic.Int64 // when the last frame was, in nanoseconds of Unix time
	budget   budget       // the reader's

	address string          // where it is from, if that counts
	tallied map[string]bool // what it counts as; the tallies' lock guards it

	mu      sync.Mutex
	frames  [][]byte        // of the socket itself
	ready   []*rooms.Member // with something in their outboxes
	writing bool            // the writer runs
	closing error           // why the socket ends
}

// watchedConn notes when something came, and since when a write is stuck.
type watchedConn struct {
	net.Conn
	heard atomic.Int64 // nanoseconds of Unix time
	since atomic.Int64 // the same, of the write under way; 0 when there is none
	came  int          // bytes; the reader's
	until int          // how many may come before something of the message has; 0 for any
}

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.Store(time.Now().UnixNano())
	}
	if c.came += n; c.until > 0 && c.came > c.until {
		return 0, errFrames
	}
	return n, err
}

func (c *watchedConn) Write(p []byte) (int, error) {
	c.since.Store(time.Now().UnixNano())
	n, err := c.Conn.Write(p)
	c.since.Store(0)
	return n, err
}

// Wake has what waits for the member written; see rooms.Sink.
func (s *socket) Wake(m *rooms.Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.ready, m) {
		return
	}
	s.ready = append(s.ready, m)
	s.startWriting()
}

// End closes the socket, as its member was let go; see rooms.Sink. Its other
// documents come back with the client.
func (s *socket) End(m *rooms.Member, reason error) {
	s.Wake(m)
	s.close(reason)
}

// send writes a frame of the socket itself, before what waits for members.
func (s *socket) send(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = append(s.frames, frame)
	s.startWriting()
}

// close ends the socket once what waits is written. The first reason counts.
func (s *socket) close(reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing == nil {
		s.closing = reason
		s.startWriting()
	}
}

// reason is why the socket ended; nil when its peer just went.
func (s *socket) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// startWriting makes sure that the writer runs. The caller holds the lock.
func (s *socket) startWriting() {
	if !s.writing {
		s.writing = true
		s.sockets.running.Go(func() { s.safely("a socket's writer", s.write) })
	}
}

// take returns the frames that wait and whose they are, or false when the writer
// may end.
func (s *socket) take(frames [][]byte) ([][]byte, []*rooms.Member, bool) {
	s.mu.Lock()
	own, ready := s.frames, s.ready
	s.frames, s.ready = nil, nil
	if len(own) == 0 && len(ready) == 0 {
		s.writing = s.closing != nil // nothing is written after the close frame
		s.mu.Unlock()
		return nil, nil, false
	}
	s.mu.Unlock()
	frames = append(frames, own...)
	for _, m := range ready {
		frames = m.Take(frames)
	}
	return frames, ready, true
}

// write sends what waits, as few writes as can be, until nothing does.
func (s *socket) write() {
	batch := batches.Get().(*batch)
	defer batches.Put(batch)
	for {
		frames, members, ok := s.take(batch.frames[:0])
		if !ok {
			break
		}
		if err := batch.write(s.raw, frames); err != nil {
			s.abort()
			return
		}
		s.sent.Store(time.Now().UnixNano())
		for _, m := range members {
			m.Written()
		}
	}
	s.mu.Lock()
	reason := s.closing
	s.mu.Unlock()
	if reason != nil {
		code, text := closeCode(reason)
		// The handshake may fail in many ways, all of which end the socket.
		_ = s.ws.Close(code, text)
		s.cancel(reason)
	}
}

// abort ends the socket without a word. Readers and writers fail.
func (s *socket) abort() {
	s.cancel(errStuck)
	_ = s.raw.Close()
}

// read takes messages until the socket ends, one way or another.
func (s *socket) read() {
	defer s.sockets.remove(s)
	defer s.protocol.left()
	for {
		message, err := s.next()
		if err == nil {
			err = s.protocol.receive(s.reading, message)
		}
		s.sockets.reading.give(len(message))
		switch {
		case err == nil:
		case errors.Is(err, errLine), s.reading.Err() != nil:
			s.cancel(err)
			_ = s.ws.CloseNow()
			return
		default:
			s.close(err) // the writer does the closing handshake
			return
		}
	}
}

// pinged tells whether the peer's ping is answered. The reader calls it.
func (s *socket) pinged(context.Context, []byte) bool {
	err := s.budget.spend(costCheap, time.Now())
	if err != nil {
		s.close(err)
	}
	return err == nil
}
