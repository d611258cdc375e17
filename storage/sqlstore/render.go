package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/soratoo/soratoo/render"
)

const (
	overdueJobs = 32             // put back at once
	spendingDay = 24 * time.Hour // over which a budget counts
)

// jobColumns are those of a job, in the order of scanJob and jobValues.
const jobColumns = `id, workspace, project, kind, scene, backend, person, title, spec, hash, priority, place,
	state, attempt, code, reason, progress, worker, fence, lease, not_for, asset, frames, seconds, cost, created, started, finished`

func scanJob(scan scanner) (j render.Job, err error) {
	var lease, notFor, created, started, finished int64
	err = scan(&j.ID, &j.Workspace, &j.Project, &j.Kind, &j.Scene, &j.Backend, &j.Person, &j.Title, &j.Spec, &j.Hash, &j.Priority, &j.Place,
		&j.State, &j.Attempt, &j.Reason.Code, &j.Reason.Message, &j.Progress, &j.Worker, &j.Fence, &lease, &notFor,
		&j.Result.Asset, &j.Result.Frames, &j.Result.Seconds, &j.Result.Cost, &created, &started, &finished)
	j.Lease, j.NotFor, j.Created, j.Started, j.Finished = atOrNever(lease), atOrNever(notFor), atOrNever(created), atOrNever(started), atOrNever(finished)
	return j, err
}

func jobValues(j render.Job) []any {
	return []any{
		j.ID, j.Workspace, j.Project, j.Kind, j.Scene, j.Backend, j.Person, j.Title, j.Spec, j.Hash, j.Priority, int64(j.Place),
		j.State, j.Attempt, j.Reason.Code, j.Reason.Message, j.Progress, j.Worker, int64(j.Fence), unixOrNever(j.Lease), unixOrNever(j.NotFor),
		j.Result.Asset, j.Result.Frames, j.Result.Seconds, j.Result.Cost, unixOrNever(j.Created), unixOrNever(j.Started), unixOrNever(j.Finished),
	}
}

// atOrNever is a time of the database, in which 0 is the zero time.
func atOrNever(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return millis(ms)
}

func unixOrNever(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// AddJob stores a queued job; see render.Orders.
func (s *Store) AddJob(ctx context.Context, j render.Job) (c render.Change, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		var last sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT MAX(place) FROM renders WHERE project = ?`, j.Project).Scan(&last); err != nil {
			return fmt.Errorf("placing a render: %w", err)
		}
		j.Place = uint64(last.Int64) + 1<<20
		old, err := scanJob(tx.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM renders r
			WHERE workspace = ? AND state = 'done' AND hash = ? AND EXISTS (SELECT 1 FROM assets a WHERE a.id = r.asset AND a.project = ?)
			LIMIT 1`, j.Workspace, j.Hash, j.Project).Scan)
		switch {
		case err == nil:
			if j, err = j.After(render.Reused{Result: old.Result}, j.Created); err != nil {
				return err
			}
		case !errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("looking for an equal render: %w", err)
		}
		values := jobValues(j)
		query := `INSERT INTO renders (` + jobColumns + `) VALUES (?` + strings.Repeat(", ?", len(values)-1) + `)`
		if _, err := tx.ExecContext(ctx, query, values...); err != nil {
			return fmt.Errorf("storing a render: %w", err)
		}
		for _, need := range j.Needs {
			if _, err := tx.ExecContext(ctx, `INSERT INTO render_needs (job, needs) VALUES (?, ?)`, j.ID, need); err != nil {
				return fmt.Errorf("storing what a render needs: %w", err)
			}
		}
		c, err = numbered(ctx, tx, j)
		return err
	})
	return c, err
}

// numbered gives a change the next number of its project.
func numbered(ctx context.Context, tx *sql.Tx, j render.Job) (render.Change, error) {
	c := render.Change{Job: j}
	err := tx.QueryRowContext(ctx, `INSERT INTO render_queues (project, seq, paused) VALUES (?, 1, 0)
		ON CONFLICT (project) DO UPDATE SET seq = seq + 1 RETURNING seq`, j.Project).Scan(&c.Seq)
	if err != nil {
		return c, fmt.Errorf("numbering a change of a render: %w", err)
	}
	return c, nil
}

// apply stores what an event makes of a job.
func apply(ctx context.Context, tx *sql.Tx, j render.Job, e render.Event, now time.Time) (render.Change, error) {
	j, err := j.After(e, now)
	if err != nil {
		return render.Change{}, err
	}
	names := strings.Split(strings.Join(strings.Fields(jobColumns), " "), ", ")
	values := jobValues(j)
	query := `UPDATE renders SET ` + strings.Join(names[1:], " = ?, ") + ` = ? WHERE id = ?`
	if _, err := tx.ExecContext(ctx, query, append(values[1:], j.ID)...); err != nil {
		return render.Change{}, fmt.Errorf("storing a render: %w", err)
	}
	return numbered(ctx, tx, j)
}

