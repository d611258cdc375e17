package crdttest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/soratoo/soratoo/crdt"
)

// Replay feeds updates to a new document of ours and to a real one, and says
// how they differ: what they encode, and what they encode for somebody with
// that state vector.
func Replay(peer *Peer, fed [][]byte, vector []byte, keep bool) error {
	doc := crdt.New(crdt.Options{KeepDeleted: keep})
	peer.Queue(nil, "new", "replay", 0, map[string]any{"keepDeleted": keep})
	for _, u := range fed {
		if err := doc.Apply(u); err != nil {
			return fmt.Errorf("applying %x: %w", u, err)
		}
		if err := doc.Check(); err != nil {
			return err
		}
		peer.Queue(nil, "apply", "replay", u)
	}
	var want state
	peer.Into(&want, "state", "replay")
	diff := peer.Bytes("diff", "replay", vector)
	peer.Queue(nil, "free", "replay")
	if want.Pending && ahead(doc.StateVector(), want.Vector) {
		return nil
	}
	if got := doc.StateVector(); !bytes.Equal(got, want.Vector) {
		return fmt.Errorf("state vector %x, want %x", got, want.Vector)
	}
	if doc.Parked() != want.Pending {
		return fmt.Errorf("parked %v, want %v", doc.Parked(), want.Pending)
	}
	if want.Pending {
		return nil
	}
	if got := doc.Encode(); !bytes.Equal(got, want.Update) {
		return fmt.Errorf("encoded\n     = %x\nwant %x", got, want.Update)
	}
	if got, err := doc.Diff(vector); err != nil || !bytes.Equal(got, diff) {
		return fmt.Errorf("diff for %x\n     = %x, %v\nwant %x", vector, got, err, diff)
	}
	return nil
}

// shrunk is the shortest part of what r was fed that shows a difference, for a
// report.
func (h *History) shrunk(r *replica, vector []byte) string {
	if len(vector) == 0 {
		vector = []byte{0}
	}
	fed := slices.Clone(r.fed)
	err := Replay(h.peer, fed, vector, r.keep)
	if err == nil {
		return fmt.Sprintf("\nfed again, nothing differs: it is in the edits of %s itself%s", r.name, recipe(fed))
	}
	for again := true; again; {
		again = false
		for i := range fed {
			less := slices.Delete(slices.Clone(fed), i, i+1)
			if e := Replay(h.peer, less, vector, r.keep); e != nil {
				fed, err, again = less, e, true
				break
			}
		}
	}
	return fmt.Sprintf("\nshortest: %v%s", err, recipe(fed))
}

// recipe lists updates.
func recipe(updates [][]byte) string {
	var b strings.Builder
	for i, u := range updates {
		fmt.Fprintf(&b, "\n  fed %d: %x", i, u)
	}
	return b.String()
}
