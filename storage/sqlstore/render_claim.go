package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/soratoo/soratoo/render"
)

const (
	spendingDay = 24 * time.Hour   // over which a budget counts
	nodeAlive   = 15 * time.Second // after which a node that is silent counts as gone
	nodeKept    = 24 * time.Hour   // that a node is remembered
	pacesKnown  = 200              // newest jobs whose paces are told
	maxProjects = 10_000           // of a workspace that are told of its budget
)

// Claim gives the job that is next to a worker; see render.Store.
func (s *Store) Claim(ctx context.Context, w render.Want) (c render.Change, err error) {
	if len(w.Backends) == 0 {
		return c, render.ErrNone
	}
	// Most looks find nothing: they do not queue behind the writers.
	var some bool
	if err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM renders WHERE state = 'queued' AND not_for <= $1)`, w.Now.UnixMilli()).Scan(&some); err != nil {
		return c, fmt.Errorf("looking for renders: %w", err)
	}
	if !some {
		return c, render.ErrNone
	}
	err = s.locking(ctx, func(tx transaction) error {
		workspaces, err := turns(ctx, tx)
		if err != nil {
			return err
		}
		for _, workspace := range workspaces {
			a, err := account(ctx, tx, workspace, w.Now)
			if err != nil {
				return err
			}
			if a.Budget != (render.Budget{}) {
				// Two nodes may not spend the rest of it at once.
				if _, err := tx.ExecContext(ctx, `SELECT 1 FROM render_workspaces WHERE workspace = $1`+tx.exclusive, workspace); err != nil {
					return fmt.Errorf("looking for renders: %w", err)
				}
				if a, err = account(ctx, tx, workspace, w.Now); err != nil {
					return err
				}
			}
			if a.Paused || !a.Budget.Allows(a.Spent) {
				continue
			}
			j, err := nextJob(ctx, tx, workspace, w)
			switch {
			case err == nil:
				c, err = apply(ctx, tx, j, render.Claimed{Worker: w.Worker}, w.Now)
				return err
			case !errors.Is(err, sql.ErrNoRows):
				return fmt.Errorf("looking for a render: %w", err)
			}
		}
		return render.ErrNone
	})
	return s.openChange(ctx, c, err)
}

// turns lists the workspaces that have jobs waiting, those with the fewest running
// first, and of those the one whose last claim is the longest ago: with one worker,
// nothing runs when it asks.
func turns(ctx context.Context, tx transaction) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT w.id FROM workspaces w
		WHERE EXISTS (SELECT 1 FROM renders q WHERE q.workspace = w.id AND q.state = 'queued')
		ORDER BY (SELECT COUNT(*) FROM renders r WHERE r.workspace = w.id AND r.state = 'running'),
			COALESCE((SELECT started FROM renders r WHERE r.workspace = w.id AND r.started > 0 ORDER BY started DESC LIMIT 1), 0), w.id`)
	return collect(rows, err, "listing workspaces that render", scanID)
}

