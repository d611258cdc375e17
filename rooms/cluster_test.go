package rooms_test

import (
	"bytes"
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

// networks are what nodes may have beside the log.
func networks(t *testing.T, test func(t *testing.T, net *network)) {
	for name, net := range map[string]func() *network{
		"with a bus": func() *network { return newNetwork(1) }, "with the log alone": func() *network { return nil },
	} {
		t.Run(name, func(t *testing.T) { bubble(t, func(t *testing.T) { test(t, net()) }) })
	}
}

func later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestTwoNodesEditOneDocument(t *testing.T) {
	networks(t, func(t *testing.T, net *network) {
		log := newMemory()
		hubs := nodes(t, 2, log, net)
		a, b := newPeer(t, "a", 10).mustJoin(hubs[0], "d"), newPeer(t, "b", 20).mustJoin(hubs[1], "d")
		defer a.leave()
		defer b.leave()
		synctest.Wait()
		for i := range 20 {
			if err := errors.Join(a.set("x", i), b.set("y", i)); err != nil {
				t.Fatal(err)
			}
			later(time.Millisecond)
		}
		later(time.Second)
		for _, p := range []*peer{a, b} {
			if x, y := p.get("x"), p.get("y"); fmt.Sprint(x, y) != "19 19" {
				t.Errorf("%s has x %v, y %v, want 19, 19", p.name, x, y)
			}
			if acks, refusals, _ := p.counts(); acks != 21 || refusals != 0 {
				t.Errorf("%s has %d acknowledgements and %d refusals, want 21 and 0", p.name, acks, refusals)
			}
		}
	})
}

// With a bus that works, an edit is at other nodes as soon as that carries it, and
// nobody asks the log for it.
func TestTheBusIsQuickerThanTheLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, net := newMemory(), newNetwork(1)
		hubs := nodes(t, 2, log, net)
		a, b := newPeer(t, "a", 10).mustJoin(hubs[0], "d"), newPeer(t, "b", 20).mustJoin(hubs[1], "d")
		defer a.leave()
		defer b.leave()
		later(10 * time.Second)
		log.hook(func(call string) error {
			if call == "load" {
				t.Error("the log was read")
			}
			return nil
		})
		for i := range 100 {
			if err := errors.Join(a.set("x", i), b.set("y", i)); err != nil {
				t.Fatal(err)
			}
			later(5 * time.Millisecond)
			if x, y := b.get("x"), a.get("y"); fmt.Sprint(x, y) != fmt.Sprint(i, i) {
				t.Fatalf("5 ms after edit %d: %v, %v", i, x, y)
			}
		}
	})
}

func TestNodesConvergeWhenTheBusLosesDoublesAndReorders(t *testing.T) {
	for seed := range uint64(10) {
		bubble(t, func(t *testing.T) {
			log, net := newMemory(), newNetwork(seed)
			hubs := nodes(t, 3, log, net)
			var peers []*peer
			for i, h := range hubs {
				p := newPeer(t, string(rune('a'+i)), uint64(10*(i+1))).mustJoin(h, "d")
				defer p.leave()
				peers = append(peers, p)
			}
			later(time.Second)
			net.misbehave(true)
			for i := range 60 {
				p := peers[i%3]
				if err := p.set(fmt.Sprint("k", i%7), fmt.Sprint(p.name, i)); err != nil {
					t.Fatal(err)
				}
				later(time.Duration(i%5) * time.Millisecond)
			}
			later(4 * time.Second)
			want := log.read(t, "d").Encode()
			for _, p := range peers {
				if !bytes.Equal(p.doc.Encode(), want) {
					t.Errorf("seed %d: %s differs from the log", seed, p.name)
				}
				if acks, refusals, _ := p.counts(); acks != 21 || refusals != 0 {
					t.Errorf("seed %d: %s has %d acknowledgements, %d refusals", seed, p.name, acks, refusals)
				}
			}
		})
	}
}

