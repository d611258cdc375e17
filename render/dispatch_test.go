package render_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/render"
)

// queue is a store in memory.
type queue struct {
	mu   sync.Mutex
	jobs []render.Job
	seq  uint64

	noted []string // settings
	broke bool     // all has been spent
	alive render.Want
}

func (q *queue) change(i int, e render.Event, now time.Time) (render.Change, error) {
	next, err := q.jobs[i].After(e, now)
	if err != nil {
		return render.Change{}, err
	}
	q.jobs[i] = next
	q.seq++
	return render.Change{Job: next, Seq: q.seq}, nil
}

func (q *queue) Claim(_ context.Context, w render.Want) (render.Change, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, j := range q.jobs {
		if j.State == render.Queued && !w.Now.Before(j.NotFor) && slices.Contains(w.Backends, j.Backend) {
			return q.change(i, render.Claimed{Worker: w.Worker}, w.Now)
		}
	}
	return render.Change{}, render.ErrNone
}

func (q *queue) Change(ctx context.Context, id string, e render.Event, now time.Time) (render.Change, error) {
	if ctx.Err() != nil {
		return render.Change{}, ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.jobs, func(j render.Job) bool { return j.ID == id })
	if i < 0 {
		return render.Change{}, render.ErrNotFound
	}
	return q.change(i, e, now)
}

func (q *queue) Overdue(_ context.Context, now time.Time) (ids []string, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.jobs {
		if j.State == render.Running && !now.Before(j.Lease) {
			ids = append(ids, j.ID)
		}
	}
	return ids, nil
}

func (q *queue) Overspent(context.Context, time.Time) (ids []string, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.jobs {
		if j.State == render.Running && q.broke {
			ids = append(ids, j.ID)
		}
	}
	return ids, nil
}

func (q *queue) Alive(_ context.Context, w render.Want) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.alive = w
	return nil
}

func (q *queue) get(i int) render.Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.jobs[i]
}

// shelf is where results are kept.
type shelf struct {
	mu    sync.Mutex
	kept  map[string]string // asset → job
	next  int
	drops int
	slow  time.Duration // it takes to store one
}

func (s *shelf) keep(ctx context.Context, j render.Job, _ string, _ render.Output) (string, error) {
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(s.slow):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]string{}
	}
	s.next++
	asset := fmt.Sprint("asset ", s.next)
	s.kept[asset] = j.ID
	return asset, nil
}

func (s *shelf) drop(_ context.Context, asset string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, asset)
	s.drops++
	return nil
}

type renderer func(ctx context.Context, j render.Job, report func(float64)) (render.Output, error)

func (r renderer) Render(ctx context.Context, j render.Job, _ string, report func(float64)) (render.Output, error) {
	return r(ctx, j, report)
}

// studio is a queue with nodes that work on it.
type studio struct {
	t *testing.T
	queue
	shelf
	mu    sync.Mutex
	heard []render.Change
}

// node runs a dispatcher until stop is called.
func (s *studio) node(name string, r renderer) (d *render.Dispatcher, stop func()) {
	d = render.NewDispatcher(render.Config{
		Store: &s.queue, Renderers: map[string]render.Renderer{"test": r}, Workers: 2, Node: name, Dir: s.t.TempDir(),
		Keep: s.keep, Drop: s.drop,
		Told: func(c render.Change) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.heard = append(s.heard, c)
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.Run(ctx)
	}()
	return d, func() { cancel(); <-done }
}

func (s *studio) ask(n int) {
	for i := range n {
		s.jobs = append(s.jobs, render.Job{ID: fmt.Sprint("job ", i), Backend: "test", State: render.Queued})
	}
}

// takes makes video for so long, and tells how far it is.
func takes(ctx context.Context, d time.Duration, report func(float64)) error {
	const steps = 10
	for i := range steps {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(d / steps):
			report(float64(i+1) / steps)
		}
	}
	return nil
}

func inBubble(t *testing.T, test func(s *studio)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(&studio{t: t}) })
}

func TestJobsAreRenderedAndWatched(t *testing.T) {
	inBubble(t, func(s *studio) {
		s.ask(5)
		_, stop := s.node("n", func(ctx context.Context, _ render.Job, report func(float64)) (render.Output, error) {
			return render.Output{Frames: 48}, takes(ctx, 10*time.Second, report)
		})
		time.Sleep(31 * time.Second) // two at once
		stop()
		for i := range 5 {
			if j := s.get(i); j.State != render.Done || j.Result.Frames != 48 || s.kept[j.Result.Asset] != j.ID {
				t.Errorf("%s is %s with %+v", j.ID, j.State, j.Result)
			}
		}
		slices.SortFunc(s.heard, func(a, b render.Change) int { return cmp.Compare(a.Seq, b.Seq) })
		beats := 0
		for i, c := range s.heard {
			if c.Seq != uint64(i+1) {
				t.Fatalf("change %d was not told", i+1)
			}
			if c.Job.State == render.Running && c.Job.Progress > 0 {
				beats++
			}
		}
		if beats < 5*8 || beats > 5*20 {
			t.Errorf("told of progress %d times in 5 jobs of 10 s", beats)
		}
	})
}

