package sqlstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/storage/sqlstore"
	"github.com/soratoo/soratoo/storage/storagetest"
	"github.com/soratoo/soratoo/storage/testservers"
)

func TestShared(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		storagetest.Shared(t, func(t *testing.T) []storagetest.SharedLog { return []storagetest.SharedLog{openTemp(t)} })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		storagetest.Shared(t, func(t *testing.T) []storagetest.SharedLog {
			a, b := pair(t)
			return []storagetest.SharedLog{a, b}
		})
	})
}

func TestNodes(t *testing.T) {
	databases(t, func(t *testing.T, open opener) {
		storagetest.Nodes(t, func(t *testing.T) rooms.Nodes { return open(t) })
	})
}

// pair is two nodes' stores on one database.
func pair(t *testing.T) (a, b *sqlstore.Store) {
	t.Helper()
	url := testservers.Copy(t, migrated)
	m := newMaster(t)
	return sealedBy(t, connect(t, url), m), sealedBy(t, connect(t, url), m)
}

// Nodes that start at once on an empty database make its schema once.
func TestNodesStartAtOnce(t *testing.T) {
	url := testservers.Database(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			s, err := sqlstore.OpenPostgres(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// Two owners who take each other out of a workspace at once leave one.
func TestTwoOwnersWhoRemoveEachOtherLeaveOne(t *testing.T) {
	a, b := pair(t)
	for round := range 5 {
		w := auth.Workspace{ID: fmt.Sprint("w", round), Name: "W", Created: time.UnixMilli(1)}
		one, two := fmt.Sprint("one", round), fmt.Sprint("two", round)
		if err := errors.Join(
			a.CreateAccount(t.Context(), auth.Account{ID: one, Email: one}, w),
			a.CreateAccount(t.Context(), auth.Account{ID: two, Email: two}, auth.Workspace{ID: "own" + two}),
			a.SetMember(t.Context(), w.ID, two, auth.RoleOwner),
		); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		var errs [2]error
		group.Go(func() { errs[0] = a.RemoveMember(t.Context(), w.ID, one) })
		group.Go(func() { errs[1] = b.RemoveMember(t.Context(), w.ID, two) })
		group.Wait()
		left, err := a.Members(t.Context(), w.ID, auth.Page{Limit: 10})
		if err != nil || len(left) != 1 {
			t.Errorf("round %d: %d owners are left (%v), answers %v", round, len(left), err, errs)
		}
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("round %d: answers %v", round, errs)
		}
	}
}

// Workers of two nodes never get one job, nor a job that the budget has no room for.
func TestNodesNeverClaimOneJobTwice(t *testing.T) {
	a, b := pair(t)
	const jobs, allowed = 60, 40
	if err := errors.Join(
		a.CreateAccount(t.Context(), auth.Account{ID: "p", Email: "p"}, auth.Workspace{ID: "w", Created: time.UnixMilli(1)}),
		a.CreateProject(t.Context(), auth.Project{ID: "film", Workspace: "w"}),
		a.SetBudget(t.Context(), "w", render.Budget{Jobs: allowed}),
	); err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1 << 40)
	for i := range jobs {
		j := render.Job{ID: fmt.Sprint("j", i), Workspace: "w", Project: "film", Kind: render.Scene, Backend: "x", Hash: fmt.Sprint(i), State: render.Queued, Created: now}
		if _, err := a.AddJob(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	claimed := map[string]int{}
	for w := range 20 {
		s := []*sqlstore.Store{a, b}[w%2]
		group.Go(func() {
			for {
				c, err := s.Claim(t.Context(), render.Want{Worker: fmt.Sprintf("n%d/%d", w%2, w), Backends: []string{"x"}, Now: now.Add(time.Second)})
				if errors.Is(err, render.ErrNone) {
					return
				}
				if err != nil {
					t.Errorf("Claim = %v", err)
					return
				}
				mu.Lock()
				claimed[c.Job.ID]++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if len(claimed) != allowed {
		t.Errorf("%d jobs were claimed, want the %d of the budget", len(claimed), allowed)
	}
	for id, n := range claimed {
		if n > 1 {
			t.Errorf("%s was claimed %d times", id, n)
		}
	}
}
