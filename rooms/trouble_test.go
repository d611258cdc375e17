package rooms_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

func TestWithoutTheLogEditsAreShownUnsaved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		synctest.Wait()
		release := log.stall()
		for i := range 3 {
			if err := a.set("x", i); err != nil {
				t.Fatal(err)
			}
			time.Sleep(300 * time.Millisecond)
			synctest.Wait()
			if got := b.get("x"); fmt.Sprint(got) != fmt.Sprint(i) {
				t.Errorf("without the log b sees %v, want %d", got, i)
			}
		}
		late := newPeer(t, "late", 30).mustJoin(h, "d")
		defer late.leave()
		synctest.Wait()
		if acks, _, _ := a.counts(); acks != 1 || fmt.Sprint(late.get("x")) != "2" {
			t.Errorf("%d acknowledgements, want 1; who comes now sees %v, want 2", acks, late.get("x"))
		}
		release()
		synctest.Wait()
		if acks, _, _ := a.counts(); acks != 4 {
			t.Errorf("%d acknowledgements when the log is back, want 4", acks)
		}
		for _, p := range []*peer{a, b, late} {
			want := []string{`{"type":"notice","notice":"not-saved"}`, `{"type":"notice","notice":"saved"}`}
			if got := p.said(); !slices.Equal(got, want) {
				t.Errorf("%s was told %q, want %q", p.name, got, want)
			}
		}
	})
}

func TestALogThatFailsIsTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		defer a.leave()
		synctest.Wait()
		failures := 20
		log.hook(func(call string) error {
			if call == "append" && failures > 0 {
				failures--
				return errDisk
			}
			return nil
		})
		if err := a.set("x", true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if acks, _, _ := a.counts(); acks != 2 {
			t.Errorf("%d acknowledgements, want 2", acks)
		}
		if v, _ := log.read(t, "d").Map("m").Get("x"); v != true {
			t.Errorf("the log has x %v", v)
		}
	})
}

func TestARoomHoldsSoMuchWithoutTheLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10)
		a.moderate = true
		a.mustJoin(h, "d")
		defer a.leave()
		synctest.Wait()
		release := log.stall()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		big := strings.Repeat("x", 500<<10)
		sent := 0
		for ctx.Err() == nil && sent < 1000 {
			a.mu.Lock()
			update := a.doc.Transact(func(tx *crdt.Tx) { a.doc.Map("m").Set(tx, fmt.Sprint(sent), big) })
			a.mu.Unlock()
			if a.member.Receive(ctx, wire.Message{Kind: wire.Update, Payload: update}) == nil {
				sent++
			}
		}
		if sent > 40 {
			t.Errorf("the room took %d edits of 500 KB without storing one", sent)
		}
		release()
		time.Sleep(time.Minute)
		synctest.Wait()
		if acks, _, _ := a.counts(); acks != sent+1 {
			t.Errorf("%d acknowledgements, want %d", acks, sent+1)
		}
	})
}

func TestADocumentThatCannotBeLoadedIsNotServed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		synctest.Wait()
		if err := a.set("x", true); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		a.leave()
		time.Sleep(time.Minute)
		log.hook(func(call string) error {
			if call == "load" {
				return errDisk
			}
			return nil
		})
		b := newPeer(t, "b", 20)
		if err := b.join(h, "d"); !errors.Is(err, errDisk) {
			t.Errorf("Join = %v, want %v", err, errDisk)
		}
		log.hook(nil)
		b.mustJoin(h, "d")
		defer b.leave()
		synctest.Wait()
		if b.get("x") != true {
			t.Errorf("after the failure x is %v", b.get("x"))
		}
	})
}