func TestASilentRendererIsStopped(t *testing.T) {
	inBubble(t, func(s *studio) {
		s.ask(1)
		tries := 0
		_, stop := s.node("n", func(ctx context.Context, _ render.Job, report func(float64)) (render.Output, error) {
			if tries++; tries == 1 {
				<-ctx.Done()
				return render.Output{}, ctx.Err()
			}
			return render.Output{}, takes(ctx, time.Second, report)
		})
		time.Sleep(62 * time.Second)
		if j := s.get(0); j.State != render.Queued || j.Reason.Code != "hung" {
			t.Errorf("after a minute of silence it is %s, %+v", j.State, j.Reason)
		}
		time.Sleep(6 * time.Second)
		stop()
		if j := s.get(0); j.State != render.Done || j.Attempt != 2 {
			t.Errorf("it is %s after %d attempts", j.State, j.Attempt)
		}
	})
}

// One that says again and again that it is as far as before hangs, too; and
// storing a result takes as long as it takes.
func TestARendererThatDoesNotGoOnIsStopped(t *testing.T) {
	inBubble(t, func(s *studio) {
		s.ask(1)
		_, stop := s.node("n", func(ctx context.Context, _ render.Job, report func(float64)) (render.Output, error) {
			for ctx.Err() == nil {
				report(0.5)
				time.Sleep(time.Second)
			}
			return render.Output{}, ctx.Err()
		})
		time.Sleep(62 * time.Second)
		stop()
		if j := s.get(0); j.Reason.Code != "hung" || j.Avoid != "n" {
			t.Errorf("it is %s, %+v, and node %q is avoided", j.State, j.Reason, j.Avoid)
		}
	})
	inBubble(t, func(s *studio) {
		s.ask(1)
		s.slow = 5 * time.Minute
		_, stop := s.node("n", func(context.Context, render.Job, func(float64)) (render.Output, error) {
			return render.Output{}, nil
		})
		time.Sleep(6 * time.Minute)
		stop()
		if j := s.get(0); j.State != render.Done || j.Attempt != 1 {
			t.Errorf("a result that is stored slowly: %s after %d attempts, %+v", j.State, j.Attempt, j.Reason)
		}
	})
}

func TestARenderHasAnEnd(t *testing.T) {
	inBubble(t, func(s *studio) {
		s.ask(1)
		_, stop := s.node("n", func(ctx context.Context, _ render.Job, report func(float64)) (render.Output, error) {
			for i := range 100_000 {
				report(float64(i) / 100_000)
				if ctx.Err() != nil {
					return render.Output{}, ctx.Err()
				}
				time.Sleep(time.Second)
			}
			return render.Output{}, nil
		})
		time.Sleep(2*time.Hour + time.Minute)
		stop()
		if j := s.get(0); j.State != render.Failed || j.Reason.Code != "too-long" {
			t.Errorf("it is %s, %+v", j.State, j.Reason)
		}
	})
}

func TestWhatCannotBePaidForIsStopped(t *testing.T) {
	inBubble(t, func(s *studio) {
		s.ask(1)
		stopped := make(chan struct{})
		_, stop := s.node("n", func(ctx context.Context, _ render.Job, report func(float64)) (render.Output, error) {
			defer close(stopped)
			return render.Output{}, takes(ctx, time.Hour, report)
		})
		defer stop()
		time.Sleep(time.Second)
		s.queue.mu.Lock()
		s.broke = true
		s.queue.mu.Unlock()
		<-stopped
		synctest.Wait()
		if j := s.get(0); j.State != render.Canceled || j.Reason.Code != "budget" || j.Result.Seconds == 0 {
			t.Errorf("it is %s, %+v, and cost %v s", j.State, j.Reason, j.Result.Seconds)
		}
		if s.alive.Worker != "n/" || !slices.Equal(s.alive.Backends, []string{"test"}) {
			t.Errorf("the node says that it is there as %+v", s.alive)
		}
	})
}

func TestACanceledJobIsStopped(t *testing.T) {
	inBubble(t, func(s *studio) {
		s.ask(1)
		stopped := make(chan struct{})
		_, stop := s.node("n", func(ctx context.Context, _ render.Job, report func(float64)) (render.Output, error) {
			defer close(stopped)
			return render.Output{}, takes(ctx, time.Hour, report)
		})
		defer stop()
		time.Sleep(time.Second)
		if _, err := s.Change(t.Context(), "job 0", render.Cancel{}, time.Now()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		<-stopped
		synctest.Wait()
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("the renderer went on for %v", took)
		}
		if j := s.get(0); j.State != render.Canceled || len(s.kept) > 0 {
			t.Errorf("it is %s, kept %v", j.State, s.kept)
		}
	})
}

