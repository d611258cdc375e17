package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/storage/seal"
	"github.com/soratoo/soratoo/storage/sqlstore"
)

// logWriters are how many write at once.
var logWriters = []int{1, 64, 1024}

const (
	updateBytes = 60 // of an edit, about

	logWarmUp = time.Second     // whose edits do not count
	logTime   = 5 * time.Second // of those that do
	logQuick  = time.Second     // the same, of a quick run
	logJoins  = 16              // writers that come at once
	lastWait  = 40 * time.Second
)

// logKind is a way to keep the log.
type logKind struct {
	name             string
	postgres, sealed bool
}

// logs measures how many edits the log takes, through the rooms of one node.
func (b *bench) logs(ctx context.Context) error {
	kinds := []logKind{{name: "SQLite"}, {name: "SQLite, sealed", sealed: true}, {name: "PostgreSQL", postgres: true}, {name: "PostgreSQL, sealed", postgres: true, sealed: true}}
	var s stores
	defer s.close()
	if err := s.open(true, false); err != nil {
		say("PostgreSQL is not measured: %v", err)
		kinds = kinds[:2]
	} else {
		b.postgres = s.postgresVersion(ctx)
	}
	columns := []string{"work"}
	for _, k := range kinds {
		columns = append(columns, k.name)
	}
	t := b.book.add("The log", fmt.Sprintf(
		"Edits that are acknowledged, and so on disk. Each writer has a document of its own in the rooms of one node, makes an edit of about %d bytes "+
			"when the one before it is acknowledged, and all share commits. PostgreSQL runs on the same machine with its defaults; sealed is "+
			"under a key for each project. The time is from an edit to its acknowledgement, without sockets; the first edit of each, which makes its document and key, and the first second do not count.", updateBytes), columns...)
	for _, writers := range logWriters {
		who := thousands(writers) + " writers"
		if writers == 1 {
			who = "one writer"
		}
		rate, took := []string{who + ": edits/s (more is better)"}, []string{who + ": acknowledged after p50 / p99"}
		for _, k := range kinds {
			say("measuring the log: %s, %s writers", k.name, thousands(writers))
			r, err := b.measureLog(ctx, k, &s, writers)
			if err != nil {
				return fmt.Errorf("the log in %s: %w", k.name, err)
			}
			rate, took = append(rate, r.rate()), append(took, r.times())
		}
		t.row(rate...)
		t.row(took...)
	}
	return nil
}

// logResult is what writers saw.
type logResult struct {
	took []time.Duration // of each edit that counts
	over time.Duration
}

func (r logResult) rate() string { return thousands(int(float64(len(r.took)) / r.over.Seconds())) }

func (r logResult) times() string {
	return millis(float64(r.took[len(r.took)/2])/1e6) + " / " + millis(float64(r.took[len(r.took)*99/100])/1e6)
}

// measureLog runs writers on a fresh log.
func (b *bench) measureLog(ctx context.Context, k logKind, s *stores, writers int) (result logResult, err error) {
	dir, err := os.MkdirTemp(b.dir, "log")
	if err != nil {
		return result, err
	}
	defer os.RemoveAll(dir)
	store, err := openLog(ctx, k, s, dir)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	config := rooms.Config{Log: store}
	if k.postgres {
		config.Shared = store // as a node has it
	}
	hub := rooms.New(config)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- hub.Run(running) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()
	return b.writeLog(ctx, hub, writers)
}

// openLog opens a store of one kind.
func openLog(ctx context.Context, k logKind, s *stores, dir string) (store *sqlstore.Store, err error) {
	if k.postgres {
		var url string
		if url, err = s.database(ctx, "log"); err == nil {
			store, err = sqlstore.OpenPostgres(ctx, url)
		}
	} else {
		store, err = sqlstore.Open(ctx, filepath.Join(dir, "log.db"))
	}
	if err != nil || !k.sealed {
		return store, err
	}
	master, err := seal.CreateMaster(filepath.Join(dir, "master.key"))
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	store.SealBy(seal.New(master, store))
	return store, nil
}