func TestNodesConvergeWithinTwoSecondsOfALostBus(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, net := newMemory(), newNetwork(1)
		hubs := nodes(t, 2, log, net)
		a, b := newPeer(t, "a", 10).mustJoin(hubs[0], "d"), newPeer(t, "b", 20).mustJoin(hubs[1], "d")
		defer a.leave()
		defer b.leave()
		later(10 * time.Second)
		for round := range 3 {
			net.set(true)
			if err := a.set("x", round); err != nil {
				t.Fatal(err)
			}
			later(600 * time.Millisecond)
			if b.get("x") != float64(round) && fmt.Sprint(b.get("x")) != fmt.Sprint(round) {
				t.Errorf("600 ms after it broke, b has %v, want %d", b.get("x"), round)
			}
			if err := a.set("y", round); err != nil {
				t.Fatal(err)
			}
			net.set(false)
			later(100 * time.Millisecond)
			if fmt.Sprint(b.get("y")) != fmt.Sprint(round) {
				t.Errorf("100 ms after it came back, b has y %v, want %d", b.get("y"), round)
			}
		}
		// A line that stands and carries nothing is noticed by what does not come back.
		net.mu.Lock()
		net.down = true
		net.mu.Unlock()
		later(8 * time.Second)
		if err := a.set("x", "silent"); err != nil {
			t.Fatal(err)
		}
		later(600 * time.Millisecond)
		if b.get("x") != "silent" {
			t.Errorf("over a line that carries nothing b has %v", b.get("x"))
		}
	})
}

func TestPresenceCrossesNodesWithoutGhosts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, net := newMemory(), newNetwork(1)
		first, stop := node(log, net, rooms.Config{})
		second, stopSecond := node(log, net, rooms.Config{})
		defer stopSecond()
		synctest.Wait()
		a := newPeer(t, "a", 10).mustJoin(first, "d")
		later(time.Second)
		if err := a.says(10, 1, `{"at":1}`); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		b := newPeer(t, "b", 20).mustJoin(second, "d")
		defer b.leave()
		later(200 * time.Millisecond)
		if got := b.sees(10); !strings.Contains(got, `"at":1`) || !strings.Contains(got, `"person":"a"`) {
			t.Errorf("who comes to another node sees %q of a", got)
		}
		if err := errors.Join(a.says(10, 2, `{"at":2}`), b.says(20, 1, `{"at":3}`)); err != nil {
			t.Fatal(err)
		}
		later(200 * time.Millisecond)
		if !strings.Contains(b.sees(10), `"at":2`) || !strings.Contains(a.sees(20), `"at":3`) {
			t.Errorf("after movements: b sees %q, a sees %q", b.sees(10), a.sees(20))
		}
		// Nobody speaks for a client that is connected to another node.
		forger := newPeer(t, "f", 30).mustJoin(second, "d")
		if err := forger.says(10, 9, `{"at":"forged"}`); err != nil {
			t.Fatal(err)
		}
		later(200 * time.Millisecond)
		if strings.Contains(b.sees(10), "forged") || strings.Contains(a.sees(10), "forged") {
			t.Error("another node's client was spoken for")
		}
		forger.leave()
		a.leave()
		later(200 * time.Millisecond)
		if got := b.sees(10); got != "" {
			t.Errorf("after a left, b sees %q", got)
		}
		// A node that ends without a word takes its clients along.
		again := newPeer(t, "a", 11).mustJoin(first, "d")
		if err := again.says(11, 1, `{"at":4}`); err != nil {
			t.Fatal(err)
		}
		later(200 * time.Millisecond)
		if !strings.Contains(b.sees(11), `"at":4`) {
			t.Errorf("b sees %q of who came back", b.sees(11))
		}
		net.cut(0)
		later(14 * time.Second)
		if got := b.sees(11); got != "" {
			t.Errorf("14 s after its node went silent, b sees %q", got)
		}
		net.mend(0)
		later(4 * time.Second)
		if got := b.sees(11); !strings.Contains(got, `"at":4`) && again.queries == 0 {
			t.Errorf("after its node came back, b sees %q, and it was not asked", got)
		}
		again.leave()
		stop()
	})
}

