package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// How large a message may be follows from what its sender may do.
const (
	strangerBytes = 4 << 10  // before anybody signed in on the socket
	readerBytes   = 64 << 10 // of who signs in, or only reads
	writerBytes   = 16 << 20 // of who writes: what was written offline comes in one message

	readingBytes = 128 << 20        // of all messages that are being read on a node
	earlySum     = 32 << 20         // of all messages on a node that wait for Auth answers
	messageTime  = 10 * time.Second // a message may take, and beside that
	leastSpeed   = 32 << 10         // a second for so many bytes that came
	frameSlack   = 8 << 10          // bytes of frames' headers in a message: some 1,000 frames,
	frameShare   = 64               // and this part of its bytes
	scratchBytes = 4 << 10          // of the buffers that messages are read into
)

// sum is how much of something a node has, with a limit.
type sum struct{ n atomic.Int64 }

// take adds n unless that is more than the limit.
func (s *sum) take(n, limit int) bool {
	if s.n.Add(int64(n)) > int64(limit) {
		s.n.Add(int64(-n))
		return false
	}
	return true
}

// give takes n away.
func (s *sum) give(n int) { s.n.Add(int64(-n)) }

// incoming is what the watcher sees of the message that is being read.
type incoming struct {
	limit atomic.Int64 // bytes of a message; strangerBytes until it is raised
	since atomic.Int64 // when it began, in nanoseconds of Unix time; 0 while there is none
	bytes atomic.Int64 // that came of it
}

// allow lets messages of n bytes in from now on.
func (i *incoming) allow(n int) {
	for {
		limit := i.limit.Load()
		if limit >= int64(n) || i.limit.CompareAndSwap(limit, int64(n)) {
			return
		}
	}
}

// most is how many bytes a message may have.
func (i *incoming) most() int { return max(strangerBytes, int(i.limit.Load())) }

// overdue tells whether the message comes slower than it may.
func (i *incoming) overdue(now time.Time) bool {
	since := i.since.Load()
	if since == 0 {
		return false
	}
	fair := messageTime + time.Duration(i.bytes.Load())*time.Second/leastSpeed
	return now.Sub(time.Unix(0, since)) > fair
}

// next reads one message. Its bytes count as being read until they are given
// back.
func (s *socket) next() ([]byte, error) {
	kind, r, err := s.ws.Reader(context.Background())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errLine, err)
	}
	if kind != websocket.MessageBinary {
		return nil, errText
	}
	s.incoming.bytes.Store(0)
	s.incoming.since.Store(time.Now().UnixNano())
	defer s.incoming.since.Store(0)
	scratch := scratches.Get().(*[scratchBytes]byte)
	defer scratches.Put(scratch)
	message, err := s.readAll(r, scratch[:])
	s.raw.until = 0
	if err != nil {
		s.sockets.reading.give(len(message))
		return nil, err
	}
	return message, nil
}

// readAll reads r to its end, into a slice of its own that grows as bytes come,
// by way of scratch. What it returns counts as being read.
func (s *socket) readAll(r io.Reader, scratch []byte) (message []byte, err error) {
	first, fill := s.raw.came, 0
	for {
		// Frames of nothing are no message: what comes is held against what it brings.
		got := len(message) + fill
		s.raw.until = first + frameSlack + got + got/frameShare + len(scratch)
		n, err := r.Read(scratch[fill:])
		fill += n
		s.incoming.bytes.Store(int64(len(message) + fill))
		if len(message)+fill > s.incoming.most() {
			return message, errTooLarge
		}
		if err == nil && fill < len(scratch) {
			continue
		}
		if !s.sockets.reading.take(fill, readingBytes) {
			return message, errBusy
		}
		message = append(message, scratch[:fill]...)
		fill = 0
		switch {
		case errors.Is(err, io.EOF):
			return message, nil
		case err != nil:
			return message, fmt.Errorf("%w: %w", errLine, err)
		}
	}
}

var scratches = sync.Pool{New: func() any { return new([scratchBytes]byte) }}
