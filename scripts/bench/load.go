package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

// editor is one connection to a document.
type editor struct {
	conn    *websocket.Conn
	address wire.Address // of Hocuspocus's frames; nil for y-websocket's
	doc     *crdt.Doc
	seen    []bool          // which edits have arrived
	took    []time.Duration // how long those that count took
}

func (e *editor) say(ctx context.Context, m wire.Message) error {
	frame := []byte(nil)
	if e.address == nil {
		frame = wire.AppendYjs(nil, m)
	} else {
		frame = wire.AppendHocuspocus(nil, e.address, m)
	}
	return e.conn.Write(ctx, websocket.MessageBinary, frame)
}

func (e *editor) read(ctx context.Context) (wire.Message, error) {
	_, frame, err := e.conn.Read(ctx)
	if err != nil {
		return wire.Message{}, err
	}
	if e.address == nil {
		return wire.DecodeYjs(frame)
	}
	_, m, err := wire.DecodeHocuspocus(frame)
	return m, err
}

// join opens a connection to a document and makes the handshake.
func (s *service) join(ctx context.Context, document string, client uint64) (*editor, error) {
	conn, err := s.dial(ctx, document, client)
	if err != nil {
		return nil, err
	}
	e := &editor{conn: conn, doc: crdt.New(crdt.Options{ClientID: client})}
	if err := e.shake(ctx, s, document); err != nil {
		_ = conn.CloseNow() // the handshake's error says more
		return nil, err
	}
	return e, nil
}

func (e *editor) shake(ctx context.Context, s *service, document string) error {
	if s.kind == "hocuspocus" {
		e.address = wire.MakeAddress(document, "")
		if err := e.say(ctx, wire.Message{Kind: wire.Token, Payload: []byte("none")}); err != nil {
			return err
		}
	}
	if err := e.say(ctx, wire.Message{Kind: wire.SyncStep1, Payload: []byte{0}}); err != nil {
		return err
	}
	for {
		m, err := e.read(ctx)
		if err != nil || m.Kind == wire.SyncStep2 {
			return err
		}
	}
}

const (
	idleTime    = time.Minute     // bounds the opening of idle connections
	settleTime  = 5 * time.Second // for what the server collects later
	idleDialers = 32
)

// idleConnections opens connections that then say nothing, and weighs the server
// before and after.
func idleConnections(ctx context.Context, s *service, out map[string]string, l load) error {
	say("  %s idle connections", thousands(l.idle))
	ctx, cancel := context.WithTimeout(ctx, idleTime)
	defer cancel()
	names := make([]string, l.rooms)
	for i := range names {
		name, err := s.document(i)
		if err != nil {
			return err
		}
		names[i] = name
	}
	before := s.status("VmRSS")
	var readers sync.WaitGroup
	defer readers.Wait()
	reading, stop := context.WithCancel(ctx)
	defer stop()
	var open atomic.Int64
	g, dialing := errgroup.WithContext(ctx)
	g.SetLimit(idleDialers)
	for i := range l.idle {
		g.Go(func() error {
			e, err := s.join(dialing, names[i%l.rooms], uint64(1000+i))
			if err != nil {
				return fmt.Errorf("connection %d: %w", i, err)
			}
			open.Add(1)
			readers.Go(func() { e.idle(reading, &open) })
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	select {
	case <-time.After(settleTime):
	case <-ctx.Done():
		return ctx.Err()
	}
	if n := open.Load(); n < int64(l.idle) {
		return fmt.Errorf("%d of %d idle connections did not stay open", int64(l.idle)-n, l.idle)
	}
	out[l.rowIdle()] = fmt.Sprintf("%.1f KB", (s.status("VmRSS")-before)/1000/float64(l.idle))
	return nil
}

// idle reads until the connection or ctx ends.
func (e *editor) idle(ctx context.Context, open *atomic.Int64) {
	for {
		if _, _, err := e.conn.Read(ctx); err != nil {
			open.Add(-1)
			_ = e.conn.CloseNow() // it has ended
			return
		}
	}
}
