package rooms_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/soratoo/soratoo/rooms"
)

func TestTheEndTellsOfEditsThatAreGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log := newMemory()
		h := rooms.New(rooms.Config{Log: log})
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- h.Run(ctx) }()
		a := newPeer(t, "a", 10).mustJoin(h, "d")
		defer a.leave()
		synctest.Wait()
		log.hook(func(call string) error {
			if call == "append" {
				return errDisk
			}
			return nil
		})
		for i := range 3 {
			if err := a.set("x", i); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, rooms.ErrUnsaved) || !strings.HasSuffix(err.Error(), ": 3") {
			t.Errorf("Run = %v, want 3 unsaved edits", err)
		}
	})
}
