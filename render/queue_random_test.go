package render_test

import (
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

// fair is the queue in memory with the rule of render.Store: of the workspaces that
// have something to be claimed, the one with the fewest running and then with the
// oldest last claim; in it the highest priority, the lowest place.
type fair struct {
	queue
	last   map[string]uint64 // claim of a workspace, counted
	claims []render.Job
	held   map[string]bool // that a worker works on
	faults []string
}

func (f *fair) Claim(_ context.Context, w render.Want) (render.Change, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	running := map[string]int{}
	for _, j := range f.jobs {
		if j.State == render.Running {
			running[j.Workspace]++
		}
	}
	best := -1
	for i, j := range f.jobs {
		if j.State == render.Queued && !w.Now.Before(j.NotFor) && (best < 0 || f.before(j, f.jobs[best], running)) {
			best = i
		}
	}
	if best < 0 {
		return render.Change{}, render.ErrNone
	}
	c, err := f.change(best, render.Claimed{Worker: w.Worker}, w.Now)
	f.claims = append(f.claims, c.Job)
	f.last[c.Job.Workspace] = uint64(len(f.claims))
	return c, err
}

func (f *fair) before(a, b render.Job, running map[string]int) bool {
	if a.Workspace != b.Workspace {
		if running[a.Workspace] != running[b.Workspace] {
			return running[a.Workspace] < running[b.Workspace]
		}
		return f.last[a.Workspace] < f.last[b.Workspace]
	}
	if a.Priority != b.Priority {
		return a.Priority > b.Priority
	}
	return a.Place < b.Place
}

// works notes that a worker has a job, and whether another has it, too.
func (f *fair) works(j render.Job) (done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held[j.ID] {
		f.faults = append(f.faults, j.ID+" is worked on twice")
	}
	f.held[j.ID] = true
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.held[j.ID] = false
	}
}

// Many workers of three nodes under virtual time, while people ask, move, cancel
// and try again: no job is worked on by two, each claim has a fence of its own, and
// every job comes to an end. That stores keep the order is in storagetest.
func TestTheQueueWithManyWorkers(t *testing.T) {
	for seed := range uint64(8) {
		synctest.Test(t, func(t *testing.T) { manyWorkers(t, seed) })
	}
}

func manyWorkers(t *testing.T, seed uint64) {
	f := &fair{last: map[string]uint64{}, held: map[string]bool{}}
	r := rand.New(rand.NewPCG(seed, 16))
	var mu sync.Mutex
	chance := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return r.IntN(n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var nodes sync.WaitGroup
	var d *render.Dispatcher
	for n := range 3 {
		node := render.NewDispatcher(render.Config{
			Store: f, Workers: 4, Node: fmt.Sprint("n", n), Dir: t.TempDir(),
			Renderers: map[string]render.Renderer{"test": renderer(func(ctx context.Context, j render.Job, report func(float64)) (render.Output, error) {
				defer f.works(j)()
				if chance(8) == 0 {
					return render.Output{}, errors.New("broken")
				}
				return render.Output{}, takes(ctx, time.Duration(1+chance(9))*time.Second, report)
			})},
			Keep: func(context.Context, render.Job, string, render.Output) (string, error) { return "kept", nil },
			Drop: func(context.Context, string) error { return nil },
		})
		d = node
		nodes.Go(func() { _ = node.Run(ctx) })
	}
	q := render.NewQueue(f, f, d, nil)
	people(t, q, chance)
	time.Sleep(10 * time.Minute)
	cancel()
	nodes.Wait()
	f.check(t, seed)
}

// people ask for jobs of three workspaces, and change their minds.
func people(t *testing.T, q *render.Queue, chance func(int) int) {
	var asked []render.Job
	for i := range 120 {
		j, err := q.Ask(t.Context(), render.Job{
			ID: fmt.Sprint("job ", i), Workspace: fmt.Sprint("w", chance(3)), Project: "p", Backend: "test", Kind: render.Scene,
			Priority: chance(3), Spec: []byte{byte(i)},
		})
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, j)
		one := asked[chance(len(asked))].ID
		switch chance(8) { // whatever state it is in
		case 0:
			_, _ = q.Cancel(t.Context(), one, chance(2) == 0)
		case 1:
			_, _ = q.Move(t.Context(), one, render.Spot{Priority: chance(5)})
		case 2:
			if now, err := q.Job(t.Context(), one); err == nil && now.Over() {
				_, _ = q.Retry(t.Context(), one, render.Job{ID: fmt.Sprint("again ", i)})
			}
		case 3:
			time.Sleep(time.Duration(chance(5)) * time.Second)
		}
	}
}

func (f *fair) check(t *testing.T, seed uint64) {
	for _, fault := range f.faults {
		t.Errorf("seed %d: %s", seed, fault)
	}
	fences := map[string]uint64{}
	for _, j := range f.claims {
		if fences[j.ID]++; j.Fence != fences[j.ID] {
			t.Errorf("seed %d: claim %d of %s has the fence %d", seed, fences[j.ID], j.ID, j.Fence)
		}
	}
	ids := map[string]bool{}
	for _, j := range f.jobs {
		if !j.Over() || ids[j.ID] {
			t.Errorf("seed %d: in the end %s is %s", seed, j.ID, j.State)
		}
		ids[j.ID] = true
	}
	if len(f.jobs) < 120 || !slices.ContainsFunc(f.jobs, func(j render.Job) bool { return j.State == render.Done }) {
		t.Errorf("seed %d: %d jobs are left", seed, len(f.jobs))
	}
}
