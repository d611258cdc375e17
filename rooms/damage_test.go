package rooms_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/rooms"
)

// A stored entry that cannot be read costs itself: the document opens, and who may
// bring back an earlier version is told.
func TestADamagedDocumentOpensWithoutWhatIsDamaged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, rows := newMemory(), 0
		h, stop := run(rooms.Config{Log: log, Metrics: rooms.Metrics{Damaged: func(n int) { rows += n }}})
		defer stop()
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		for i := range 3 {
			if err := a.set([]string{"x", "y", "z"}[i], i); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		log.mu.Lock()
		s := log.docs["d"]
		s.Tail = append(slices.Clone(s.Tail[:len(s.Tail)-1]), []byte{0xff, 0xff})
		log.docs["d"] = s
		log.mu.Unlock()
		h.End("d", "", rooms.ErrRestart)
		synctest.Wait()
		log.hook(func(call string) error { // the room is not folded over the damage
			if call == "compact" {
				return errDisk
			}
			return nil
		})
		a.leave()
		time.Sleep(time.Minute)
		b := newPeer(t, "b", 20)
		b.moderate = true
		b.mustJoin(h, "d")
		defer b.leave()
		synctest.Wait()
		if b.get("x") == nil || b.get("y") == nil || b.get("z") != nil {
			t.Errorf("the document has x %v, y %v, z %v", b.get("x"), b.get("y"), b.get("z"))
		}
		if got := b.said(); !slices.Contains(got, `{"type":"notice","notice":"damaged"}`) || rows != 1 {
			t.Errorf("told %q, counted %d", got, rows)
		}
	})
}
