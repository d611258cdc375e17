package rooms_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

// commits notes what each commit holds of which document.
type commits struct {
	*memory
	mu   sync.Mutex
	made []map[string]int
}

func (c *commits) Append(ctx context.Context, writes []rooms.Write) ([]rooms.Receipt, error) {
	made := map[string]int{}
	for _, w := range writes {
		made[w.Doc] += len(w.Entries)
	}
	receipts, err := c.memory.Append(ctx, writes)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made = append(c.made, made)
	return receipts, err
}

// A room that has much to store does not keep others from their commit.
func TestRoomsShareCommits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := &commits{memory: newMemory()}
		h := start(t, log)
		busy, quiet := editor(t, "busy", 10).mustJoin(h, "busy"), editor(t, "quiet", 20).mustJoin(h, "quiet")
		defer busy.leave()
		defer quiet.leave()
		synctest.Wait()
		release := log.stall()
		if err := busy.set("first", 0); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // it is on its way; all that follows waits for it
		for i := range 3000 {
			if err := busy.set(fmt.Sprint(i), i); err != nil {
				t.Fatal(err)
			}
		}
		if err := quiet.send(wire.Update, edits(20, "x")[0]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		release()
		synctest.Wait()
		log.mu.Lock()
		defer log.mu.Unlock()
		total := 0
		for i, made := range log.made {
			total += made["busy"]
			if made["busy"] > 1024 {
				t.Errorf("commit %d holds %d entries of the busy room", i, made["busy"])
			}
			if made["quiet"] > 0 && i > 1 {
				t.Errorf("the quiet room is in commit %d", i)
			}
		}
		if total != 3001 {
			t.Errorf("%d entries of the busy room are stored", total)
		}
	})
}