// Change applies an event to a job; see render.Store.
func (s *Store) Change(ctx context.Context, job string, e render.Event, now time.Time) (c render.Change, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		j, err := scanJob(tx.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM renders WHERE id = ?`, job).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return render.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("reading a render: %w", err)
		}
		c, err = apply(ctx, tx, j, e, now)
		return err
	})
	return c, err
}

// Claim gives the job that is next to a worker; see render.Store.
func (s *Store) Claim(ctx context.Context, w render.Want) (c render.Change, err error) {
	if len(w.Backends) == 0 {
		return c, render.ErrNone
	}
	// Most looks find nothing: they do not queue behind the writers.
	var some bool
	if err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM renders WHERE state = 'queued' AND not_for <= ?)`, w.Now.UnixMilli()).Scan(&some); err != nil {
		return c, fmt.Errorf("looking for renders: %w", err)
	}
	if !some {
		return c, render.ErrNone
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		workspaces, err := waiting(ctx, tx, w)
		if err != nil {
			return err
		}
		for _, workspace := range workspaces {
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
	return c, err
}

// waiting lists the workspaces that have jobs and may spend, those with the fewest
// running first.
func waiting(ctx context.Context, tx *sql.Tx, w render.Want) (workspaces []string, err error) {
	since := w.Now.Add(-spendingDay).UnixMilli()
	rows, err := tx.QueryContext(ctx, `SELECT w.id, COALESCE(b.jobs, 0), COALESCE(b.seconds, 0), COALESCE(b.cost, 0),
			(SELECT COUNT(*) FROM renders r WHERE r.workspace = w.id AND r.started > MAX(?, 0)),
			(SELECT COALESCE(SUM(seconds), 0) FROM renders r WHERE r.workspace = w.id AND r.started > MAX(?, 0)),
			(SELECT COALESCE(SUM(cost), 0) FROM renders r WHERE r.workspace = w.id AND r.started > MAX(?, 0))
		FROM workspaces w LEFT JOIN render_budgets b ON b.workspace = w.id
		WHERE EXISTS (SELECT 1 FROM renders q WHERE q.workspace = w.id AND q.state = 'queued')
		ORDER BY (SELECT COUNT(*) FROM renders r WHERE r.workspace = w.id AND r.state = 'running'), w.id`, since, since, since)
	type account struct {
		workspace string
		budget    render.Budget
		spent     render.Spent
	}
	all, err := collect(rows, err, "listing workspaces that render", func(scan scanner) (a account, err error) {
		err = scan(&a.workspace, &a.budget.Jobs, &a.budget.Seconds, &a.budget.Cost, &a.spent.Jobs, &a.spent.Seconds, &a.spent.Cost)
		return a, err
	})
	for _, a := range all {
		if a.budget.Allows(a.spent) {
			workspaces = append(workspaces, a.workspace)
		}
	}
	return workspaces, err
}

// nextJob is the first job of a workspace that can be claimed.
func nextJob(ctx context.Context, tx *sql.Tx, workspace string, w render.Want) (render.Job, error) {
	args := []any{workspace, w.Now.UnixMilli()}
	for _, b := range w.Backends {
		args = append(args, b)
	}
	return scanJob(tx.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM renders r
		WHERE workspace = ? AND state = 'queued' AND not_for <= ? AND backend IN (?`+strings.Repeat(", ?", len(w.Backends)-1)+`)
			AND NOT EXISTS (SELECT 1 FROM render_queues q WHERE q.project = r.project AND q.paused = 1)
			AND NOT EXISTS (SELECT 1 FROM render_needs n JOIN renders d ON d.id = n.needs WHERE n.job = r.id AND d.state <> 'done')
		ORDER BY priority DESC, place LIMIT 1`, args...).Scan)
}

// Overdue lists running jobs whose lease has ended.
func (s *Store) Overdue(ctx context.Context, now time.Time) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id FROM renders WHERE state = 'running' AND lease <= ? LIMIT ?`, now.UnixMilli(), overdueJobs)
	return collect(rows, err, "listing lost renders", func(scan scanner) (id string, err error) {
		err = scan(&id)
		return id, err
	})
}

// Job returns a job.
func (s *Store) Job(ctx context.Context, id string) (render.Job, error) {
	j, err := scanJob(s.read.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM renders WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return j, render.ErrNotFound
	}
	if err != nil {
		return j, fmt.Errorf("reading a render: %w", err)
	}
	return j, nil
}

// Jobs lists jobs of a project; see render.Orders.
func (s *Store) Jobs(ctx context.Context, f render.Filter) (jobs []render.Job, seq uint64, err error) {
	tx, err := s.read.BeginTx(ctx, nil) // both parts of the answer are of one moment
	if err != nil {
		return nil, 0, fmt.Errorf("listing renders: %w", err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	err = tx.QueryRowContext(ctx, `SELECT seq FROM render_queues WHERE project = ?`, f.Project).Scan(&seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, 0, fmt.Errorf("listing renders: %w", err)
	}
	query, args := `SELECT `+jobColumns+` FROM renders WHERE project = ?`, []any{f.Project}
	if len(f.States) > 0 {
		query += ` AND state IN (?` + strings.Repeat(", ?", len(f.States)-1) + `)`
		for _, state := range f.States {
			args = append(args, state)
		}
	}
	if f.Before != "" {
		query += ` AND (created, id) < (SELECT created, id FROM renders WHERE id = ?)`
		args = append(args, f.Before)
	}
	rows, err := tx.QueryContext(ctx, query+` ORDER BY created DESC, id DESC LIMIT ?`, append(args, f.Limit)...)
	jobs, err = collect(rows, err, "listing renders", scanJob)
	return jobs, seq, err
}

// SetBudget stores a workspace's budget.
func (s *Store) SetBudget(ctx context.Context, workspace string, b render.Budget) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO render_budgets (workspace, jobs, seconds, cost) VALUES (?, ?, ?, ?)
			ON CONFLICT (workspace) DO UPDATE SET jobs = excluded.jobs, seconds = excluded.seconds, cost = excluded.cost`, workspace, b.Jobs, b.Seconds, b.Cost)
		if err != nil {
			return fmt.Errorf("storing a budget: %w", err)
		}
		return nil
	})
}

// Pause stores whether a project's queue is stopped.
func (s *Store) Pause(ctx context.Context, project string, paused bool) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO render_queues (project, seq, paused) VALUES (?, 0, ?)
			ON CONFLICT (project) DO UPDATE SET paused = excluded.paused`, project, paused)
		if err != nil {
			return fmt.Errorf("pausing a queue: %w", err)
		}
		return nil
	})
}

