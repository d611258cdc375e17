package server_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

	"github.com/soratoo/soratoo/crdt/wire"
)

func TestAnAnswerWaitsForTheOneBefore(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, workspace := e.join("Ada")
		doc := e.project(ada, workspace) + "/timeline"
		vic := e.viewer(ada, workspace, "Vic")
		writer := e.open("/collab")
		writer.say(doc, wire.Token, []byte(ada))
		writer.settle()
		const size = 500 << 10
		writer.say(doc, wire.Update, update(9, "big", strings.Repeat("x", size)))
		writer.settle()
		// A reader that asks and asks, and reads only when it has asked enough.
		ws, _, err := websocket.Dial(t.Context(), "ws://edge/collab", &websocket.DialOptions{
			HTTPClient: &http.Client{Transport: &http.Transport{DialContext: e.dial}},
		})
		if err != nil {
			t.Fatal(err)
		}
		ws.SetReadLimit(-1)
		frame := func(kind wire.Kind, payload []byte) []byte {
			return wire.AppendHocuspocus(nil, wire.Address(doc), wire.Message{Kind: kind, Payload: payload})
		}
		messages := [][]byte{frame(wire.Token, []byte(vic))}
		for range 50 {
			messages = append(messages, frame(wire.SyncStep1, empty))
		}
		for _, m := range messages {
			if err := ws.Write(t.Context(), websocket.MessageBinary, m); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		c := &client{t: t, ws: ws, done: make(chan struct{})}
		go c.read(true)
		large, answers := 0, 0
		for _, m := range c.settle() {
			if m.Kind == wire.SyncStep2 {
				answers++
				if len(m.Payload) > size {
					large++
				}
			}
		}
		if answers != 50 || large != 1 {
			t.Errorf("%d answers, %d of them with the document; want 50 and 1", answers, large)
		}
		// Once it has read, it may ask again.
		c.say(doc, wire.SyncStep1, empty)
		got := c.settle()
		if m := got[len(got)-1]; m.Kind != wire.SyncStep2 || len(m.Payload) < size {
			t.Errorf("the next answer: %v of %d bytes", m.Kind, len(m.Payload))
		}
		c.leave()
		writer.leave()
	})
}
