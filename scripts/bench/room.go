package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

const (
	warmUp  = 2  // seconds whose deliveries do not count
	patient = 10 // seconds that deliveries may still arrive after the last edit

	// An edit is a mark and its number, by which it is known where it arrives.
	mark       = '#'
	markDigits = 8
)

// busy is what happened in a busy room.
type busy struct {
	p50, p99      time.Duration
	spent         spent // in the time that counts
	arrived, want int   // deliveries
}

func (r busy) missing() int { return r.want - r.arrived }

func (r busy) delivery() string {
	text := millis(float64(r.p50)/1e6) + " / " + millis(float64(r.p99)/1e6)
	if n := r.missing(); n > 0 {
		text += fmt.Sprintf("; **%s of %s did not arrive**", thousands(n), thousands(r.want))
	}
	return text
}

// cpu is the processor time for a delivery.
func (r busy) cpu() string {
	each := func(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/float64(r.arrived)) }
	stores := "–"
	if r.spent.stores > 0 {
		stores = each(r.spent.stores)
	}
	return each(r.spent.nodes) + " / " + stores + " / " + each(r.spent.own) + " µs"
}

// room is a document that editors write into at a steady rate.
type room struct {
	service   *service
	rate      int
	editors   []*editor
	due       []atomic.Int64 // when each edit was to be sent, in ns since began
	first     int            // the edits before it only warm up
	began     time.Time
	delivered atomic.Int64
	before    spent // when first was sent
}

// busyRoom lets editors write so many edits a second into one document.
func busyRoom(ctx context.Context, s *service, rate int, l load) (busy, error) {
	say("  a room with %s edits/s", thousands(rate))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	ctx, cancel := context.WithTimeout(ctx, time.Duration(warmUp+l.seconds+patient+30)*time.Second)
	defer cancel()
	document, err := s.document(0)
	if err != nil {
		return busy{}, err
	}
	total := rate * (warmUp + l.seconds)
	r := &room{service: s, rate: rate, due: make([]atomic.Int64, total), first: rate * warmUp}
	defer func() {
		for _, e := range r.editors {
			_ = e.conn.CloseNow() // its work is done
		}
	}()
	for i := range l.editors {
		e, err := s.join(ctx, document, uint64(1000+i))
		if err != nil {
			return busy{}, fmt.Errorf("joining: %w", err)
		}
		e.seen = make([]bool, total)
		r.editors = append(r.editors, e)
		if err := e.stage(ctx); err != nil {
			return busy{}, fmt.Errorf("making a scene: %w", err)
		}
	}
	return r.run(ctx)
}

// An edit goes to one of so many prompts, so that none becomes longer than a prompt
// may be.
const (
	prompts     = 32
	promptEdits = 10_000 // in a row into one prompt
)

// stage makes the scenes whose prompts the editors write, the same for each.
func (e *editor) stage(ctx context.Context) error {
	first := crdt.New(crdt.Options{ClientID: 1})
	update := first.Transact(func(tx *crdt.Tx) {
		for n := range prompts {
			first.Map("scenes").Set(tx, scene(n), crdt.NewMap(map[string]any{"prompt": crdt.NewText("")}))
		}
	})
	if err := e.doc.Apply(update); err != nil {
		return err
	}
	return e.say(ctx, wire.Message{Kind: wire.Update, Payload: update})
}

func scene(n int) string { return fmt.Sprint("scene", n) }

// prompt is the text that edit i goes into.
func (e *editor) prompt(i int) crdt.Text {
	v, _ := e.doc.Map("scenes").Get(scene(i / promptEdits % prompts))
	prompt, _ := v.(crdt.Map).Get("prompt")
	return prompt.(crdt.Text)
}

func (r *room) run(ctx context.Context) (busy, error) {
	var readers sync.WaitGroup
	reading, stop := context.WithCancel(ctx)
	defer readers.Wait()
	defer stop()
	r.began = time.Now()
	for i, e := range r.editors {
		readers.Go(func() { r.listen(reading, i, e) })
	}
	if err := r.write(ctx); err != nil {
		return busy{}, err
	}
	want := (len(r.due) - r.first) * (len(r.editors) - 1)
	for end := time.Now().Add(patient * time.Second); r.delivered.Load() < int64(want) && time.Now().Before(end) && ctx.Err() == nil; {
		time.Sleep(5 * time.Millisecond)
	}
	after := r.service.spent()
	stop()
	readers.Wait()
	var took []time.Duration
	for _, e := range r.editors {
		took = append(took, e.took...)
	}
	if len(took) == 0 {
		return busy{}, errors.Join(errors.New("nothing was delivered"), ctx.Err())
	}
	slices.Sort(took)
	return busy{
		p50: took[len(took)/2], p99: took[len(took)*99/100], arrived: len(took), want: want,
		spent: spent{after.nodes - r.before.nodes, after.stores - r.before.stores, after.own - r.before.own},
	}, ctx.Err()
}

// write sends the edits, at their times, by the editors in turns. An edit that
// is late because the server did not take those before it counts from when it
// was due.
func (r *room) write(ctx context.Context) error {
	const writers = 2 // divides the editors, so that each has one writer
	var g errgroup.Group
	first := time.Since(r.began)
	for w := range writers {
		g.Go(func() error {
			for i := w; i < len(r.due); i += writers {
				due := first + time.Duration(i)*time.Second/time.Duration(r.rate)
				if wait := due - time.Since(r.began); wait > 0 {
					time.Sleep(wait)
					due = time.Since(r.began)
				}
				if i == r.first {
					r.before = r.service.spent()
				}
				r.due[i].Store(int64(due))
				if err := r.editors[i%len(r.editors)].edit(ctx, i); err != nil {
					return fmt.Errorf("sending edit %d: %w", i, err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// edit sends edit i.
func (e *editor) edit(ctx context.Context, i int) error {
	update := e.doc.Transact(func(tx *crdt.Tx) {
		text := e.prompt(i)
		text.Insert(tx, text.Len(), fmt.Sprintf("%c%0*d", mark, markDigits, i))
	})
	return e.say(ctx, wire.Message{Kind: wire.Update, Payload: update})
}

// listen notes when an editor first has the edits of others.
func (r *room) listen(ctx context.Context, self int, e *editor) {
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
		now := int64(time.Since(r.began))
		n := int64(0)
		for i := range marks(m.Payload) {
			if i >= len(e.seen) || e.seen[i] || i%len(r.editors) == self {
				continue
			}
			e.seen[i] = true
			if i >= r.first {
				e.took = append(e.took, time.Duration(now-r.due[i].Load()))
				n++
			}
		}
		r.delivered.Add(n)
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
			if err == nil && i >= 0 && !yield(i) {
				return
			}
		}
	}
}

// ownCPU is the processor time that this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
