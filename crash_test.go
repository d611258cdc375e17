package main_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

const (
	crashRounds   = 20
	crashWriters  = 4
	crashEdits    = 500 // acknowledged in a round, on average, before the kill
	crashInFlight = 16  // edits of a writer that wait for their acknowledgement
	crashSeed     = 2711
)

// document is an open document of a running server, as a Hocuspocus provider
// has it.
type document struct {
	ws      *websocket.Conn
	address wire.Address
}

// openDocument connects and signs in.
func openDocument(ctx context.Context, url, doc, token string) (*document, error) {
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(url, "http")+"/collab", nil)
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(-1)
	d := &document{ws, wire.Address(doc)}
	if err := d.send(ctx, wire.Message{Kind: wire.Token, Payload: []byte(token)}); err != nil {
		return nil, err
	}
	_, err = d.until(ctx, wire.Authenticated)
	return d, err
}

func (d *document) send(ctx context.Context, m wire.Message) error {
	return d.ws.Write(ctx, websocket.MessageBinary, wire.AppendHocuspocus(nil, d.address, m))
}

// until reads messages up to one of a kind.
func (d *document) until(ctx context.Context, kind wire.Kind) (wire.Message, error) {
	for {
		_, frame, err := d.ws.Read(ctx)
		if err != nil {
			return wire.Message{}, err
		}
		_, m, err := wire.DecodeHocuspocus(frame)
		switch {
		case err != nil || m.Kind == kind:
			return m, err
		case m.Kind == wire.PermissionDenied || m.Kind == wire.Close:
			return m, fmt.Errorf("%v: %s", m.Kind, m.Payload)
		}
	}
}

// whole reads the whole document.
func (d *document) whole(ctx context.Context) (*crdt.Doc, error) {
	doc := crdt.New(crdt.Options{})
	if err := d.send(ctx, wire.Message{Kind: wire.SyncStep1, Payload: doc.StateVector()}); err != nil {
		return nil, err
	}
	answer, err := d.until(ctx, wire.SyncStep2)
	if err != nil {
		return nil, err
	}
	return doc, doc.Apply(answer.Payload)
}

// write makes edits, one key each, until the server is gone. It reports each
// key once it is acknowledged.
func (d *document) write(ctx context.Context, prefix string, acknowledged func(key string)) error {
	doc := crdt.New(crdt.Options{})
	markers := doc.Map("markers")
	for sent, known := 0, 0; ; {
		for ; sent < known+crashInFlight; sent++ {
			update := doc.Transact(func(tx *crdt.Tx) { markers.Set(tx, fmt.Sprint(prefix, sent), crdt.NewMap(nil)) })
			if err := d.send(ctx, wire.Message{Kind: wire.Update, Payload: update}); err != nil {
				return err
			}
		}
		status, err := d.until(ctx, wire.SyncStatus)
		if err != nil {
			return err
		}
		if !status.Applied {
			return errors.New("an edit was refused")
		}
		acknowledged(fmt.Sprint(prefix, known))
		known++
	}
}

// crash is a server that is killed again and again, and what it has promised.
type crash struct {
	*running
	data       string
	token, doc string

	mu       sync.Mutex
	promised []string      // keys that were acknowledged
	goal     int           // how many of them are enough for this round
	enough   chan struct{} // closed then
}

// promise takes down that an edit was acknowledged.
func (c *crash) promise(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.promised = append(c.promised, key)
	if len(c.promised) == c.goal {
		close(c.enough)
	}
}

func TestAcknowledgedEditsSurviveKills(t *testing.T) {
	data := "SORATOO_DATA_DIR=" + filepath.Join(t.TempDir(), "data")
	c := &crash{running: serve(t, data), data: data}
	c.token, c.doc = c.start()
	random := rand.New(rand.NewPCG(crashSeed, 0))
	for round := range crashRounds {
		c.round(round, 1+random.IntN(2*crashEdits))
		_, port, _ := strings.Cut(strings.TrimPrefix(c.url, "http://"), ":")
		c.running = serve(t, data, "SORATOO_LISTEN=127.0.0.1:"+port)
		if missing := c.missing(); len(missing) > 0 {
			t.Fatalf("seed %d, round %d: %d of %d acknowledged edits are lost, the first %s",
				crashSeed, round, len(missing), len(c.promised), missing[0])
		}
	}
	t.Logf("%d acknowledged edits survived %d kills", len(c.promised), crashRounds)
}

// round has writers write until so many edits are acknowledged, then kills the
// server under them.
func (c *crash) round(n, edits int) {
	c.t.Helper()
	c.goal, c.enough = len(c.promised)+edits, make(chan struct{})
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	var writers sync.WaitGroup
	for i := range crashWriters {
		d, err := openDocument(ctx, c.url, c.doc, c.token)
		if err != nil {
			c.t.Fatal(err)
		}
		writers.Go(func() {
			err := d.write(ctx, fmt.Sprintf("%d-%d-", n, i), c.promise)
			if ctx.Err() != nil || strings.Contains(err.Error(), "refused") {
				c.t.Errorf("round %d, writer %d: %v", n, i, err)
			}
			_ = d.ws.CloseNow() // the server is gone
		})
	}
	select {
	case <-c.enough:
	case <-ctx.Done():
		c.t.Errorf("round %d: fewer than %d edits were acknowledged in a minute", n, edits)
	}
	c.end(os.Kill)
	writers.Wait()
}

// missing lists the promised keys that the server does not have.
func (c *crash) missing() (keys []string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	d, err := openDocument(ctx, c.url, c.doc, c.token)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = d.ws.CloseNow() }() // it has said all
	doc, err := d.whole(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	markers := doc.Map("markers")
	for _, key := range c.promised {
		if _, ok := markers.Get(key); !ok {
			keys = append(keys, key)
		}
	}
	return keys
}
