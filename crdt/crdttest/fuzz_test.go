package crdttest_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/crdttest"
	"github.com/soratoo/soratoo/crdt/lib0"
)

// honest is the updates of three replicas that hear of each other now and then.
func honest(seed uint64) (updates [][]byte) {
	r := rand.New(rand.NewPCG(seed, 3))
	var docs []*crdt.Doc
	for client := range uint64(3) {
		docs = append(docs, crdt.New(crdt.Options{ClientID: 2 + client}))
	}
	for range 12 {
		d := docs[r.IntN(len(docs))]
		if u := crdttest.Edit(d, r, crdttest.Profile{Edits: 3, Nested: true, Halves: true}); u != nil {
			updates = append(updates, u)
		}
		for _, u := range updates {
			if r.IntN(2) == 0 {
				if err := docs[r.IntN(len(docs))].Apply(u); err != nil {
					panic(err)
				}
			}
		}
	}
	return updates
}

// letters that refer to each other in every way, as a start for the fuzzer.
func seeds() (updates [][]byte) {
	for seed := range uint64(6) {
		updates = append(updates, honest(seed)...)
	}
	return append(
		updates,
		one(9, 0, letter("abc", &at{1, 1}, &at{1, 5}), gc(3), letter("x", &at{9, 1}, nil)),
		forge([][]byte{section(8, 0, letter("x", &at{9, 0}, nil)), section(9, 0, letter("y", &at{8, 0}, nil))}, span{9, 0, 1}),
		one(9, 0, forged{kind: 9, root: "m", key: "d", content: append(text("guid"), 118, 0)}.bytes()),
		one(9, 0, forged{kind: 5, root: "t", content: text(`{"a":[1.5,null]}`)}.bytes(), forged{kind: 10, content: number(4)}.bytes()),
		one(9, 0, forged{kind: 2, root: "a", content: append(append([]byte{2}, text("1")...), text("undefined")...)}.bytes()),
	)
}

func FuzzUpdate(f *testing.F) {
	for _, u := range seeds() {
		f.Add(u)
	}
	f.Fuzz(func(t *testing.T, update []byte) {
		_ = give(t, fmt.Sprintf("%x", update), victim(t), update)
		looseFunctions(t, fmt.Sprintf("%x", update), update)
	})
}

// Any row of updates leaves a document whole, and what the row merges to is
// read like the row.
func FuzzUpdates(f *testing.F) {
	for seed := range uint64(8) {
		var row []byte
		for _, u := range honest(seed) {
			row = lib0.AppendBytes(row, u)
		}
		f.Add(row)
	}
	f.Fuzz(func(t *testing.T, row []byte) {
		doc := victim(t)
		var taken [][]byte
		for r := lib0.NewReader(row); r.Len() > 0 && len(taken) < 50; {
			u := r.Bytes()
			if give(t, fmt.Sprintf("%x in %x", u, row), doc, u) == nil {
				taken = append(taken, u)
			}
		}
		merged, err := crdt.MergeUpdates(taken...)
		if err != nil || crdt.Verify(merged) != nil {
			t.Errorf("merging %x: %v, %v", taken, err, crdt.Verify(merged))
		}
		both := victim(t)
		if err := both.Apply(merged); err != nil || both.Check() != nil {
			t.Errorf("applying %x: %v, %v", merged, err, both.Check())
		}
	})
}

func FuzzStateVector(f *testing.F) {
	doc := victim(f)
	f.Add(doc.StateVector())
	f.Add([]byte{2, 1, 3, 2, 9})
	f.Fuzz(func(t *testing.T, vector []byte) {
		diff, err := doc.Diff(vector)
		if err != nil {
			if !errors.Is(err, crdt.ErrMalformed) {
				t.Errorf("Diff(%x): %v", vector, err)
			}
			return
		}
		update, err := crdt.DiffUpdate(doc.Encode(), vector)
		if err != nil || crdt.Verify(diff) != nil || crdt.Verify(update) != nil {
			t.Errorf("%x: Diff %x, %v, DiffUpdate %x, %v, %v", vector, diff, crdt.Verify(diff), update, err, crdt.Verify(update))
		}
	})
}

// What can be read in V2 is an update, and the same one when it is written and
// read again.
func FuzzV2(f *testing.F) {
	for _, u := range seeds() {
		if v2, err := crdt.ToV2(u); err == nil {
			f.Add(v2)
		}
	}
	f.Fuzz(func(t *testing.T, v2 []byte) {
		v1, err := crdt.FromV2(v2)
		if err != nil {
			if !refused(err) {
				t.Errorf("FromV2(%x): %v", v2, err)
			}
			return
		}
		written, err := crdt.ToV2(v1)
		if err != nil {
			if !errors.Is(err, crdt.ErrLimit) {
				t.Errorf("ToV2(%x): %v", v1, err)
			}
			return
		}
		again, err := crdt.FromV2(written)
		if errors.Is(err, crdt.ErrLimit) {
			return // plain runs may shrink so much that they look like a bomb
		}
		if err != nil || !bytes.Equal(normal(t, again), normal(t, v1)) {
			t.Errorf("%x is %x, and then %x: %v", v2, v1, again, err)
		}
	})
}

// normal is an update without repetitions.
func normal(t *testing.T, update []byte) []byte {
	t.Helper()
	out, err := crdt.MergeUpdates(update, []byte{0, 0})
	if err != nil {
		t.Errorf("merging %x: %v", update, err)
	}
	return out
}
