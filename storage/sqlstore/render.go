package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/render"
)

const (
	overdueJobs = 32      // put back at once
	placeGap    = 1 << 20 // between two jobs, for others to be moved between
)

// jobColumns are those of a job, in the order of scanJob and jobValues.
const jobColumns = `id, workspace, project, kind, scene, backend, person, title, spec, hash, priority, place,
	state, attempt, code, reason, progress, worker, fence, lease, not_for, asset, frames, seconds, cost, created, started, finished,
	retries, replaces, length, avoid`

func scanJob(scan scanner) (j render.Job, err error) {
	var lease, notFor, created, started, finished int64
	err = scan(&j.ID, &j.Workspace, &j.Project, &j.Kind, &j.Scene, &j.Backend, &j.Person, &j.Title, &j.Spec, &j.Hash, &j.Priority, &j.Place,
		&j.State, &j.Attempt, &j.Reason.Code, &j.Reason.Message, &j.Progress, &j.Worker, &j.Fence, &lease, &notFor,
		&j.Result.Asset, &j.Result.Frames, &j.Result.Seconds, &j.Result.Cost, &created, &started, &finished,
		&j.Retries, &j.Replaces, &j.Length, &j.Avoid)
	j.Lease, j.NotFor, j.Created, j.Started, j.Finished = atOrNever(lease), atOrNever(notFor), atOrNever(created), atOrNever(started), atOrNever(finished)
	return j, err
}

