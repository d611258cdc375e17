package rooms_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/lib0"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

// collected is an update of one struct that says of n units of a client that they
// are gone: 15 bytes that hide whatever that client writes next.
func collected(client uint64, clock, n uint32) []byte {
	b := lib0.AppendUint(lib0.AppendUint(lib0.AppendUint(lib0.AppendUint(nil, 1), 1), client), uint64(clock))
	b = lib0.AppendUint(append(b, 0), uint64(n)) // a GC struct
	return append(b, 0)                          // no deletes
}

// erased is the same as a struct that was deleted, behind the client's own last unit.
func erased(client uint64, clock, n uint32) []byte {
	b := lib0.AppendUint(lib0.AppendUint(lib0.AppendUint(lib0.AppendUint(nil, 1), 1), client), uint64(clock))
	b = append(b, 1|0x80)
	b = lib0.AppendUint(lib0.AppendUint(b, client), uint64(clock-1))
	b = lib0.AppendUint(b, uint64(n))
	return append(b, 0)
}

// texts is a peer's document that holds a text.
func (p *peer) types(text string) error {
	p.mu.Lock()
	t := p.doc.Text("t")
	update := p.doc.Transact(func(tx *crdt.Tx) { t.Insert(tx, t.Len(), text) })
	p.mu.Unlock()
	return p.send(wire.Update, update)
}

// offline is what a peer writes while it is away.
func (p *peer) offline(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.doc.Text("t")
	p.doc.Transact(func(tx *crdt.Tx) { t.Insert(tx, t.Len(), text) })
}

func (p *peer) next() uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.doc.Next(p.doc.ClientID())
}

// copies has a peer take all that another has, as by a network of their own.
func (p *peer) copies(t *testing.T, from *peer) {
	t.Helper()
	if err := p.doc.Apply(from.doc.Encode()); err != nil {
		t.Fatal(err)
	}
}

// written waits for all that is under way and tells what the log has.
func written(t *testing.T, log *memory) string {
	t.Helper()
	synctest.Wait()
	return log.read(t, "d").Text("t").String()
}

// editor is a peer that may change what others wrote.
func editor(t testing.TB, name string, client uint64) *peer {
	p := newPeer(t, name, client)
	p.moderate, p.announces = true, true
	return p
}

func TestNobodyHidesWhatAnotherWillWrite(t *testing.T) {
	for name, poison := range map[string]func(client uint64, clock, n uint32) []byte{"collected": collected, "erased": erased} {
		for _, kind := range []wire.Kind{wire.Update, wire.SyncStep2} {
			for _, moderate := range []bool{false, true} {
				for _, away := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%v/editor %v/away %v", name, kind, moderate, away), func(t *testing.T) {
						hide(t, kind, moderate, away, poison)
					})
				}
			}
		}
	}
}

func hide(t *testing.T, kind wire.Kind, moderate, away bool, poison func(client uint64, clock, n uint32) []byte) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		ada, eve := editor(t, "ada", 10).mustJoin(h, "d"), editor(t, "eve", 20)
		eve.moderate = moderate
		eve.mustJoin(h, "d")
		defer eve.leave()
		if err := ada.types("hello "); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if away {
			ada.leave()
			ada.offline("world")
		}
		if err := eve.send(kind, poison(10, ada.next()-uint32(len("world"))*b2u(away), 1000)); err != nil && !errors.Is(err, rooms.ErrForged) {
			t.Fatal(err)
		}
		synctest.Wait()
		gc := poison(10, 1, 1)[5] == 0
		if at := eve.ended(); kind == wire.Update && (gc || !moderate) && !errors.Is(at, rooms.ErrForged) {
			t.Errorf("eve ended at once for %v", at)
		}
		if away {
			ada.mustJoin(h, "d")
		} else if err := ada.types("world"); err != nil {
			t.Fatal(err)
		}
		defer ada.leave()
		if got := written(t, log); got != "hello world" || ada.ended() != nil {
			t.Errorf("the log has %q; ada ended for %v", got, ada.ended())
		}
		time.Sleep(2 * time.Minute)
		if got := written(t, log); got != "hello world" {
			t.Errorf("later the log has %q", got)
		}
		// Whoever writes so is out; who came with it may have it from a broken line.
		if kind == wire.Update && !errors.Is(eve.ended(), rooms.ErrForged) {
			t.Errorf("eve ended for %v", eve.ended())
		}
	})
}

func b2u(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// A third of a typist's letters are answered by three units at her next clock.
func TestTypingIsNotOvertaken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		ada := editor(t, "ada", 10).mustJoin(h, "d")
		defer ada.leave()
		var want strings.Builder
		for i := range 120 {
			letter := string(rune('a' + i%26))
			want.WriteString(letter)
			if err := ada.types(letter); err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 {
				eve := newPeer(t, fmt.Sprint("eve", i), uint64(1000+i)).mustJoin(h, "d")
				_ = eve.send(wire.Update, collected(10, ada.next(), 3))
				synctest.Wait()
				eve.leave()
			}
		}
		if got := written(t, log); got != want.String() || ada.ended() != nil {
			t.Errorf("the log has %d of 120 letters; ada ended for %v", len(got), ada.ended())
		}
	})
}

