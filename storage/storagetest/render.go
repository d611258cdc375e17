package storagetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/render"
)

// RenderStore is what the contract of the queue needs: jobs are of projects, and
// make assets.
type RenderStore interface {
	auth.Store
	media.Store
	render.Store
	render.Desk
}

// Render runs the contract of render.Store and render.Desk. Each call of open
// returns an empty store.
func Render(t *testing.T, open func(t *testing.T) RenderStore) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, store RenderStore)
	}{
		{"AJobComesBackAsItWasStored", jobRoundTrip},
		{"JobsAreClaimedByPriorityAndPlace", claimOrder},
		{"WorkspacesTakeTurns", claimFairness},
		{"AJobWaitsForWhatItNeeds", claimNeeds},
		{"PausedProjectsAndSpentBudgetsWait", claimLimits},
		{"OneOfManyWorkersGetsAJob", concurrentClaims},
		{"ALostLeaseIsFoundAndFencesItsWorker", lostLease},
		{"AnEqualResultIsReused", reuse},
		{"JobsAreListedInPages", jobPages},
		{"WhatIsNoJobIsNotFound", absentJobs},
		{"ARetryIsAnotherJobThatIsLinked", retried},
		{"AnEditTakesThePlaceOfWhatItReplaces", replaced},
		{"AJobIsMovedBeforeAnyOther", moved},
		{"OneWorkerServesWorkspacesInTurn", oneWorker},
		{"APausedWorkspaceWaits", pausedWorkspace},
		{"ABudgetIsToldAndStops", budgets},
		{"AnotherNodeTriesFirst", otherNode},
		{"EveryClaimIsTheRightOne", everyClaim},
		{"PacesAreOfTheNewestJobs", paces},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// shop is a workspace with a project to render for.
type shop struct {
	t         *testing.T
	store     RenderStore
	workspace string
	project   string
	clock     time.Time
}

func newShop(t *testing.T, store RenderStore, name string) *shop {
	t.Helper()
	_, w := signUp(t, store, name)
	return &shop{t, store, w.ID, newProject(t, store, w.ID, "Harbour").ID, epoch}
}

// job is one to be asked for.
func (s *shop) job(id string) render.Job {
	return render.Job{
		ID: id, Workspace: s.workspace, Project: s.project, Kind: render.Scene, Scene: "s1", Backend: "test", Person: auth.NewID(),
		Title: "Dawn “1”", Spec: []byte{0, 1, 255}, Hash: id, State: render.Queued, Created: epoch,
	}
}

func (s *shop) ask(id string, change ...func(j *render.Job)) render.Change {
	s.t.Helper()
	j := s.job(id)
	for _, c := range change {
		c(&j)
	}
	changes, err := s.store.AddJob(s.t.Context(), j)
	must(s.t, err)
	return changes[len(changes)-1]
}

// claim is the id of the job that is next, "" when there is none.
func (s *shop) claim() string {
	s.t.Helper()
	s.clock = s.clock.Add(time.Millisecond)
	c, err := s.store.Claim(s.t.Context(), render.Want{Worker: "n/1", Backends: []string{"other", "test"}, Now: s.clock})
	if errors.Is(err, render.ErrNone) {
		return ""
	}
	must(s.t, err)
	if c.Job.State != render.Running || c.Job.Worker != "n/1" {
		s.t.Errorf("claimed %+v", c.Job)
	}
	return c.Job.ID
}

func (s *shop) change(id string, e render.Event) render.Change {
	s.t.Helper()
	c, err := s.store.Change(s.t.Context(), id, e, s.clock)
	must(s.t, err)
	return c
}

func (s *shop) claims(want ...string) {
	s.t.Helper()
	var got []string
	for range want {
		got = append(got, s.claim())
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("claimed %q, want %q", got, want)
	}
}

func jobRoundTrip(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	asked := s.ask("a").Job
	if want := s.job("a"); asked.Place == 0 || asked.Title != want.Title || !reflect.DeepEqual(asked.Spec, want.Spec) {
		t.Errorf("AddJob = %+v, want %+v", asked, want)
	}
	s.claims("a")
	s.change("a", render.Beat{Fence: 1, Progress: 0.25})
	c := s.change("a", render.Finished{Fence: 1, Result: render.Result{Asset: "x", Frames: 48, Seconds: 1.5, Cost: 0.25}})
	got, err := store.Job(t.Context(), "a")
	must(t, err)
	want := asked
	want.State, want.Attempt, want.Fence, want.Progress = render.Done, 1, 1, 1
	want.Result = render.Result{Asset: "x", Frames: 48, Seconds: 1.5, Cost: 0.25}
	want.Started, want.Finished = s.clock, s.clock
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(c.Job, want) {
		t.Errorf("Job = %+v, changed to %+v, want %+v", got, c.Job, want)
	}
	if c.Seq != 4 {
		t.Errorf("the fourth change has the number %d", c.Seq)
	}
}

func claimOrder(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	s.ask("a")
	s.ask("b", func(j *render.Job) { j.Priority = 5 })
	s.ask("c", func(j *render.Job) { j.Priority = -5 })
	d := s.ask("d").Job
	s.ask("e", func(j *render.Job) { j.Backend = "elsewhere" })
	s.ask("f", func(j *render.Job) { j.NotFor = epoch.Add(time.Hour) })
	a, err := store.Job(t.Context(), "a")
	must(t, err)
	s.change("d", render.Moved{Priority: d.Priority, Place: a.Place - 1})
	s.claims("b", "d", "a", "c", "")
	s.clock = epoch.Add(time.Hour)
	s.claims("f", "")
}

func claimFairness(t *testing.T, store RenderStore) {
	a, b := newShop(t, store, "Ada"), newShop(t, store, "Ben")
	for i := range 4 {
		a.ask(fmt.Sprint("a", i), func(j *render.Job) { j.Priority = 50 })
	}
	b.ask("b0")
	b.ask("b1")
	turns := map[byte]int{}
	for range 4 {
		turns[a.claim()[0]]++
	}
	if turns['a'] != 2 || turns['b'] != 2 {
		t.Errorf("of four claims two workspaces had %v", turns)
	}
	a.claims("a2", "a3", "")
}

func claimNeeds(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	s.ask("take1")
	s.ask("take2")
	s.ask("cut", func(j *render.Job) { j.Needs, j.Priority = []string{"take1", "take2"}, 9 })
	s.claims("take1", "take2", "")
	s.change("take1", render.Finished{Fence: 1})
	s.claims("")
	s.change("take2", render.Finished{Fence: 1})
	s.claims("cut")
}

func claimLimits(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	for i := range 5 {
		s.ask(fmt.Sprint(i))
	}
	must(t, store.Pause(t.Context(), s.project, true))
	s.claims("")
	must(t, store.Pause(t.Context(), s.project, false))
	must(t, store.SetBudget(t.Context(), s.workspace, render.Budget{Jobs: 2}))
	s.claims("0", "1", "")
	must(t, store.SetBudget(t.Context(), s.workspace, render.Budget{Cost: 1}))
	s.change("0", render.Finished{Fence: 1, Result: render.Result{Cost: 0.75}})
	s.claims("2")
	s.change("2", render.Finished{Fence: 1, Result: render.Result{Cost: 0.5}})
	s.claims("")
	s.clock = s.clock.Add(25 * time.Hour) // another day
	s.claims("3")
}

func concurrentClaims(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	const jobs, workers = 20, 6
	for i := range jobs {
		s.ask(fmt.Sprint(i))
	}
	var mu sync.Mutex
	claimed, seqs := map[string]int{}, []uint64{}
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for {
				c, err := store.Claim(t.Context(), render.Want{Worker: fmt.Sprint(w), Backends: []string{"test"}, Now: epoch})
				if err != nil {
					if !errors.Is(err, render.ErrNone) {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				claimed[c.Job.ID]++
				seqs = append(seqs, c.Seq)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("job %s was claimed %d times", id, n)
		}
	}
	slices.Sort(seqs)
	if len(claimed) != jobs || seqs[0] != jobs+1 || seqs[len(seqs)-1] != 2*jobs {
		t.Errorf("%d jobs claimed, with numbers %v", len(claimed), seqs)
	}
}

func lostLease(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	s.ask("a")
	s.claims("a")
	late := s.clock.Add(render.Lease)
	for now, want := range map[time.Time]int{late.Add(-time.Millisecond): 0, late: 1} {
		if ids, err := store.Overdue(t.Context(), now); err != nil || len(ids) != want {
			t.Errorf("at %v Overdue = %v, %v, want %d", now, ids, err, want)
		}
	}
	s.clock = late
	s.change("a", render.LeaseEnded{})
	s.clock = s.clock.Add(time.Minute)
	s.claims("a")
	_, err := store.Change(t.Context(), "a", render.Finished{Fence: 1}, s.clock)
	if !errors.Is(err, render.ErrFenced) {
		t.Errorf("the first worker finished: %v", err)
	}
	s.change("a", render.Finished{Fence: 2})
}

func reuse(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	same := func(j *render.Job) { j.Hash = "same" }
	s.ask("a", same)
	s.claims("a")
	asset := newAsset(s.project)
	must(t, store.AddAsset(t.Context(), asset, 1<<30))
	s.change("a", render.Finished{Fence: 1, Result: render.Result{Asset: asset.ID, Frames: 9, Cost: 2}})
	if b := s.ask("b", same).Job; b.State != render.Done || b.Result.Asset != asset.ID || b.Result.Cost != 0 {
		t.Errorf("an equal job is %s with %+v", b.State, b.Result)
	}
	other := newShop(t, store, "Ben")
	if c := other.ask("c", same).Job; c.State != render.Queued {
		t.Errorf("another workspace got the result: %+v", c)
	}
	must(t, store.DeleteAsset(t.Context(), asset.ID))
	if d := s.ask("d", same).Job; d.State != render.Queued {
		t.Errorf("a result that is gone was reused: %+v", d)
	}
}

func jobPages(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	for i := range 5 {
		s.ask(fmt.Sprint(i), func(j *render.Job) { j.Created = epoch.Add(time.Duration(i/2) * time.Second) })
	}
	s.change("3", render.Cancel{})
	var got []string
	for before := ""; ; {
		page, seq, err := store.Jobs(t.Context(), render.Filter{Project: s.project, Before: before, Limit: 2})
		must(t, err)
		if seq != 6 {
			t.Errorf("after 6 events the number is %d", seq)
		}
		if len(page) == 0 {
			break
		}
		for _, j := range page {
			got = append(got, j.ID)
		}
		before = page[len(page)-1].ID
	}
	if want := []string{"4", "3", "2", "1", "0"}; !slices.Equal(got, want) {
		t.Errorf("the pages have %v, want %v", got, want)
	}
	queued, _, err := store.Jobs(t.Context(), render.Filter{Project: s.project, States: []render.State{render.Queued}, Limit: 9})
	if err != nil || len(queued) != 4 {
		t.Errorf("%d are queued, %v, want 4", len(queued), err)
	}
}

func absentJobs(t *testing.T, store RenderStore) {
	if _, err := store.Job(t.Context(), "x"); !errors.Is(err, render.ErrNotFound) {
		t.Errorf("Job: %v", err)
	}
	if _, err := store.Change(t.Context(), "x", render.Cancel{}, epoch); !errors.Is(err, render.ErrNotFound) {
		t.Errorf("Change: %v", err)
	}
	if jobs, seq, err := store.Jobs(t.Context(), render.Filter{Project: "x", Limit: 3}); len(jobs) > 0 || seq != 0 || err != nil {
		t.Errorf("Jobs = %v, %d, %v", jobs, seq, err)
	}
}