func jobValues(j render.Job) []any {
	return []any{
		j.ID, j.Workspace, j.Project, j.Kind, j.Scene, j.Backend, j.Person, j.Title, blob(j.Spec), j.Hash, j.Priority, int64(j.Place),
		j.State, j.Attempt, j.Reason.Code, j.Reason.Message, j.Progress, j.Worker, int64(j.Fence), unixOrNever(j.Lease), unixOrNever(j.NotFor),
		j.Result.Asset, j.Result.Frames, j.Result.Seconds, j.Result.Cost, unixOrNever(j.Created), unixOrNever(j.Started), unixOrNever(j.Finished),
		j.Retries, j.Replaces, j.Length, j.Avoid,
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
func (s *Store) AddJob(ctx context.Context, j render.Job) (changes []render.Change, err error) {
	if err := s.sealJob(ctx, &j); err != nil {
		return nil, err
	}
	err = s.locking(ctx, func(tx transaction) error {
		changes = nil
		var last sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT MAX(place) FROM renders WHERE project = $1`, j.Project).Scan(&last); err != nil {
			return fmt.Errorf("placing a render: %w", err)
		}
		j.Place = uint64(last.Int64) + placeGap
		if err := wanted(ctx, tx, j); err != nil {
			return err
		}
		if j.Replaces != "" {
			c, err := replaced(ctx, tx, &j)
			if err != nil {
				return err
			}
			changes = append(changes, c)
		}
		if j, err = reused(ctx, tx, j); err != nil {
			return err
		}
		values := jobValues(j)
		query := `INSERT INTO renders (` + jobColumns + `) VALUES (` + params(1, len(values)) + `)`
		if _, err := tx.ExecContext(ctx, query, values...); err != nil {
			return fmt.Errorf("storing a render: %w", err)
		}
		if err := storeNeeds(ctx, tx, j); err != nil {
			return err
		}
		c, err := numbered(ctx, tx, j)
		changes = append(changes, c)
		return err
	})
	for i := 0; i < len(changes) && err == nil; i++ {
		err = s.openJob(ctx, &changes[i].Job)
	}
	return changes, err
}

// wanted checks that a job which is to be tried again is over, and that nobody tries
// it again already.
func wanted(ctx context.Context, tx transaction, j render.Job) error {
	if j.Retries == "" {
		return nil
	}
	var state render.State
	var again bool
	err := tx.QueryRowContext(ctx, `SELECT state, EXISTS (SELECT 1 FROM renders n WHERE n.retries <> '' AND n.retries = r.id AND n.state IN ('queued', 'running'))
		FROM renders r WHERE id = $1 AND project = $2`+tx.exclusive, j.Retries, j.Project).Scan(&state, &again)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return render.ErrNotFound
	case err != nil:
		return fmt.Errorf("reading the render to try again: %w", err)
	case again:
		return fmt.Errorf("%w: it is tried again already", render.ErrState)
	case state != render.Failed && state != render.Canceled:
		return fmt.Errorf("%w: retried while %s", render.ErrState, state)
	}
	return nil
}

// replaced cancels the waiting job that j replaces and gives j its place.
func replaced(ctx context.Context, tx transaction, j *render.Job) (c render.Change, err error) {
	old, err := readJob(ctx, tx, j.Replaces, tx.exclusive)
	if err == nil && old.Project != j.Project {
		err = render.ErrNotFound
	}
	if err != nil {
		return c, err
	}
	j.Priority, j.Place = old.Priority, old.Place
	return apply(ctx, tx, old, render.Cancel{Waiting: true}, j.Created)
}

// reused is j, done if an equal job is.
func reused(ctx context.Context, tx transaction, j render.Job) (render.Job, error) {
	old, err := scanJob(tx.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM renders r
		WHERE workspace = $1 AND state = 'done' AND hash = $2 AND EXISTS (SELECT 1 FROM assets a WHERE a.id = r.asset AND a.project = $3)
		LIMIT 1`, j.Workspace, j.Hash, j.Project).Scan)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return j, nil
	case err != nil:
		return j, fmt.Errorf("looking for an equal render: %w", err)
	}
	return j.After(render.Reused{Result: old.Result}, j.Created)
}

// storeNeeds stores what a job needs. One that stands for another needs what that
// needed, and is needed where that was.
func storeNeeds(ctx context.Context, tx transaction, j render.Job) error {
	for _, need := range j.Needs {
		if _, err := tx.ExecContext(ctx, `INSERT INTO render_needs (job, needs) VALUES ($1, $2)`, j.ID, need); err != nil {
			return fmt.Errorf("storing what a render needs: %w", err)
		}
	}
	for _, old := range []string{j.Retries, j.Replaces} {
		if old == "" {
			continue
		}
		for _, query := range []string{
			`INSERT INTO render_needs (job, needs) SELECT $1, needs FROM render_needs WHERE job = $2 ON CONFLICT DO NOTHING`,
			`UPDATE render_needs SET needs = $1 WHERE needs = $2 AND job IN (SELECT id FROM renders WHERE state = 'queued')
				AND job NOT IN (SELECT job FROM render_needs WHERE needs = $1)`,
		} {
			if _, err := tx.ExecContext(ctx, query, j.ID, old); err != nil {
				return fmt.Errorf("storing what a render needs: %w", err)
			}
		}
	}
	return nil
}

// numbered gives a change the next number of its project.
func numbered(ctx context.Context, tx transaction, j render.Job) (render.Change, error) {
	c := render.Change{Job: j}
	err := tx.QueryRowContext(ctx, `INSERT INTO render_queues (project, seq, paused) VALUES ($1, 1, FALSE)
		ON CONFLICT (project) DO UPDATE SET seq = render_queues.seq + 1 RETURNING seq`, j.Project).Scan(&c.Seq)
	if err != nil {
		return c, fmt.Errorf("numbering a change of a render: %w", err)
	}
	return c, nil
}

// apply stores what an event makes of a job.
func apply(ctx context.Context, tx transaction, j render.Job, e render.Event, now time.Time) (render.Change, error) {
	j, err := j.After(e, now)
	if err != nil {
		return render.Change{}, err
	}
	values := jobValues(j)
	query := `UPDATE renders SET (` + jobColumns + `) = (` + params(1, len(values)) + `) WHERE id = $1`
	if _, err := tx.ExecContext(ctx, query, values...); err != nil {
		return render.Change{}, fmt.Errorf("storing a render: %w", err)
	}
	return numbered(ctx, tx, j)
}

// Change applies an event to a job; see render.Store.
func (s *Store) Change(ctx context.Context, job string, e render.Event, now time.Time) (c render.Change, err error) {
	err = s.locking(ctx, func(tx transaction) error {
		j, err := readJob(ctx, tx, job, tx.exclusive)
		if err != nil {
			return err
		}
		c, err = apply(ctx, tx, j, e, now)
		return err
	})
	return s.openChange(ctx, c, err)
}

// Overdue lists running jobs whose lease has ended.
func (s *Store) Overdue(ctx context.Context, now time.Time) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id FROM renders WHERE state = 'running' AND lease <= $1 LIMIT $2`, now.UnixMilli(), overdueJobs)
	return collect(rows, err, "listing lost renders", scanID)
}

// Job returns a job.
func (s *Store) Job(ctx context.Context, id string) (render.Job, error) {
	j, err := readJob(ctx, s.read, id, "")
	if err == nil {
		err = s.openJob(ctx, &j)
	}
	return j, err
}

// rower is a database or a transaction.
type rower interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readJob reads a job, in a transaction with a lock that is its dialect's.
func readJob(ctx context.Context, from rower, id, lock string) (render.Job, error) {
	j, err := scanJob(from.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM renders WHERE id = $1`+lock, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return j, render.ErrNotFound
	}
	if err != nil {
		return j, fmt.Errorf("reading a render: %w", err)
	}
	return j, nil
}

// MoveJob gives a queued job another priority and place; see render.Orders.
func (s *Store) MoveJob(ctx context.Context, id string, to render.Spot, now time.Time) (c render.Change, err error) {
	err = s.locking(ctx, func(tx transaction) error {
		j, err := readJob(ctx, tx, id, tx.exclusive)
		if err != nil {
			return err
		}
		e := render.Moved{Priority: to.Priority, Place: j.Place}
		if to.Before != "" && to.Before != id {
			if e, err = before(ctx, tx, j, to.Before); err != nil {
				return err
			}
		}
		c, err = apply(ctx, tx, j, e, now)
		return err
	})
	return s.openChange(ctx, c, err)
}