func TestAnEditorWritesAsNobodyElse(t *testing.T) {
	for _, away := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			log := newMemory()
			h := start(t, log)
			ada, eve := editor(t, "ada", 10).mustJoin(h, "d"), editor(t, "eve", 20).mustJoin(h, "d")
			defer eve.leave()
			if err := ada.types("ada. "); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			mask := crdt.New(crdt.Options{ClientID: 10})
			if err := mask.Apply(ada.doc.Encode()); err != nil {
				t.Fatal(err)
			}
			forged := mask.Transact(func(tx *crdt.Tx) { mask.Text("t").Insert(tx, 5, "forged") })
			if away {
				ada.leave()
			} else {
				defer ada.leave()
			}
			if err := eve.send(wire.Update, forged); err != nil {
				t.Fatal(err)
			}
			if away {
				// As it may be what she has from ada, it is taken, and told to be brought by her.
				if got := written(t, log); got != "ada. forged" {
					t.Errorf("the log has %q", got)
				}
				if got := log.relays("d"); fmt.Sprint(got) != "map[eve:[10:5+6]]" {
					t.Errorf("the log notes the relays %v", got)
				}
				return
			}
			if got := written(t, log); got != "ada. " || eve.ended() != nil {
				t.Errorf("the log has %q; eve ended for %v", got, eve.ended())
			}
			if err := ada.types("herself"); err != nil {
				t.Fatal(err)
			}
			if got := written(t, log); got != "ada. herself" || !errors.Is(eve.ended(), rooms.ErrForged) || ada.ended() != nil {
				t.Errorf("the log has %q; eve ended for %v, ada for %v", got, eve.ended(), ada.ended())
			}
		})
	}
}

func TestOneClientIDWithTwoContents(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		one := editor(t, "ada", 10).mustJoin(h, "d")
		defer one.leave()
		two := editor(t, "ada", 10).mustJoin(h, "d") // the same tab, duplicated
		defer two.leave()
		if err := one.types("first"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		acks, _, _ := two.counts()
		lost := crdt.New(crdt.Options{ClientID: 10})
		if err := two.send(wire.Update, lost.Transact(func(tx *crdt.Tx) { lost.Text("t").Insert(tx, 0, "other") })); err != nil {
			t.Fatal(err)
		}
		if got := written(t, log); got != "first" {
			t.Errorf("the log has %q", got)
		}
		after, refusals, _ := two.counts()
		if after != acks || refusals != 1 || !errors.Is(two.ended(), rooms.ErrRefused) || one.ended() != nil {
			t.Errorf("%d acknowledgements and %d refusals of what is nowhere; ended for %v and %v", after-acks, refusals, two.ended(), one.ended())
		}
	})
}

// Two editors whose server died while it could not store come back in either
// order, each with what the other has not saved. Nobody loses anything, and each
// goes on writing.
func TestUnsavedEditsComeBackInEitherOrder(t *testing.T) {
	for _, announces := range []bool{true, false} {
		for _, moderate := range []bool{true, false} {
			for _, known := range []bool{true, false} {
				for _, first := range []string{"ada", "ben"} {
					name := fmt.Sprintf("presence %v/editors %v/known %v/%s first", announces, moderate, known, first)
					t.Run(name, func(t *testing.T) {
						bubble(t, func(t *testing.T) { comeBack(t, announces, moderate, known, first == "ben") })
					})
				}
			}
		}
	}
}

