package server

import (
	"encoding/binary"
	"io"
	"sync"

	"github.com/soratoo/soratoo/crdt/wire"
)

const headerBytes = 10 // the longest header of a frame that a server sends

// yjsEncoder writes frames of y-websocket. See rooms.Encoder.
type yjsEncoder struct{}

// Encode returns m as a WebSocket frame, or nil if y-websocket has no such
// message.
func (yjsEncoder) Encode(m wire.Message) []byte {
	switch m.Kind {
	case wire.SyncStep1, wire.SyncStep2, wire.Update, wire.Awareness, wire.QueryAwareness:
		return seal(wire.AppendYjs(room(len(m.Payload)), m))
	default:
		return nil
	}
}

// collabEncoder writes frames of Hocuspocus to one address.
type collabEncoder struct{ address string }

// Encode returns m as a WebSocket frame.
func (e collabEncoder) Encode(m wire.Message) []byte {
	return seal(wire.AppendHocuspocus(room(len(e.address)+len(m.Payload)), wire.Address(e.address), m))
}

// Head returns what comes before m's payload in its frame; see rooms.Header.
func (yjsEncoder) Head(m wire.Message) []byte {
	return head(m, wire.AppendYjs(room(0), wire.Message{Kind: m.Kind}))
}

// Head returns what comes before m's payload in its frame; see rooms.Header.
func (e collabEncoder) Head(m wire.Message) []byte {
	return head(m, wire.AppendHocuspocus(room(len(e.address)), wire.Address(e.address), wire.Message{Kind: m.Kind, Reply: m.Reply}))
}

// head makes the beginning of m's frame of that of a message that ends with a
// payload of nothing, whose length is the last byte.
func head(m wire.Message, nothing []byte) []byte {
	b := binary.AppendUvarint(nothing[:len(nothing)-1], uint64(len(m.Payload)))
	return sealFor(b, len(b)-headerBytes+len(m.Payload))
}

// room is an empty slice with space for a header, and behind it for about n
// bytes.
func room(n int) []byte { return make([]byte, headerBytes, headerBytes+n+16) }

// seal puts the header of a binary message before what was appended to room.
// A frame is made once and written to many sockets, as servers do not mask.
func seal(b []byte) []byte { return sealFor(b, len(b)-headerBytes) }

// sealFor is seal for a message of n bytes, of which the last may be elsewhere.
func sealFor(b []byte, n int) []byte {
	switch {
	case n < 126:
		b = b[headerBytes-2:]
		b[1] = byte(n)
	case n < 1<<16:
		b = b[headerBytes-4:]
		b[1] = 126
		binary.BigEndian.PutUint16(b[2:], uint16(n))
	default:
		b[1] = 127
		binary.BigEndian.PutUint64(b[2:], uint64(n))
	}
	b[0] = 0x82 // the last frame of a binary message
	return b
}

// pingFrame asks the peer's WebSocket for a sign of life.
var pingFrame = []byte{0x89, 0}

// batch collects frames to be written together.
type batch struct {
	frames [][]byte
	buffer []byte
}

var batches = sync.Pool{New: func() any { return new(batch) }}

// write writes the frames, small ones together in one write.
func (b *batch) write(w io.Writer, frames [][]byte) error {
	b.frames = frames
	defer func() { clear(b.frames) }()
	if len(frames) == 1 {
		return writeChunks(w, frames[0])
	}
	b.buffer = b.buffer[:0]
	for _, f := range frames {
		if len(b.buffer)+len(f) > chunkBytes {
			if err := writeChunks(w, b.buffer); err != nil {
				return err
			}
			b.buffer = b.buffer[:0]
		}
		if len(f) > chunkBytes {
			if err := writeChunks(w, f); err != nil {
				return err
			}
			continue
		}
		b.buffer = append(b.buffer, f...)
	}
	return writeChunks(w, b.buffer)
}

// writeChunks writes p, in parts that a slow line takes in a short time.
func writeChunks(w io.Writer, p []byte) error {
	for len(p) > 0 {
		n := min(len(p), chunkBytes)
		if _, err := w.Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}
