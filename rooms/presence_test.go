package rooms_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/crdt/awareness"
	"github.com/soratoo/soratoo/crdt/wire"
)

func TestPresenceSaysWhoReallyIsThere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "ada", 10).mustJoin(h, "d")
		b := newPeer(t, "ben", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		if err := a.says(10, 1, `{"person":"ben","name":"Ben","color":"red","cursor":{"scene":"s<1>"}}`); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		var got map[string]any
		if err := json.Unmarshal([]byte(b.sees(10)), &got); err != nil {
			t.Fatalf("ben sees %q: %v", b.sees(10), err)
		}
		want := `map[color:#123456 cursor:map[scene:s<1>] name:N ada person:ada]`
		if fmt.Sprint(got) != want {
			t.Errorf("ben sees %v, want %v", got, want)
		}
		late := newPeer(t, "late", 30).mustJoin(h, "d")
		defer late.leave()
		synctest.Wait()
		if late.sees(10) != b.sees(10) {
			t.Errorf("who comes later sees %q, want %q", late.sees(10), b.sees(10))
		}
	})
}

func TestNobodySpeaksForAnother(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "ada", 10).mustJoin(h, "d")
		b := newPeer(t, "ben", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		if err := a.says(10, 1, `{"at":1}`); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := errors.Join(b.says(10, 2, `{"at":2}`), b.says(10, 3, ""), b.says(20, 1, `{"at":3}`)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := b.sees(10); !strings.Contains(got, `"at":1`) {
			t.Errorf("ada is seen as %q, want her own state", got)
		}
		if got := a.sees(20); !strings.Contains(got, `"at":3`) {
			t.Errorf("ben is seen as %q, want his own state", got)
		}
	})
}

func TestPresenceEndsWithItsConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "ada", 10).mustJoin(h, "d")
		b := newPeer(t, "ben", 20).mustJoin(h, "d")
		defer b.leave()
		if err := a.says(10, 5, `{}`); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if b.sees(10) == "" {
			t.Fatal("ben does not see ada")
		}
		a.leave()
		synctest.Wait()
		if got := b.sees(10); got != "" {
			t.Errorf("ada left, and is seen as %q", got)
		}
		// Back on a new connection she is told to speak at a later clock.
		a.mustJoin(h, "d")
		defer a.leave()
		if err := a.says(10, 5, `{}`); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		a.mu.Lock()
		gone, asked := a.present[10], a.queries
		a.mu.Unlock()
		if gone.Clock != 6 || gone.JSON != nil || asked == 0 {
			t.Errorf("ada was told %+v and asked %d times, want gone at 6 and asked", gone, asked)
		}
		if err := a.says(10, 7, `{}`); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if b.sees(10) == "" {
			t.Error("ada came back and is not seen")
		}
	})
}

func TestAPersonTakesTheirClientsToANewConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		old := newPeer(t, "ada", 10).mustJoin(h, "d")
		b := newPeer(t, "ben", 20).mustJoin(h, "d")
		defer b.leave()
		if err := old.says(10, 1, `{"at":1}`); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		again := newPeer(t, "ada", 10).mustJoin(h, "d")
		defer again.leave()
		if err := again.says(10, 2, `{"at":2}`); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		old.leave()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := b.sees(10); !strings.Contains(got, `"at":2`) {
			t.Errorf("ada is seen as %q, want her state on the new connection", got)
		}
	})
}

func TestTheSilentAreGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "ada", 10).mustJoin(h, "d")
		b := newPeer(t, "ben", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		for clock := range uint64(4) {
			if err := errors.Join(a.says(10, clock+1, `{}`), b.says(20, min(clock, 1)+1, `{}`)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(15 * time.Second)
			synctest.Wait()
		}
		if a.sees(10) == "" || a.sees(20) != "" || b.sees(10) == "" {
			t.Errorf("seen are ada %q, ben %q; want only ada, who renewed her state", a.sees(10), a.sees(20))
		}
	})
}

func TestPresenceIsSentSoOftenAndNoMore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "ada", 10).mustJoin(h, "d")
		b := newPeer(t, "ben", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		synctest.Wait()
		_, _, before := b.counts()
		for clock := range uint64(1000) {
			if err := a.says(10, clock+1, fmt.Sprintf(`{"at":%d}`, clock)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if _, _, frames := b.counts(); frames-before > 40 {
			t.Errorf("1000 states in a second were %d messages, want about 30", frames-before)
		}
		if got := b.sees(10); !strings.Contains(got, `"at":999`) {
			t.Errorf("the last state is %q, want at 999", got)
		}
	})
}

func TestWhoComesBackHearsOfTheOthersAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "ada", 10).mustJoin(h, "d")
		b := newPeer(t, "ben", 20).mustJoin(h, "d")
		defer a.leave()
		if err := errors.Join(a.says(10, 3, `{}`), b.set("x", 1)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.leave()
		time.Sleep(time.Minute)
		if err := a.says(10, 4, `{}`); err != nil {
			t.Fatal(err)
		}
		b.mustJoin(h, "d")
		defer b.leave()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		// Ben knows ada at clock 4 already: she is asked to speak anew.
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.queries == 0 || a.present[10].Clock != 4 || a.present[10].JSON != nil {
			t.Errorf("ada was asked %d times and told %+v, want gone at 4", a.queries, a.present[10])
		}
	})
}

func TestPresenceHasLimits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "ada", 10).mustJoin(h, "d")
		b := newPeer(t, "ben", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		var many []awareness.State
		for c := range uint64(1000) {
			many = append(many, awareness.State{Client: 1000 + c, Clock: 1, JSON: []byte(`{}`)})
		}
		err := errors.Join(
			a.says(10, 1, fmt.Sprintf(`{"big":%q}`, strings.Repeat("x", 5000))),
			a.send(wire.Awareness, awareness.Append(nil, many...)),
		)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		if n := len(b.present); n > 16 || b.present[10].JSON != nil {
			t.Errorf("ben sees %d clients of one connection and %d bytes of one state", n, len(b.present[10].JSON))
		}
	})
}

// Who is away for a moment keeps their client: others do not speak for it, whatever
// the clock.
func TestNobodyTakesThePlaceOfWhoComesBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a, b := newPeer(t, "ada", 10).mustJoin(h, "d"), newPeer(t, "ben", 20).mustJoin(h, "d")
		b.write = false
		defer b.leave()
		if err := a.says(10, 1, `{"at":1}`); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		a.leave()
		if err := errors.Join(b.says(10, 1<<53-3, `{"at":"taken"}`), b.says(20, 1<<53-3, `{"at":"far"}`)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		a.mustJoin(h, "d")
		defer a.leave()
		if err := a.says(10, 5, `{"at":5}`); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := b.sees(10); !strings.Contains(got, `"at":5`) {
			t.Errorf("ada is seen as %q", got)
		}
		if got := a.sees(20); got != "" {
			t.Errorf("a clock without a next is shown: %q", got)
		}
	})
}

func TestAConnectionHasOneState(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a, b := newPeer(t, "ada", 10).mustJoin(h, "d"), newPeer(t, "ben", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		for client := range uint64(50) {
			if err := a.says(100+client, 1, `{"at":1}`); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		seen := 0
		for client := range uint64(50) {
			if b.sees(100+client) != "" {
				seen++
			}
		}
		if seen != 1 {
			t.Errorf("%d states of one connection are shown", seen)
		}
		if err := errors.Join(a.says(100, 2, ""), a.says(101, 1, `{"at":2}`)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if b.sees(100) != "" || b.sees(101) == "" {
			t.Errorf("after another client took the first one's place, ben sees %q and %q", b.sees(100), b.sees(101))
		}
	})
}

// Twenty connections of one guest take no more of everybody's line than one person
// may, and are marked as a guest's.
func TestPresenceIsChargedByBytes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		ada := newPeer(t, "ada", 10).mustJoin(h, "d")
		defer ada.leave()
		var guests []*peer
		for i := range uint64(20) {
			g := newPeer(t, fmt.Sprint("g", i), 100+i).as("guest")
			g.share, g.write = "link", false
			guests = append(guests, g.mustJoin(h, "d"))
			defer g.leave()
		}
		synctest.Wait()
		ada.mu.Lock()
		ada.heard = 0
		ada.mu.Unlock()
		big := strings.Repeat("x", 3<<10)
		const seconds = 10
		for tick := range uint64(seconds * 10) {
			for i, g := range guests {
				if err := g.says(100+uint64(i), 1+tick, fmt.Sprintf(`{"at":%d,"guest":false,"x":%q}`, tick, big)); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Second / 10)
		}
		synctest.Wait()
		ada.mu.Lock()
		heard := ada.heard
		ada.mu.Unlock()
		if most := 64<<10 + 16<<10*(seconds+2) + 20*4<<10; heard > most {
			t.Errorf("%d bytes of one guest's presence in %d s, want at most %d", heard, seconds, most)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		for i := range uint64(20) {
			if got := ada.sees(100 + i); !strings.Contains(got, fmt.Sprintf(`"at":%d,`, seconds*10-1)) || !strings.Contains(got, `"guest":true`) {
				t.Fatalf("in the end guest %d is seen as %.60q", i, got)
			}
		}
	})
}
