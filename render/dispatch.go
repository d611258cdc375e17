package render

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pollTime       = 2 * time.Second        // between looks at the queue when nobody says that there is something
	thumbnailBytes = 16 << 10               // of a thumbnail; larger ones are not shown
	beatTime       = 500 * time.Millisecond // between two beats that tell of progress
	aliveTime      = Lease / 3              // between two beats that tell of nothing new
	silentTime     = time.Minute            // after which a renderer that is no further is taken to hang
	overdueTime    = 5 * time.Second        // between looks for leases that ended and budgets that are spent
	afterTime      = 10 * time.Second       // for what has to be stored when the node goes down
)

var (
	errHung   = errors.New("render: the renderer is silent")
	errUnheld = errors.New("render: the job is another's")
	errLong   = errors.New("render: the renderer takes too long")
)

// Config is what a dispatcher works with.
type Config struct {
	Store     Store
	Renderers map[string]Renderer // by backend
	Workers   int                 // jobs at once on this node
	Node      string              // the node's name in the queue
	Dir       string              // where jobs get their directories
	Logger    *slog.Logger

	// Keep stores what a job made and returns the id under which it is found.
	Keep func(ctx context.Context, job Job, dir string, out Output) (asset string, err error)
	// Drop takes back what Keep stored, for a job that was another's by then.
	Drop func(ctx context.Context, asset string) error
	// Told is called with every change that this node makes. It must not block.
	Told func(Change)
}

// Dispatcher gives the queue's jobs to renderers.
type Dispatcher struct {
	config   Config
	backends []string
	wake     chan struct{}

	mu      sync.Mutex
	running map[string]context.CancelCauseFunc // by job
}

// NewDispatcher makes a dispatcher. Nothing happens until Run is called.
func NewDispatcher(c Config) *Dispatcher {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Dispatcher{
		config: c, backends: slices.Sorted(maps.Keys(c.Renderers)), wake: make(chan struct{}, 1),
		running: map[string]context.CancelCauseFunc{},
	}
}

// Wake says that there may be something to claim. It never blocks.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Stop ends the work on a job of this node, if it is being worked on, because it
// was canceled.
func (d *Dispatcher) Stop(job string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if cancel := d.running[job]; cancel != nil {
		cancel(errUnheld)
	}
}

// Run works until ctx ends; then it gives back the jobs that it has. It is called
// once.
func (d *Dispatcher) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for i := range d.config.Workers {
		workers.Go(func() { d.work(ctx, fmt.Sprintf("%s/%d", d.config.Node, i)) })
	}
	workers.Go(func() { d.watch(ctx) })
	workers.Wait()
	return nil
}

// work claims one job after the other.
func (d *Dispatcher) work(ctx context.Context, worker string) {
	for ctx.Err() == nil {
		err := d.safely(func() error { return d.next(ctx, worker) })
		if err == nil {
			continue
		}
		if !errors.Is(err, ErrNone) && ctx.Err() == nil {
			d.config.Logger.Error("claiming a render", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-time.After(pollTime):
		}
	}
}

// next does one job, or returns why there is none.
func (d *Dispatcher) next(ctx context.Context, worker string) error {
	c, err := d.config.Store.Claim(ctx, Want{Worker: worker, Backends: d.backends, Now: time.Now()})
	if err != nil {
		return err
	}
	d.Wake() // there may be more, for another worker
	d.told(c)
	d.do(ctx, c.Job)
	return nil
}

// safely calls fn. Its panic is its failure.
func (d *Dispatcher) safely(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("render: panic: %v\n%s", p, debug.Stack())
		}
	}()
	return fn()
}

// watch says that this node is there, puts back the jobs of workers that fell
// silent, and stops those that their workspace cannot pay for, on whatever node.
func (d *Dispatcher) watch(ctx context.Context) {
	for ctx.Err() == nil {
		err := d.safely(func() error {
			want := Want{Worker: d.config.Node + "/", Backends: d.backends, Now: time.Now()}
			return errors.Join(d.config.Store.Alive(ctx, want), d.putBack(ctx), d.stopOverspent(ctx))
		})
		if err != nil && ctx.Err() == nil {
			d.config.Logger.Error("watching over renders", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(overdueTime):
		}
	}
}

// stopOverspent stops the jobs of workspaces that have spent too much.
func (d *Dispatcher) stopOverspent(ctx context.Context) error {
	ids, err := d.config.Store.Overspent(ctx, time.Now())
	for _, id := range ids {
		why := Reason{"budget", "the workspace has spent what its budget allows in a day: raise the budget, or try again later"}
		if c, err := d.config.Store.Change(ctx, id, Stopped{why}, time.Now()); err == nil {
			d.Stop(id)
			d.told(c)
		}
	}
	return err
}

// putBack puts back the jobs whose workers fell silent.
func (d *Dispatcher) putBack(ctx context.Context) error {
	ids, err := d.config.Store.Overdue(ctx, time.Now())
	for _, id := range ids {
		// Another node may have been faster.
		if c, err := d.config.Store.Change(ctx, id, LeaseEnded{}, time.Now()); err == nil {
			d.told(c)
			d.Wake()
		}
	}
	return err
}

func (d *Dispatcher) told(c Change) {
	if d.config.Told == nil {
		return
	}
	err := d.safely(func() error { d.config.Told(c); return nil })
	if err != nil {
		d.config.Logger.Error("telling of a render", "err", err)
	}
}

// do renders one job and tells the store how that ended.
func (d *Dispatcher) do(ctx context.Context, job Job) {
	limited, done := context.WithTimeoutCause(ctx, job.Kind.timeLimit(), errLong)
	defer done()
	working, cancel := context.WithCancelCause(limited)
	defer cancel(nil)
	d.mu.Lock()
	d.running[job.ID] = cancel
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		delete(d.running, job.ID)
		d.mu.Unlock()
	}()

	var progress progress
	progress.set(0)
	var beats sync.WaitGroup
	beats.Go(func() {
		if err := d.safely(func() error { d.beat(working, job, &progress, cancel); return nil }); err != nil {
			d.config.Logger.Error("watching over a render", "job", job.ID, "err", err)
			cancel(errUnheld)
		}
	})
	asset, event := d.render(working, job, &progress)
	cancel(nil)
	beats.Wait()

	// The end is told even while the node goes down.
	ending, ended := context.WithTimeout(context.WithoutCancel(ctx), afterTime)
	defer ended()
	c, err := d.config.Store.Change(ending, job.ID, event, time.Now())
	switch {
	case err == nil:
		d.told(c)
		return
	case !errors.Is(err, ErrFenced):
		d.config.Logger.Error("ending a render", "job", job.ID, "err", err)
	}
	if asset == "" {
		return
	}
	if err := d.config.Drop(ending, asset); err != nil {
		d.config.Logger.Error("dropping a render's result", "job", job.ID, "err", err)
	}
}

