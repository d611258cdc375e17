package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/soratoo/soratoo/crdt/awareness"
	"github.com/soratoo/soratoo/crdt/wire"
)

func asClose(err error, to *websocket.CloseError) bool { return errors.As(err, to) }

func TestCollabSpeaksAsHocuspocusDoes(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		doc := e.project(token, workspace) + "/timeline"
		c := e.open("/collab")
		// As a provider does: its state vector does not wait for the answer.
		c.say(doc, wire.Token, []byte(token))
		c.say(doc, wire.SyncStep1, empty)
		want := []wire.Kind{wire.Authenticated, wire.SyncStep1, wire.SyncStep2}
		if got := c.kinds(doc); !slices.Equal(got, want) {
			t.Fatalf("opening a document: got %v, want %v", got, want)
		}
		if m := c.settle()[0]; string(m.Payload) != wire.ScopeReadWrite {
			t.Errorf("scope %q, want %q", m.Payload, wire.ScopeReadWrite)
		}
		c.say(doc, wire.SyncStep2, nothing)
		c.say(doc, wire.Update, update(7, "x", 1))
		c.say(doc, wire.QueryAwareness, nil)
		want = append(want, wire.SyncStatus, wire.SyncStatus)
		if got := c.kinds(doc); !slices.Equal(got, want) {
			t.Errorf("after two updates: got %v, want %v", got, want)
		}
		other := e.open("/collab")
		other.say(doc+"\x00tab", wire.SyncStep1, empty)
		other.say(doc+"\x00tab", wire.Token, []byte(token))
		other.settle()
		c.say(doc, wire.Update, update(8, "y", 2))
		want = []wire.Kind{wire.Authenticated, wire.SyncStep1, wire.SyncStep2, wire.Update}
		if got := other.kinds(doc + "\x00tab"); !slices.Equal(got, want) {
			t.Errorf("another session: got %v, want %v", got, want)
		}
		c.leave()
		other.leave()
	})
}

func TestEachDocumentOnASocketIsItsOwn(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, workspace := e.join("Ada")
		eve, _ := e.join("Eve")
		project := e.project(ada, workspace)
		c := e.open("/collab")
		for _, d := range []struct{ doc, token, want string }{
			{project + "/timeline", ada, wire.ScopeReadWrite},
			{project + "/timeline\x00again", "garbage", "not signed in"},
			{project + "/timeline\x00eve", eve, "no such project"},
			{project + "/timeline\x00cookie", "cookie", "not signed in"},
			{project + "/drafts", ada, "no such project"},
			{"..", ada, "no such project"},
			{project + "/review", ada, wire.ScopeReadWrite},
		} {
			c.say(d.doc, wire.Token, []byte(d.token))
			got := c.settle()
			if m := got[len(got)-1]; m.address != d.doc || string(m.Payload) != d.want {
				t.Errorf("%q: %v %q to %q, want %q", d.doc, m.Kind, m.Payload, m.address, d.want)
			}
		}
		// Who was refused may try again, and ending one leaves the rest.
		c.say(project+"/timeline\x00again", wire.Token, []byte(ada))
		c.say(project+"/timeline", wire.Close, nil)
		c.say(project+"/review", wire.Update, update(1, "x", 1))
		if got := c.kinds(project + "/timeline\x00again"); got[len(got)-1] != wire.Authenticated {
			t.Errorf("the second try: %v", got)
		}
		if got := c.kinds(project + "/review"); got[len(got)-1] != wire.SyncStatus {
			t.Errorf("the other document: %v", got)
		}
		c.leave()
	})
}

func TestTheCookieOfASessionOpensDocuments(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		signedUp := e.do("POST", "/api/v1/accounts", "", person("Ada"))
		token := signedUp.text("access_token")
		list := e.do("GET", "/api/v1/workspaces", token, nil)
		workspace := list.body["items"].([]any)[0].(map[string]any)["id"].(string)
		doc := e.project(token, workspace) + "/review"
		cookie, _, _ := strings.Cut(signedUp.header.Get("Set-Cookie"), ";")
		c, _ := e.connect("/collab", http.Header{"Cookie": {cookie}, "Origin": {"http://edge"}})
		c.say(doc, wire.Token, []byte("cookie"))
		if got := c.kinds(doc); !slices.Equal(got, []wire.Kind{wire.Authenticated}) {
			t.Errorf("got %v, want Authenticated", got)
		}
		c.leave()
		for _, origin := range []string{"http://evil.example", "null", "http://edge.evil.example"} {
			if _, status := e.connect("/collab", http.Header{"Cookie": {cookie}, "Origin": {origin}}); status != http.StatusForbidden {
				t.Errorf("from origin %s: status %d, want 403", origin, status)
			}
		}
	})
}

