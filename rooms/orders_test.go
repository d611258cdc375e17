package rooms_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/rooms"
)

// Whatever a hub calls that is not its own may panic: nothing else ends by it.
func TestAPanicOutsideEndsNothing(t *testing.T) {
	for _, where := range []string{"rest", "append", "compact", "end"} {
		t.Run(where, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				log := newMemory()
				var panics atomic.Int32
				var once atomic.Bool
				h, stop := run(rooms.Config{
					Log: log, Metrics: rooms.Metrics{Panics: func() { panics.Add(1) }},
					Rest: func(rooms.Rested) {
						if where == "rest" {
							panic("oh")
						}
					},
				})
				defer stop()
				log.hook(func(call string) error {
					if call == where && !once.Swap(true) {
						panic("oh")
					}
					return nil
				})
				a := newPeer(t, "a", 10).mustJoin(h, "d")
				if where == "end" {
					b := newPeer(t, "b", 20)
					b.explodes = true
					b.mustJoin(h, "d")
					defer b.leave()
					h.End("d", "b", rooms.ErrRestart)
					synctest.Wait()
				}
				if err := a.set("x", true); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Minute)
				a.leave()
				time.Sleep(time.Minute)
				if panics.Load() == 0 {
					t.Error("nothing was counted")
				}
				late := newPeer(t, "late", 30).mustJoin(h, "d")
				defer late.leave()
				synctest.Wait()
				if late.get("x") != true {
					t.Errorf("afterwards x is %v", late.get("x"))
				}
			})
		})
	}
}

// Who lets members go, or tells them something, does not wait for a room that loads.
func TestOrdersDoNotWaitForARoomThatLoads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, gate := newMemory(), make(chan struct{})
		log.hook(func(call string) error {
			if call == "load" {
				<-gate
			}
			return nil
		})
		h := start(t, log)
		a := newPeer(t, "a", 10)
		in := make(chan error, 1)
		go func() { in <- a.join(h, "d") }()
		synctest.Wait()
		start := time.Now()
		for range 5000 { // more than a room remembers
			h.Broadcast("d", []byte(`{"type":"x"}`))
		}
		h.EndShare("d", "s", rooms.ErrRestart)
		h.End("d", "", rooms.ErrRestart)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("it took %v", waited)
		}
		close(gate)
		<-in // it comes in, or is told to come again
		if a.member != nil {
			defer a.leave()
		}
		synctest.Wait()
		b := newPeer(t, "b", 20).mustJoin(h, "d")
		defer b.leave()
		h.Broadcast("d", []byte(`{"type":"x"}`))
		synctest.Wait()
		if got := b.said(); len(got) != 1 {
			t.Errorf("who comes afterwards was told %q", got)
		}
	})
}