// render is one attempt: what it made, as an asset, and the event that it ends with.
func (d *Dispatcher) render(ctx context.Context, job Job, p *progress) (asset string, e Event) {
	dir, err := os.MkdirTemp(d.config.Dir, "render-")
	if err != nil {
		return "", d.broke(ctx, job, err)
	}
	defer os.RemoveAll(dir)
	p.look(dir)
	var out Output
	err = d.safely(func() (err error) {
		out, err = d.renderIn(ctx, job, dir, p.set)
		return err
	})
	if err != nil {
		return "", d.broke(ctx, job, err)
	}
	p.made.Store(true)
	err = d.safely(func() (err error) {
		asset, err = d.config.Keep(ctx, job, dir, out)
		return err
	})
	if err != nil {
		return "", d.broke(ctx, job, err)
	}
	return asset, Finished{job.Fence, Result{Asset: asset, Frames: out.Frames, Seconds: out.Seconds, Cost: out.Cost}}
}

// renderIn calls the renderer.
func (d *Dispatcher) renderIn(ctx context.Context, job Job, dir string, report func(float64)) (out Output, err error) {
	r := d.config.Renderers[job.Backend]
	if r == nil {
		return out, &Failure{Reason: Reason{"backend", "this node has no renderer " + job.Backend}}
	}
	return r.Render(ctx, job, dir, report)
}

// broke is the event for an error.
func (d *Dispatcher) broke(ctx context.Context, job Job, err error) Event {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errHung):
		return Broke{job.Fence, Reason{"hung", "the renderer made no progress"}, true}
	case errors.Is(cause, errLong):
		return Broke{job.Fence, Reason{"too-long", fmt.Sprintf("it took longer than %v: render it in parts", job.Kind.timeLimit())}, false}
	case cause != nil && !errors.Is(cause, errUnheld):
		return Released{job.Fence} // the node goes down
	}
	d.config.Logger.Warn("a render broke", "job", job.ID, "attempt", job.Attempt, "err", err)
	var f *Failure
	if errors.As(err, &f) {
		return Broke{job.Fence, f.Reason, f.Repeatable}
	}
	return Broke{job.Fence, Reason{"error", "the renderer failed"}, true}
}

// beat tells the store how far the work is, until ctx ends, and ends the work
// when it is another's by now, or does not go on.
func (d *Dispatcher) beat(ctx context.Context, job Job, p *progress, stop context.CancelCauseFunc) {
	told, at := 0.0, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(beatTime):
		}
		now := time.Now()
		far, heard := p.get()
		if now.Sub(heard) > silentTime && !p.made.Load() {
			stop(errHung)
			return
		}
		if far == told && now.Sub(at) < aliveTime {
			continue
		}
		c, err := d.config.Store.Change(ctx, job.ID, Beat{job.Fence, far}, now)
		switch {
		case err == nil:
			told, at = far, now
			c.Thumbnail = p.thumbnail()
			d.told(c)
		case errors.Is(err, ErrFenced), errors.Is(err, ErrNotFound), now.Sub(at) > Lease:
			stop(errUnheld)
			return
		}
	}
}

// progress is how far a renderer is, and when it last went on.
type progress struct {
	mu    sync.Mutex
	far   float64
	heard time.Time

	dir   string    // in which thumbnails are looked for
	shown time.Time // when the last one was made

	made atomic.Bool // storing the result, which tells of no progress, has begun
}

func (p *progress) set(far float64) {
	far = min(max(far, 0), 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.heard.IsZero() || far > p.far {
		p.far, p.heard = far, time.Now()
	}
}

// look says where the renderer leaves thumbnails.
func (p *progress) look(dir string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dir = dir
}

// thumbnail is the newest one, "" when it was returned before.
func (p *progress) thumbnail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	path := filepath.Join(p.dir, Thumbnail)
	info, err := os.Stat(path)
	if p.dir == "" || err != nil || info.Size() > thumbnailBytes || !info.ModTime().After(p.shown) {
		return ""
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	p.shown = info.ModTime()
	return string(b)
}

func (p *progress) get() (far float64, heard time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.far, p.heard
}