func TestRightsDecideWhatIsTaken(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, workspace := e.join("Ada")
		project := e.project(ada, workspace)
		for i, r := range []struct {
			name, role       string
			timeline, review string
		}{
			{"Ben", "editor", wire.ScopeReadWrite, wire.ScopeReadWrite},
			{"Cleo", "commenter", wire.ScopeReadOnly, wire.ScopeReadWrite},
			{"Vic", "viewer", wire.ScopeReadOnly, wire.ScopeReadOnly},
		} {
			token, _ := e.join(r.name)
			e.invite(ada, workspace, r.name, r.role)
			c := e.open("/collab")
			for kind, scope := range map[string]string{"timeline": r.timeline, "review": r.review} {
				doc := project + "/" + kind
				c.say(doc, wire.Token, []byte(token))
				c.say(doc, wire.Update, update(uint64(10+i), r.name+kind, 1))
				var applied, scoped, reason string
				for _, m := range c.settle() {
					switch {
					case m.address != doc:
					case m.Kind == wire.Authenticated:
						scoped = string(m.Payload)
					case m.Kind == wire.SyncStatus:
						applied = fmt.Sprint(m.Applied)
					case m.Kind == wire.Stateless:
						reason = string(m.Payload)
					}
				}
				want := fmt.Sprint(scope == wire.ScopeReadWrite)
				if scoped != scope || applied != want || (reason == "") != (want == "true") {
					t.Errorf("%s on %s: scope %s, applied %s, told %q; want %s, %s", r.role, kind, scoped, applied, reason, scope, want)
				}
			}
			c.leave()
		}
	})
}

func TestAnExpiredTokenIsAskedFor(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		doc := e.project(token, workspace) + "/timeline"
		fresh := func() []byte {
			a := e.do("POST", "/api/v1/sessions", "", map[string]any{"email": "ada@example.org", "password": "a harbour at dawn"})
			return []byte(a.text("access_token"))
		}
		c := e.open("/collab")
		c.say(doc, wire.Token, []byte(token))
		time.Sleep(10*time.Minute + 10*time.Second)
		if got := c.kinds(doc); got[len(got)-1] != wire.TokenRequest {
			t.Fatalf("after ten minutes: %v, want a TokenRequest last", got)
		}
		c.say(doc, wire.Token, fresh())
		time.Sleep(2 * time.Minute)
		c.say(doc, wire.Update, update(1, "x", 1))
		if got := c.kinds(doc); got[len(got)-1] != wire.SyncStatus || c.code() != 0 {
			t.Errorf("with a new token: %v, closed %d", got, c.code())
		}
		time.Sleep(8*time.Minute + 10*time.Second)
		if c.code() != 0 {
			t.Fatalf("closed with %d before a minute was over", c.code())
		}
		time.Sleep(70 * time.Second)
		if c.code() != 4401 {
			t.Errorf("without a new token: closed with %d, want 4401", c.code())
		}
	})
}

func TestBadFramesGetTheirReason(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		doc := e.project(token, workspace) + "/timeline"
		witness := e.open("/collab")
		witness.say(doc, wire.Token, []byte(token))
		frame := func(kind wire.Kind, payload string) []byte {
			return wire.AppendHocuspocus(nil, wire.Address(doc), wire.Message{Kind: kind, Payload: []byte(payload)})
		}
		for _, b := range []struct {
			name string
			raw  []byte
			want websocket.StatusCode
		}{
			{"nothing", nil, 4400},
			{"an unknown type", append(frame(wire.QueryAwareness, "")[:len(doc)+1], 77), 4400},
			{"half a frame", frame(wire.Update, "12345")[:len(doc)+5], 4400},
			{"a malformed update", frame(wire.Update, "\x01\x09"), 4400},
			{"a malformed state vector", frame(wire.SyncStep1, "\x05"), 4400},
			{"malformed presence", frame(wire.Awareness, "\x05"), 4400},
			{"an answer of servers", frame(wire.Authenticated, "readonly"), 4400},
			{"a message between servers", frame(wire.BroadcastStateless, "x"), 4400},
			{"a long address", wire.AppendHocuspocus(nil, wire.Address(strings.Repeat("x", 2000)), wire.Message{Kind: wire.QueryAwareness}), 4413},
			{"a long message", frame(wire.Update, strings.Repeat("x", 17<<20)), 4413},
		} {
			c := e.open("/collab")
			c.say(doc, wire.Token, []byte(token))
			c.settle()
			c.raw(b.raw)
			if got := c.code(); got != b.want {
				t.Errorf("%s: closed with %d, want %d", b.name, got, b.want)
			}
			<-c.done
		}
		witness.say(doc, wire.Update, update(1, "x", 1))
		if got := witness.kinds(doc); got[len(got)-1] != wire.SyncStatus {
			t.Errorf("another member: %v, want an acknowledgement last", got)
		}
		witness.leave()
	})
}

func TestASocketHasLimits(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		doc := e.project(token, workspace) + "/timeline"
		for _, l := range []struct {
			name string
			send func(c *client)
			want websocket.StatusCode
		}{
			{"a long message before anything is open", func(c *client) { c.raw(make([]byte, 300<<10)) }, 4413},
			{"many messages before the token", func(c *client) {
				for range 300 {
					c.say(doc, wire.Awareness, awareness.Append(nil))
				}
			}, 4429},
			{"many questions", func(c *client) {
				c.say(doc, wire.Token, []byte(token))
				c.settle()
				for range 300 {
					c.say(doc, wire.SyncStep1, empty)
				}
			}, 4429},
			{"many large edits", func(c *client) {
				c.say(doc, wire.Token, []byte(token))
				c.settle()
				for range 10 {
					c.say(doc, wire.SyncStep2, update(1, "k", strings.Repeat("x", 8<<20)))
				}
			}, 4429},
			{"many pings", func(c *client) {
				for range 5000 {
					if c.ws.Ping(t.Context()) != nil {
						break // it was closed
					}
				}
			}, 4429},
			{"nothing", func(*client) { time.Sleep(40 * time.Second) }, 4401},
		} {
			c := e.open("/collab")
			l.send(c)
			if got := c.code(); got != l.want {
				t.Errorf("%s: closed with %d, want %d", l.name, got, l.want)
			}
			<-c.done
		}
	})
}
