// Package storagetest is the contract of a store, as tests that each store
// passes.
package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/soratoo/soratoo/rooms"
)

// Log runs the contract of rooms.Log. Each call of open returns an empty log.
func Log(t *testing.T, open func(t *testing.T) rooms.Log) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, log rooms.Log)
	}{
		{"UnwrittenDocumentIsEmpty", unwritten},
		{"EntriesComeBackInOrder", order},
		{"ABatchHoldsManyDocuments", batch},
		{"SequenceHasNoGapsUnderConcurrentWriters", gapless},
		{"SnapshotStandsForItsEntries", snapshot},
		{"OlderSnapshotChangesNothing", olderSnapshot},
		{"ResetRefusesOlderWriters", reset},
		{"RefusalLeavesTheRestOfTheBatch", refusal},
		{"RandomHistoriesMatchAModel", model},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// write makes a write of the first generation.
func write(doc string, updates ...string) rooms.Write {
	w := rooms.Write{Doc: doc, Generation: rooms.FirstGeneration}
	for _, u := range updates {
		w.Entries = append(w.Entries, rooms.Entry{Update: []byte(u), Person: "p", At: time.UnixMilli(1)})
	}
	return w
}

// mustAppend appends and returns the last sequence number of each write.
func mustAppend(t *testing.T, log rooms.Log, writes ...rooms.Write) []uint64 {
	t.Helper()
	receipts, err := log.Append(t.Context(), writes)
	if err != nil {
		t.Fatalf("Append(%d writes) = %v", len(writes), err)
	}
	if len(receipts) != len(writes) {
		t.Fatalf("Append(%d writes) has %d receipts", len(writes), len(receipts))
	}
	var seqs []uint64
	for i, r := range receipts {
		if r.Err != nil {
			t.Fatalf("Append: write %d: %v", i, r.Err)
		}
		seqs = append(seqs, r.Seq)
	}
	return seqs
}

func mustLoad(t *testing.T, log rooms.Log, doc string) rooms.Stored {
	t.Helper()
	s, err := log.Load(t.Context(), doc)
	if err != nil {
		t.Fatalf("Load(%s) = %v", doc, err)
	}
	return s
}

// same fails unless got holds this.
func same(t *testing.T, got rooms.Stored, seq uint64, snapshot string, tail ...string) {
	t.Helper()
	var have []string
	for _, u := range got.Tail {
		have = append(have, string(u))
	}
	if got.Seq != seq || string(got.Snapshot) != snapshot || !slices.Equal(have, tail) {
		t.Errorf("Load = seq %d, snapshot %q, tail %q; want %d, %q, %q", got.Seq, got.Snapshot, have, seq, snapshot, tail)
	}
}

func unwritten(t *testing.T, log rooms.Log) {
	s := mustLoad(t, log, "none/timeline")
	same(t, s, 0, "")
	if s.Generation != rooms.FirstGeneration {
		t.Errorf("Generation = %d, want %d", s.Generation, rooms.FirstGeneration)
	}
}

func order(t *testing.T, log rooms.Log) {
	if seqs := mustAppend(t, log, write("a", "1", "2")); seqs[0] != 2 {
		t.Errorf("Seq = %d, want 2", seqs[0])
	}
	if seqs := mustAppend(t, log, write("a", "3", "")); seqs[0] != 4 {
		t.Errorf("Seq = %d, want 4", seqs[0])
	}
	same(t, mustLoad(t, log, "a"), 4, "", "1", "2", "3", "")
}

func batch(t *testing.T, log rooms.Log) {
	seqs := mustAppend(t, log, write("a", "1"), write("b", "2", "3"), write("a", "4"))
	if !slices.Equal(seqs, []uint64{1, 2, 2}) {
		t.Errorf("Seqs = %d, want [1 2 2]", seqs)
	}
	same(t, mustLoad(t, log, "a"), 2, "", "1", "4")
	same(t, mustLoad(t, log, "b"), 2, "", "2", "3")
}

func gapless(t *testing.T, log rooms.Log) {
	const writers, each = 8, 25
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]string{}
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				update := fmt.Sprintf("%d.%d", w, i)
				receipts, err := log.Append(context.Background(), []rooms.Write{write("hot", update)})
				if err != nil || receipts[0].Err != nil {
					t.Errorf("Append = %v, %v", receipts, err)
					return
				}
				mu.Lock()
				seen[receipts[0].Seq] = update
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	s := mustLoad(t, log, "hot")
	if len(s.Tail) != writers*each || s.Seq != writers*each {
		t.Fatalf("Load has %d entries up to %d, want %d", len(s.Tail), s.Seq, writers*each)
	}
	for i, u := range s.Tail {
		if seen[uint64(i+1)] != string(u) {
			t.Errorf("entry %d = %q, its writer was told %q", i+1, u, seen[uint64(i+1)])
		}
	}
}

func snapshot(t *testing.T, log rooms.Log) {
	mustAppend(t, log, write("a", "1", "2", "3"))
	if err := log.Compact(t.Context(), rooms.Snapshot{Doc: "a", Generation: 1, Seq: 2, State: []byte("12")}); err != nil {
		t.Fatal(err)
	}
	same(t, mustLoad(t, log, "a"), 3, "12", "3")
	mustAppend(t, log, write("a", "4"))
	same(t, mustLoad(t, log, "a"), 4, "12", "3", "4")
	if err := log.Compact(t.Context(), rooms.Snapshot{Doc: "a", Generation: 1, Seq: 4, State: []byte("1234")}); err != nil {
		t.Fatal(err)
	}
	same(t, mustLoad(t, log, "a"), 4, "1234")
}

