package crdttest_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/crdttest"
)

// Seeds of undos.mjs whose texts have items with the right origin left of the
// origin, or the same.
var inverted = []uint64{211, 497, 1159, 1408, 2146, 2317, 2923, 4325, 4461, 4750, 5144}

// undone is what undos.mjs tells of a document.
type undone struct {
	Updates [][]byte
	State   []byte
	Shows   map[string]any
}

// Whoever hears of restored texts sees what their writer sees: live, when loading,
// and when real Yjs loads what we write.
func TestRestoredTextsShowWhatTheirWriterSees(t *testing.T) {
	peer := crdttest.StartPeer(t)
	seeds := inverted
	for s := range uint64(min(*histories, 300)) {
		seeds = append(seeds, *seed+s)
	}
	for _, s := range seeds {
		var docs []undone
		peer.Into(&docs, "undos", s)
		for i, d := range docs {
			for how, updates := range map[string][][]byte{"one by one": d.Updates, "loaded": {d.State}} {
				if err := shownAs(peer, updates, d.Shows); err != nil {
					t.Errorf("seed %d, document %d, %s: %v", s, i, how, err)
				}
			}
		}
	}
}

func shownAs(peer *crdttest.Peer, updates [][]byte, want map[string]any) error {
	doc := crdt.New(crdt.Options{})
	for _, u := range updates {
		if _, err := doc.Preview(u); err != nil {
			return fmt.Errorf("%w in %s\nupon %s", err, crdttest.Explain(u), crdttest.Explain(doc.Encode()))
		}
		if err := doc.Apply(u); err != nil {
			return err
		}
		if err := sameWhenLoaded(doc); err != nil {
			return err
		}
	}
	var theirs map[string]any
	peer.Into(&theirs, "shows", doc.Encode())
	got := doc.Map("m").JSON()
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(theirs, want) {
		return fmt.Errorf("shows %v, to real Yjs %v, want %v; state %s", got, theirs, want, crdttest.Explain(doc.Encode()))
	}
	return nil
}

// A text whose last letter has its origin behind its right origin, in what becomes
// one item: it stands behind its origin, however it comes.
func TestARightOriginLeftOfTheOriginKeepsNothingOut(t *testing.T) {
	structs := [][]byte{
		letter("ff", nil, nil), letter("th", nil, &at{2, 0}),
		letter("equic", &at{2, 3}, &at{2, 0}), letter("k", &at{2, 8}, &at{2, 4}),
	}
	rows := map[string][][]byte{"at once": {one(2, 0, structs...)}}
	clocks := []uint64{0, 2, 4, 9}
	for i, s := range structs {
		rows["one by one"] = append(rows["one by one"], one(2, clocks[i], s))
	}
	peer := crdttest.StartPeer(t)
	var theirs string
	for name, row := range rows {
		doc := applied(row...)
		if err := sameWhenLoaded(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		peer.Queue(nil, "new", name, 7)
		peer.Queue(nil, "apply", name, doc.Encode())
		peer.Into(&theirs, "text", name, "t")
		if got := doc.Text("t").String(); got != "thequickff" || theirs != got {
			t.Errorf("%s: %q, to real Yjs %q, want %q", name, got, theirs, "thequickff")
		}
	}
}