func TestANodeThatGoesDownGivesItsJobsBack(t *testing.T) {
	inBubble(t, func(s *studio) {
		s.ask(1)
		work := func(ctx context.Context, _ render.Job, report func(float64)) (render.Output, error) {
			return render.Output{}, takes(ctx, 20*time.Second, report)
		}
		_, stopFirst := s.node("first", work)
		time.Sleep(5 * time.Second)
		stopFirst()
		if j := s.get(0); j.State != render.Queued || j.Attempt != 0 {
			t.Errorf("it is %s after %d attempts", j.State, j.Attempt)
		}
		_, stop := s.node("second", work)
		time.Sleep(21 * time.Second)
		stop()
		if j := s.get(0); j.State != render.Done || j.Attempt != 1 || len(s.kept) != 1 {
			t.Errorf("it is %s after %d attempts, kept %v", j.State, j.Attempt, s.kept)
		}
	})
}

func TestWhatPeopleAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		work renderer
		want render.Reason
		done time.Duration
	}{
		"a failure for good": {func(context.Context, render.Job, func(float64)) (render.Output, error) {
			return render.Output{}, fmt.Errorf("renderer: %w", &render.Failure{Reason: render.Reason{Code: "moderated", Message: "the prompt was refused"}})
		}, render.Reason{Code: "moderated", Message: "the prompt was refused"}, time.Second},
		"an error": {func(context.Context, render.Job, func(float64)) (render.Output, error) {
			return render.Output{}, errors.New("secret path /srv/x")
		}, render.Reason{Code: "error", Message: "the renderer failed"}, 2 * time.Minute},
		"a panic": {func(context.Context, render.Job, func(float64)) (render.Output, error) { panic("oh") }, render.Reason{Code: "error", Message: "the renderer failed"}, 2 * time.Minute},
	} {
		inBubble(t, func(s *studio) {
			s.ask(1)
			_, stop := s.node("n", c.work)
			time.Sleep(c.done)
			stop()
			if j := s.get(0); j.State != render.Failed || j.Reason != c.want {
				t.Errorf("%s: %s, %+v", name, j.State, j.Reason)
			}
		})
	}
}

// Nodes come and go while renderers fail, fall silent and finish too late: each
// job ends done, with one result, and nothing else is kept.
func TestEachJobHasOneResult(t *testing.T) {
	for seed := range uint64(30) {
		inBubble(t, func(s *studio) {
			s.ask(20)
			var mu sync.Mutex
			r := rand.New(rand.NewPCG(seed, 6))
			chance := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return r.IntN(n)
			}
			work := func(ctx context.Context, j render.Job, report func(float64)) (render.Output, error) {
				switch n := chance(10); {
				case j.Attempt >= 3: // it has to end
				case n == 0:
					<-ctx.Done()
					return render.Output{}, ctx.Err()
				case n == 1:
					return render.Output{}, errors.New("broken")
				case n == 2: // does not hear that it is over
					time.Sleep(time.Duration(chance(50)) * time.Second)
					return render.Output{}, nil
				}
				return render.Output{}, takes(ctx, time.Duration(1+chance(40))*time.Second, report)
			}
			stops := map[int]func(){}
			for range 60 {
				n := chance(3)
				if stop := stops[n]; stop != nil && chance(3) == 0 {
					stop()
					delete(stops, n)
				} else if stop == nil {
					_, stops[n] = s.node(fmt.Sprint("node ", n), work)
				}
				if i := chance(20); chance(4) == 0 {
					// A worker is cut off from the store for longer than its lease.
					s.lose(i)
				}
				time.Sleep(time.Duration(chance(20)) * time.Second)
			}
			_, last := s.node("last", work)
			time.Sleep(time.Hour)
			last()
			for _, stop := range stops {
				stop()
			}
			for i := range 20 {
				if j := s.get(i); j.State == render.Failed {
					continue // it broke four times
				} else if j.State != render.Done || s.kept[j.Result.Asset] != j.ID {
					t.Errorf("seed %d: %s is %s, kept as %q", seed, j.ID, j.State, s.kept[j.Result.Asset])
				}
			}
			if done := s.count(render.Done); len(s.kept) != done {
				t.Errorf("seed %d: %d results of %d jobs are kept", seed, len(s.kept), done)
			}
		})
	}
}

func (s *studio) lose(i int) {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if s.jobs[i].State == render.Running {
		s.jobs[i].Lease = time.Now()
	}
}

func (s *studio) count(state render.State) (n int) {
	for i := range s.jobs {
		if s.get(i).State == state {
			n++
		}
	}
	return n
}
