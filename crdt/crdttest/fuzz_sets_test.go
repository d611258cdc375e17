package crdttest_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/soratoo/soratoo/crdt"
)

// Whatever is cut out of an update, or scrubbed from it, leaves an update.
func FuzzSets(f *testing.F) {
	updates := seeds()
	for i, u := range updates {
		brought, _ := crdt.InsertsOf(u)
		deleted, _ := crdt.DeletesOf(updates[len(updates)-1-i])
		f.Add(u, brought.Encode())
		f.Add(u, deleted.Encode())
	}
	f.Fuzz(func(t *testing.T, update, set []byte) {
		ids, err := crdt.DecodeIDs(set)
		if err != nil {
			if !errors.Is(err, crdt.ErrMalformed) {
				t.Errorf("DecodeIDs(%x): %v", set, err)
			}
			return
		}
		if again, err := crdt.DecodeIDs(ids.Encode()); err != nil || !again.Equal(ids) {
			t.Errorf("DecodeIDs(%x) = %v, %v, want %v", ids.Encode(), again, err, ids)
		}
		for name, cut := range map[string]func([]byte, crdt.IDs) ([]byte, error){
			"ScrubUpdate":     crdt.ScrubUpdate,
			"IntersectUpdate": func(u []byte, ids crdt.IDs) ([]byte, error) { return crdt.IntersectUpdate(u, ids, ids) },
		} {
			out, err := cut(update, ids)
			switch {
			case err == nil && crdt.Verify(out) != nil:
				t.Errorf("%s(%x, %v) = %x: %v", name, update, ids, out, crdt.Verify(out))
			case err != nil && !refused(err):
				t.Errorf("%s(%x, %v): %v", name, update, ids, err)
			}
		}
	})
}

func FuzzAttribution(f *testing.F) {
	var a crdt.Attribution
	for i, u := range seeds() {
		if err := a.Add(u, uint64(i%5)); err == nil {
			f.Add(a.Encode())
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := crdt.DecodeAttribution(b)
		if err != nil {
			if !errors.Is(err, crdt.ErrMalformed) {
				t.Errorf("DecodeAttribution(%x): %v", b, err)
			}
			return
		}
		again, err := crdt.DecodeAttribution(a.Encode())
		if err != nil || !bytes.Equal(again.Encode(), a.Encode()) {
			t.Errorf("%x is written as %x and read as %v, %v", b, a.Encode(), again, err)
		}
	})
}
