package server_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/soratoo/soratoo/crdt/wire"
)

// viewer is a token of somebody who may read all of a workspace.
func (e *edge) viewer(ada, workspace, name string) string {
	e.t.Helper()
	token, _ := e.join(name)
	e.invite(ada, workspace, name, "viewer")
	return token
}

func TestMessagesAreAsLargeAsRightsAllow(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, workspace := e.join("Ada")
		vic := e.viewer(ada, workspace, "Vic")
		doc := e.project(ada, workspace) + "/timeline"
		for _, l := range []struct {
			name, token string
			size        int
			want        websocket.StatusCode
		}{
			{"a stranger's, small", "", 3 << 10, 0},
			{"a stranger's", "", 5 << 10, 4413},
			{"a viewer's, small", vic, 60 << 10, 0},
			{"a viewer's", vic, 65 << 10, 4413},
			{"an editor's", ada, 3 << 20, 0},
			{"an editor's, too large", ada, 17 << 20, 4413},
		} {
			c := e.open("/collab")
			if l.token != "" {
				c.say(doc, wire.Token, []byte(l.token))
				c.settle()
			}
			kind, payload := wire.Stateless, bytes.Repeat([]byte("x"), l.size)
			if l.size > 1<<20 {
				kind, payload = wire.SyncStep2, update(1, "k", string(payload))
			}
			c.say(doc, kind, payload)
			if got := c.code(); got != l.want {
				t.Errorf("%s of %d bytes: closed with %d, want %d", l.name, l.size, got, l.want)
			}
			c.leave()
		}
	})
}

func TestMessagesThatNeverEndAreGivenUp(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, workspace := e.join("Ada")
		doc := e.project(ada, workspace) + "/timeline"
		for _, l := range []struct {
			name string
			send func(w io.Writer)
			open time.Duration // how long at the most
		}{
			{"half sent", func(w io.Writer) { _, _ = w.Write(make([]byte, 64<<10)) }, 20 * time.Second},
			{"a byte a second", func(w io.Writer) {
				for range 20 {
					_, _ = w.Write([]byte("x"))
					time.Sleep(time.Second)
				}
			}, 20 * time.Second},
		} {
			c := e.open("/collab")
			c.say(doc, wire.Token, []byte(ada))
			c.settle()
			w, err := c.ws.Writer(t.Context(), websocket.MessageBinary)
			if err != nil {
				t.Fatal(err)
			}
			l.send(w)
			time.Sleep(l.open)
			if got := c.code(); got != 4408 {
				t.Errorf("%s: closed with %d, want 4408", l.name, got)
			}
			<-c.done
		}
	})
}

func TestFramesOfNothingEnd(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, workspace := e.join("Ada")
		project := e.project(ada, workspace)
		conn, err := e.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		request := "GET /yjs/" + project + "/timeline HTTP/1.1\r\nHost: edge\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nAuthorization: Bearer " + ada + "\r\n\r\n"
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, conn) }() // until it ends
		synctest.Wait()
		first, more := []byte{0x02, 0x80, 0, 0, 0, 0}, []byte{0x00, 0x80, 0, 0, 0, 0}
		sent := 0
		for _, err = conn.Write(first); err == nil && sent < 100_000; sent++ {
			_, err = conn.Write(more)
		}
		if sent > 5000 {
			t.Errorf("%d empty frames of one message were taken", sent)
		}
	})
}

// refused leaves those sockets that were not closed for being one too many, which is
// to be one of them: they arrive in any order.
func refused(t *testing.T, all []*client) (open []*client) {
	t.Helper()
	for _, c := range all {
		switch c.code() {
		case 0:
			open = append(open, c)
		case 4429:
		default:
			t.Errorf("a socket is closed with %d", c.code())
		}
	}
	if len(open) != len(all)-1 {
		t.Errorf("%d of %d sockets are closed, want one", len(all)-len(open), len(all))
	}
	return open
}

func TestSocketsOfOnePersonAreCounted(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, workspace := e.join("Ada")
		project := e.project(ada, workspace)
		path, header := "/yjs/"+project+"/timeline", http.Header{"Authorization": {"Bearer " + ada}}
		var open []*client
		for range 64 {
			c, _ := e.connect(path, header)
			open = append(open, c)
		}
		many, _ := e.connect(path, header)
		open = refused(t, append(open, many))
		other := e.open("/collab")
		other.say(project+"/timeline", wire.Token, []byte(ada))
		if got := other.settle(); len(got) != 1 || got[0].Kind != wire.PermissionDenied || !strings.Contains(string(got[0].Payload), "connections") {
			t.Errorf("on another socket: %v, want PermissionDenied", got)
		}
		open[0].leave()
		synctest.Wait()
		again, _ := e.connect(path, header)
		if got := again.code(); got != 0 {
			t.Errorf("when one has gone: closed with %d", got)
		}
		for _, c := range append(open[1:], again, other) {
			c.leave()
		}
	})
}

func TestSocketsOfStrangersAreCounted(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, workspace := e.join("Ada")
		doc := e.project(ada, workspace) + "/timeline"
		var open []*client
		for i := range 128 {
			c := e.open("/collab")
			if i == 0 {
				c.say(doc, wire.Token, []byte(ada)) // no stranger any more
				c.settle()
			}
			open = append(open, c)
		}
		open = append(open, e.open("/collab"), e.open("/collab"))
		if open = refused(t, open); open[0].code() != 0 {
			t.Error("who signed in is closed")
		}
		for _, c := range open {
			c.leave()
		}
	})
}
