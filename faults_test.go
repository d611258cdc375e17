package main_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/storage/testservers"
)

const (
	faultNodes    = 3
	faultPatience = 90 * time.Second
	faultEdits    = 60 // that are acknowledged before, while and after something is wrong
)

// peers are real Yjs clients at all nodes, see web/peers/peers.mjs.
type peers struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
}

func startPeers(t *testing.T, c *cluster, doc, token string) *peers {
	t.Helper()
	var nodes []string
	for _, n := range c.nodes {
		nodes = append(nodes, n.url)
	}
	config, err := json.Marshal(map[string]any{"nodes": nodes, "doc": doc, "token": token})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "peers/peers.mjs")
	cmd.Dir, cmd.Stderr = "web", os.Stderr
	cmd.Env = append(os.Environ(), "PEERS="+string(config))
	p := &peers{t: t}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	t.Cleanup(func() {
		_, _ = io.WriteString(p.in, "end\n")
		_ = cmd.Wait()
	})
	var ready struct{ Ready bool }
	if p.answer(&ready); !ready.Ready {
		t.Fatal("the Yjs clients do not come in")
	}
	return p
}

func (p *peers) answer(to any) {
	p.t.Helper()
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, to)
	}
	if err != nil {
		p.t.Fatalf("the Yjs clients answer %q: %v", line, err)
	}
}

func (p *peers) say(word string, to any) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, word+"\n"); err != nil {
		p.t.Fatal(err)
	}
	p.answer(to)
}

// load is clients that edit while something is wrong.
type load struct {
	t       *testing.T
	c       *cluster
	doc     string
	token   string
	peers   *peers
	stop    context.CancelFunc
	writers sync.WaitGroup

	mu       sync.Mutex
	promised map[string]bool // acknowledged, and the writer may be gone since
	more     chan struct{}   // a signal when there are more
}

// newLoad has Yjs clients and a writer at each node edit a new project.
func newLoad(t *testing.T, c *cluster) *load {
	t.Helper()
	l := &load{t: t, c: c, promised: map[string]bool{}, more: make(chan struct{}, 1)}
	l.token, l.doc = c.nodes[0].start()
	l.peers = startPeers(t, c, l.doc, l.token)
	l.peers.say("edit", &struct{}{})
	ctx, stop := context.WithCancel(t.Context())
	l.stop = stop
	for i := range c.nodes {
		l.writers.Go(func() { l.write(ctx, i) })
	}
	return l
}

// write makes edits at a node, each when the one before is acknowledged, on one
// connection after the other. What it had not heard of is of no matter: it forgets.
func (l *load) write(ctx context.Context, node int) {
	url := "http://127.0.0.1:" + l.c.ports[node]
	for n := 0; ctx.Err() == nil; n++ {
		d, err := openDocument(ctx, url, l.doc, l.token)
		if err != nil {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		doc := crdt.New(crdt.Options{})
		for i := 0; ; i++ {
			key := fmt.Sprintf("writer-%d-%d-%d", node, n, i)
			update := doc.Transact(func(tx *crdt.Tx) { doc.Map("markers").Set(tx, key, crdt.NewMap(nil)) })
			if err := d.send(ctx, wire.Message{Kind: wire.Update, Payload: update}); err != nil {
				break
			}
			status, err := d.until(ctx, wire.SyncStatus)
			if err != nil {
				break
			}
			if !status.Applied {
				l.t.Errorf("%s was refused", key)
				return
			}
			l.mu.Lock()
			l.promised[key] = true
			l.mu.Unlock()
			select {
			case l.more <- struct{}{}:
			default:
			}
		}
		_ = d.ws.CloseNow() // the node may be gone
	}
}

// acknowledged waits for so many more acknowledgements.
func (l *load) acknowledged(edits int) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), faultPatience)
	defer cancel()
	count := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.promised)
	}
	for goal := count() + edits; count() < goal; {
		select {
		case <-l.more:
		case <-ctx.Done():
			l.t.Fatalf("only %d of %d edits were acknowledged", count(), goal)
		}
	}
}

