package rooms_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

// fill has a peer write large values until one is refused, and tells how many.
func (p *peer) fill(t *testing.T, most int) int {
	t.Helper()
	big := strings.Repeat("x", 500<<10)
	_, before, _ := p.counts()
	for i := range most {
		if err := p.set(fmt.Sprint(p.name, i), big); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, refusals, _ := p.counts(); refusals > before {
			return i
		}
	}
	t.Fatalf("%s has written %d times 500 KB", p.name, most)
	return 0
}

// Nobody fills a document alone, and who has filled their part can still delete.
func TestADocumentIsSharedFairly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := start(t, log)
		guest, commenter, ada, ben := newPeer(t, "guest", 10), newPeer(t, "commenter", 20), editor(t, "ada", 30), editor(t, "ben", 40)
		guest.share = "link"
		for _, c := range []struct {
			peer        *peer
			least, most int // times 500 KB
		}{{guest, 3, 4}, {commenter, 14, 16}, {ada, 60, 66}, {ben, 40, 50}} {
			c.peer.mustJoin(h, "d")
			defer c.peer.leave()
			if got := c.peer.fill(t, 80); got < c.least || got > c.most {
				t.Errorf("%s could write %d times 500 KB, want %d to %d: %v", c.peer.name, got, c.least, c.most, c.peer.said())
			}
		}
		// What only deletes always passes, and makes space.
		_, before, _ := ada.counts()
		for i := range 40 {
			ada.mu.Lock()
			update := ada.doc.Transact(func(tx *crdt.Tx) { ada.doc.Map("m").Delete(tx, fmt.Sprint("ada", i)) })
			ada.mu.Unlock()
			if err := ada.send(wire.Update, update); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if _, refusals, _ := ada.counts(); refusals != before {
			t.Errorf("deleting is refused: %v", ada.said())
		}
		cyd := editor(t, "cyd", 50).mustJoin(h, "d")
		defer cyd.leave()
		if err := cyd.set("small", 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if v, _ := log.read(t, "d").Map("m").Get("small"); v == nil {
			t.Error("there is no space again")
		}
	})
}