func comeBack(t *testing.T, announces, moderate, known, turned bool) {
	log := newMemory()
	h := start(t, log)
	ada, ben := newPeer(t, "ada", 10), newPeer(t, "ben", 20)
	for _, p := range []*peer{ada, ben} {
		p.announces, p.moderate = announces, moderate
		p.mustJoin(h, "d")
		if known {
			if err := p.types(p.name[:1]); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
	}
	synctest.Wait()
	ada.leave()
	ben.leave()
	ada.offline("ADA")
	ben.offline("BEN")
	ben.copies(t, ada)
	ben.offline("ben")
	ada.copies(t, ben)
	want := ben.doc.Text("t").String()

	order := []*peer{ada, ben}
	if turned {
		order = []*peer{ben, ada}
	}
	for _, p := range order {
		p.mustJoin(h, "d")
		synctest.Wait()
		time.Sleep(5 * time.Second)
	}
	defer ada.leave()
	defer ben.leave()
	if got := written(t, log); got != want {
		t.Errorf("the log has %q, want %q", got, want)
	}
	for _, p := range []*peer{ada, ben} {
		if err := p.types("!"); err != nil {
			t.Fatal(err)
		}
		want += "!"
		if got := written(t, log); got != want || p.ended() != nil {
			t.Errorf("%s goes on, the log has %q, want %q; ended for %v", p.name, got, want, p.ended())
		}
		if _, refusals, _ := p.counts(); refusals != 0 {
			t.Errorf("%s is refused: %v", p.name, p.said())
		}
	}
	if got := ada.doc.Text("t").String() + " " + ben.doc.Text("t").String(); got != want+" "+want {
		t.Errorf("they have %q", got)
	}
}

// What somebody brings of an owner who is just coming waits for them: until they
// have told what they have, or are gone again.
func TestRelaysWaitForTheOwner(t *testing.T) {
	for _, comes := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			log := newMemory()
			h := start(t, log)
			ada, ben := editor(t, "ada", 10).mustJoin(h, "d"), editor(t, "ben", 20)
			if err := ada.types("ada"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			ada.leave()
			ada.offline(" offline")
			ben.copies(t, ada)
			ada.asleep.Store(true)
			ada.announces = false
			ada.mustJoin(h, "d")
			ben.mustJoin(h, "d")
			defer ben.leave()
			if got := written(t, log); got != "ada" {
				t.Errorf("while ada comes the log has %q", got)
			}
			relays := "map[]"
			if comes {
				ada.asleep.Store(false)
				ada.Wake(nil)
				synctest.Wait()
				defer ada.leave()
			} else {
				ada.leave()
				relays = "map[ben:[10:3+8]]"
			}
			if got := written(t, log); got != "ada offline" || fmt.Sprint(log.relays("d")) != relays {
				t.Errorf("ada comes: %v; then the log has %q, relays %v", comes, got, log.relays("d"))
			}
			if _, refusals, _ := ben.counts(); refusals > 0 {
				t.Errorf("ben is refused: %v", ben.said())
			}
		})
	}
}

// An owner who comes by another device, which does not have it, is not waited for.
func TestRelaysDoNotWaitForAnotherDevice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		ada, ben := editor(t, "ada", 10).mustJoin(h, "d"), editor(t, "ben", 20)
		if err := ada.types("ada"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ada.leave()
		ada.offline(" offline")
		ben.copies(t, ada)
		phone := editor(t, "phone", 11).as("ada")
		phone.asleep.Store(true)
		phone.mustJoin(h, "d")
		defer phone.leave()
		ben.mustJoin(h, "d")
		defer ben.leave()
		synctest.Wait()
		phone.asleep.Store(false)
		phone.Wake(nil)
		if got := written(t, log); got != "ada offline" {
			t.Errorf("the log has %q", got)
		}
	})
}

// One person in three tabs that went on without a network, each with what the
// others wrote.
func TestOnePersonInThreeTabs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		tabs := make([]*peer, 3)
		for i := range tabs {
			tabs[i] = editor(t, "ada", uint64(10+i))
			tabs[i].moderate = false
			tabs[i].offline(fmt.Sprint("tab", i, " "))
			for j := range i {
				tabs[j].copies(t, tabs[i])
				tabs[i].copies(t, tabs[j])
			}
		}
		for i := range tabs {
			for j := range tabs {
				tabs[i].copies(t, tabs[j])
			}
		}
		var want strings.Builder
		want.WriteString(tabs[0].doc.Text("t").String())
		for _, p := range tabs {
			p.mustJoin(h, "d")
			defer p.leave()
			if err := p.types("."); err != nil {
				t.Fatal(err)
			}
			want.WriteString(".")
		}
		if got := written(t, log); got != want.String() || len(got) != 18 {
			t.Errorf("the log has %q, want %q", got, want.String())
		}
		for _, p := range tabs {
			if _, refusals, _ := p.counts(); refusals > 0 || p.ended() != nil {
				t.Errorf("a tab is refused: %v, %v", p.said(), p.ended())
			}
		}
	})
}

// Who brings more replicas than people have fills the log and every state vector.
func TestReplicasAreLimited(t *testing.T) {
	for _, replicas := range []uint64{2000, 5000} {
		bubble(t, func(t *testing.T) {
			log := newMemory()
			h := start(t, log)
			a := editor(t, "a", 10).mustJoin(h, "d")
			defer a.leave()
			var many [][]byte
			for client := range replicas {
				many = append(many, edits(100+client, "k")[0])
			}
			one, err := crdt.MergeUpdates(many...)
			if err != nil {
				t.Fatal(err)
			}
			if err := a.send(wire.SyncStep2, one); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if _, refusals, _ := a.counts(); refusals != 1 || log.read(t, "d").Size().Clients != 0 {
				t.Errorf("%d refusals of %d replicas: %v", refusals, replicas, a.said())
			}
			b := editor(t, "b", 11).mustJoin(h, "d")
			defer b.leave()
			if err := b.set("x", 1); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if got := fmt.Sprint(log.read(t, "d").Map("m").JSON()); got != "map[x:1]" {
				t.Errorf("afterwards the log has %s", got)
			}
		})
	}
}
