package rooms_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

// bubble runs a test in fake time. Cleanups end the hub inside the bubble.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func TestTwoPeersEditOneDocument(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		synctest.Wait()
		for i := range 10 {
			if err := errors.Join(a.set("x", i), b.set("y", i)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		for _, p := range []*peer{a, b} {
			if x, y := p.get("x"), p.get("y"); fmt.Sprint(x, y) != "9 9" {
				t.Errorf("%s has x %v, y %v, want 9, 9", p.name, x, y)
			}
			// One for the answer to the room's state vector, one an edit.
			if acks, _, _ := p.counts(); acks != 11 {
				t.Errorf("%s has %d acknowledgements, want 11", p.name, acks)
			}
		}
		if v, _ := log.read(t, "d").Map("m").Get("x"); fmt.Sprint(v) != "9" {
			t.Errorf("the log has x %v, want 9", v)
		}
	})
}

func TestEditIsDurableBeforeItIsSeen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		synctest.Wait()
		before, _, _ := a.counts()
		release := log.stall()
		if err := a.set("x", true); err != nil {
			t.Fatal(err)
		}
		late := newPeer(t, "late", 30).mustJoin(h, "d")
		defer late.leave()
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if acks, _, _ := a.counts(); acks != before || b.get("x") != nil || late.get("x") != nil {
			t.Errorf("before the log has it: %d new acknowledgements, b sees %v, late sees %v", acks-before, b.get("x"), late.get("x"))
		}
		release()
		synctest.Wait()
		if acks, _, _ := a.counts(); acks != before+1 || b.get("x") != true || late.get("x") != true {
			t.Errorf("when the log has it: %d new acknowledgements, b sees %v, late sees %v", acks-before, b.get("x"), late.get("x"))
		}
	})
}

func TestARepeatedEditIsAcknowledgedWhenItIsStored(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		synctest.Wait()
		release := log.stall()
		if err := a.set("x", true); err != nil {
			t.Fatal(err)
		}
		a.leave()
		again := newPeer(t, "a", 11)
		again.doc = a.doc
		again.mustJoin(h, "d")
		defer again.leave()
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if acks, _, _ := again.counts(); acks != 0 {
			t.Errorf("%d acknowledgements of what the log does not have", acks)
		}
		release()
		synctest.Wait()
		if acks, _, _ := again.counts(); acks != 1 {
			t.Errorf("%d acknowledgements when the log has it, want 1", acks)
		}
	})
}

func TestAnEmptyRoomIsCompactedAndLetGo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		for i := range 5 {
			if err := a.set("x", i); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		a.leave()
		time.Sleep(29 * time.Second)
		synctest.Wait()
		if got := h.Open(); len(got) != 1 {
			t.Errorf("after 29 s open are %q", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := h.Open(); len(got) != 0 {
			t.Errorf("after 31 s open are %q", got)
		}
		s, _ := log.Load(t.Context(), "d")
		if len(s.Snapshot) == 0 || len(s.Tail) != 0 || s.Seq != 5 {
			t.Errorf("stored are a snapshot of %d bytes and %d entries up to %d, want only a snapshot up to 5", len(s.Snapshot), len(s.Tail), s.Seq)
		}
		a.mustJoin(h, "d")
		defer a.leave()
		synctest.Wait()
		if fmt.Sprint(a.get("x")) != "4" {
			t.Errorf("opened again x is %v, want 4", a.get("x"))
		}
	})
}

func TestALongTailBecomesASnapshotWhileEditing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		defer a.leave()
		for i := range 2000 {
			if err := a.set("x", i); err != nil {
				t.Fatal(err)
			}
			if i%10 == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		s, _ := log.Load(t.Context(), "d")
		if len(s.Tail) > 600 || s.Seq != 2000 {
			t.Errorf("%d entries up to %d are behind the snapshot, want at most about 500", len(s.Tail), s.Seq)
		}
		if v, _ := log.read(t, "d").Map("m").Get("x"); fmt.Sprint(v) != "1999" {
			t.Errorf("stored x is %v, want 1999", v)
		}
	})
}

func TestReadersChangeNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		defer a.leave()
		synctest.Wait()
		if err := a.set("x", 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		reader := newPeer(t, "reader", 20)
		reader.write = false
		reader.mustJoin(h, "d")
		defer reader.leave()
		synctest.Wait()
		if acks, refusals, _ := reader.counts(); acks != 1 || refusals != 0 || fmt.Sprint(reader.get("x")) != "1" {
			t.Errorf("after joining: %d acknowledgements, %d refusals, x %v; want 1, 0, 1", acks, refusals, reader.get("x"))
		}
		if err := reader.set("x", 2); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if acks, refusals, _ := reader.counts(); acks != 1 || refusals != 1 {
			t.Errorf("after an edit: %d acknowledgements, %d refusals; want 1, 1", acks, refusals)
		}
		if got := reader.said(); !slices.Equal(got, []string{`{"type":"refused","reason":"read-only"}`}) {
			t.Errorf("the reader was told %q", got)
		}
		v, _ := log.read(t, "d").Map("m").Get("x")
		if fmt.Sprint(v, a.get("x")) != "1 1" {
			t.Errorf("the log has %v, the writer %v, want 1, 1", v, a.get("x"))
		}
	})
}

func TestMalformedBytesEndOnlyTheirConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		defer a.leave()
		synctest.Wait()
		if err := a.set("x", 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		want := log.read(t, "d").Encode()
		for i, m := range []wire.Message{
			{Kind: wire.Update, Payload: []byte{1}},
			{Kind: wire.SyncStep2, Payload: nil},
			{Kind: wire.SyncStep1, Payload: []byte{9, 9}},
			{Kind: wire.Awareness, Payload: []byte{200}},
		} {
			bad := newPeer(t, fmt.Sprint("bad", i), uint64(30+i)).mustJoin(h, "d")
			synctest.Wait()
			if err := bad.member.Receive(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if !errors.Is(bad.ended(), rooms.ErrMalformed) {
				t.Errorf("%v %x ended with %v, want ErrMalformed", m.Kind, m.Payload, bad.ended())
			}
			bad.leave()
		}
		if got := log.read(t, "d").Encode(); !slices.Equal(got, want) || a.ended() != nil {
			t.Errorf("the document is %x, want %x; its editor ended with %v", got, want, a.ended())
		}
	})
}

func TestAPanicEndsOnlyItsRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		explode := false
		a := newPeer(t, "a", 10)
		a.encoder = dialect{"d", &explode}
		a.mustJoin(h, "d")
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		c := newPeer(t, "c", 30).mustJoin(h, "other")
		defer c.leave()
		synctest.Wait()
		explode = true
		if err := b.set("x", 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, p := range []*peer{a, b} {
			if !errors.Is(p.ended(), rooms.ErrFailed) {
				t.Errorf("%s ended with %v, want ErrFailed", p.name, p.ended())
			}
			p.leave()
		}
		explode = false
		a.mustJoin(h, "d")
		defer a.leave()
		if err := c.set("y", 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if acks, _, _ := c.counts(); acks != 2 || c.ended() != nil {
			t.Errorf("the other room: %d acknowledgements, ended with %v", acks, c.ended())
		}
		if fmt.Sprint(a.get("x")) != "1" {
			t.Errorf("opened again x is %v, want 1, which the log had", a.get("x"))
		}
	})
}

func TestAResetDocumentSendsItsMembersAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		synctest.Wait()
		if err := errors.Join(a.set("x", 1), h.Reset(t.Context(), "d", nil)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !errors.Is(a.ended(), rooms.ErrReset) {
			t.Errorf("a ended with %v, want ErrReset", a.ended())
		}
		a.leave()
		// A reset that the node was not told of shows when the log refuses.
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		synctest.Wait()
		if _, err := log.Reset(t.Context(), "d", rooms.Replacement{}); err != nil {
			t.Fatal(err)
		}
		if err := b.set("x", 2); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if acks, _, _ := b.counts(); !errors.Is(b.ended(), rooms.ErrReset) || acks != 1 {
			t.Errorf("b ended with %v and %d acknowledgements, want ErrReset and 1", b.ended(), acks)
		}
		b.leave()
		if v, ok := log.read(t, "d").Map("m").Get("x"); ok {
			t.Errorf("x came back as %v", v)
		}
	})
}

func TestGoingDownStoresWhatWasReceived(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h, stop := run(rooms.Config{Log: log})
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		synctest.Wait()
		release := log.stall()
		for i := range 20 {
			if err := a.set("x", i); err != nil {
				t.Fatal(err)
			}
		}
		go func() { time.Sleep(2 * time.Second); release() }()
		stop()
		synctest.Wait()
		if !errors.Is(a.ended(), rooms.ErrRestart) {
			t.Errorf("a ended with %v, want ErrRestart", a.ended())
		}
		if v, _ := log.read(t, "d").Map("m").Get("x"); fmt.Sprint(v) != "19" {
			t.Errorf("the log has %v, want 19", v)
		}
		if acks, _, _ := a.counts(); acks != 21 {
			t.Errorf("%d acknowledgements, want 21", acks)
		}
		if err := newPeer(t, "b", 20).join(h, "d"); !errors.Is(err, rooms.ErrRestart) {
			t.Errorf("Join afterwards = %v, want ErrRestart", err)
		}
		close(a.stop)
		<-a.done
	})
}

func TestGoingDownEndsThoughTheLogHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h, stop := run(rooms.Config{Log: log})
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		synctest.Wait()
		log.hook(func(call string) error { time.Sleep(5 * time.Second); return errDisk })
		if err := a.set("x", 1); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		stop()
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("going down took %v", took)
		}
		if !errors.Is(a.ended(), rooms.ErrRestart) {
			t.Errorf("a ended with %v, want ErrRestart", a.ended())
		}
		close(a.stop)
		<-a.done
	})
}

func TestEndingAPersonsMembership(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		revoked := errors.New("revoked")
		h.End("d", "b", revoked)
		h.Broadcast("d", []byte(`{"type":"x"}`))
		synctest.Wait()
		if a.ended() != nil || !errors.Is(b.ended(), revoked) {
			t.Errorf("a ended with %v, b with %v; want nil, revoked", a.ended(), b.ended())
		}
		if len(a.said()) != 1 || len(b.said()) != 0 {
			t.Errorf("a heard %q, b %q", a.said(), b.said())
		}
	})
}

// In a full room what is stored together is sent together: also to those who wrote
// some of it.
func TestAuthorsOfOneBatchGetEachOthersEdits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		var peers []*peer
		for i := range 12 {
			p := newPeer(t, fmt.Sprint("p", i), uint64(10+i)).mustJoin(h, "d")
			defer p.leave()
			peers = append(peers, p)
		}
		synctest.Wait()
		release := log.stall()
		if err := peers[0].set("first", 0); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // it is on its way; what comes now is stored together
		for i, p := range peers[:4] {
			if err := p.set(fmt.Sprint("k", i), i); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		release()
		synctest.Wait()
		for _, p := range peers {
			for i := range 4 {
				if got := p.get(fmt.Sprint("k", i)); fmt.Sprint(got) != fmt.Sprint(i) {
					t.Errorf("%s has k%d %v", p.name, i, got)
				}
			}
		}
	})
}