// before is the event that puts a job right before another one.
func before(ctx context.Context, tx transaction, j render.Job, id string) (e render.Moved, err error) {
	other, err := readJob(ctx, tx, id, tx.exclusive)
	switch {
	case err != nil:
		return e, err
	case other.Project != j.Project:
		return e, render.ErrNotFound
	case other.State != render.Queued:
		return e, fmt.Errorf("%w: moved before what does not wait any more", render.ErrState)
	}
	// Of two that have one place, the older is first: there is no room between them,
	// nor after 0. Then all of the priority get room.
	var last sql.NullInt64
	err = tx.QueryRowContext(ctx, `SELECT MAX(place) FROM renders WHERE workspace = $1 AND state = 'queued' AND priority = $2 AND place <= $3 AND id NOT IN ($4, $5)`,
		j.Workspace, other.Priority, int64(other.Place), other.ID, j.ID).Scan(&last)
	if err != nil {
		return e, fmt.Errorf("looking for a place for a render: %w", err)
	}
	if int64(other.Place)-last.Int64 < 2 {
		if err := spread(ctx, tx, other); err != nil {
			return e, err
		}
		return before(ctx, tx, j, id)
	}
	return render.Moved{Priority: other.Priority, Place: uint64(last.Int64+int64(other.Place)) / 2}, nil
}

// spread gives the queued jobs of a workspace and a priority places far from each
// other, in the order that they have.
func spread(ctx context.Context, tx transaction, like render.Job) error {
	rows, err := tx.QueryContext(ctx, `SELECT id FROM renders WHERE workspace = $1 AND state = 'queued' AND priority = $2 ORDER BY place, created, id`, like.Workspace, like.Priority)
	ids, err := collect(rows, err, "listing the queue", scanID)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if _, err := tx.ExecContext(ctx, `UPDATE renders SET place = $1 WHERE id = $2`, (i+1)*placeGap, id); err != nil {
			return fmt.Errorf("giving renders room: %w", err)
		}
	}
	return nil
}

func scanID(scan scanner) (id string, err error) {
	err = scan(&id)
	return id, err
}

// Jobs lists jobs of a project; see render.Orders.
func (s *Store) Jobs(ctx context.Context, f render.Filter) (jobs []render.Job, seq uint64, err error) {
	query, args := `SELECT `+jobColumns+` FROM renders WHERE project = $1`, []any{f.Project}
	if len(f.States) > 0 {
		query += ` AND state IN (` + params(2, len(f.States)) + `)`
		args = append(args, anys(f.States)...)
	}
	if f.Before != "" {
		args = append(args, f.Before)
		query += fmt.Sprintf(` AND (created, id) < (SELECT b.created, b.id FROM renders b WHERE b.id = $%d)`, len(args))
	}
	args = append(args, f.Limit)
	query += fmt.Sprintf(` ORDER BY created DESC, id DESC LIMIT $%d`, len(args))
	err = s.view(ctx, func(tx transaction) error { // both parts of the answer are of one moment
		err := tx.QueryRowContext(ctx, `SELECT seq FROM render_queues WHERE project = $1`, f.Project).Scan(&seq)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("listing renders: %w", err)
		}
		rows, err := tx.QueryContext(ctx, query, args...)
		jobs, err = collect(rows, err, "listing renders", scanJob)
		return err
	})
	jobs, err = s.openAll(ctx, jobs, err)
	return jobs, seq, err
}

// orderedJobs are the jobs whose places in a queue are told.
const orderedJobs = 1000

// needs counts by job what has to be done before it. Few jobs need others: it looks
// at those, not at the project's.
func needs(ctx context.Context, tx transaction, project string) (map[string]int, error) {
	rows, err := tx.QueryContext(ctx, `SELECT n.job FROM render_needs n
		WHERE (SELECT r.project FROM renders r WHERE r.id = n.job AND r.state = 'queued') = $1 AND (SELECT d.state FROM renders d WHERE d.id = n.needs) <> 'done'`, project)
	jobs, err := collect(rows, err, "listing what renders need", scanID)
	out := map[string]int{}
	for _, id := range jobs {
		out[id]++
	}
	return out, err
}

// Unchosen lists takes that no scene shows yet; see render.Orders.
func (s *Store) Unchosen(ctx context.Context) ([]render.Job, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+jobColumns+` FROM renders
		WHERE kind = 'scene' AND state = 'done' AND NOT chosen ORDER BY finished, id LIMIT $1`, overdueJobs)
	jobs, err := collect(rows, err, "listing takes", scanJob)
	return s.openAll(ctx, jobs, err)
}

// Chosen notes that a scene shows a take.
func (s *Store) Chosen(ctx context.Context, job string) error {
	return s.exec(ctx, "choosing a take", `UPDATE renders SET chosen = TRUE WHERE id = $1`, job)
}

// Active counts what of a workspace waits and runs; see render.Waits.
func (s *Store) Active(ctx context.Context, workspace string) (map[string]render.Activity, error) {
	type counted struct {
		project string
		render.Activity
	}
	rows, err := s.read.QueryContext(ctx, `SELECT project, COUNT(*) FILTER (WHERE state = 'queued'), COUNT(*) FILTER (WHERE state = 'running'), SUM(progress) / COUNT(*)
		FROM renders WHERE workspace = $1 AND state IN ('queued', 'running') GROUP BY project`, workspace)
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
