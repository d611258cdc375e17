package crdttest_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/crdttest"
)

// The trace is typed in real Yjs and in ours; every update has to be the same,
// and so has the document that a third one makes of the updates.
func TestB4TraceIsTheSameUpdateByUpdate(t *testing.T) {
	trace, err := crdttest.B4()
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		trace = trace[:20000]
	}
	peer := crdttest.StartPeer(t)
	peer.Queue(nil, "new", "b4", 1)
	local, remote := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	text := local.Text("text")
	typed := 0
	for chunk := range slices.Chunk(trace, 20000) {
		var updates [][]byte
		peer.Into(&updates, "trace", "b4", chunk)
		if len(updates) != len(chunk) {
			t.Fatalf("%d updates for %d edits", len(updates), len(chunk))
		}
		for i, want := range updates {
			if got := chunk[i].Type(local, text); !bytes.Equal(got, want) {
				t.Fatalf("edit %d is written as %x, want %x", typed, got, want)
			}
			if err := remote.Apply(want); err != nil {
				t.Fatalf("edit %d: %v", typed, err)
			}
			typed++
		}
	}
	want := peer.Bytes("encode", "b4")
	var wantText string
	peer.Into(&wantText, "text", "b4", "text")
	for name, doc := range map[string]*crdt.Doc{"local": local, "remote": remote} {
		if got := doc.Encode(); !bytes.Equal(got, want) {
			t.Errorf("%s document is %d bytes unlike the %d of Yjs", name, len(got), len(want))
		}
		if got := doc.Text("text").String(); got != wantText {
			t.Errorf("%s text of %d bytes is not that of %d", name, len(got), len(wantText))
		}
		if err := doc.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// One merge of all updates is one document.
func TestB4TraceMergedIsTheSameDocument(t *testing.T) {
	trace, err := crdttest.B4()
	if err != nil {
		t.Fatal(err)
	}
	doc := crdt.New(crdt.Options{ClientID: 1})
	text := doc.Text("text")
	updates := make([][]byte, len(trace))
	for i, k := range trace {
		updates[i] = k.Type(doc, text)
	}
	merged, err := crdt.MergeUpdates(updates...)
	if err != nil {
		t.Fatal(err)
	}
	other := crdt.New(crdt.Options{})
	if err := other.Apply(merged); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(other.Encode(), doc.Encode()) || other.Text("text").Len() != 104852 {
		t.Errorf("merged updates give %d units", other.Text("text").Len())
	}
}
