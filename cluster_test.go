package main_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/storage/testservers"
)

const clusterPatience = 30 * time.Second

// cluster is nodes on one database, and what is between them.
type cluster struct {
	t        *testing.T
	dir      string
	settings []string
	nodes    []*running
	ports    []string // of the nodes; the first is how browsers reach all of them
}

// newCluster prepares nodes, which do not run yet. Each has a data directory of its own.
func newCluster(t *testing.T, count int, settings ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: t.TempDir()}
	for range count {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		c.ports = append(c.ports, port)
		defer l.Close() // so that they differ
	}
	c.settings = append(settings, "SORATOO_PUBLIC_URL=http://localhost:"+c.ports[0],
		"SORATOO_MASTER_KEY_FILE="+filepath.Join(c.dir, "master.key"), "SORATOO_BLOB_URL=file://"+filepath.Join(c.dir, "media"))
	c.nodes = make([]*running, count)
	return c
}

// up starts the nodes that are down.
func (c *cluster) up() *cluster {
	c.t.Helper()
	for i := range c.nodes {
		if c.nodes[i] == nil {
			c.start(i)
		}
	}
	return c
}

// start starts a node. Its data directory is the one that it had.
func (c *cluster) start(i int) {
	c.t.Helper()
	dir := "SORATOO_DATA_DIR=" + filepath.Join(c.dir, strconv.Itoa(i))
	r := serve(c.t, append([]string{dir, "SORATOO_LISTEN=127.0.0.1:" + c.ports[i]}, c.settings...)...)
	r.url = "http://127.0.0.1:" + c.ports[i]
	c.nodes[i] = r
}

// end ends a node with a signal.
func (c *cluster) end(i int, signal os.Signal) (status int, took time.Duration) {
	c.t.Helper()
	status, took = c.nodes[i].end(signal)
	c.nodes[i] = nil
	return status, took
}

// writer is somebody at a document of a node, who knows what was acknowledged.
type writer struct {
	*document
	doc *crdt.Doc
}

func (c *cluster) open(node int, name, token string) *writer {
	c.t.Helper()
	d, err := openDocument(c.t.Context(), c.nodes[node].url, name, token)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = d.ws.CloseNow() })
	doc, err := d.whole(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return &writer{d, doc}
}

// set writes a marker and waits until that is acknowledged.
func (w *writer) set(t *testing.T, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clusterPatience)
	defer cancel()
	update := w.doc.Transact(func(tx *crdt.Tx) { w.doc.Map("markers").Set(tx, key, crdt.NewMap(nil)) })
	if err := w.send(ctx, wire.Message{Kind: wire.Update, Payload: update}); err != nil {
		t.Fatal(err)
	}
	for {
		_, frame, err := w.ws.Read(ctx)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		_, m, err := wire.DecodeHocuspocus(frame)
		if err != nil {
			t.Fatal(err)
		}
		w.take(t, m)
		if m.Kind == wire.SyncStatus {
			if !m.Applied {
				t.Fatalf("%s was refused", key)
			}
			return
		}
	}
}

func (w *writer) take(t *testing.T, m wire.Message) {
	t.Helper()
	if m.Kind == wire.Update || m.Kind == wire.SyncStep2 {
		if err := w.doc.Apply(m.Payload); err != nil {
			t.Fatal(err)
		}
	}
}

// sees waits until a marker is there, and returns how long that took.
func (w *writer) sees(t *testing.T, key string) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clusterPatience)
	defer cancel()
	for start := time.Now(); ; {
		if _, ok := w.doc.Map("markers").Get(key); ok {
			return time.Since(start)
		}
		_, frame, err := w.ws.Read(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v", key, err)
		}
		if _, m, err := wire.DecodeHocuspocus(frame); err == nil {
			w.take(t, m)
		}
	}
}

// ended waits until the document is closed, and returns why.
func (w *writer) ended(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clusterPatience)
	defer cancel()
	for {
		_, frame, err := w.ws.Read(ctx)
		if err != nil {
			return err.Error()
		}
		if _, m, err := wire.DecodeHocuspocus(frame); err == nil && m.Kind == wire.Close {
			return string(m.Payload)
		}
	}
}

// clusters runs a test with Redis and with the database alone.
func clusters(t *testing.T, test func(t *testing.T, c *cluster)) {
	t.Run("PostgreSQL and Redis", func(t *testing.T) {
		test(t, newCluster(t, 2, "SORATOO_DATABASE_URL="+testservers.Database(t), "SORATOO_REDIS_URL="+testservers.Redis(t).URL).up())
	})
	t.Run("PostgreSQL alone", func(t *testing.T) {
		test(t, newCluster(t, 2, "SORATOO_DATABASE_URL="+testservers.Database(t)).up())
	})
}

func TestTwoNodesAreOneInstallation(t *testing.T) {
	clusters(t, func(t *testing.T, c *cluster) {
		token, doc := c.nodes[0].start()
		a, b := c.open(0, doc, token), c.open(1, doc, token)
		for i := range 10 {
			a.set(t, fmt.Sprint("a", i))
			b.set(t, fmt.Sprint("b", i))
		}
		if took := max(b.sees(t, "a9"), a.sees(t, "b9")); took > 5*time.Second {
			t.Errorf("an edit took %v to the other node", took)
		}
		for i := range 10 {
			a.sees(t, fmt.Sprint("b", i))
			b.sees(t, fmt.Sprint("a", i))
		}
		// A ticket that one node gave opens a socket of the other, once.
		project, _, _ := strings.Cut(doc, "/")
		status, ticket := c.nodes[0].call(http.MethodPost, "/api/v1/tickets", token, map[string]any{"project": project})
		if status != http.StatusCreated {
			t.Fatalf("a ticket: %d %v", status, ticket)
		}
		// Who signs out at one node is signed out at the other, sockets included.
		if status, _ := c.nodes[0].call(http.MethodDelete, "/api/v1/sessions/current", token, nil); status >= 300 {
			t.Fatalf("signing out: %d", status)
		}
		if status, _ := c.nodes[1].call(http.MethodGet, "/api/v1/me", token, nil); status != http.StatusUnauthorized {
			t.Errorf("at the other node the token still answers %d", status)
		}
		start := time.Now()
		why := b.ended(t)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("the socket at the other node ended after %v: %s", took, why)
		}
	})
}

// Nodes say that they are there, and leave in order.
func TestNodesSayThatTheyAreThere(t *testing.T) {
	c := newCluster(t, 2, "SORATOO_DATABASE_URL="+testservers.Database(t)).up()
	list := func() string { return runProgram(t, c.settings, "admin", "nodes").stdout }
	for _, n := range c.nodes {
		address := strings.TrimPrefix(n.url, "http://")
		if got := list(); !strings.Contains(got, address) {
			t.Errorf("nodes are:\n%s, want one at %s", got, address)
		}
	}
	c.end(0, syscall.SIGTERM)
	if got := list(); strings.Count(got, "\n") != 2 { // one, and the heading
		t.Errorf("after one left nodes are:\n%s", got)
	}
}
