package rooms_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms"
)

// rests collects what a hub tells of documents that rest.
type rests struct {
	mu   sync.Mutex
	told []string
}

func (r *rests) add(told rooms.Rested) {
	doc := crdt.New(crdt.Options{})
	err := doc.Apply(told.State)
	v, _ := doc.Map("m").Get("x")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, fmt.Sprintf("%s%v%v%v", told.Doc, told.People, v, err))
}

func (r *rests) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if fmt.Sprint(r.told) != fmt.Sprint(want) {
		t.Errorf("told of %q, want %q", r.told, want)
	}
}

func TestADocumentRestsAfterFiveQuietMinutes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var told rests
		h, stop := run(rooms.Config{Log: newMemory(), Rest: told.add})
		defer stop()
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		defer b.leave()
		for i := range 4 {
			if err := errors.Join(a.set("x", i), b.set("y", i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(4 * time.Minute)
		}
		told.want(t)
		time.Sleep(2 * time.Minute)
		told.want(t, "d[a b]3<nil>")
		time.Sleep(time.Hour)
		told.want(t, "d[a b]3<nil>")
		if err := a.set("x", "last"); err != nil {
			t.Fatal(err)
		}
		a.leave()
		time.Sleep(6 * time.Minute)
		told.want(t, "d[a b]3<nil>", "d[a]last<nil>")
	})
}

func TestADocumentRestsWhenItsRoomEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var told rests
		h, stop := run(rooms.Config{Log: newMemory(), Rest: told.add})
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		if err := a.set("x", 1); err != nil {
			t.Fatal(err)
		}
		a.leave()
		time.Sleep(time.Minute)
		told.want(t, "d[a]1<nil>")
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		if err := b.set("x", 2); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		stop()
		told.want(t, "d[a]1<nil>", "d[b]2<nil>")
		b.leave()
	})
}

func TestAnEditOfTheProgramReachesEverybodyWhenItIsStored(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		edit := func(value any) error {
			return h.Edit(t.Context(), "d", "ada", func(state []byte) ([]byte, error) {
				doc := crdt.New(crdt.Options{ClientID: 77})
				if err := doc.Apply(state); err != nil {
					return nil, err
				}
				return doc.Transact(func(tx *crdt.Tx) { doc.Map("m").Set(tx, "x", value) }), nil
			})
		}
		if err := edit("alone"); err != nil {
			t.Fatal(err)
		}
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		defer a.leave()
		if err := a.set("y", 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		release := log.stall()
		done := make(chan error, 1)
		go func() { done <- edit("together") }()
		time.Sleep(100 * time.Millisecond)
		select {
		case err := <-done:
			t.Errorf("it ended with %v before it was stored", err)
		default:
		}
		if got := a.get("x"); got != "alone" {
			t.Errorf("before it is stored a sees %v", got)
		}
		release()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := a.get("x"); got != "together" {
			t.Errorf("a sees %v", got)
		}
		stored, err := log.Load(t.Context(), "d")
		if err != nil || stored.Writers[77].Person != "ada" || stored.Writers[10].Person != "a" || len(stored.Writers) != 2 {
			t.Errorf("the writers are %v, %v", stored.Writers, err)
		}
	})
}

func TestAnEditThatFailsChangesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		no := errors.New("no")
		if err := h.Edit(t.Context(), "d", "ada", func([]byte) ([]byte, error) { return nil, no }); !errors.Is(err, no) {
			t.Errorf("it ended with %v", err)
		}
		if err := h.Edit(t.Context(), "d", "ada", func([]byte) ([]byte, error) { return nil, nil }); err != nil {
			t.Errorf("no edit ended with %v", err)
		}
		if err := h.Edit(t.Context(), "d", "ada", func([]byte) ([]byte, error) { return []byte{1, 2, 3}, nil }); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("nonsense ended with %v", err)
		}
		if stored, err := log.Load(t.Context(), "d"); err != nil || stored.Seq != 0 {
			t.Errorf("stored are %d entries, %v", stored.Seq, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		log.stall()
		cancel()
		if err := h.Edit(ctx, "d", "ada", func([]byte) ([]byte, error) { return nil, no }); err == nil {
			t.Error("an edit of who has gone ended well")
		}
	})
}
