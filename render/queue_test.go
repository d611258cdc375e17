package render_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/soratoo/soratoo/render"
)

// AddJob and the rest make the queue in memory one that people use.
func (q *queue) AddJob(_ context.Context, j render.Job) ([]render.Change, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.seq++
	j.Place = q.seq * 10
	q.jobs = append(q.jobs, j)
	return []render.Change{{Job: j, Seq: q.seq}}, nil
}

func (q *queue) MoveJob(ctx context.Context, id string, to render.Spot, now time.Time) (render.Change, error) {
	return q.Change(ctx, id, render.Moved{Priority: to.Priority, Place: 5}, now)
}

func (q *queue) Job(_ context.Context, id string) (render.Job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.jobs {
		if j.ID == id {
			return j, nil
		}
	}
	return render.Job{}, render.ErrNotFound
}

func (q *queue) Jobs(context.Context, render.Filter) ([]render.Job, uint64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.jobs), q.seq, nil
}

func (q *queue) SetBudget(_ context.Context, workspace string, b render.Budget) error {
	q.noted = append(q.noted, fmt.Sprint("budget of ", workspace, ": ", b.Jobs))
	return nil
}

func (q *queue) Pause(_ context.Context, project string, paused bool) error {
	q.noted = append(q.noted, fmt.Sprint("pause of ", project, ": ", paused))
	return nil
}

func (q *queue) PauseAll(_ context.Context, workspace string, paused bool) error {
	q.noted = append(q.noted, fmt.Sprint("pause of all of ", workspace, ": ", paused))
	return nil
}

func (q *queue) Spending(context.Context, string, time.Time) (render.Spending, error) {
	return render.Spending{}, nil
}

func (q *queue) Nearing(context.Context, time.Time) ([]render.Spending, error) { return nil, nil }

func (q *queue) Waiting(context.Context, string, time.Time) (render.Waiting, error) {
	return render.Waiting{}, nil
}

func (q *queue) Active(context.Context, string) (map[string]render.Activity, error) {
	return nil, nil
}

func (q *queue) Unchosen(context.Context) ([]render.Job, error) { return nil, nil }

func (q *queue) Chosen(context.Context, string) error { return nil }

func (q *queue) Paces(context.Context) ([]render.Pace, error) { return nil, nil }

func TestPeopleUseTheQueue(t *testing.T) {
	inBubble(t, func(s *studio) {
		stopped := make(chan struct{}, 100)
		d, stop := s.node("n", func(ctx context.Context, j render.Job, report func(float64)) (render.Output, error) {
			defer func() { stopped <- struct{}{} }()
			return render.Output{}, takes(ctx, time.Duration(len(j.Spec))*time.Second, report)
		})
		defer stop()
		var told []render.State
		q := render.NewQueue(&s.queue, &s.queue, d, func(c render.Change) { told = append(told, c.Job.State) })
		ask := func(id string, seconds int) render.Job {
			t.Helper()
			j, err := q.Ask(t.Context(), render.Job{ID: id, Project: "p", Backend: "test", Kind: render.Scene, Spec: make([]byte, seconds)})
			if err != nil {
				t.Fatal(err)
			}
			return j
		}
		first, second := ask("a", 50), ask("b", 50)
		if first.Hash == "" || first.Hash != second.Hash || ask("c", 51).Hash == first.Hash || first.State != render.Queued {
			t.Errorf("asked for %+v and %+v", first, second)
		}
		time.Sleep(time.Second)
		// It is heard at once, not by the next beat.
		began := time.Now()
		if j, err := q.Cancel(t.Context(), "a", false); err != nil || j.State != render.Canceled {
			t.Errorf("Cancel = %s, %v", j.State, err)
		}
		<-stopped
		if took := time.Since(began); took > 0 {
			t.Errorf("the renderer heard of it after %v", took)
		}
		again, err := q.Retry(t.Context(), "a", render.Job{ID: "a2", Person: "ben"})
		if err != nil || again.State != render.Queued || again.Retries != "a" || again.Person != "ben" || again.Hash != first.Hash {
			t.Errorf("Retry = %+v, %v", again, err)
		}
		if _, err := q.Cancel(t.Context(), "b", true); !errors.Is(err, render.ErrState) {
			t.Errorf("a running job was canceled as one that waits: %v", err)
		}
		ask("d", 1)
		if j, err := q.Move(t.Context(), "d", render.Spot{Priority: 1000}); err != nil || j.Priority != 100 {
			t.Errorf("Move = %d, %v", j.Priority, err)
		}
		if err := errors.Join(q.Pause(t.Context(), "p", true), q.PauseAll(t.Context(), "w", true), q.SetBudget(t.Context(), "w", render.Budget{Jobs: 3})); err != nil {
			t.Fatal(err)
		}
		if want := []string{"pause of p: true", "pause of all of w: true", "budget of w: 3"}; !slices.Equal(s.noted, want) {
			t.Errorf("noted %q", s.noted)
		}
		if jobs, seq, err := q.Jobs(t.Context(), render.Filter{Project: "p"}); err != nil || len(jobs) != 5 || seq == 0 {
			t.Errorf("%d jobs, %d, %v", len(jobs), seq, err)
		}
		if len(told) < 7 {
			t.Errorf("told of %d changes", len(told))
		}
		if _, err := q.Ask(t.Context(), render.Job{Spec: make([]byte, 5<<20)}); !errors.Is(err, render.ErrState) {
			t.Errorf("a huge plan: %v", err)
		}
	})
}
