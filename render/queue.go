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
	desk       Desk
	store      Store
	dispatcher *Dispatcher
	told       func(Change)
}

// NewQueue makes a queue in front of a dispatcher. told is called with each change,
// as the dispatcher's is.
func NewQueue(o Desk, s Store, d *Dispatcher, told func(Change)) *Queue {
	return &Queue{desk: o, store: s, dispatcher: d, told: told}
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
	return q.add(ctx, j)
}

func (q *Queue) add(ctx context.Context, j Job) (Job, error) {
	changes, err := q.desk.AddJob(ctx, j)
	if err != nil {
		return Job{}, err
	}
	for _, c := range changes {
		j, _ = q.changed(c, nil)
	}
	return j, nil
}

// Job returns a job.
func (q *Queue) Job(ctx context.Context, id string) (Job, error) { return q.desk.Job(ctx, id) }

// Jobs lists jobs, with the number of the last event that the answer has.
func (q *Queue) Jobs(ctx context.Context, f Filter) ([]Job, uint64, error) {
	return q.desk.Jobs(ctx, f)
}

// Cancel ends a job that is queued or running; with waiting, only one that is queued.
func (q *Queue) Cancel(ctx context.Context, id string, waiting bool) (Job, error) {
	j, err := q.changed(q.store.Change(ctx, id, Cancel{Waiting: waiting}, time.Now()))
	if err == nil {
		q.dispatcher.Stop(id)
	}
	return j, err
}

// Retry queues what a failed or canceled job was for anew, as another job.
func (q *Queue) Retry(ctx context.Context, id string, as Job) (Job, error) {
	old, err := q.desk.Job(ctx, id)
	if err != nil {
		return Job{}, err
	}
	return q.add(ctx, Job{
		ID: as.ID, Person: as.Person, Retries: old.ID, State: Queued, Created: time.Now().UTC(),
		Workspace: old.Workspace, Project: old.Project, Kind: old.Kind, Scene: old.Scene, Backend: old.Backend,
		Title: old.Title, Spec: old.Spec, Hash: old.Hash, Length: old.Length, Priority: old.Priority,
	})
}

// Move gives a queued job another priority, from -100 to 100, and puts it before
// another of its project, whose priority it then has, if one is named.
func (q *Queue) Move(ctx context.Context, id string, to Spot) (Job, error) {
	to.Priority = min(max(to.Priority, -maxPriority), maxPriority)
	return q.changed(q.desk.MoveJob(ctx, id, to, time.Now()))
}

// Pause stops claims of a project's jobs, or lets them go on; what runs goes on.
func (q *Queue) Pause(ctx context.Context, project string, paused bool) error {
	err := q.desk.Pause(ctx, project, paused)
	q.dispatcher.Wake()
	return err
}

// PauseAll stops claims of a workspace's jobs, or lets them go on.
func (q *Queue) PauseAll(ctx context.Context, workspace string, paused bool) error {
	err := q.desk.PauseAll(ctx, workspace, paused)
	q.dispatcher.Wake()
	return err
}

// SetBudget bounds what a workspace may render in a day.
func (q *Queue) SetBudget(ctx context.Context, workspace string, b Budget) error {
	err := q.desk.SetBudget(ctx, workspace, b)
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
