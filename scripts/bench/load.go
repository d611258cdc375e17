package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

// editor is one member of a busy room.
type editor struct {
	conn    *websocket.Conn
	address wire.Address // of Hocuspocus's frames; nil for y-websocket's
	doc     *crdt.Doc
	took    []time.Duration // of deliveries to it
}

func (e *editor) frame(m wire.Message) []byte {
	if e.address == nil {
		return wire.AppendYjs(nil, m)
	}
	return wire.AppendHocuspocus(nil, e.address, m)
}

func (e *editor) say(ctx context.Context, m wire.Message) error {
	return e.conn.Write(ctx, websocket.MessageBinary, e.frame(m))
}

// join opens a connection and makes the handshake.
func (s *service) join(ctx context.Context, document string, client uint64) (*editor, error) {
	conn, err := s.dial(ctx, document)
	if err != nil {
		return nil, err
	}
	e := &editor{conn: conn, doc: crdt.New(crdt.Options{ClientID: client})}
	if s.kind == "hocuspocus" {
		e.address = wire.MakeAddress(document, "")
		if err := e.say(ctx, wire.Message{Kind: wire.Token, Payload: []byte("none")}); err != nil {
			return nil, err
		}
	}
	if err := e.say(ctx, wire.Message{Kind: wire.SyncStep1, Payload: []byte{0}}); err != nil {
		return nil, err
	}
	for {
		m, err := e.read(ctx)
		if err != nil {
			return nil, err
		}
		if m.Kind == wire.SyncStep2 {
			return e, nil
		}
	}
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

// busy is what happened in a busy room.
type busy struct {
	p50, p99 time.Duration
	cpu      float64 // of the server for a delivery, in µs
	arrived  float64 // the share of deliveries that arrived in time
}

// An edit is a mark and its number, by which it is known where it arrives.
const (
	mark       = '#'
	markDigits = 8
)

// busyRoom lets editors write so many edits a second into one document.
func (b *bench) busyRoom(s *service, editors, rate, seconds int) (busy, error) {
	say("  a room with %d edits a second", rate)
	ctx, cancel := context.WithTimeout(b.ctx, time.Duration(seconds+40)*time.Second)
	defer cancel()
	document, err := s.document(0)
	if err != nil {
		return busy{}, err
	}
	var all []*editor
	for i := range editors {
		e, err := s.join(ctx, document, uint64(1000+i))
		if err != nil {
			return busy{}, fmt.Errorf("joining: %w", err)
		}
		defer func() { _ = e.conn.CloseNow() }()
		all = append(all, e)
	}
	total := rate * seconds
	sent := make([]atomic.Int64, total) // when, in ns since began
	began := time.Now()
	var deliveries atomic.Int64
	var readers sync.WaitGroup
	reading, stop := context.WithCancel(ctx)
	defer stop()
	for _, e := range all {
		readers.Go(func() { e.listen(reading, sent, began, &deliveries) })
	}
	before := s.cpu()
	if err := write(ctx, all, rate, sent, began); err != nil {
		return busy{}, err
	}
	want := int64(total * (editors - 1))
	for deadline := time.Now().Add(15 * time.Second); deliveries.Load() < want && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	used := s.cpu() - before
	stop()
	readers.Wait()
	var took []time.Duration
	for _, e := range all {
		took = append(took, e.took...)
	}
	if len(took) == 0 {
		return busy{}, errors.New("nothing was delivered")
	}
	slices.Sort(took)
	return busy{
		p50: took[len(took)/2], p99: took[len(took)*99/100],
		cpu: float64(used.Microseconds()) / float64(len(took)), arrived: float64(len(took)) / float64(want),
	}, nil
}

// write sends the edits, at their times, by the editors in turns.
func write(ctx context.Context, all []*editor, rate int, sent []atomic.Int64, began time.Time) error {
	const writers = 2
	var g errgroup.Group
	first := time.Since(began)
	for w := range writers {
		g.Go(func() error {
			for i := w; i < len(sent); i += writers {
				at := first + time.Duration(i)*time.Second/time.Duration(rate)
				if wait := at - time.Since(began); wait > 0 {
					time.Sleep(wait)
				}
				e := all[i%len(all)]
				update := e.doc.Transact(func(tx *crdt.Tx) {
					text := e.doc.Text("text")
					text.Insert(tx, text.Len(), fmt.Sprintf("%c%0*d", mark, markDigits, i))
				})
				sent[i].Store(int64(time.Since(began)))
				if err := e.say(ctx, wire.Message{Kind: wire.Update, Payload: update}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// listen notes when edits arrive. Several may come in one update.
func (e *editor) listen(ctx context.Context, sent []atomic.Int64, began time.Time, deliveries *atomic.Int64) {
	for {
		m, err := e.read(ctx)
		if err != nil {
			if ctx.Err() == nil {
				say("  a connection ended: %v", err)
			}
			return
		}
		if m.Kind != wire.Update && m.Kind != wire.SyncStep2 {
			continue
		}
		now := int64(time.Since(began))
		n := int64(0)
		for i := range marks(m.Payload) {
			if i < len(sent) {
				e.took = append(e.took, time.Duration(now-sent[i].Load()))
				n++
			}
		}
		deliveries.Add(n)
	}
}

// marks yields the numbers of the edits in an update. The byte of a mark may
// also be part of something else.
func marks(update []byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		for {
			at := bytes.IndexByte(update, mark)
			if at < 0 || len(update) < at+1+markDigits {
				return
			}
			update = update[at+1:]
			i, err := strconv.Atoi(string(update[:markDigits]))
			if err == nil && !yield(i) {
				return
			}
		}
	}
}

// idleConnections opens connections that then say nothing.
func (b *bench) idleConnections(s *service, out map[string]string, l load) error {
	say("  %d idle connections", l.idle)
	ctx, cancel := context.WithTimeout(b.ctx, 3*time.Minute)
	defer cancel()
	names := make([]string, l.rooms)
	for i := range names {
		name, err := s.document(i)
		if err != nil {
			return err
		}
		names[i] = name
	}
	before := s.status("VmRSS:")
	var mu sync.Mutex
	var open []*editor
	defer func() {
		for _, e := range open {
			_ = e.conn.CloseNow()
		}
	}()
	var g errgroup.Group
	g.SetLimit(32)
	for i := range l.idle {
		g.Go(func() error {
			e, err := s.join(ctx, names[i%l.rooms], uint64(1000+i))
			if err != nil {
				return fmt.Errorf("connection %d: %w", i, err)
			}
			mu.Lock()
			open = append(open, e)
			mu.Unlock()
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	time.Sleep(5 * time.Second) // for what is collected later
	out[idleRow(l.idle, l.rooms)] = fmt.Sprintf("%.1f KB", (s.status("VmRSS:")-before)/1000/float64(l.idle))
	return nil
}
