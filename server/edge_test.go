package server_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/history"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/server"
	"github.com/soratoo/soratoo/storage/sqlstore"
	"github.com/soratoo/soratoo/storage/testservers"
)

// edge is a whole server in fake time: sockets run over pipes.
type edge struct {
	site
	server   *server.Server
	hub      *rooms.Hub
	conns    chan net.Conn
	registry *prometheus.Registry
	down     func() // ends it as a signal does

	guard func(*crdt.Doc, *crdt.Preview, rooms.Author) error // nil: everything is taken
	gate  chan struct{}                                      // documents load when it is closed; nil: at once
}

// gated is a log whose documents load when the gate of its edge opens.
type gated struct {
	*sqlstore.Store
	edge *edge
}

func (g gated) Load(ctx context.Context, doc string) (rooms.Stored, error) {
	if g.edge.gate != nil {
		<-g.edge.gate
	}
	return g.Store.Load(ctx, doc)
}

func (e *edge) judge(d *crdt.Doc, p *crdt.Preview, by rooms.Author) error {
	if e.guard == nil {
		return nil
	}
	return e.guard(d, p, by)
}

// onEdge runs a test in a bubble with a server.
func onEdge(t *testing.T, test func(t *testing.T, e *edge)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		// Bubbles begin in the year 2000, when our people were too young.
		time.Sleep(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
		e := newEdge(t)
		t.Cleanup(e.down)
		test(t, e)
	})
}

func newEdge(t *testing.T) *edge {
	store, err := sqlstore.Open(t.Context(), testservers.SQLite(t, prepared))
	if err != nil {
		t.Fatal(err)
	}
	const publicURL = "http://edge"
	e := &edge{registry: prometheus.NewRegistry(), conns: make(chan net.Conn)}
	metrics := server.NewMetrics(e.registry)
	logs := &bytes.Buffer{}
	e.hub = rooms.New(rooms.Config{Log: gated{store, e}, Metrics: metrics.Rooms(), Guard: e.judge})
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	accounts := auth.New(auth.Config{Store: store, Key: key, Issuer: publicURL, Stretch: quick})
	e.server = server.New(server.Config{
		Renders: rendersOf(store, accounts, func() *server.Server { return e.server }),
		Hub:     e.hub, Auth: accounts, History: history.New(history.Config{Store: store, Live: e.hub, Rights: accounts}),
		Log: slog.New(slog.NewTextHandler(logs, nil)), Metrics: metrics, PublicURL: publicURL, Ping: store.Ping,
		Prepare: func(context.Context, auth.Project, string) error { return nil },
	})
	e.site = site{t: t, handler: e.server.Handler(), logs: logs}
	httpServer := &http.Server{Handler: e.handler, ReadTimeout: time.Minute, WriteTimeout: time.Minute}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = httpServer.Serve(pipes{e.conns, ctx}) })
	running.Go(func() { _ = e.hub.Run(ctx) })
	e.down = sync.OnceFunc(func() {
		cancel()
		ending, done := context.WithTimeout(context.Background(), 15*time.Second)
		defer done()
		e.server.Drain(ending)
		_ = httpServer.Close()
		running.Wait()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// pipes is a listener for one end of each pipe.
type pipes struct {
	conns chan net.Conn
	ctx   context.Context
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ctx.Done():
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (e *edge) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case e.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// project makes a project and returns its id.
func (e *edge) project(token, workspace string) string {
	e.t.Helper()
	a := e.do("POST", "/api/v1/workspaces/"+workspace+"/projects", token, map[string]any{"name": "Harbour"})
	if a.status != http.StatusCreated {
		e.t.Fatalf("making a project: %d %s", a.status, a.raw)
	}
	return a.text("id")
}

// client is the other end of a socket.
type client struct {
	t    *testing.T
	ws   *websocket.Conn
	done chan struct{}

	mu     sync.Mutex
	got    []message
	closed websocket.CloseError
	failed error
}

// message is a frame that a client got; address is empty on y-websocket.
type message struct {
	address string
	wire.Message
	at time.Time
}

// connect opens a socket, or returns the status of the refusal.
func (e *edge) connect(path string, header http.Header) (*client, int) {
	e.t.Helper()
	ws, resp, err := websocket.Dial(context.Background(), "ws://edge"+path, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: e.dial, DisableKeepAlives: true}}, HTTPHeader: header,
	})
	if err != nil {
		if resp == nil {
			e.t.Fatalf("connecting to %s: %v", path, err)
		}
		return nil, resp.StatusCode
	}
	ws.SetReadLimit(-1)
	c := &client{t: e.t, ws: ws, done: make(chan struct{})}
	go c.read(strings.HasPrefix(path, "/collab"))
	return c, http.StatusSwitchingProtocols
}

