package rooms_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/rooms"
)

func TestAMemberBehindGetsItsUpdatesMerged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		synctest.Wait()
		b.asleep.Store(true)
		_, _, before := b.counts()
		for i := range 1000 {
			if err := a.set(fmt.Sprint("k", i%7), i); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		b.asleep.Store(false)
		b.Wake(nil)
		synctest.Wait()
		if _, _, after := b.counts(); after-before > 40 {
			t.Errorf("1000 updates were %d messages to a member who was behind", after-before)
		}
		if got := fmt.Sprint(b.get("k5")); got != "999" || b.ended() != nil {
			t.Errorf("the last edit is seen as %s, want 999; ended with %v", got, b.ended())
		}
	})
}

func TestAStuckMemberIsLetGo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := start(t, newMemory())
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		stuck := newPeer(t, "stuck", 30).mustJoin(h, "d")
		defer a.leave()
		defer b.leave()
		synctest.Wait()
		stuck.asleep.Store(true)
		big := strings.Repeat("x", 500<<10)
		for i := range 12 {
			if err := a.set(fmt.Sprint(i), big); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if !errors.Is(stuck.ended(), rooms.ErrSlow) {
			t.Errorf("the stuck member ended with %v, want ErrSlow", stuck.ended())
		}
		if b.ended() != nil || b.get("11") != big {
			t.Errorf("the other one ended with %v, has the last edit: %v", b.ended(), b.get("11") == big)
		}
		if frames := stuck.member.Take(nil); len(frames) != 0 {
			t.Errorf("%d frames are kept for who was let go", len(frames))
		}
		stuck.leave()
	})
}

// Rooms close after 30 s without members. Whoever comes just then is let in,
// by the old room or by a new one, and finds everything.
func TestNoJoinIsLostWhileARoomCloses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const seed = 3
		rnd := rand.New(rand.NewPCG(seed, seed))
		log := newMemory()
		log.hook(func(call string) error {
			if call == "compact" || call == "load" {
				time.Sleep(time.Millisecond)
			}
			return nil
		})
		h := start(t, log)
		for round := range 200 {
			first := newPeer(t, "first", uint64(1000+round)).mustJoin(h, "d")
			if err := first.set("round", round); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			first.leave()
			time.Sleep(30*time.Second - 3*time.Millisecond)
			var wg sync.WaitGroup
			for i := range 4 {
				wait := time.Duration(rnd.IntN(6000)) * time.Microsecond
				wg.Go(func() {
					time.Sleep(wait)
					p := newPeer(t, fmt.Sprint("p", i), uint64(2000+i))
					if err := p.join(h, "d"); err != nil {
						t.Errorf("seed %d round %d: Join = %v", seed, round, err)
						return
					}
					time.Sleep(5 * time.Millisecond)
					if got := fmt.Sprint(p.get("round")); got != fmt.Sprint(round) {
						t.Errorf("seed %d round %d: found %s", seed, round, got)
					}
					p.leave()
				})
			}
			wg.Wait()
		}
	})
}
