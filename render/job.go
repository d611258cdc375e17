package render

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Event is something that happens to a job: one of the types below.
type Event interface {
	happens(j *Job, now time.Time) error
}

// Claimed: a worker takes a queued job.
type Claimed struct{ Worker string }

// Beat: the worker is alive and this far; it keeps its lease for another while.
type Beat struct {
	Fence    uint64
	Progress float64
}

// Finished: the worker has made the result.
type Finished struct {
	Fence  uint64
	Result Result
}

// Broke: the worker could not. Repeatable says that the next try may succeed.
type Broke struct {
	Fence      uint64
	Reason     Reason
	Repeatable bool
}

// LeaseEnded: nothing was heard of the worker for too long.
type LeaseEnded struct{}

// Released: the node goes down and gives the job back, which is no attempt.
type Released struct{ Fence uint64 }

// Cancel: somebody does not want it any more; with Waiting, unless it runs already.
type Cancel struct{ Waiting bool }

// Stopped: its workspace has spent too much for it to go on.
type Stopped struct{ Reason Reason }

// Reused: an equal job has made the result already.
type Reused struct{ Result Result }

// Moved: somebody wants it sooner or later. Place is among equal priorities.
type Moved struct {
	Priority int
	Place    uint64
}

// After is the job after an event. The error wraps [ErrState] when the job's state
// has no such event, [ErrFenced] when it comes from a worker whose lease is over;
// the job is then as it was.
func (j Job) After(e Event, now time.Time) (Job, error) {
	next := j
	if err := e.happens(&next, now); err != nil {
		return j, err
	}
	return next, nil
}

// in tells whether the job is in one of these states.
func (j *Job) in(what string, states ...State) error {
	if slices.Contains(states, j.State) {
		return nil
	}
	return fmt.Errorf("%w: %s while %s", ErrState, what, j.State)
}

// held tells whether the claim that a fence is of holds.
func (j *Job) held(fence uint64) error {
	if j.State != Running || j.Fence != fence {
		return ErrFenced
	}
	return nil
}

func (e Claimed) happens(j *Job, now time.Time) error {
	if err := j.in("claimed", Queued); err != nil {
		return err
	}
	if now.Before(j.NotFor) {
		return fmt.Errorf("%w: it waits until %s", ErrState, j.NotFor.Format(time.RFC3339))
	}
	j.State, j.Worker, j.Lease = Running, e.Worker, now.Add(Lease)
	j.Attempt, j.Fence = j.Attempt+1, j.Fence+1
	j.Progress, j.Reason, j.Started, j.NotFor = 0, Reason{}, now, time.Time{}
	j.Avoid = ""
	return nil
}

func (e Beat) happens(j *Job, now time.Time) error {
	if err := j.held(e.Fence); err != nil {
		return err
	}
	// Progress never goes back, whatever a renderer says.
	j.Progress, j.Lease = max(j.Progress, min(e.Progress, 1)), now.Add(Lease)
	return nil
}

func (e Finished) happens(j *Job, now time.Time) error {
	if err := j.held(e.Fence); err != nil {
		return err
	}
	spent := j.Result.Seconds // by attempts that broke
	j.end(Done, now)
	j.Progress, j.Result, j.Reason = 1, e.Result, Reason{}
	j.Result.Seconds += spent
	return nil
}

func (e Broke) happens(j *Job, now time.Time) error {
	if err := j.held(e.Fence); err != nil {
		return err
	}
	j.broken(e.Reason, e.Repeatable, now)
	return nil
}

func (LeaseEnded) happens(j *Job, now time.Time) error {
	if err := j.in("lease ended", Running); err != nil {
		return err
	}
	if now.Before(j.Lease) {
		return fmt.Errorf("%w: the lease lasts until %s", ErrState, j.Lease.Format(time.RFC3339))
	}
	j.broken(Reason{"lost", "the worker fell silent"}, true, now)
	return nil
}

func (e Released) happens(j *Job, _ time.Time) error {
	if err := j.held(e.Fence); err != nil {
		return err
	}
	j.queue()
	j.Attempt--
	return nil
}

func (e Cancel) happens(j *Job, now time.Time) error {
	states := []State{Queued, Running}
	if e.Waiting {
		states = states[:1]
	}
	if err := j.in("canceled", states...); err != nil {
		return err
	}
	j.spend(now)
	j.end(Canceled, now)
	return nil
}

func (e Stopped) happens(j *Job, now time.Time) error {
	if err := j.in("stopped", Running); err != nil {
		return err
	}
	j.spend(now)
	j.end(Canceled, now)
	j.Reason = e.Reason
	return nil
}

func (e Reused) happens(j *Job, now time.Time) error {
	if err := j.in("reused", Queued); err != nil {
		return err
	}
	j.end(Done, now)
	j.Progress, j.Result, j.Reason = 1, e.Result, Reason{}
	j.Result.Seconds, j.Result.Cost = 0, 0 // nothing was spent
	return nil
}

func (e Moved) happens(j *Job, _ time.Time) error {
	if err := j.in("moved", Queued); err != nil {
		return err
	}
	j.Priority, j.Place = e.Priority, e.Place
	return nil
}

// broken queues a job for another attempt, or ends it.
func (j *Job) broken(why Reason, repeatable bool, now time.Time) {
	attempt := j.Attempt
	j.spend(now)
	if !repeatable || attempt >= maxAttempts {
		j.end(Failed, now)
		j.Reason = why
		return
	}
	j.Avoid = nodeOf(j.Worker)
	j.queue()
	j.Reason = why
	j.NotFor = now.Add(firstWait << (2 * (attempt - 1)))
}

// spend counts the time of an attempt that made nothing.
func (j *Job) spend(now time.Time) {
	if j.State == Running {
		j.Result.Seconds += max(0, now.Sub(j.Started).Seconds())
	}
}

// nodeOf is the node of a worker, see [Want].
func nodeOf(worker string) string {
	node, _, _ := strings.Cut(worker, "/")
	return node
}

func (j *Job) queue() {
	j.State, j.Worker, j.Lease, j.Progress = Queued, "", time.Time{}, 0
}

func (j *Job) end(s State, now time.Time) {
	j.State, j.Worker, j.Lease, j.Finished = s, "", time.Time{}, now
}
