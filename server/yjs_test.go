package server_test

import (
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

// ticket makes a ticket for a project.
func (e *edge) ticket(token, project string) string {
	e.t.Helper()
	a := e.do("POST", "/api/v1/tickets", token, map[string]any{"project": project})
	if a.status != http.StatusCreated {
		e.t.Fatalf("making a ticket: %d %s", a.status, a.raw)
	}
	return a.text("ticket")
}

func TestYjsSpeaksAsYWebsocketDoes(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		project := e.project(token, workspace)
		c := e.open("/yjs/" + project + "/timeline?ticket=" + e.ticket(token, project))
		if got := c.kinds(""); !slices.Equal(got, []wire.Kind{wire.SyncStep1}) {
			t.Fatalf("on connecting: %v, want the server's SyncStep1", got)
		}
		c.tell(wire.SyncStep1, empty)
		c.tell(wire.SyncStep2, nothing)
		hocus := e.open("/collab")
		hocus.say(project+"/timeline", wire.Token, []byte(token))
		hocus.settle()
		c.tell(wire.Update, update(5, "x", 1))
		hocus.settle()
		hocus.say(project+"/timeline", wire.SyncStep2, update(6, "y", 2))
		want := []wire.Kind{wire.SyncStep1, wire.SyncStep2, wire.Update}
		if got := c.kinds(""); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v: another's SyncStep2 comes as an Update", got, want)
		}
		if got := hocus.kinds(project + "/timeline"); !slices.Equal(got, []wire.Kind{wire.Authenticated, wire.Update, wire.SyncStatus}) {
			t.Errorf("the Hocuspocus client got %v", got)
		}
		c.leave()
		hocus.leave()
	})
}

func TestYjsLetsInWhoHasAKey(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, workspace := e.join("Ada")
		eve, _ := e.join("Eve")
		project := e.project(ada, workspace)
		path := "/yjs/" + project + "/timeline"
		used := e.ticket(ada, project)
		e.open(path + "?ticket=" + used).leave()
		late := e.ticket(ada, project)
		time.Sleep(31 * time.Second)
		bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
		for _, k := range []struct {
			name   string
			path   string
			header http.Header
			want   websocket.StatusCode
		}{
			{"bearer", path, bearer(ada), 0},
			{"bearer in another case", path, http.Header{"Authorization": {"bEARER  " + ada}}, 0},
			{"another scheme", path, http.Header{"Authorization": {"Basic " + ada}}, 4401},
			{"ticket", path + "?ticket=" + e.ticket(ada, project), nil, 0},
			{"nothing", path, nil, 4401},
			{"garbage", path, bearer("x.y.z"), 4401},
			{"used ticket", path + "?ticket=" + used, nil, 4401},
			{"late ticket", path + "?ticket=" + late, nil, 4401},
			{"a stranger", path, bearer(eve), 4404},
			{"no such kind", "/yjs/" + project + "/drafts", bearer(ada), 4404},
			{"no such project", "/yjs/" + strings.Repeat("x", 22) + "/timeline", bearer(ada), 4404},
			{"dots", "/yjs/%2e%2e/timeline", bearer(ada), 4404},
		} {
			c, status := e.connect(k.path, k.header)
			if c == nil {
				t.Errorf("%s: status %d", k.name, status)
				continue
			}
			if got := c.code(); got != k.want {
				t.Errorf("%s: closed with %d, want %d", k.name, got, k.want)
			}
			c.leave()
		}
		if a := e.do("GET", path, ada, nil); a.status != http.StatusUpgradeRequired {
			t.Errorf("without an upgrade: status %d, want 426", a.status)
		}
	})
}

func TestYjsRefusesWhatIsNoFrame(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		project := e.project(token, workspace)
		for _, raw := range []string{"", "\x07", "\x00\x09\x00", "\x00\x02\x05x", "\x01\x05", "\x02\x00\x00", "\x00\x02\x02\x01\x09"} {
			c := e.open("/yjs/" + project + "/timeline?ticket=" + e.ticket(token, project))
			c.settle()
			c.raw([]byte(raw))
			if got := c.code(); got != 4400 {
				t.Errorf("%x: closed with %d, want 4400", raw, got)
			}
			<-c.done
		}
		c := e.open("/yjs/" + project + "/timeline?ticket=" + e.ticket(token, project))
		if err := c.ws.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if got := c.code(); got != 4400 {
			t.Errorf("text: closed with %d, want 4400", got)
		}
	})
}

func TestQuietClientsAreKeptAndDeadOnesAreNot(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		project := e.project(token, workspace)
		quiet := e.open("/yjs/" + project + "/timeline?ticket=" + e.ticket(token, project))
		last := time.Now()
		for range 20 {
			time.Sleep(30 * time.Second)
			got := quiet.settle()
			if at := got[len(got)-1].at; !at.After(last) {
				t.Fatal("nothing came for 30 s: clients give up then")
			}
			last = time.Now()
		}
		if quiet.code() != 0 {
			t.Errorf("who only listens is closed with %d", quiet.code())
		}
		quiet.leave()

		// A client that neither reads nor writes, as a line that went dead.
		dead, _, err := websocket.Dial(t.Context(), "ws://edge/yjs/"+project+"/timeline", &websocket.DialOptions{
			HTTPClient: &http.Client{Transport: &http.Transport{DialContext: e.dial}},
			HTTPHeader: http.Header{"Authorization": {"Bearer " + e.do("POST", "/api/v1/sessions", "", map[string]any{
				"email": "ada@example.org", "password": "a harbour at dawn",
			}).text("access_token")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(90 * time.Second)
		if n := e.connections(t, "yjs"); n != 0 {
			t.Errorf("%v connections are open, want none", n)
		}
		_ = dead.CloseNow()
	})
}

// connections reads a figure.
func (e *edge) connections(t *testing.T, kind string) float64 {
	families, err := e.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "soratoo_connections" {
			continue
		}
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == kind {
				return m.GetGauge().GetValue()
			}
		}
	}
	return -1
}

