package sqlstore_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/storage/sqlstore"
)

// crowded is a store with so many queued jobs of ten workspaces, each of which has
// a budget, and as many that are done today.
func crowded(b *testing.B, jobs int) *sqlstore.Store {
	b.Helper()
	path := filepath.Join(b.TempDir(), "soratoo.db")
	s, err := sqlstore.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	now := time.Now().UnixMilli()
	for _, query := range []string{
		`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
			INSERT INTO workspaces (id, name, created) SELECT 'w' || i, 'Film', 0 FROM n`,
		`INSERT INTO projects (id, workspace, name, created, updated) SELECT 'p' || substr(id, 2), id, 'Film', 0, 0 FROM workspaces`,
		`INSERT INTO render_workspaces (workspace, jobs, seconds, cost) SELECT id, 1000000, 1e12, 0 FROM workspaces`,
		fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO renders (id, workspace, project, kind, scene, backend, person, title, spec, hash, priority, place, state, attempt, code, reason,
				progress, worker, fence, lease, not_for, asset, frames, seconds, cost, created, started, finished)
			SELECT 'j' || i, 'w' || (i %% 10), 'p' || (i %% 10), 'scene', 's', 'ffmpeg', '', 'Dawn', zeroblob(2000), 'h' || i, i %% 5, i * 1000,
				CASE WHEN i %% 2 THEN 'queued' ELSE 'done' END, 0, '', '', 0, '', 0, 0, 0, '', 48, 2.5, 0, %d + i,
				CASE WHEN i %% 2 THEN 0 ELSE %d END, 0 FROM n`, 2*jobs-1, now, now-1000),
	} {
		if _, err := db.ExecContext(b.Context(), query); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkQueue is what is done again and again, while 100,000 jobs wait.
func BenchmarkQueue(b *testing.B) {
	s := crowded(b, 100_000)
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("claim", func(b *testing.B) {
		for b.Loop() {
			c, err := s.Claim(b.Context(), render.Want{Worker: "n/1", Backends: []string{"ffmpeg"}, Now: time.Now()})
			check(err)
			_, err = s.Change(b.Context(), c.Job.ID, render.Finished{Fence: c.Job.Fence}, time.Now())
			check(err)
		}
	})
	b.Run("ask", func(b *testing.B) {
		for b.Loop() {
			id := auth.NewID()
			_, err := s.AddJob(b.Context(), render.Job{
				ID: id, Workspace: "w1", Project: "p1", Kind: render.Scene, Backend: "ffmpeg", Spec: make([]byte, 2000), Hash: id, State: render.Queued, Created: time.Now(),
			})
			check(err)
		}
	})
	b.Run("waiting", func(b *testing.B) {
		for b.Loop() {
			_, err := s.Waiting(b.Context(), "p1", time.Now())
			check(err)
		}
	})
}
