package rooms_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

// noSecrets refuses what is put at a key that begins with "secret", except by
// who moderates.
func noSecrets(_ *crdt.Doc, p *crdt.Preview, by rooms.Author) error {
	for _, in := range p.Inserts {
		if strings.HasPrefix(in.Where.Path[0], "secret") && !by.Moderate {
			return errors.New("no secrets")
		}
	}
	return nil
}

func TestWhatTheGuardRefusesIsNowhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h, stop := run(rooms.Config{Log: log, Guard: noSecrets})
		t.Cleanup(stop)
		a, b := newPeer(t, "a", 10).mustJoin(h, "d"), newPeer(t, "b", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		if err := errors.Join(a.set("x", 1), a.set("secret", 2)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, refusals, _ := a.counts(); refusals != 1 || !slices.Contains(a.said(), `{"type":"refused","reason":"no secrets"}`) {
			t.Errorf("a heard of %d refusals, %v", refusals, a.said())
		}
		if !errors.Is(a.ended(), rooms.ErrRefused) || b.ended() != nil {
			t.Errorf("a ended for %v, b for %v, want a alone, refused", a.ended(), b.ended())
		}
		for name, d := range map[string]*crdt.Doc{"b": b.doc, "the log": log.read(t, "d")} {
			if got := d.Map("m").JSON(); fmt.Sprint(got) != "map[x:1]" {
				t.Errorf("%s has %v, want x alone", name, got)
			}
		}
	})
}

func TestWhoModeratesIsAllowedMore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h, stop := run(rooms.Config{Log: log, Guard: noSecrets})
		t.Cleanup(stop)
		a := newPeer(t, "a", 10)
		a.moderate = true
		a.mustJoin(h, "d")
		defer a.leave()
		if err := a.set("secret", 2); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := log.read(t, "d").Map("m").JSON(); fmt.Sprint(got) != "map[secret:2]" {
			t.Errorf("the log has %v", got)
		}
	})
}

// edits are updates of one author that build on each other.
func edits(client uint64, keys ...string) (updates [][]byte) {
	d := crdt.New(crdt.Options{ClientID: client})
	for i, key := range keys {
		updates = append(updates, d.Transact(func(tx *crdt.Tx) { d.Map("m").Set(tx, key, i) }))
	}
	return updates
}

func TestEditsWaitForThoseTheyBuildOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h, stop := run(rooms.Config{Log: log, Guard: noSecrets})
		t.Cleanup(stop)
		a, b := newPeer(t, "a", 10).mustJoin(h, "d"), newPeer(t, "b", 20).as("a").mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		synctest.Wait()
		before, _, _ := a.counts()
		parts := edits(7, "one", "two", "three")
		if err := errors.Join(a.send(wire.Update, parts[2]), a.send(wire.Update, parts[1])); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if acks, _, _ := a.counts(); acks != before || len(log.read(t, "d").Map("m").JSON()) != 0 {
			t.Errorf("%d acknowledgements for edits that wait; the log has %v", acks-before, log.read(t, "d").JSON())
		}
		if err := b.send(wire.Update, parts[0]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if acks, _, _ := a.counts(); acks != before+2 {
			t.Errorf("%d acknowledgements, want 2", acks-before)
		}
		if got := log.read(t, "d").Map("m").JSON(); fmt.Sprint(got) != "map[one:0 three:2 two:1]" {
			t.Errorf("the log has %v", got)
		}
	})
}

func TestWhatWaitsIsGuardedWhenItsTimeComes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h, stop := run(rooms.Config{Log: log, Guard: noSecrets})
		t.Cleanup(stop)
		a, b := newPeer(t, "a", 10).mustJoin(h, "d"), newPeer(t, "b", 20).as("a").mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		parts := edits(7, "one", "secret", "three")
		if err := errors.Join(a.send(wire.Update, parts[2]), a.send(wire.Update, parts[1])); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := b.send(wire.Update, parts[0]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !errors.Is(a.ended(), rooms.ErrRefused) || b.ended() != nil {
			t.Errorf("a ended for %v, b for %v, want a alone, refused", a.ended(), b.ended())
		}
		if got := log.read(t, "d").Map("m").JSON(); fmt.Sprint(got) != "map[one:0]" {
			t.Errorf("the log has %v, want one alone", got)
		}
	})
}

func TestNotMuchWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		defer b.leave()
		big := strings.Repeat("x", 100<<10)
		for client := range uint64(12) {
			d := crdt.New(crdt.Options{ClientID: 100 + client})
			d.Transact(func(tx *crdt.Tx) { d.Map("m").Set(tx, "one", 1) })
			two := d.Transact(func(tx *crdt.Tx) { d.Map("m").Set(tx, "two", big) })
			if err := a.send(wire.Update, two); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if _, refusals, _ := a.counts(); refusals != 2 {
			t.Errorf("%d of 12 edits of 100 KB that wait are refused, want 2", refusals)
		}
		a.leave()
		if err := b.send(wire.Update, edits(300, "one", "two")[1]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, refusals, _ := b.counts(); refusals != 0 {
			t.Error("what waited of a member who left takes room")
		}
	})
}

func TestWhatWaitsInVainIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		defer a.leave()
		if err := a.send(wire.Update, edits(7, "one", "two")[1]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if _, refusals, _ := a.counts(); refusals != 0 {
			t.Error("it is refused before its time")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if _, refusals, _ := a.counts(); refusals != 1 || a.ended() != nil {
			t.Errorf("%d refusals, ended for %v", refusals, a.ended())
		}
	})
}

// A copy that lacks one edit, as a damaged store leaves it, saves all that does
// not build on it.
func TestAHoleHoldsBackOnlyWhatBuildsOnIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		defer a.leave()
		synctest.Wait()
		before, _, _ := a.counts()
		hole := edits(7, "one", "two", "three")
		other := edits(8, "x", "y")
		offline, err := crdt.MergeUpdates(hole[0], hole[2], other[0], other[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := a.send(wire.SyncStep2, offline); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := fmt.Sprint(log.read(t, "d").Map("m").JSON()); got != "map[one:0 x:0 y:1]" {
			t.Errorf("the log has %s", got)
		}
		if acks, _, _ := a.counts(); acks != before {
			t.Error("it is acknowledged before all of it is stored")
		}
		if err := a.send(wire.Update, hole[1]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if acks, _, _ := a.counts(); acks != before+2 {
			t.Errorf("%d acknowledgements, want 2", acks-before)
		}
		if got := fmt.Sprint(log.read(t, "d").Map("m").JSON()); got != "map[one:0 three:2 two:1 x:0 y:1]" {
			t.Errorf("the log has %s", got)
		}
	})
}

// One rule for how large an update may be, however it is sent: who sent too much is
// told, and goes on.
func TestTooLargeIsToldInEitherMessage(t *testing.T) {
	for _, kind := range []wire.Kind{wire.Update, wire.SyncStep2} {
		bubble(t, func(t *testing.T) {
			log := newMemory()
			h := start(t, log)
			a := editor(t, "a", 10).mustJoin(h, "d")
			defer a.leave()
			synctest.Wait()
			for size, want := range map[int]int{2 << 20: 0, 9 << 20: 1} {
				d := crdt.New(crdt.Options{})
				big := d.Transact(func(tx *crdt.Tx) { d.Map("m").Set(tx, fmt.Sprint(size), strings.Repeat("x", size)) })
				_, before, _ := a.counts()
				if err := a.send(kind, big); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if _, refusals, _ := a.counts(); refusals-before != want || a.ended() != nil {
					t.Errorf("%d bytes in kind %v: %d refusals, want %d; ended for %v", size, kind, refusals-before, want, a.ended())
				}
			}
			if v, _ := log.read(t, "d").Map("m").Get(fmt.Sprint(2 << 20)); v == nil {
				t.Errorf("2 MiB in kind %v are not stored", kind)
			}
		})
	}
}
