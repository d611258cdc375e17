package rooms_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/awareness"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

// Whatever a member sends, the room goes on and its other members are served.
func FuzzMessages(f *testing.F) {
	d := crdt.New(crdt.Options{ClientID: 5})
	first := d.Transact(func(tx *crdt.Tx) { d.Text("t").Insert(tx, 0, "hello") })
	second := d.Transact(func(tx *crdt.Tx) { d.Text("t").Delete(tx, 1, 2) })
	f.Add(uint8(wire.Update), first, uint8(wire.Update), second)
	f.Add(uint8(wire.Update), second, uint8(wire.SyncStep2), d.Encode())
	f.Add(uint8(wire.SyncStep1), d.StateVector(), uint8(wire.QueryAwareness), []byte(nil))
	f.Add(uint8(wire.Awareness), awareness.Append(nil, awareness.State{Client: 5, Clock: 1, JSON: []byte(`{"a":1}`)}),
		uint8(wire.Awareness), awareness.Append(nil, awareness.State{Client: 5, Clock: 1}))
	f.Fuzz(func(t *testing.T, kind1 uint8, payload1 []byte, kind2 uint8, payload2 []byte) {
		log := newMemory()
		h, stop := run(rooms.Config{Log: log})
		defer stop()
		witness := newPeer(t, "witness", 1<<40).mustJoin(h, "d")
		bad := newPeer(t, "bad", 1<<41)
		bad.asleep.Store(true)
		bad.mustJoin(h, "d")
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		for _, m := range []wire.Message{{Kind: wire.Kind(kind1), Payload: payload1}, {Kind: wire.Kind(kind2), Payload: payload2}} {
			if err := bad.member.Receive(ctx, m); err != nil {
				t.Fatal(err)
			}
		}
		if err := witness.set("still", "here"); err != nil {
			t.Fatal(err)
		}
		bad.leave()
		witness.leave()
		if reason := witness.ended(); reason != nil {
			t.Fatalf("the room ended: %v", reason)
		}
		if reason := bad.ended(); reason != nil && !errors.Is(reason, rooms.ErrMalformed) {
			t.Fatalf("the sender was let go: %v", reason)
		}
		stop()
		if v, _ := log.read(t, "d").Map("m").Get("still"); v != "here" {
			t.Fatalf("the witness's edit is stored as %v", v)
		}
	})
}
