package crdt_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/soratoo/soratoo/crdt"
)

// sink takes what is written, in how large pieces, until it is full.
type sink struct {
	bytes.Buffer
	largest, room int
}

var errFull = errors.New("full")

func (s *sink) Write(b []byte) (int, error) {
	s.largest = max(s.largest, len(b))
	if s.Len()+len(b) > s.room {
		n, _ := s.Buffer.Write(b[:s.room-s.Len()])
		return n, errFull
	}
	return s.Buffer.Write(b)
}

var _ io.WriterTo = (*crdt.Doc)(nil)

func TestWrittenPieceByPieceIsTheEncoding(t *testing.T) {
	large := crdt.New(crdt.Options{ClientID: 3})
	for i := range 8000 {
		large.Transact(func(tx *crdt.Tx) {
			large.Map("m").Set(tx, "k", i)
			large.Text("t").Insert(tx, (i*7)%(large.Text("t").Len()+1), "a piece of a text that is long")
			if i%3 == 0 {
				large.Text("t").Delete(tx, i/3, 1)
			}
		})
	}
	waiting := crdt.New(crdt.Options{ClientID: 4})
	whole := large.Encode()
	rest, err := crdt.DiffUpdate(whole, []byte{1, 3, 5})
	if err == nil {
		err = waiting.Apply(rest)
	}
	if err != nil || !waiting.Parked() {
		t.Fatalf("%v, parked %v", err, waiting.Parked())
	}
	for name, d := range map[string]*crdt.Doc{"large": large, "waiting": waiting} {
		want := d.Encode()
		out := sink{room: 1 << 30}
		n, err := d.WriteTo(&out)
		if err != nil || n != int64(len(want)) || !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%s: WriteTo = %d, %v, want %d bytes of Encode", name, n, err, len(want))
		}
		if name == "large" && out.largest > 40<<10 {
			t.Errorf("%s: %d bytes of %d at once", name, out.largest, len(want))
		}
		full := sink{room: len(want) / 2}
		if n, err := d.WriteTo(&full); !errors.Is(err, errFull) || n != int64(len(want)/2) {
			t.Errorf("%s: WriteTo = %d, %v, want %d and that it is full", name, n, err, len(want)/2)
		}
	}
}
