package crdt_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/soratoo/soratoo/crdt"
)

// known asks for the roots of a network's document by their kinds.
func known(d *crdt.Doc) *crdt.Doc {
	d.Text("text")
	d.Array("list")
	d.Map("map")
	return d
}

func TestDocumentAtASnapshotIsTheDocumentOfThen(t *testing.T) {
	for seed := range uint64(150) {
		n := newNetwork(t, seed+20000)
		for i := range n.docs {
			n.docs[i] = crdt.New(crdt.Options{ClientID: uint64(i + 1), KeepDeleted: true})
		}
		d := known(n.docs[0])
		var moments []crdt.Snapshot
		var states []map[string]any
		for range 30 {
			if u := n.edit(n.docs[n.rnd.IntN(len(n.docs))]); u != nil {
				n.sent = append(n.sent, u)
			}
			if n.rnd.IntN(3) == 0 {
				n.deliver(d, n.sent)
				moments = append(moments, d.Snapshot())
				states = append(states, d.JSON())
			}
		}
		for i, s := range moments {
			past, err := d.At(s)
			if err != nil {
				t.Fatalf("seed %d: At: %v", seed, err)
			}
			known(past)
			if got := past.JSON(); !reflect.DeepEqual(got, states[i]) {
				t.Fatalf("seed %d: %v, want %v", seed, got, states[i])
			}
			if !past.Snapshot().Equal(s) {
				t.Fatalf("seed %d: the snapshot of the past is %v, want %v", seed, past.Snapshot(), s)
			}
		}
	}
}

func TestWhatIsGoneCannotBeSeenAgain(t *testing.T) {
	d := crdt.New(crdt.Options{ClientID: 1})
	m, text := d.Map("m"), d.Text("t")
	d.Transact(func(tx *crdt.Tx) { m.Set(tx, "k", "old"); text.Insert(tx, 0, "one") })
	first := d.Snapshot()
	d.Transact(func(tx *crdt.Tx) { text.Insert(tx, 3, " two") })
	if past, err := d.At(first); err != nil || past.Text("t").String() != "one" {
		t.Errorf("At with nothing deleted since = %v", err)
	}
	d.Transact(func(tx *crdt.Tx) { m.Set(tx, "k", "new") })
	if _, err := d.At(first); !errors.Is(err, crdt.ErrCollected) {
		t.Errorf("At of what was collected = %v, want ErrCollected", err)
	}
	second := d.Snapshot()
	d.Transact(func(tx *crdt.Tx) { text.Insert(tx, 0, "zero ") })
	past, err := d.At(second)
	if err != nil || past.Text("t").String() != "one two" {
		t.Errorf("At of what was deleted before = %v", err)
	}
	if _, err := past.At(d.Snapshot()); !errors.Is(err, crdt.ErrMissing) {
		t.Errorf("At of the future = %v, want ErrMissing", err)
	}
}

func TestSnapshotKnowsWhatItContains(t *testing.T) {
	d := crdt.New(crdt.Options{ClientID: 1})
	first := d.Transact(func(tx *crdt.Tx) { d.Text("t").Insert(tx, 0, "one") })
	s := d.Snapshot()
	second := d.Transact(func(tx *crdt.Tx) { d.Text("t").Delete(tx, 0, 1) })
	for _, c := range []struct {
		update []byte
		want   bool
	}{{first, true}, {second, false}, {d.Encode(), false}} {
		if got, err := s.ContainsUpdate(c.update); err != nil || got != c.want {
			t.Errorf("ContainsUpdate(%x) = %v, %v, want %v", c.update, got, err, c.want)
		}
	}
	if got, err := d.Snapshot().ContainsUpdate(second); err != nil || !got {
		t.Errorf("ContainsUpdate(%x) = %v, %v, want true", second, got, err)
	}
	for _, malformed := range [][]byte{nil, {1}, first[:4], append(bytes.Clone(first), 7)} {
		if _, err := s.ContainsUpdate(malformed); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("ContainsUpdate(%x) = %v, want ErrMalformed", malformed, err)
		}
	}
}

func TestMalformedSnapshotsAndPositionsAreRefused(t *testing.T) {
	d := crdt.New(crdt.Options{ClientID: 1 << 40})
	d.Transact(func(tx *crdt.Tx) { d.Text("t").Insert(tx, 0, "one two"); d.Text("t").Delete(tx, 1, 2) })
	s, p := d.Snapshot(), d.Text("t").Position(2, -1)
	check := func(name string, good []byte, decode func([]byte) error) {
		t.Helper()
		if err := decode(good); err != nil {
			t.Errorf("%s: decoding %x: %v", name, good, err)
		}
		for n := range good {
			if err := decode(good[:n]); !errors.Is(err, crdt.ErrMalformed) && (name != "position" || n != len(good)-1) {
				t.Errorf("%s: decoding %x: %v, want ErrMalformed", name, good[:n], err)
			}
		}
		if err := decode(append(bytes.Clone(good), 0)); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("%s: decoding with a byte behind: %v", name, err)
		}
	}
	check("snapshot", s.Encode(), func(b []byte) error { _, err := crdt.DecodeSnapshot(b); return err })
	check("snapshot V2", s.EncodeV2(), func(b []byte) error { _, err := crdt.DecodeSnapshotV2(b); return err })
	check("position", p.Encode(), func(b []byte) error { _, err := crdt.DecodePosition(b); return err })
	for _, text := range []string{`{}`, `[]`, `{"assoc":0}`, `{"item":{"client":1,"clock":-1}}`, `{"item":{"client":1e300,"clock":1}}`, `{"type":{"client":9007199254740992,"clock":0}}`} {
		if err := p.UnmarshalJSON([]byte(text)); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("UnmarshalJSON(%s) = %v, want ErrMalformed", text, err)
		}
	}
	if p != d.Text("t").Position(2, -1) {
		t.Error("a refused position was taken")
	}
}
