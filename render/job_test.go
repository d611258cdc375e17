package render_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/soratoo/soratoo/render"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// a job in each state.
func job(state render.State) render.Job {
	j := render.Job{ID: "j", State: state, Created: noon.Add(-time.Hour)}
	switch state {
	case render.Running:
		j.Worker, j.Fence, j.Attempt, j.Progress = "n/1", 7, 2, 0.5
		j.Started, j.Lease = noon.Add(-time.Minute), noon.Add(10*time.Second)
	case render.Queued:
		j.Fence, j.Attempt = 6, 1
	case render.Done, render.Failed, render.Canceled:
		j.Fence, j.Attempt, j.Finished = 7, 2, noon.Add(-time.Second)
	}
	return j
}

func TestWhatBecomesOfAJob(t *testing.T) {
	why, result := render.Reason{Code: "gpu", Message: "no memory"}, render.Result{Asset: "a", Frames: 9, Cost: 2}
	for name, c := range map[string]struct {
		from  render.Job
		event render.Event
		want  func(j *render.Job)
	}{
		"claimed": {job(render.Queued), render.Claimed{Worker: "n/2"}, func(j *render.Job) {
			j.State, j.Worker, j.Fence, j.Attempt, j.Started, j.Lease = render.Running, "n/2", 7, 2, noon, noon.Add(render.Lease)
		}},
		"beat":          {job(render.Running), render.Beat{Fence: 7, Progress: 0.75}, func(j *render.Job) { j.Progress, j.Lease = 0.75, noon.Add(render.Lease) }},
		"beat backward": {job(render.Running), render.Beat{Fence: 7, Progress: 0.25}, func(j *render.Job) { j.Lease = noon.Add(render.Lease) }},
		"beat too far":  {job(render.Running), render.Beat{Fence: 7, Progress: 3}, func(j *render.Job) { j.Progress, j.Lease = 1, noon.Add(render.Lease) }},
		"finished": {job(render.Running), render.Finished{Fence: 7, Result: result}, func(j *render.Job) {
			ended(j, render.Done)
			j.Progress, j.Result = 1, result
		}},
		"broke, again": {job(render.Running), render.Broke{Fence: 7, Reason: why, Repeatable: true}, func(j *render.Job) {
			queued(j)
			j.Reason, j.NotFor, j.Avoid, j.Result.Seconds = why, noon.Add(8*time.Second), "n", 60
		}},
		"broke for good": {job(render.Running), render.Broke{Fence: 7, Reason: why}, func(j *render.Job) {
			ended(j, render.Failed)
			j.Reason, j.Result.Seconds = why, 60
		}},
		"broke too often": {attempt(4), render.Broke{Fence: 7, Reason: why, Repeatable: true}, func(j *render.Job) {
			ended(j, render.Failed)
			j.Reason, j.Result.Seconds = why, 60
		}},
		"released": {job(render.Running), render.Released{Fence: 7}, func(j *render.Job) { queued(j); j.Attempt = 1 }},
		"canceled": {job(render.Running), render.Cancel{}, func(j *render.Job) {
			ended(j, render.Canceled)
			j.Result.Seconds = 60
		}},
		"canceled in the queue": {job(render.Queued), render.Cancel{Waiting: true}, func(j *render.Job) { ended(j, render.Canceled) }},
		"stopped": {job(render.Running), render.Stopped{Reason: why}, func(j *render.Job) {
			ended(j, render.Canceled)
			j.Reason, j.Result.Seconds = why, 60
		}},
		"reused": {job(render.Queued), render.Reused{Result: result}, func(j *render.Job) {
			ended(j, render.Done)
			j.Progress, j.Result = 1, render.Result{Asset: "a", Frames: 9}
		}},
		"moved": {job(render.Queued), render.Moved{Priority: 3, Place: 8}, func(j *render.Job) { j.Priority, j.Place = 3, 8 }},
	} {
		want := c.from
		c.want(&want)
		got, err := c.from.After(c.event, noon)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func ended(j *render.Job, s render.State) {
	j.State, j.Worker, j.Lease, j.Finished = s, "", time.Time{}, noon
}

func queued(j *render.Job) {
	j.State, j.Worker, j.Lease, j.Progress = render.Queued, "", time.Time{}, 0
}

func attempt(n int) render.Job {
	j := job(render.Running)
	j.Attempt = n
	return j
}

func TestAJobDoesNotDoWhatItsStateHasNot(t *testing.T) {
	states := []render.State{render.Queued, render.Running, render.Done, render.Failed, render.Canceled}
	may := map[string][]render.State{
		"claimed": {render.Queued}, "beat": {render.Running}, "finished": {render.Running}, "broke": {render.Running},
		"released": {render.Running}, "canceled": {render.Queued, render.Running}, "canceled if it waits": {render.Queued}, "stopped": {render.Running},
		"reused": {render.Queued}, "moved": {render.Queued}, "lost": {render.Running},
	}
	events := map[string]render.Event{
		"claimed": render.Claimed{}, "beat": render.Beat{Fence: 7}, "finished": render.Finished{Fence: 7}, "broke": render.Broke{Fence: 7},
		"released": render.Released{Fence: 7}, "canceled": render.Cancel{}, "canceled if it waits": render.Cancel{Waiting: true}, "stopped": render.Stopped{}, "reused": render.Reused{}, "moved": render.Moved{},
		"lost": render.LeaseEnded{},
	}
	for name, e := range events {
		for _, s := range states {
			from := job(s)
			got, err := from.After(e, noon.Add(time.Minute))
			allowed := false
			for _, state := range may[name] {
				allowed = allowed || state == s
			}
			if allowed != (err == nil) {
				t.Errorf("%s while %s: %v", name, s, err)
			}
			if err != nil && (!reflect.DeepEqual(got, from) || !errors.Is(err, render.ErrState) && !errors.Is(err, render.ErrFenced)) {
				t.Errorf("%s while %s: %+v, %v, want the same job and why", name, s, got, err)
			}
		}
	}
}

func TestAWorkerWhoseLeaseIsOverChangesNothing(t *testing.T) {
	lost, err := job(render.Running).After(render.LeaseEnded{}, noon.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	again, err := lost.After(render.Claimed{Worker: "n/9"}, noon.Add(2*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]render.Event{
		"beat": render.Beat{Fence: 7}, "finished": render.Finished{Fence: 7}, "broke": render.Broke{Fence: 7}, "released": render.Released{Fence: 7},
	} {
		for _, j := range []render.Job{lost, again} {
			if got, err := j.After(e, noon.Add(3*time.Minute)); !errors.Is(err, render.ErrFenced) || !reflect.DeepEqual(got, j) {
				t.Errorf("%s of the old worker while %s: %v", name, j.State, err)
			}
		}
	}
	if _, err := job(render.Running).After(render.LeaseEnded{}, noon); !errors.Is(err, render.ErrState) {
		t.Errorf("a lease that lasts was ended: %v", err)
	}
}

func TestAttemptsWaitLongerAndLonger(t *testing.T) {
	j, now := render.Job{State: render.Queued}, noon
	for i, want := range []time.Duration{2 * time.Second, 8 * time.Second, 32 * time.Second} {
		var err error
		if j, err = j.After(render.Claimed{}, now); err != nil {
			t.Fatal(err)
		}
		if j, err = j.After(render.Broke{Fence: j.Fence, Repeatable: true}, now); err != nil {
			t.Fatal(err)
		}
		if got := j.NotFor.Sub(now); got != want {
			t.Errorf("attempt %d waits for %v, want %v", i+2, got, want)
		}
		if _, err := j.After(render.Claimed{}, now.Add(want-1)); !errors.Is(err, render.ErrState) {
			t.Errorf("attempt %d was claimed early: %v", i+2, err)
		}
		now = now.Add(want)
	}
	last, err := j.After(render.Claimed{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if last, err = last.After(render.Broke{Fence: last.Fence, Repeatable: true}, now); err != nil || last.State != render.Failed {
		t.Errorf("after the fourth attempt: %s, %v", last.State, err)
	}
}

func TestETAIsGuessedFromProgress(t *testing.T) {
	j := job(render.Running) // half of it took a minute
	if got := j.ETA(noon); got != time.Minute {
		t.Errorf("ETA %v, want a minute", got)
	}
	if got := job(render.Queued).ETA(noon); got != 0 {
		t.Errorf("ETA of a queued job: %v", got)
	}
}

func TestBudgetsAllowUpToTheirBound(t *testing.T) {
	for _, c := range []struct {
		budget render.Budget
		spent  render.Spent
		want   bool
	}{
		{render.Budget{}, render.Spent{Jobs: 1e6, Cost: 1e6}, true},
		{render.Budget{Jobs: 3}, render.Spent{Jobs: 2}, true},
		{render.Budget{Jobs: 3}, render.Spent{Jobs: 3}, false},
		{render.Budget{Seconds: 60}, render.Spent{Seconds: 60.5}, false},
		{render.Budget{Cost: 1, Jobs: 9}, render.Spent{Cost: 0.99, Jobs: 1}, true},
		{render.Budget{Cost: 1, Jobs: 9}, render.Spent{Cost: 1, Jobs: 1}, false},
	} {
		if got := c.budget.Allows(c.spent); got != c.want {
			t.Errorf("%+v of %+v: %v", c.spent, c.budget, got)
		}
	}
	b := render.Budget{Seconds: 100, StopSeconds: 150}
	for seconds, want := range map[float64][2]bool{79: {}, 80: {true, false}, 149: {true, false}, 150: {true, true}} {
		spent := render.Spent{Seconds: seconds}
		if got := [2]bool{b.Nears(spent), b.Stops(spent)}; got != want {
			t.Errorf("after %v s the budget is near, and stops: %v", seconds, got)
		}
	}
}