// Waiting tells what keeps the queued jobs of a project; see render.Orders.
func (s *Store) Waiting(ctx context.Context, project string, now time.Time) (w render.Waiting, err error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return w, fmt.Errorf("reading what renders wait for: %w", err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	var workspace string
	err = tx.QueryRowContext(ctx, `SELECT p.workspace, COALESCE(q.paused, 0) FROM projects p LEFT JOIN render_queues q ON q.project = p.id
		WHERE p.id = ?`, project).Scan(&workspace, &w.Paused)
	if errors.Is(err, sql.ErrNoRows) {
		return w, render.ErrNotFound
	}
	if err != nil {
		return w, fmt.Errorf("reading what renders wait for: %w", err)
	}
	may, err := waiting(ctx, tx, render.Want{Now: now})
	if err != nil {
		return w, err
	}
	rows, err := tx.QueryContext(ctx, `SELECT id FROM renders WHERE workspace = ? AND state = 'queued' ORDER BY priority DESC, place LIMIT ?`, workspace, orderedJobs)
	w.Order, err = collect(rows, err, "listing the queue", func(scan scanner) (id string, err error) {
		err = scan(&id)
		return id, err
	})
	if err != nil {
		return w, err
	}
	w.Budget = len(w.Order) > 0 && !slices.Contains(may, workspace)
	w.Needs, err = needs(ctx, tx, project)
	return w, err
}

// orderedJobs are the jobs whose places in a queue are told.
const orderedJobs = 1000

// needs counts by job what has to be done before it.
func needs(ctx context.Context, tx *sql.Tx, project string) (map[string]int, error) {
	rows, err := tx.QueryContext(ctx, `SELECT n.job FROM render_needs n JOIN renders r ON r.id = n.job JOIN renders d ON d.id = n.needs
		WHERE r.project = ? AND r.state = 'queued' AND d.state <> 'done'`, project)
	jobs, err := collect(rows, err, "listing what renders need", func(scan scanner) (id string, err error) {
		err = scan(&id)
		return id, err
	})
	out := map[string]int{}
	for _, id := range jobs {
		out[id]++
	}
	return out, err
}

// Unchosen lists takes that no scene shows yet; see render.Orders.
func (s *Store) Unchosen(ctx context.Context) ([]render.Job, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+jobColumns+` FROM renders
		WHERE kind = 'scene' AND state = 'done' AND chosen = 0 ORDER BY finished, id LIMIT ?`, overdueJobs)
	return collect(rows, err, "listing takes", scanJob)
}

// Chosen notes that a scene shows a take.
func (s *Store) Chosen(ctx context.Context, job string) error {
	return s.exec(ctx, "choosing a take", `UPDATE renders SET chosen = 1 WHERE id = ?`, job)
}

// Active counts what of a workspace waits and runs; see render.Waits.
func (s *Store) Active(ctx context.Context, workspace string) (map[string]render.Activity, error) {
	type counted struct {
		project string
		render.Activity
	}
	rows, err := s.read.QueryContext(ctx, `SELECT project, SUM(state = 'queued'), SUM(state = 'running'), SUM(progress) / COUNT(*)
		FROM renders WHERE workspace = ? AND state IN ('queued', 'running') GROUP BY project`, workspace)
	all, err := collect(rows, err, "counting renders", func(scan scanner) (c counted, err error) {
		err = scan(&c.project, &c.Queued, &c.Running, &c.Progress)
		return c, err
	})
	out := make(map[string]render.Activity, len(all))
	for _, c := range all {
		out[c.project] = c.Activity
	}
	return out, err
}
