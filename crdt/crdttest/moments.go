package crdttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/soratoo/soratoo/crdt"
)

// moments is a twin of which snapshots and positions are taken on the way, to
// be looked at again later.
type moments struct {
	Twin
	snapshots [][]byte
	positions []crdt.Position
}

// RunMoments plays the run of a seed: snapshots, the states at them, and
// positions have to be those of real Yjs. The error says what differed first.
func RunMoments(peer *Peer, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 0x3033e27))
	m := &moments{Twin: Twin{seed: seed, peer: peer, random: random, keep: random.IntN(2) == 0}}
	m.begin()
	defer peer.Queue(nil, "free", m.name)
	for range 4 + random.IntN(24) {
		err := m.edit()
		if err == nil {
			err = m.look()
		}
		if err != nil {
			return fmt.Errorf("seed %d: %s: %w", seed, m.exercise, err)
		}
	}
	return nil
}

// edit lets the twin do something, or go on where it wrote last.
func (m *moments) edit() error {
	if m.random.IntN(3) > 0 {
		return m.step()
	}
	m.seen = nil
	at, s := m.doc.Text("t").Len(), text(m.random)
	update := m.doc.TransactAs("me", func(tx *crdt.Tx) { m.doc.Text("t").Insert(tx, at, s) })
	m.exercise = "write " + s
	return m.compare(update, "step", m.name, [][]any{{[]any{"t"}, "write", at, s}})
}

func (m *moments) look() error {
	for _, check := range []func() error{m.take, m.mark, m.goBack, m.contains, m.resolve} {
		if m.random.IntN(2) == 0 {
			if err := check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// take takes a snapshot and holds its bytes against the peer's.
func (m *moments) take() error {
	var want struct{ V1, V2 []byte }
	m.peer.Into(&want, "snapshot", m.name)
	s := m.doc.Snapshot()
	if v1, v2 := s.Encode(), s.EncodeV2(); !bytes.Equal(v1, want.V1) || !bytes.Equal(v2, want.V2) {
		return fmt.Errorf("snapshot\n     %x %x\nwant %x %x", v1, v2, want.V1, want.V2)
	}
	again, err1 := crdt.DecodeSnapshot(want.V1)
	andV2, err2 := crdt.DecodeSnapshotV2(want.V2)
	if err1 != nil || err2 != nil || !again.Equal(s) || !andV2.Equal(s) {
		return fmt.Errorf("DecodeSnapshot(%x) = %+v, %v; in V2 %+v, %v; want %+v", want.V1, again, err1, andV2, err2, s)
	}
	m.snapshots = append(m.snapshots, want.V1)
	return nil
}

// goBack looks at a document as it was.
func (m *moments) goBack() error {
	if len(m.snapshots) == 0 {
		return nil
	}
	encoded := m.snapshots[m.random.IntN(len(m.snapshots))]
	s, err := crdt.DecodeSnapshot(encoded)
	if err != nil {
		return err
	}
	before := m.doc.Encode()
	past, err := m.doc.At(s)
	if !m.keep {
		if err != nil && !errors.Is(err, crdt.ErrCollected) {
			return err
		}
		return nil // Yjs does not go back at all here
	}
	if err != nil {
		return fmt.Errorf("At(%x): %w", encoded, err)
	}
	want := m.peer.Bytes("at", m.name, encoded)
	if got := past.Encode(); !bytes.Equal(got, want) {
		return fmt.Errorf("At(%x)\n     %s\nwant %s", encoded, Explain(got), Explain(want))
	}
	if !bytes.Equal(m.doc.Encode(), before) {
		return errors.New("the document was changed by At")
	}
	return past.Check()
}

// contains asks whether a snapshot contains an update.
func (m *moments) contains() error {
	if len(m.snapshots) == 0 {
		return nil
	}
	encoded := m.snapshots[m.random.IntN(len(m.snapshots))]
	s, err := crdt.DecodeSnapshot(encoded)
	if err != nil {
		return err
	}
	update := m.doc.Encode()
	if m.random.IntN(2) == 0 {
		if update, err = m.doc.Diff(m.other.StateVector()); err != nil {
			return err
		}
	}
	var want bool
	m.peer.Into(&want, "contains", encoded, update)
	if got, err := s.ContainsUpdate(update); err != nil || got != want {
		return fmt.Errorf("%x.ContainsUpdate(%x) = %v, %v, want %v", encoded, update, got, err, want)
	}
	return nil
}

// list is a type in which there are positions.
type list interface {
	crdt.Shared
	Len() int
	Position(index, assoc int) crdt.Position
}

// mark takes a position somewhere.
func (m *moments) mark() error {
	name := []string{"a", "t", "x", "m"}[m.random.IntN(4)]
	s, path := walk(m.random, m.root(name), []any{name})
	l, ok := s.(list)
	if x, isXML := s.(crdt.XML); !ok || isXML && x.Kind() == "xml-hook" {
		return nil
	}
	index, assoc := m.random.IntN(l.Len()+2), m.random.IntN(3)-1
	var want struct {
		Bytes []byte
		JSON  string
	}
	m.peer.Into(&want, "position", m.name, path, index, assoc)
	p := l.Position(index, assoc)
	text, err := p.MarshalJSON()
	if err != nil || !bytes.Equal(p.Encode(), want.Bytes) || string(text) != want.JSON {
		return fmt.Errorf("position %v %d %d\n     %x %s %v\nwant %x %s", path, index, assoc, p.Encode(), text, err, want.Bytes, want.JSON)
	}
	read, err := crdt.DecodePosition(want.Bytes)
	if err != nil || !bytes.Equal(read.Encode(), want.Bytes) {
		return fmt.Errorf("DecodePosition(%x) = %x, %v", want.Bytes, read.Encode(), err)
	}
	var parsed crdt.Position
	if err := json.Unmarshal(text, &parsed); err != nil || parsed != p {
		return fmt.Errorf("Unmarshal(%s) = %+v, %v, want %+v", text, parsed, err, p)
	}
	m.positions = append(m.positions, p)
	return nil
}

// resolve looks where the positions are now.
func (m *moments) resolve() error {
	for _, p := range m.positions {
		var want *struct {
			Type  []byte
			Index int
		}
		m.peer.Into(&want, "resolve", m.name, p.Encode())
		in, index, ok := m.doc.Resolve(p)
		if ok != (want != nil) {
			return fmt.Errorf("Resolve(%x) = %v, want %+v", p.Encode(), ok, want)
		}
		if !ok {
			continue
		}
		l, isList := in.(list)
		if !isList || index != want.Index || !bytes.Equal(l.Position(l.Len(), 0).Encode(), want.Type) {
			return fmt.Errorf("Resolve(%x) = %v %d, want %+v", p.Encode(), in, index, want)
		}
	}
	return nil
}