func TestWhatIsToldReachesEveryNodeOnce(t *testing.T) {
	networks(t, func(t *testing.T, net *network) {
		log := newMemory()
		reason := errors.New("the link has ended")
		var told [2][]string
		var hubs []*rooms.Hub
		for i := range 2 {
			h, stop := node(log, net, rooms.Config{
				Reasons: []error{reason}, Told: func(kind string, payload []byte) { told[i] = append(told[i], kind+" "+string(payload)) },
			})
			defer stop()
			hubs = append(hubs, h)
		}
		synctest.Wait()
		var members []*peer
		for i, name := range []string{"a", "b", "guest"} {
			p := newPeer(t, name, uint64(10*(i+1)))
			if name == "guest" {
				p.share = "link"
			}
			members = append(members, p.mustJoin(hubs[1], "d"))
		}
		synctest.Wait()
		hubs[0].Broadcast("d", []byte(`"all"`))
		hubs[0].BroadcastTeam("d", []byte(`"team"`))
		hubs[0].Tell("session", []byte("s1"))
		later(time.Second)
		for i, want := range []string{`"all" "team"`, `"all" "team"`, `"all"`} {
			if got := strings.Join(members[i].said(), " "); got != want {
				t.Errorf("%s was told %s, want %s", members[i].name, got, want)
			}
		}
		if fmt.Sprint(told) != "[[] [session s1]]" {
			t.Errorf("told were %q", told)
		}
		hubs[0].End("d", "a", fmt.Errorf("now: %w", reason))
		hubs[0].EndShare("d", "link", errors.New("unknown there"))
		later(time.Second)
		if got := members[0].ended(); !errors.Is(got, reason) {
			t.Errorf("a was let go with %v, want %v", got, reason)
		}
		if members[1].ended() != nil {
			t.Errorf("b was let go: %v", members[1].ended())
		}
		if got := members[2].ended(); !errors.Is(got, rooms.ErrRestart) {
			t.Errorf("the guest was let go with %v", got)
		}
		for _, p := range members {
			p.leave()
		}
	})
}

// A node that missed notices which are forgotten by now has everybody come back.
func TestWhoMissedNoticesLetsEverybodyComeBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		hubs := nodes(t, 2, log, nil)
		a := newPeer(t, "a", 10).mustJoin(hubs[1], "d")
		defer a.leave()
		later(time.Second)
		log.mu.Lock()
		log.notices, log.forgotten = append(log.notices, make([][]byte, 50)...), 49
		log.mu.Unlock()
		later(time.Second)
		if !errors.Is(a.ended(), rooms.ErrRestart) {
			t.Errorf("a was let go with %v", a.ended())
		}
	})
}

func TestAResetReachesOtherNodes(t *testing.T) {
	networks(t, func(t *testing.T, net *network) {
		hubs := nodes(t, 2, newMemory(), net)
		a := newPeer(t, "a", 10).mustJoin(hubs[1], "d")
		defer a.leave()
		if err := a.set("x", 1); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		if err := hubs[0].Reset(t.Context(), "d", nil); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		if !errors.Is(a.ended(), rooms.ErrReset) {
			t.Errorf("a was let go with %v", a.ended())
		}
	})
}

// Nobody honest writes different words under the same ids. Who does it at two nodes at
// once leaves them equal, as the log has it.
func TestTwoContentsOfOneIDLeaveNodesEqual(t *testing.T) {
	networks(t, func(t *testing.T, net *network) {
		log := newMemory()
		hubs := nodes(t, 2, log, net)
		a, b := newPeer(t, "p", 10).mustJoin(hubs[0], "d"), newPeer(t, "p", 10).mustJoin(hubs[1], "d")
		synctest.Wait()
		if err := errors.Join(a.set("x", "one"), b.set("x", "two")); err != nil {
			t.Fatal(err)
		}
		later(2 * time.Second)
		a.leave()
		b.leave()
		c, d := newPeer(t, "c", 30).mustJoin(hubs[0], "d"), newPeer(t, "d", 40).mustJoin(hubs[1], "d")
		defer c.leave()
		defer d.leave()
		later(time.Second)
		if c.get("x") == nil || c.get("x") != d.get("x") {
			t.Errorf("the nodes have %v and %v", c.get("x"), d.get("x"))
		}
	})
}

