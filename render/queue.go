package render

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

const (
	maxSpec     = 4 << 20 // bytes of what a job pins
	maxPriority = 100
)

// Queue is what people do with jobs. All methods may be called at once. Who may do
// what is the caller's to know.
type Queue struct {
	orders     Orders
	store      Store
	dispatcher *Dispatcher
	told       func(Change)
}

// NewQueue makes a queue in front of a dispatcher. told is called with each change,
// as the dispatcher's is.
func NewQueue(o Orders, s Store, d *Dispatcher, told func(Change)) *Queue {
	return &Queue{orders: o, store: s, dispatcher: d, told: told}
}

// Ask queues a job. Its id, kind, backend, spec and what it belongs to are given;
// the rest is made here.
func (q *Queue) Ask(ctx context.Context, j Job) (Job, error) {
	if len(j.Spec) > maxSpec {
		return Job{}, fmt.Errorf("%w: it has too many pieces", ErrState)
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", j.Backend, j.Kind)
	sum.Write(j.Spec)
	j.Hash = hex.EncodeToString(sum.Sum(nil))
	j.State, j.Created = Queued, time.Now().UTC()
	return q.changed(q.orders.AddJob(ctx, j))
}

// Job returns a job.
func (q *Queue) Job(ctx context.Context, id string) (Job, error) { return q.orders.Job(ctx, id) }

// Jobs lists jobs, with the number of the last event that the answer has.
func (q *Queue) Jobs(ctx context.Context, f Filter) ([]Job, uint64, error) {
	return q.orders.Jobs(ctx, f)
}

// Cancel ends a job that is queued or running.
func (q *Queue) Cancel(ctx context.Context, id string) (Job, error) {
	j, err := q.changed(q.store.Change(ctx, id, Cancel{}, time.Now()))
	if err == nil {
		q.dispatcher.Stop(id)
	}
	return j, err
}

// Retry queues a failed or canceled job anew.
func (q *Queue) Retry(ctx context.Context, id string) (Job, error) {
	return q.changed(q.store.Change(ctx, id, Retry{}, time.Now()))
}

// Move gives a queued job another priority, from -100 to 100, and puts it before
// another of that priority, if one is named.
func (q *Queue) Move(ctx context.Context, id string, priority int, before string) (Job, error) {
	j, err := q.orders.Job(ctx, id)
	if err != nil {
		return Job{}, err
	}
	place := j.Place
	if before != "" {
		other, err := q.orders.Job(ctx, before)
		if err != nil {
			return Job{}, err
		}
		if other.Project != j.Project {
			return Job{}, ErrNotFound
		}
		priority, place = other.Priority, other.Place-1
	}
	priority = min(max(priority, -maxPriority), maxPriority)
	return q.changed(q.store.Change(ctx, id, Moved{Priority: priority, Place: place}, time.Now()))
}

// Pause stops claims of a project's jobs, or lets them go on; what runs goes on.
func (q *Queue) Pause(ctx context.Context, project string, paused bool) error {
	err := q.orders.Pause(ctx, project, paused)
	q.dispatcher.Wake()
	return err
}

// SetBudget bounds what a workspace may render in a day.
func (q *Queue) SetBudget(ctx context.Context, workspace string, b Budget) error {
	err := q.orders.SetBudget(ctx, workspace, b)
	q.dispatcher.Wake()
	return err
}

func (q *Queue) changed(c Change, err error) (Job, error) {
	if err != nil {
		return Job{}, err
	}
	if q.told != nil {
		q.told(c)
	}
	q.dispatcher.Wake()
	return c.Job, nil
}
