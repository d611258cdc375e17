package crdttest

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/soratoo/soratoo/crdt"
)

// view is a document as people see it.
type view struct {
	Map   map[string]any
	Array []any
	Text  string
}

// state is what the peer tells of a document.
type state struct {
	view
	Update, Vector []byte
	V2             []byte
	Pending        bool
	Deletes        json.RawMessage
}

// look is our view of a document, through JSON as the peer's has come.
func look(doc *crdt.Doc) (v view, err error) {
	text, err := json.Marshal(view{doc.Map("m").JSON(), doc.Array("a").JSON(), doc.Text("t").String()})
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(text, &v)
}

// lookAtAll compares each of our replicas with its shadow.
func (h *History) lookAtAll() {
	for _, r := range h.replicas {
		if r.doc == nil {
			continue
		}
		h.peer.Queue(func(raw json.RawMessage) {
			var want state
			decode(h.peer.t, raw, &want)
			h.compare(r, want)
		}, "state", r.name)
	}
	h.flush()
}

// same tells whether an update of r is that of its shadow: in all bytes, or in
// what they mean once r has edited.
func (h *History) same(r *replica, got, want []byte) bool {
	if bytes.Equal(got, want) || !r.edited {
		return bytes.Equal(got, want)
	}
	return string(h.peer.Bytes("rewritten", got)) == string(h.peer.Bytes("rewritten", want))
}

// ahead tells whether a has at least what b has, and more. While updates wait
// that is allowed: Yjs notes only one missing unit of each client, and so may
// leave waiting what nothing is missing for any more.
func ahead(a, b []byte) bool {
	mine, errA := crdt.StateVectorEntries(a)
	other, errB := crdt.StateVectorEntries(b)
	if errA != nil || errB != nil {
		return false
	}
	for client, clock := range other {
		if mine[client] < clock {
			return false
		}
	}
	return !bytes.Equal(a, b)
}

func (h *History) compare(r *replica, want state) {
	if want.Pending && ahead(r.doc.StateVector(), want.Vector) {
		return
	}
	if got := r.doc.StateVector(); !bytes.Equal(got, want.Vector) {
		h.fail("replica %s: state vector %x, want %x%s", r.name, got, want.Vector, h.shrunk(r, nil))
	}
	if got := r.doc.Parked(); got != want.Pending {
		h.fail("replica %s: parked %v, want %v%s", r.name, got, want.Pending, h.shrunk(r, nil))
	}
	if got := r.doc.Encode(); !want.Pending && !h.same(r, got, want.Update) {
		h.fail("replica %s: Encode\n     = %x\nwant %x%s", r.name, got, want.Update, h.shrunk(r, nil))
	}
	if got := r.doc.EncodeV2(); !want.Pending && !r.edited && !bytes.Equal(got, want.V2) {
		h.fail("replica %s: EncodeV2\n     = %x\nwant %x%s", r.name, got, want.V2, h.shrunk(r, nil))
	}
	// Roots are read through a copy: asking for one by its kind is remembered.
	copied := crdt.New(crdt.Options{})
	if err := copied.Apply(r.doc.Encode()); err != nil {
		h.fail("replica %s: Apply of its own Encode: %w", r.name, err)
	}
	got, err := look(copied)
	if err != nil || !reflect.DeepEqual(got, want.view) {
		h.fail("replica %s: shows\n     %+v (%v)\nwant %+v%s", r.name, got, err, want.view, h.shrunk(r, nil))
	}
}

// compareAll compares all replicas with each other, after everyone has heard
// everything: what they show, their state vectors and what they have deleted.
func (h *History) compareAll() {
	var first state
	for i, r := range h.replicas {
		var update []byte
		h.peer.Queue(func(raw json.RawMessage) { decode(h.peer.t, raw, &update) }, "encode", r.name)
		h.flush()
		if r.doc != nil {
			update = r.doc.Encode()
		}
		h.peer.Queue(func(raw json.RawMessage) {
			var s state
			decode(h.peer.t, raw, &s)
			if i == 0 {
				first = s
			}
			h.equal(r, s, first)
		}, "canonical", update)
		h.flush()
	}
}

func (h *History) equal(r *replica, got, first state) {
	zero := h.replicas[0]
	if got.Pending || !bytes.Equal(got.Vector, first.Vector) || !bytes.Equal(got.Deletes, first.Deletes) {
		h.fail("replicas %s and %s have different units: %x and %x, deletes %s and %s%s",
			zero.name, r.name, first.Vector, got.Vector, first.Deletes, got.Deletes, h.shrunk(zero, nil))
	}
	// An edit inside a surrogate pair ruins the pair where it was made, and in
	// Yjs not always elsewhere.
	if !h.profile.Halves && !reflect.DeepEqual(got.view, first.view) {
		h.fail("replica %s shows\n   %+v\nbut %s shows\n   %+v%s", zero.name, first.view, r.name, got.view, h.shrunk(zero, nil))
	}
}

// looseUpdates compares the functions that work on updates alone with those of
// Yjs, on some of the updates of the history.
func (h *History) looseUpdates() {
	if len(h.updates) == 0 {
		return
	}
	var some [][]byte
	call := []any{"merge"}
	for range 1 + h.random.IntN(6) {
		u := h.updates[h.random.IntN(len(h.updates))]
		some = append(some, u)
		call = append(call, u)
	}
	h.peer.Queue(func(raw json.RawMessage) {
		var want []byte
		decode(h.peer.t, raw, &want)
		got, err := crdt.MergeUpdates(some...)
		if err != nil || !bytes.Equal(got, want) {
			h.fail("MergeUpdates(%x)\n     = %x, %v\nwant %x", some, got, err, want)
		}
		h.looseUpdate(want)
	}, call...)
	for range 3 {
		h.flush() // each may have queued the next
	}
}

// looseUpdate queues comparisons about one update.
func (h *History) looseUpdate(update []byte) {
	expect := func(name string, ours func() ([]byte, error)) func(json.RawMessage) {
		return func(raw json.RawMessage) {
			var want []byte
			decode(h.peer.t, raw, &want)
			if got, err := ours(); err != nil || !bytes.Equal(got, want) {
				h.fail("%s of %x\n     = %x, %v\nwant %x", name, update, got, err, want)
			}
		}
	}
	if err := crdt.Verify(update); err != nil {
		h.fail("Verify(%x): %w", update, err)
	}
	h.peer.Queue(expect("ToV2", func() ([]byte, error) { return crdt.ToV2(update) }), "toV2", update)
	h.peer.Queue(func(raw json.RawMessage) {
		var v2, v1 []byte
		decode(h.peer.t, raw, &v2)
		h.peer.Queue(func(raw json.RawMessage) {
			decode(h.peer.t, raw, &v1)
			if got, err := crdt.FromV2(v2); err != nil || !bytes.Equal(got, v1) {
				h.fail("FromV2(%x)\n     = %x, %v\nwant %x", v2, got, err, v1)
			}
		}, "toV1", v2)
	}, "toV2", update)
	h.peer.Queue(expect("StateVectorFromUpdate", func() ([]byte, error) { return crdt.StateVectorFromUpdate(update) }), "vectorOf", update)
	vector, err := crdt.StateVectorFromUpdate(h.updates[h.random.IntN(len(h.updates))])
	if err != nil {
		h.fail("StateVectorFromUpdate: %w", err)
		return
	}
	h.peer.Queue(expect("DiffUpdate", func() ([]byte, error) { return crdt.DiffUpdate(update, vector) }), "diffUpdate", update, vector)
}