// nextJob is the first job of a workspace that can be claimed.
func nextJob(ctx context.Context, tx transaction, workspace string, w render.Want) (render.Job, error) {
	now := w.Now.UnixMilli()
	node, _, _ := strings.Cut(w.Worker, "/")
	args := append([]any{workspace, now, node, now - render.Shy.Milliseconds(), now - nodeAlive.Milliseconds()}, anys(w.Backends)...)
	return scanJob(tx.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM renders r
		WHERE workspace = $1 AND state = 'queued' AND not_for <= $2 AND backend IN (`+params(6, len(w.Backends))+`)
			AND (avoid <> $3 OR not_for <= $4 OR NOT EXISTS (SELECT 1 FROM render_nodes o WHERE o.node <> $3 AND o.backend = r.backend AND o.seen > $5))
			AND NOT EXISTS (SELECT 1 FROM render_queues q WHERE q.project = r.project AND q.paused)
			AND NOT EXISTS (SELECT 1 FROM render_needs n JOIN renders d ON d.id = n.needs WHERE n.job = r.id AND d.state <> 'done')
		ORDER BY priority DESC, place, created, id LIMIT 1`+tx.free, args...).Scan)
}

// Alive notes that a node renders; see render.Store.
func (s *Store) Alive(ctx context.Context, w render.Want) error {
	node, _, _ := strings.Cut(w.Worker, "/")
	return s.locking(ctx, func(tx transaction) error {
		for _, backend := range w.Backends {
			_, err := tx.ExecContext(ctx, `INSERT INTO render_nodes (node, backend, seen) VALUES ($1, $2, $3)
				ON CONFLICT (node, backend) DO UPDATE SET seen = excluded.seen`, node, backend, w.Now.UnixMilli())
			if err != nil {
				return fmt.Errorf("noting a node: %w", err)
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM render_nodes WHERE seen < $1`, w.Now.Add(-nodeKept).UnixMilli()); err != nil {
			return fmt.Errorf("forgetting nodes: %w", err)
		}
		return nil
	})
}

// Overspent lists running jobs of workspaces that are to be stopped.
func (s *Store) Overspent(ctx context.Context, now time.Time) (ids []string, err error) {
	err = s.view(ctx, func(tx transaction) error {
		rows, err := tx.QueryContext(ctx, `SELECT b.workspace FROM render_workspaces b WHERE (b.stop_seconds > 0 OR b.stop_cost > 0)
			AND EXISTS (SELECT 1 FROM renders r WHERE r.workspace = b.workspace AND r.state = 'running')`)
		workspaces, err := collect(rows, err, "listing budgets", scanID)
		if err != nil {
			return err
		}
		for _, workspace := range workspaces {
			a, err := account(ctx, tx, workspace, now)
			if err != nil {
				return err
			}
			if !a.Budget.Stops(a.Spent) {
				continue
			}
			rows, err := tx.QueryContext(ctx, `SELECT id FROM renders WHERE workspace = $1 AND state = 'running' LIMIT $2`, workspace, overdueJobs)
			found, err := collect(rows, err, "listing renders to stop", scanID)
			if err != nil {
				return err
			}
			ids = append(ids, found...)
		}
		return nil
	})
	return ids, err
}

// account reads what a workspace may spend and, where that is bounded, what it has.
func account(ctx context.Context, tx transaction, workspace string, now time.Time) (render.Spending, error) {
	a := render.Spending{Workspace: workspace}
	b := &a.Budget
	err := tx.QueryRowContext(ctx, `SELECT jobs, seconds, cost, stop_seconds, stop_cost, paused FROM render_workspaces WHERE workspace = $1`, workspace).
		Scan(&b.Jobs, &b.Seconds, &b.Cost, &b.StopSeconds, &b.StopCost, &a.Paused)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return a, fmt.Errorf("reading a budget: %w", err)
	}
	if *b == (render.Budget{}) {
		return a, nil
	}
	a.Spent, err = spent(ctx, tx, workspace, now)
	return a, err
}

// spent adds up what a workspace has rendered in a day, with what runs.
func spent(ctx context.Context, tx transaction, workspace string, now time.Time) (sum render.Spent, err error) {
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(seconds), 0) +
			(SELECT COALESCE(SUM(CASE WHEN started < $1 THEN $1 - started ELSE 0 END), 0) / 1000.0 FROM renders WHERE workspace = $2 AND state = 'running'), COALESCE(SUM(cost), 0)
		FROM renders WHERE workspace = $2 AND started > 0 AND started > $3`, now.UnixMilli(), workspace, now.Add(-spendingDay).UnixMilli()).
		Scan(&sum.Jobs, &sum.Seconds, &sum.Cost)
	if err != nil {
		return sum, fmt.Errorf("adding up what was spent: %w", err)
	}
	return sum, nil
}