// open opens a socket that must be accepted.
func (e *edge) open(path string) *client {
	e.t.Helper()
	c, status := e.connect(path, nil)
	if c == nil {
		e.t.Fatalf("connecting to %s: status %d", path, status)
	}
	return c
}

// read takes down all that comes.
func (c *client) read(collab bool) {
	defer close(c.done)
	for {
		_, frame, err := c.ws.Read(context.Background())
		if err != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.failed = err
			if e, ok := err.(websocket.CloseError); ok || asClose(err, &e) {
				c.closed = e
			}
			_ = c.ws.CloseNow()
			return
		}
		m := message{at: time.Now()}
		if collab {
			var address wire.Address
			address, m.Message, err = wire.DecodeHocuspocus(frame)
			m.address = string(address)
		} else {
			m.Message, err = wire.DecodeYjs(frame)
		}
		if err != nil {
			c.t.Errorf("got %x: %v", frame, err)
		}
		c.mu.Lock()
		c.got = append(c.got, m)
		c.mu.Unlock()
	}
}

// raw sends bytes.
func (c *client) raw(frame []byte) {
	if err := c.ws.Write(context.Background(), websocket.MessageBinary, frame); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.closed.Code == 0 && c.failed == nil {
			c.t.Logf("sending %d bytes: %v", len(frame), err)
		}
	}
}

// say sends a message on /collab.
func (c *client) say(address string, kind wire.Kind, payload []byte) {
	c.raw(wire.AppendHocuspocus(nil, wire.Address(address), wire.Message{Kind: kind, Payload: payload}))
}

// tell sends a message on /yjs.
func (c *client) tell(kind wire.Kind, payload []byte) {
	c.raw(wire.AppendYjs(nil, wire.Message{Kind: kind, Payload: payload}))
}

// settle waits until nothing moves any more, and lists what came, by kind.
func (c *client) settle() []message {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

// kinds is what came to an address, in order.
func (c *client) kinds(address string) (kinds []wire.Kind) {
	for _, m := range c.settle() {
		if m.address == address {
			kinds = append(kinds, m.Kind)
		}
	}
	return kinds
}

// code is how the socket was closed; 0 while it is open.
func (c *client) code() websocket.StatusCode {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Code == 0 && c.failed != nil {
		return websocket.StatusAbnormalClosure
	}
	return c.closed.Code
}

// leave closes the socket from this side.
func (c *client) leave() {
	_ = c.ws.Close(websocket.StatusNormalClosure, "")
	<-c.done
}

// update is an edit by a client of its own: key = value in the map "m".
func update(client uint64, key string, value any) []byte {
	d := crdt.New(crdt.Options{ClientID: client})
	return d.Transact(func(tx *crdt.Tx) { d.Map("m").Set(tx, key, value) })
}

// empty is the state vector, and almost the update, of an empty document.
var empty = []byte{0}

// nothing is an update that brings nothing.
var nothing = []byte{0, 0}

// Every request has an id, which its answer has and what is logged of it; an id of others
// is taken if it can stand in a log. Sockets are logged by the id that they began with.
func TestRequestsHaveAnID(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	for sent, kept := range map[string]bool{"abc-123_X": true, "": false, "a b": false, "a\nb": false, strings.Repeat("x", 65): false} {
		a := s.do("GET", "/healthz", "", nil, func(r *http.Request) {
			if sent != "" {
				r.Header["X-Request-Id"] = []string{sent}
			}
		})
		if got := a.header.Get("X-Request-Id"); got == "" || (got == sent) != kept {
			t.Errorf("of the id %q came %q", sent, got)
		}
	}
}