// A node may be behind for longer than entries are kept: it gets a snapshot then.
func TestANodeThatIsFarBehindGetsASnapshot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, net := newMemory(), newNetwork(1)
		hubs := nodes(t, 2, log, net)
		a, b := newPeer(t, "a", 10).mustJoin(hubs[0], "d"), newPeer(t, "b", 20).mustJoin(hubs[1], "d")
		defer a.leave()
		defer b.leave()
		later(5 * time.Second)
		net.cut(1)
		log.hook(func(call string) error { return nil })
		for i := range 700 {
			if err := a.set(fmt.Sprint("k", i%5), i); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		later(3 * time.Second)
		if s, _ := log.Load(t.Context(), "d"); s.Snapshot == nil {
			t.Fatal("no snapshot was made")
		}
		if !bytes.Equal(a.doc.Encode(), b.doc.Encode()) {
			t.Error("b differs from a")
		}
	})
}

// A relay waits for its owner also when that is connected to another node.
func TestRelaysWaitForAnOwnerAtAnotherNode(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, net := newMemory(), newNetwork(1)
		hubs := nodes(t, 2, log, net)
		owner := newPeer(t, "owner", 10).mustJoin(hubs[0], "d")
		defer owner.leave()
		later(time.Second)
		if err := errors.Join(owner.says(10, 1, `{}`), owner.set("x", 1)); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		other := newPeer(t, "other", 20)
		other.moderate = true
		if err := other.doc.Apply(owner.doc.Encode()); err != nil {
			t.Fatal(err)
		}
		forged := crdt.New(crdt.Options{ClientID: 10})
		if err := forged.Apply(owner.doc.Encode()); err != nil {
			t.Fatal(err)
		}
		update := forged.Transact(func(tx *crdt.Tx) { forged.Map("m").Set(tx, "y", "forged") })
		other.mustJoin(hubs[1], "d")
		defer other.leave()
		later(time.Second)
		if err := other.send(wire.SyncStep2, update); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		if got := owner.get("y"); got != nil {
			t.Errorf("the owner sees %v", got)
		}
		if !slices.Equal(log.read(t, "d").Encode(), owner.doc.Encode()) {
			t.Error("the log took what was forged")
		}
	})
}

// Who used a client first is known at every node, as soon as that is stored.
func TestClientsBelongToPeopleOnEveryNode(t *testing.T) {
	networks(t, func(t *testing.T, net *network) {
		hubs := nodes(t, 2, newMemory(), net)
		a, b := newPeer(t, "a", 10).mustJoin(hubs[0], "d"), newPeer(t, "b", 20).mustJoin(hubs[1], "d")
		defer a.leave()
		later(time.Second)
		if err := a.set("x", 1); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		forged := crdt.New(crdt.Options{ClientID: 10})
		if err := forged.Apply(a.doc.Encode()); err != nil {
			t.Fatal(err)
		}
		if err := b.send(wire.Update, forged.Transact(func(tx *crdt.Tx) { forged.Map("m").Set(tx, "y", "forged") })); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		b.leave()
		if !errors.Is(b.ended(), rooms.ErrForged) || a.get("y") != nil {
			t.Errorf("b was let go with %v, a sees %v", b.ended(), a.get("y"))
		}
	})
}

// Who comes back at another node speaks for their client there, whatever the first
// node still says of it.
func TestAClientMovesBetweenNodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		net := newNetwork(1)
		hubs := nodes(t, 3, newMemory(), net)
		watcher := newPeer(t, "w", 50).mustJoin(hubs[2], "d")
		defer watcher.leave()
		later(time.Second)
		for i := range 6 {
			p := newPeer(t, "a", 10).mustJoin(hubs[i%2], "d")
			if err := p.says(10, uint64(i+1), fmt.Sprintf(`{"round":%d}`, i)); err != nil {
				t.Fatal(err)
			}
			later(50 * time.Millisecond)
			if i == 3 { // the first node's word that the client is gone comes late
				net.misbehave(true)
			}
			if i < 4 {
				defer p.leave()
			} else {
				p.leave()
			}
			later(50 * time.Millisecond)
			net.misbehave(false)
			if i == 3 && !strings.Contains(watcher.sees(10), `"round":3`) {
				t.Errorf("round 3: %q is seen", watcher.sees(10))
			}
		}
		later(time.Minute)
		if got := watcher.sees(10); got != "" {
			t.Errorf("a minute after everything, %q is seen", got)
		}
	})
}
