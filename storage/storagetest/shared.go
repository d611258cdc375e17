package storagetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/soratoo/soratoo/rooms"
)

// SharedLog is a log that several nodes write.
type SharedLog interface {
	rooms.Log
	rooms.Shared
}

// Shared runs the contract of rooms.Shared. Each call of open returns nodes on one
// empty log.
func Shared(t *testing.T, open func(t *testing.T) []SharedLog) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, nodes []SharedLog)
	}{
		{"HeadsAreThoseOfTheLog", heads},
		{"SinceReturnsWhatCameAfter", since},
		{"SinceReturnsASnapshotForWhatIsGone", sinceSnapshot},
		{"NodesAppendToOneDocumentWithoutGaps", nodesAppend},
		{"CompactionAndResetsBesideWriters", beside},
		{"NoticesAreNumberedWithoutGaps", notices},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func last(nodes []SharedLog) SharedLog { return nodes[len(nodes)-1] }

func heads(t *testing.T, nodes []SharedLog) {
	mustAppend(t, nodes[0], write("a", "1", "2"), write("b", "3"))
	if _, err := nodes[0].Reset(t.Context(), "b", rooms.Replacement{}); err != nil {
		t.Fatal(err)
	}
	docs := []string{"a", "b", "never"}
	for i := range 1500 { // more than one query takes
		docs = append(docs, fmt.Sprint("n", i))
	}
	got, err := last(nodes).Heads(t.Context(), docs)
	if err != nil || fmt.Sprint(got) != "map[a:{1 2} b:{2 1}]" {
		t.Errorf("Heads = %v, %v", got, err)
	}
	if got, err := nodes[0].Heads(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("Heads of nothing = %v, %v", got, err)
	}
}

func since(t *testing.T, nodes []SharedLog) {
	w := write("a", "1", "2", "3")
	w.Entries[1].Clients = []uint64{7}
	mustAppend(t, nodes[0], w)
	for after, want := range []string{"1 2 3", "2 3", "3", "", ""} {
		got, err := last(nodes).Since(t.Context(), "a", uint64(after))
		if err != nil || string(bytes.Join(got.Tail, []byte(" "))) != want || got.Seq != max(3, uint64(after)) || got.Snapshot != nil || got.Generation != 1 {
			t.Errorf("Since(%d) = %q up to %d of %d, %v, want %q", after, got.Tail, got.Seq, got.Generation, err, want)
		}
		if got.Writers[7].Person != "p" {
			t.Errorf("Since(%d) tells of writers %v", after, got.Writers)
		}
	}
	if _, err := nodes[0].Reset(t.Context(), "a", rooms.Replacement{State: []byte("new")}); err != nil {
		t.Fatal(err)
	}
	if got, err := last(nodes).Since(t.Context(), "a", 2); err != nil || got.Generation != 2 || string(got.Snapshot) != "new" || got.Seq != 3 {
		t.Errorf("after a reset Since = %+v, %v", got, err)
	}
	if got, err := nodes[0].Since(t.Context(), "never", 0); err != nil || got.Seq != 0 || got.Generation != rooms.FirstGeneration {
		t.Errorf("Since of what was never written = %+v, %v", got, err)
	}
}

func sinceSnapshot(t *testing.T, nodes []SharedLog) {
	for _, state := range []string{"<1><2>", "<1><2><3><4>"} {
		seqs := mustAppend(t, nodes[0], write("a", "x", "y"))
		if err := nodes[0].Compact(t.Context(), rooms.Snapshot{Doc: "a", Generation: 1, Seq: seqs[0], State: []byte(state)}); err != nil {
			t.Fatal(err)
		}
	}
	mustAppend(t, nodes[0], write("a", "5"))
	got, err := last(nodes).Since(t.Context(), "a", 1)
	if err != nil || string(got.Snapshot) != "<1><2><3><4>" || len(got.Tail) != 1 || string(got.Tail[0]) != "5" || got.Seq != 5 {
		t.Errorf("Since(1) = snapshot %q, tail %q up to %d, %v", got.Snapshot, got.Tail, got.Seq, err)
	}
	got, err = last(nodes).Since(t.Context(), "a", 4)
	if err != nil || got.Snapshot != nil || len(got.Tail) != 1 {
		t.Errorf("Since(4) = snapshot %q, tail %q, %v", got.Snapshot, got.Tail, err)
	}
}

// nodesAppend has nodes write to the same documents at once, while another reads: what
// is there never has a hole.
func nodesAppend(t *testing.T, nodes []SharedLog) {
	const rounds, writers = 20, 4
	var group sync.WaitGroup
	var mu sync.Mutex
	took := map[string][]uint64{}
	for n, node := range nodes {
		for w := range writers {
			group.Go(func() {
				for i := range rounds {
					docs := []string{"a", "b"}
					if (n+w)%2 == 0 {
						slices.Reverse(docs) // the order of locks is the store's
					}
					writes := []rooms.Write{write(docs[0], fmt.Sprint(n, w, i, docs[0])), write(docs[1], fmt.Sprint(n, w, i, docs[1]), "more")}
					receipts, err := node.Append(t.Context(), writes)
					if err != nil {
						t.Errorf("Append = %v", err)
						return
					}
					mu.Lock()
					for j, r := range receipts {
						for k := range writes[j].Entries {
							took[docs[j]] = append(took[docs[j]], r.Seq-uint64(k))
						}
					}
					mu.Unlock()
				}
			})
		}
	}
	done := watch(t, last(nodes))
	group.Wait()
	done()
	for doc, seqs := range took {
		slices.Sort(seqs)
		for i, seq := range seqs {
			if seq != uint64(i+1) {
				t.Fatalf("%s: position %d is taken by %d", doc, i+1, seq)
			}
		}
		stored, err := last(nodes).Load(t.Context(), doc)
		if err != nil || len(stored.Tail) != len(seqs) || len(stored.Damage) > 0 {
			t.Errorf("%s: %d entries are stored of %d, damage %v, %v", doc, len(stored.Tail), len(seqs), stored.Damage, err)
		}
	}
}

// watch reads a document again and again until done is called.
func watch(t *testing.T, log SharedLog) (done func()) {
	stop := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			got, err := log.Since(t.Context(), "a", 0)
			if err != nil || got.Seq != uint64(len(got.Tail)) {
				t.Errorf("while others write, Since = %d entries up to %d, %v", len(got.Tail), got.Seq, err)
				return
			}
		}
	})
	return func() {
		close(stop)
		reading.Wait()
	}
}