func olderSnapshot(t *testing.T, log rooms.Log) {
	mustAppend(t, log, write("a", "1", "2", "3"))
	for _, seq := range []uint64{3, 2, 3} {
		s := rooms.Snapshot{Doc: "a", Generation: 1, Seq: seq, State: fmt.Appendf(nil, "to %d", seq)}
		if err := log.Compact(t.Context(), s); err != nil {
			t.Fatalf("Compact(%d) = %v", seq, err)
		}
	}
	same(t, mustLoad(t, log, "a"), 3, "to 3")
}

func reset(t *testing.T, log rooms.Log) {
	mustAppend(t, log, write("a", "1", "2"))
	g, err := log.Reset(t.Context(), "a", rooms.Replacement{State: []byte("new"), Former: []byte("was")})
	if err != nil || g != 2 {
		t.Fatalf("Reset = %d, %v, want generation 2", g, err)
	}
	s := mustLoad(t, log, "a")
	same(t, s, 2, "new")
	if s.Generation != 2 || string(s.Former) != "was" {
		t.Errorf("Generation = %d after %q, want 2 after what it was", s.Generation, s.Former)
	}
	receipts, err := log.Append(t.Context(), []rooms.Write{write("a", "late")})
	if err != nil || !errors.Is(receipts[0].Err, rooms.ErrGeneration) {
		t.Errorf("Append of generation 1 = %v, %v, want ErrGeneration", receipts, err)
	}
	err = log.Compact(t.Context(), rooms.Snapshot{Doc: "a", Generation: 1, Seq: 2, State: []byte("late")})
	if !errors.Is(err, rooms.ErrGeneration) {
		t.Errorf("Compact of generation 1 = %v, want ErrGeneration", err)
	}
	same(t, mustLoad(t, log, "a"), 2, "new")
	if g, err = log.Reset(t.Context(), "fresh", rooms.Replacement{}); err != nil || g != 2 {
		t.Errorf("Reset of an unwritten document = %d, %v, want generation 2", g, err)
	}
	receipts, err = log.Append(t.Context(), []rooms.Write{write("fresh", "late")})
	if err != nil || !errors.Is(receipts[0].Err, rooms.ErrGeneration) {
		t.Errorf("Append after it = %v, %v, want ErrGeneration", receipts, err)
	}
}

func refusal(t *testing.T, log rooms.Log) {
	mustAppend(t, log, write("gone", "1"))
	if _, err := log.Reset(t.Context(), "gone", rooms.Replacement{}); err != nil {
		t.Fatal(err)
	}
	receipts, err := log.Append(t.Context(), []rooms.Write{write("a", "1"), write("gone", "2"), write("b", "3")})
	if err != nil {
		t.Fatal(err)
	}
	if receipts[0].Err != nil || !errors.Is(receipts[1].Err, rooms.ErrGeneration) || receipts[2].Err != nil {
		t.Errorf("receipts = %v, want only the second refused", receipts)
	}
	same(t, mustLoad(t, log, "a"), 1, "", "1")
	same(t, mustLoad(t, log, "b"), 1, "", "3")
}

// model drives log and a model of it with one random history.
func model(t *testing.T, log rooms.Log) {
	const seed, steps = 7, 300
	rnd := rand.New(rand.NewPCG(seed, seed))
	want := map[string]rooms.Stored{}
	for step := range steps {
		doc := string(rune('a' + rnd.IntN(4)))
		m := want[doc]
		switch n := rnd.IntN(10); {
		case n < 7:
			update := fmt.Sprintf("%d", step)
			w := write(doc, update)
			w.Generation = max(m.Generation, rooms.FirstGeneration)
			m.Generation, m.Seq = w.Generation, mustAppend(t, log, w)[0]
			m.Tail = append(m.Tail, []byte(update))
		case n < 9 && len(m.Tail) > 0:
			cut := 1 + rnd.IntN(len(m.Tail))
			m.Snapshot = slices.Concat(m.Snapshot, bytes.Join(m.Tail[:cut], nil))
			m.Tail = slices.Clone(m.Tail[cut:])
			s := rooms.Snapshot{Doc: doc, Generation: m.Generation, Seq: m.Seq - uint64(len(m.Tail)), State: m.Snapshot}
			if err := log.Compact(t.Context(), s); err != nil {
				t.Fatalf("seed %d step %d: Compact = %v", seed, step, err)
			}
		case n == 9:
			g, err := log.Reset(t.Context(), doc, rooms.Replacement{State: []byte("r")})
			if err != nil {
				t.Fatalf("seed %d step %d: Reset = %v", seed, step, err)
			}
			m = rooms.Stored{Generation: g, Seq: m.Seq, Snapshot: []byte("r")}
		}
		want[doc] = m
	}
	for doc, m := range want {
		var entries []string
		for _, u := range m.Tail {
			entries = append(entries, string(u))
		}
		same(t, mustLoad(t, log, doc), m.Seq, string(m.Snapshot), entries...)
	}
}