// writeLog lets all writers write at once.
func (b *bench) writeLog(ctx context.Context, hub *rooms.Hub, writers int) (logResult, error) {
	all := make([]*logWriter, writers)
	var joins errgroup.Group
	joins.SetLimit(logJoins)
	for i := range all {
		joins.Go(func() (err error) {
			if all[i], err = joinLog(ctx, hub, i); err != nil {
				return err
			}
			return all[i].edit(ctx) // makes the document, and its project's key
		})
	}
	defer func() {
		for _, w := range all {
			if w != nil {
				w.member.Leave()
			}
		}
	}()
	if err := joins.Wait(); err != nil {
		return logResult{}, err
	}
	result := logResult{over: logTime}
	if b.quick {
		result.over = logQuick
	}
	began := time.Now()
	from := began.Add(logWarmUp)
	until := from.Add(result.over)
	var writing errgroup.Group
	for _, w := range all {
		writing.Go(func() error { return w.write(ctx, from, until) })
	}
	if err := writing.Wait(); err != nil {
		return logResult{}, err
	}
	for _, w := range all {
		result.took = append(result.took, w.took...)
	}
	if len(result.took) == 0 {
		return logResult{}, errors.New("nothing was acknowledged")
	}
	slices.Sort(result.took)
	return result, nil
}

// logWriter is somebody who writes in a document. It is its own socket.
type logWriter struct {
	member *rooms.Member
	doc    *crdt.Doc
	wake   chan struct{}
	gone   chan struct{} // closed when the room let it go
	once   sync.Once
	reason atomic.Value
	took   []time.Duration
}

// acknowledgements encodes nothing else: what others write is of no matter here.
type acknowledgements struct{}

func (acknowledgements) Encode(m wire.Message) []byte {
	if m.Kind == wire.SyncStatus {
		return []byte{1}
	}
	return nil
}

func joinLog(ctx context.Context, hub *rooms.Hub, i int) (*logWriter, error) {
	w := &logWriter{doc: crdt.New(crdt.Options{ClientID: uint64(1000 + i)}), wake: make(chan struct{}, 1), gone: make(chan struct{})}
	var err error
	w.member, err = hub.Join(ctx, rooms.JoinRequest{
		Doc: fmt.Sprintf("project%d/timeline", i), Person: fmt.Sprint("person", i), Write: true, Sink: w, Encoder: acknowledgements{},
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Wake hears that an acknowledgement waits; see rooms.Sink.
func (w *logWriter) Wake(*rooms.Member) {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// End hears that the room let the writer go; see rooms.Sink.
func (w *logWriter) End(_ *rooms.Member, reason error) {
	w.once.Do(func() {
		w.reason.Store(reason.Error())
		close(w.gone)
	})
}

// write makes edits until a time, each when the one before it is acknowledged. Those
// that begin and are acknowledged in the time that counts do.
func (w *logWriter) write(ctx context.Context, from, until time.Time) error {
	for {
		began := time.Now()
		if began.After(until) {
			return nil
		}
		if err := w.edit(ctx); err != nil {
			return err
		}
		if began.After(from) && time.Now().Before(until) {
			w.took = append(w.took, time.Since(began))
		}
	}
}

// edit makes an edit and waits until it is acknowledged.
func (w *logWriter) edit(ctx context.Context) error {
	text := w.doc.Text("text")
	update := w.doc.Transact(func(tx *crdt.Tx) { text.Insert(tx, 0, strings.Repeat("x", updateBytes-updateFrame)) })
	if err := w.member.Receive(ctx, wire.Message{Kind: wire.Update, Payload: update}); err != nil {
		return err
	}
	return w.acknowledged(ctx)
}

// updateFrame is about what an insert is beside its letters.
const updateFrame = 16

// acknowledged waits for the acknowledgement of the one edit that is under way.
func (w *logWriter) acknowledged(ctx context.Context) error {
	late := time.NewTimer(lastWait)
	defer late.Stop()
	for {
		select {
		case <-w.wake:
			frames := w.member.Take(nil)
			w.member.Written()
			if len(frames) > 0 {
				return nil
			}
		case <-w.gone:
			return fmt.Errorf("a writer was let go: %v", w.reason.Load())
		case <-late.C:
			return errors.New("an edit was not acknowledged")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
