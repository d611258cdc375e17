package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/render"
)

// SetBudget stores a workspace's budget.
func (s *Store) SetBudget(ctx context.Context, workspace string, b render.Budget) error {
	return s.exec(ctx, "storing a budget", `INSERT INTO render_workspaces (workspace, jobs, seconds, cost, stop_seconds, stop_cost) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (workspace) DO UPDATE SET jobs = excluded.jobs, seconds = excluded.seconds, cost = excluded.cost,
			stop_seconds = excluded.stop_seconds, stop_cost = excluded.stop_cost, told = 0`,
		workspace, b.Jobs, b.Seconds, b.Cost, b.StopSeconds, b.StopCost)
}

// Pause stores whether a project's queue is stopped.
func (s *Store) Pause(ctx context.Context, project string, paused bool) error {
	return s.exec(ctx, "pausing a queue", `INSERT INTO render_queues (project, seq, paused) VALUES ($1, 0, $2)
		ON CONFLICT (project) DO UPDATE SET paused = excluded.paused`, project, paused)
}

// PauseAll stores whether a workspace's queues are stopped.
func (s *Store) PauseAll(ctx context.Context, workspace string, paused bool) error {
	return s.exec(ctx, "pausing a workspace", `INSERT INTO render_workspaces (workspace, jobs, seconds, cost, paused) VALUES ($1, 0, 0, 0, $2)
		ON CONFLICT (workspace) DO UPDATE SET paused = excluded.paused`, workspace, paused)
}

// Spending tells what a workspace may render, and what it has; see render.Bounds.
func (s *Store) Spending(ctx context.Context, workspace string, now time.Time) (a render.Spending, err error) {
	err = s.view(ctx, func(tx transaction) error {
		if a, err = account(ctx, tx, workspace, now); err != nil {
			return err
		}
		if a.Spent, err = spent(ctx, tx, workspace, now); err != nil {
			return err
		}
		a.Projects, err = projectsOf(ctx, tx, workspace)
		return err
	})
	return a, err
}

func projectsOf(ctx context.Context, tx transaction, workspace string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id FROM projects WHERE workspace = $1 LIMIT $2`, workspace, maxProjects)
	return collect(rows, err, "listing projects to tell", scanID)
}

// Nearing lists workspaces that are to be told of their budget; see render.Bounds.
func (s *Store) Nearing(ctx context.Context, now time.Time) (told []render.Spending, err error) {
	// Most looks find nothing: they write nothing.
	err = s.view(ctx, func(tx transaction) error {
		rows, err := tx.QueryContext(ctx, `SELECT workspace FROM render_workspaces WHERE told <= $1 AND (jobs > 0 OR seconds > 0 OR cost > 0)`, now.Add(-spendingDay).UnixMilli())
		workspaces, err := collect(rows, err, "listing budgets", scanID)
		for i := 0; i < len(workspaces) && err == nil; i++ {
			var a render.Spending
			if a, err = account(ctx, tx, workspaces[i], now); err == nil && a.Budget.Nears(a.Spent) {
				a.Projects, err = projectsOf(ctx, tx, a.Workspace)
				told = append(told, a)
			}
		}
		return err
	})
	for _, a := range told {
		err = errors.Join(err, s.exec(ctx, "noting who was told", `UPDATE render_workspaces SET told = $1 WHERE workspace = $2`, now.UnixMilli(), a.Workspace))
	}
	return told, err
}

// Waiting tells what keeps the queued jobs of a project; see render.Orders.
func (s *Store) Waiting(ctx context.Context, project string, now time.Time) (w render.Waiting, err error) {
	err = s.view(ctx, func(tx transaction) error {
		var workspace string
		err := tx.QueryRowContext(ctx, `SELECT p.workspace, COALESCE(q.paused, FALSE) FROM projects p LEFT JOIN render_queues q ON q.project = p.id
			WHERE p.id = $1`, project).Scan(&workspace, &w.Paused)
		if errors.Is(err, sql.ErrNoRows) {
			return render.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("reading what renders wait for: %w", err)
		}
		a, err := account(ctx, tx, workspace, now)
		if err != nil {
			return err
		}
		w.Stopped, w.Budget, w.Near = a.Paused, !a.Budget.Allows(a.Spent), a.Budget.Nears(a.Spent)
		if err := ahead(ctx, tx, workspace, &w); err != nil {
			return err
		}
		w.Needs, err = needs(ctx, tx, project)
		return err
	})
	return w, err
}

// ahead reads the order of a workspace's queue, and how many frames are in it.
func ahead(ctx context.Context, tx transaction, workspace string, w *render.Waiting) error {
	rows, err := tx.QueryContext(ctx, `SELECT id FROM renders WHERE workspace = $1 AND state = 'queued' ORDER BY priority DESC, place, created, id LIMIT $2`, workspace, orderedJobs)
	if w.Order, err = collect(rows, err, "listing the queue", scanID); err != nil {
		return err
	}
	rows, err = tx.QueryContext(ctx, `SELECT kind, backend, CAST(SUM(frames) AS BIGINT) FROM (
			SELECT kind, backend, length * (1 - progress) AS frames FROM renders WHERE workspace = $1 AND state = 'running'
			UNION ALL SELECT kind, backend, length FROM renders WHERE workspace = $1 AND state = 'queued' AND priority >= 0
		) AS waiting GROUP BY kind, backend`, workspace)
	w.Before, err = collect(rows, err, "measuring the queue", func(scan scanner) (p render.Pace, err error) {
		err = scan(&p.Kind, &p.Backend, &p.Frames)
		return p, err
	})
	return err
}

// Paces lists how long the newest jobs took; see render.Past.
func (s *Store) Paces(ctx context.Context) ([]render.Pace, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT kind, backend, frames, finished - started FROM renders
		WHERE state = 'done' AND started > 0 AND frames > 0 ORDER BY finished DESC LIMIT $1`, pacesKnown)
	return collect(rows, err, "reading how long renders took", func(scan scanner) (p render.Pace, err error) {
		var took int64
		err = scan(&p.Kind, &p.Backend, &p.Frames, &took)
		p.Took = time.Duration(took) * time.Millisecond
		return p, err
	})
}
