package crdt

import (
	"io"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// streamSize is how many bytes are collected before they are written, but for a
// struct that is larger by itself.
const streamSize = 32 << 10

// WriteTo writes the bytes of [Doc.Encode] piece by piece, so that they are never
// all in memory; only when updates wait for missing ones are they joined with
// them first.
func (d *Doc) WriteTo(w io.Writer) (int64, error) {
	s := stream{w: w}
	if d.lot.size > 0 {
		s.write(d.Encode())
		return s.n, s.err
	}
	s.buf = make([]byte, 0, streamSize+streamSize/4)
	present := d.byID(func(c *client) bool { return c.next > 0 })
	s.uints(uint64(len(present)))
	for _, c := range present {
		d.streamClient(&s, &d.clients[c])
	}
	groups := d.Deletes().byClient()
	s.uints(uint64(len(groups)))
	for _, g := range groups {
		s.uints(g[0].Client, uint64(len(g)))
		for _, r := range g {
			s.uints(uint64(r.Clock), uint64(r.Len))
		}
	}
	s.write(s.buf)
	return s.n, s.err
}

func (d *Doc) streamClient(s *stream, c *client) {
	count := 0
	for _, chunk := range c.spans.chunks {
		count += len(chunk)
	}
	s.uints(uint64(count), c.id, 0)
	for _, chunk := range c.spans.chunks {
		for _, at := range chunk {
			s.buf = d.appendItem(s.buf, d.items.at(at.item), 0)
			s.spill()
		}
	}
}

// stream collects bytes for a writer until they are worth a call.
type stream struct {
	w   io.Writer
	buf []byte
	n   int64
	err error // the first; nothing is written after it
}

func (s *stream) uints(values ...uint64) {
	for _, v := range values {
		s.buf = lib0.AppendUint(s.buf, v)
	}
	s.spill()
}

func (s *stream) spill() {
	if len(s.buf) >= streamSize {
		s.write(s.buf)
		s.buf = s.buf[:0]
	}
}

func (s *stream) write(b []byte) {
	if s.err != nil || len(b) == 0 {
		return
	}
	n, err := s.w.Write(b)
	s.n, s.err = s.n+int64(n), err
}