// beside has a node compact and reset a document that another one writes: nothing that
// was acknowledged in the last generation is lost, and nothing of an older one stays.
func beside(t *testing.T, nodes []SharedLog) {
	generation, stop := uint64(rooms.FirstGeneration), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		defer close(stop)
		for i := range 12 {
			if i%4 == 3 {
				if _, err := nodes[0].Reset(t.Context(), "a", rooms.Replacement{State: []byte("0 ")}); err != nil {
					t.Errorf("Reset = %v", err)
				}
				continue
			}
			stored, err := nodes[0].Load(t.Context(), "a")
			if err != nil {
				t.Errorf("Load = %v", err)
				return
			}
			state := append(slices.Clone(stored.Snapshot), bytes.Join(stored.Tail, nil)...)
			err = nodes[0].Compact(t.Context(), rooms.Snapshot{Doc: "a", Generation: stored.Generation, Seq: stored.Seq, State: state})
			if err != nil && !errors.Is(err, rooms.ErrGeneration) {
				t.Errorf("Compact = %v", err)
			}
		}
	})
	var acknowledged []string // of the last generation
	for i, going := 0, true; going || i == 0; i++ {
		select {
		case <-stop:
			going = false
		default:
		}
		text := fmt.Sprintf("%d/%d ", generation, i)
		w := write("a", text)
		w.Generation = generation
		receipts, err := last(nodes).Append(t.Context(), []rooms.Write{w})
		switch {
		case err != nil:
			t.Fatalf("Append = %v", err)
		case errors.Is(receipts[0].Err, rooms.ErrGeneration):
			generation++
			acknowledged = nil
		default:
			acknowledged = append(acknowledged, text)
		}
	}
	group.Wait()
	stored, err := last(nodes).Load(t.Context(), "a")
	got := string(stored.Snapshot) + string(bytes.Join(stored.Tail, nil))
	if want := "0 " + join(acknowledged); err != nil || generation != stored.Generation || got != want || len(stored.Damage) > 0 {
		t.Errorf("generation %d (%d): stored is %q, want %q, damage %v, %v", stored.Generation, generation, got, want, stored.Damage, err)
	}
}

func join(all []string) (out string) {
	for _, s := range all {
		out += s
	}
	return out
}

func notices(t *testing.T, nodes []SharedLog) {
	if n, err := nodes[0].Notices(t.Context(), 1<<62, 1); err != nil || n.Last != 0 || len(n.List) != 0 {
		t.Errorf("at first Notices = %v, %v", n, err)
	}
	const each = 40
	var group sync.WaitGroup
	for n, node := range nodes {
		for w := range 2 {
			group.Go(func() {
				for i := range each {
					if _, err := node.Announce(t.Context(), fmt.Append(nil, n, w, i)); err != nil {
						t.Errorf("Announce = %v", err)
					}
				}
			})
		}
	}
	seen := uint64(0)
	for total := uint64(2 * each * len(nodes)); seen < total && !t.Failed(); {
		n, err := last(nodes).Notices(t.Context(), seen, 7)
		if err != nil || len(n.List) > 7 || len(n.List) > 0 && n.Last < n.List[len(n.List)-1].Seq {
			t.Fatalf("Notices = %v, %v", n, err)
		}
		for _, one := range n.List {
			if seen++; one.Seq != seen {
				t.Fatalf("after notice %d comes %d", seen-1, one.Seq)
			}
		}
	}
	group.Wait()
}

// Nodes runs the contract of rooms.Nodes.
func Nodes(t *testing.T, open func(t *testing.T) rooms.Nodes) {
	s := open(t)
	list := func() string {
		t.Helper()
		found, err := s.Nodes(t.Context(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, n := range found {
			if time.Since(n.Seen).Abs() > time.Minute {
				t.Errorf("%s was seen at %v", n.ID, n.Seen)
			}
			ids = append(ids, fmt.Sprint(n.ID, n.Rooms))
		}
		return fmt.Sprint(ids)
	}
	for i, id := range []string{"b", "a"} {
		n := rooms.Node{ID: id, Address: "here:1", Version: "1", Started: time.UnixMilli(int64(1000 + i)), Rooms: 1, Members: 2, Load: 0.5}
		if err := s.Beat(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if got := list(); got != "[b1 a1]" {
		t.Errorf("nodes are %s", got)
	}
	if err := s.Beat(t.Context(), rooms.Node{ID: "b", Rooms: 7}); err != nil {
		t.Fatal(err)
	}
	if err := s.Leave(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if got := list(); got != "[b7]" {
		t.Errorf("nodes are %s, want b alone with 7 rooms", got)
	}
	if found, err := s.Nodes(t.Context(), -time.Hour); err != nil || len(found) != 0 {
		t.Errorf("of the future there are %v, %v", found, err)
	}
}
