package rooms_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

// noSecrets refuses what is put at a key that begins with "secret", except by
// who moderates.
func noSecrets(_ *crdt.Doc, p *crdt.Preview, by rooms.JoinRequest) error {
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
		a, b := newPeer(t, "a", 10).mustJoin(h, "d"), newPeer(t, "b", 20).mustJoin(h, "d")
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
		a, b := newPeer(t, "a", 10).mustJoin(h, "d"), newPeer(t, "b", 20).mustJoin(h, "d")
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
		for client := range uint64(40) {
			if err := a.send(wire.Update, edits(100+client, "one", "two")[1]); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if _, refusals, _ := a.counts(); refusals != 8 {
			t.Errorf("%d of 40 edits that wait are refused, want 8", refusals)
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