func TestGoingDownTellsClientsToComeBack(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		project := e.project(token, workspace)
		y := e.open("/yjs/" + project + "/timeline?ticket=" + e.ticket(token, project))
		c, idle := e.open("/collab"), e.open("/collab")
		c.say(project+"/timeline", wire.Token, []byte(token))
		c.settle()
		for i := range 50 {
			c.say(project+"/timeline", wire.Update, update(uint64(i+1), "x", i))
		}
		begun := time.Now()
		e.down()
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("going down took %v", took)
		}
		for name, c := range map[string]*client{"y-websocket": y, "Hocuspocus": c, "without a document": idle} {
			if got := c.code(); got != websocket.StatusServiceRestart {
				t.Errorf("%s: closed with %d, want 1012", name, got)
			}
		}
	})
}

func TestPresenceCrossesProtocols(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		project := e.project(token, workspace)
		y := e.open("/yjs/" + project + "/review?ticket=" + e.ticket(token, project))
		c := e.open("/collab")
		c.say(project+"/review", wire.Token, []byte(token))
		y.tell(wire.Awareness, awareness.Append(nil, awareness.State{Client: 3, Clock: 1, JSON: []byte(`{"name":"Mallory"}`)}))
		time.Sleep(time.Second)
		got := c.settle()
		m := got[len(got)-1]
		if m.Kind != wire.Awareness || !strings.Contains(string(m.Payload), `"name":"Ada"`) {
			t.Errorf("the other client got %v %q, want Ada's presence", m.Kind, m.Payload)
		}
		y.leave()
		got = c.settle()
		if m := got[len(got)-1]; m.Kind != wire.Awareness || !strings.Contains(string(m.Payload), "null") {
			t.Errorf("when she left the other client got %v %q, want her gone", m.Kind, m.Payload)
		}
		c.leave()
	})
}

func TestFramesOfAllSizesArrive(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		doc := e.project(token, workspace) + "/timeline"
		c := e.open("/collab")
		c.say(doc, wire.Token, []byte(token))
		c.settle()
		overhead := len(wire.AppendHocuspocus(nil, wire.Address(doc), wire.Message{Kind: wire.Stateless}))
		for _, size := range []int{1, 125, 126, 127, 65535, 65536} {
			text := strings.Repeat("x", max(1, size-overhead))
			e.hub.Broadcast(doc, []byte(text))
			got := c.settle()
			if m := got[len(got)-1]; m.Kind != wire.Stateless || string(m.Payload) != text {
				t.Errorf("a frame of about %d bytes came as %v of %d bytes", size, m.Kind, len(m.Payload))
			}
		}
		// Many at once, in one write, and larger ones than a write.
		before := len(c.settle())
		for i := range 100 {
			c.say(doc, wire.Update, update(uint64(100+i), fmt.Sprint("k", i), strings.Repeat("y", i*500)))
		}
		c.say(doc, wire.SyncStep1, empty)
		got := c.settle()[before:]
		largest := slices.MaxFunc(got, func(a, b message) int { return len(a.Payload) - len(b.Payload) })
		if len(got) != 102 || largest.Kind != wire.SyncStep2 || len(largest.Payload) < 99*100/2*500 {
			t.Errorf("%d frames, the largest %v of %d bytes; want 100 acknowledgements and both steps", len(got), largest.Kind, len(largest.Payload))
		}
		c.leave()
	})
}

func TestAReaderThatStopsIsLetGoAndOthersAreServed(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		project := e.project(token, workspace)
		address := func() string { return "/yjs/" + project + "/timeline?ticket=" + e.ticket(token, project) }
		writer, reader := e.open(address()), e.open(address())
		stuck, _, err := websocket.Dial(t.Context(), "ws://edge"+address(), &websocket.DialOptions{
			HTTPClient: &http.Client{Transport: &http.Transport{DialContext: e.dial}},
		})
		if err != nil {
			t.Fatal(err)
		}
		const edits = 200
		for i := range edits {
			writer.tell(wire.Update, update(uint64(10+i), fmt.Sprint("k", i), strings.Repeat("z", 1000)))
			time.Sleep(100 * time.Millisecond)
		}
		got := 0
		for _, m := range reader.settle() {
			if m.Kind == wire.Update {
				got += strings.Count(string(m.Payload), strings.Repeat("z", 1000))
			}
		}
		if n := e.connections(t, "yjs"); got != edits || n != 2 {
			t.Errorf("the other reader got %d of %d edits; %v connections are open, want 2", got, edits, n)
		}
		_ = stuck.CloseNow()
		writer.leave()
		reader.leave()
	})
}