// check has everybody rest, and compares them with each other, with each node and with
// what was promised.
func (l *load) check() {
	l.t.Helper()
	l.stop()
	l.writers.Wait()
	var got struct {
		Equal   bool
		Edits   int
		State   string
		Settled []bool
		Sizes   []int
	}
	l.peers.say("rest", &got)
	if !got.Equal {
		l.t.Fatalf("after %d edits the Yjs clients do not agree: settled %v, sizes %v", got.Edits, got.Settled, got.Sizes)
	}
	state, err := base64.StdEncoding.DecodeString(got.State)
	if err != nil {
		l.t.Fatal(err)
	}
	want := crdt.New(crdt.Options{})
	if err := want.Apply(state); err != nil {
		l.t.Fatal(err)
	}
	for key := range l.promised {
		if _, ok := want.Map("markers").Get(key); !ok {
			l.t.Errorf("%s was acknowledged and is lost", key)
		}
	}
	for i := range l.c.nodes {
		if doc := l.c.open(i, l.doc, l.token).doc; !sameMarkers(doc, want) {
			l.t.Errorf("node %d has another document than the Yjs clients", i)
		}
	}
	l.t.Logf("%d edits of Yjs clients, %d acknowledged ones of writers", got.Edits, len(l.promised))
}

func sameMarkers(a, b *crdt.Doc) bool {
	x, errX := json.Marshal(a.Map("markers").JSON())
	y, errY := json.Marshal(b.Map("markers").JSON())
	return errX == nil && errY == nil && string(x) == string(y)
}

// services are what a cluster stands on, with a proxy before each.
type services struct {
	database, redis           *testservers.Server
	databaseProxy, redisProxy *testservers.Proxy
}

func newServices(t *testing.T) services {
	s := services{database: testservers.Postgres(t), redis: testservers.Redis(t)}
	s.databaseProxy = testservers.NewProxy(t, s.database.Address)
	s.redisProxy = testservers.NewProxy(t, s.redis.Address)
	return s
}

func (s services) settings() []string {
	return []string{
		"SORATOO_DATABASE_URL=" + strings.Replace(s.database.URL, s.database.Address, s.databaseProxy.Address, 1),
		"SORATOO_REDIS_URL=redis://" + s.redisProxy.Address,
	}
}

// Whatever happens to what a cluster stands on, in the end everybody has the same, and
// what was acknowledged is there. The long form is `make chaos`.
func TestAClusterSurvivesFaults(t *testing.T) {
	s := newServices(t)
	c := newCluster(t, faultNodes, s.settings()...).up()
	l := newLoad(t, c)
	l.acknowledged(faultEdits)
	rounds, err := strconv.Atoi(cmp.Or(os.Getenv("SORATOO_TEST_ROUNDS"), "1"))
	if err != nil {
		t.Fatal(err)
	}
	for range rounds {
		sufferAll(t, s, c, l)
	}
	l.check()
}

// sufferAll does one thing after the other to a cluster and what it stands on.
func sufferAll(t *testing.T, s services, c *cluster, l *load) {
	t.Helper()
	for _, f := range []struct {
		name string
		do   func()
	}{
		{"Redis killed and back, empty", func() {
			s.redis.Kill()
			l.acknowledged(faultEdits)
			s.redis.Start(t)
		}},
		{"every third message lost, doubled or delayed", func() {
			s.redisProxy.Misbehave(11)
			s.redisProxy.Reset()
			l.acknowledged(faultEdits)
			s.redisProxy.Misbehave(0)
			s.redisProxy.Reset()
		}},
		{"Redis answers nothing on lines that stand", func() {
			s.redisProxy.Hole(true)
			l.acknowledged(faultEdits)
			s.redisProxy.Hole(false)
		}},
		{"a node killed and back", func() {
			c.end(1, os.Kill)
			l.acknowledged(faultEdits)
			c.start(1)
		}},
		{"PostgreSQL killed and back", func() {
			s.database.Kill()
			if status := ready(t, c.nodes[0]); status != http.StatusServiceUnavailable {
				t.Errorf("without its database a node says %d of itself", status)
			}
			s.database.Start(t)
		}},
		{"a slow database", func() {
			s.databaseProxy.Latency(20 * time.Millisecond)
			l.acknowledged(faultEdits / 3)
			s.databaseProxy.Latency(0)
		}},
		{"lines to the database cut in the middle", func() {
			for i := range 5 {
				s.databaseProxy.CutAfter(3000 + 777*i)
				s.databaseProxy.Reset()
				l.acknowledged(faultEdits / 5)
			}
		}},
		{"all nodes restarted, one after the other", func() {
			for i := range c.nodes {
				if status, took := c.end(i, syscall.SIGTERM); status != 0 {
					t.Errorf("SIGTERM ends a node with %d after %v", status, took)
				}
				c.start(i)
				l.acknowledged(faultEdits / 3)
			}
		}},
	} {
		start := time.Now()
		f.do()
		l.acknowledged(faultEdits)
		t.Logf("%s: %v", f.name, time.Since(start).Round(time.Millisecond))
	}
}

// ready is how a node answers /readyz.
func ready(t *testing.T, r *running) int {
	t.Helper()
	answer, err := http.Get(r.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}
