package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/render"
)

// refused checks that adding a job ends with an error.
func (s *shop) refused(want error, change func(j *render.Job)) {
	s.t.Helper()
	j := s.job("refused")
	change(&j)
	if _, err := s.store.AddJob(s.t.Context(), j); !errors.Is(err, want) {
		s.t.Errorf("AddJob of %+v: %v, want %v", j, err, want)
	}
}

func (s *shop) get(id string) render.Job {
	s.t.Helper()
	j, err := s.store.Job(s.t.Context(), id)
	must(s.t, err)
	return j
}

func retried(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	s.ask("base")
	s.ask("a", func(j *render.Job) { j.Needs, j.Length = []string{"base"}, 48 })
	s.ask("cut", func(j *render.Job) { j.Needs = []string{"a"} })
	again := func(j *render.Job) { j.Retries = "a" }
	s.refused(render.ErrState, again)
	s.change("a", render.Cancel{})
	s.refused(render.ErrNotFound, func(j *render.Job) { j.Retries = "nope" })
	other := newShop(t, store, "Ben")
	other.refused(render.ErrNotFound, again)
	if b := s.ask("b", again).Job; b.Retries != "a" || b.State != render.Queued {
		t.Errorf("tried again: %+v", b)
	}
	s.refused(render.ErrState, again) // somebody else was faster
	if a, b := s.get("a"), s.get("b"); a.State != render.Canceled || a.Length != 48 || b.Retries != "a" {
		t.Errorf("stored: %+v and %+v", a, b)
	}
	// It needs what the first one needed, and is needed where that was.
	s.claims("base", "")
	s.change("base", render.Finished{Fence: 1})
	s.claims("b", "")
	s.change("b", render.Finished{Fence: 1})
	s.claims("cut")
}

func replaced(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	s.ask("a")
	s.ask("b", func(j *render.Job) { j.Priority = 7 })
	s.ask("c", func(j *render.Job) { j.Priority = 7 })
	edit := func(j *render.Job) { j.Replaces = "b" }
	newShop(t, store, "Ben").refused(render.ErrNotFound, edit)
	j := s.job("b2")
	edit(&j)
	changes, err := store.AddJob(t.Context(), j)
	must(t, err)
	if len(changes) != 2 || changes[0].Job.ID != "b" || changes[0].Job.State != render.Canceled || changes[1].Seq != changes[0].Seq+1 || changes[1].Job.Replaces != "b" {
		t.Errorf("the changes are %+v", changes)
	}
	s.refused(render.ErrState, edit)
	s.claims("b2", "c", "a", "")
	s.refused(render.ErrState, func(j *render.Job) { j.Replaces = "c" })
}

func moved(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	var want []string
	for i := range 6 {
		want = append(want, s.ask(fmt.Sprint(i)).Job.ID)
	}
	s.ask("other", func(j *render.Job) { j.Priority = -3 })
	// Again and again into one gap, which has no room in the end.
	for i := range 60 {
		id := want[len(want)-1]
		if i%3 == 0 {
			id = want[0]
		}
		to := 1 + i%4
		before := want[to]
		want = slices.DeleteFunc(want, func(one string) bool { return one == id })
		if before != id {
			want = slices.Insert(want, slices.Index(want, before), id)
		} else {
			want = slices.Insert(want, to, id)
		}
		_, err := store.MoveJob(t.Context(), id, render.Spot{Before: before}, s.clock)
		must(t, err)
		w, err := store.Waiting(t.Context(), s.project, s.clock)
		must(t, err)
		if !slices.Equal(w.Order[:6], want) {
			t.Fatalf("after move %d of %s before %s the order is %v, want %v", i, id, before, w.Order, want)
		}
	}
	_, err := store.MoveJob(t.Context(), "other", render.Spot{Before: want[0]}, s.clock)
	must(t, err)
	s.claims("other", want[0])
	for before, want := range map[string]error{"nope": render.ErrNotFound, "other": render.ErrState, newShop(t, store, "Ben").ask("ben's").Job.ID: render.ErrNotFound} {
		if _, err := store.MoveJob(t.Context(), "5", render.Spot{Before: before}, s.clock); !errors.Is(err, want) {
			t.Errorf("moved before %s: %v, want %v", before, err, want)
		}
	}
}

func oneWorker(t *testing.T, store RenderStore) {
	a, b := newShop(t, store, "Ada"), newShop(t, store, "Ben")
	for i := range 6 {
		a.ask(fmt.Sprint("a", i))
		b.ask(fmt.Sprint("b", i))
	}
	var turns strings.Builder
	for range 6 {
		id := a.claim()
		turns.WriteString(id[:1])
		a.change(id, render.Finished{Fence: 1})
	}
	if turns.String() != "ababab" && turns.String() != "bababa" {
		t.Errorf("one worker did jobs of %s", turns.String())
	}
}

func pausedWorkspace(t *testing.T, store RenderStore) {
	s, other := newShop(t, store, "Ada"), newShop(t, store, "Ben")
	s.ask("a")
	other.ask("b")
	must(t, store.SetBudget(t.Context(), s.workspace, render.Budget{Jobs: 3}))
	must(t, store.PauseAll(t.Context(), s.workspace, true))
	s.claims("b", "")
	w, err := store.Waiting(t.Context(), s.project, s.clock)
	must(t, err)
	account, err := store.Spending(t.Context(), s.workspace, s.clock)
	must(t, err)
	if !w.Stopped || w.Paused || !account.Paused || account.Budget.Jobs != 3 || !slices.Equal(account.Projects, []string{s.project}) {
		t.Errorf("it waits for %+v, the account is %+v", w, account)
	}
	must(t, store.PauseAll(t.Context(), s.workspace, false))
	s.claims("a", "")
}

func budgets(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	for i := range 4 {
		s.ask(fmt.Sprint(i))
	}
	nearing := func(want int) {
		t.Helper()
		told, err := store.Nearing(t.Context(), s.clock)
		if err != nil || len(told) != want || want > 0 && !slices.Equal(told[0].Projects, []string{s.project}) {
			t.Errorf("at %v told %+v, %v, want %d", s.clock, told, err, want)
		}
	}
	overspent := func(want ...string) {
		t.Helper()
		if ids, err := store.Overspent(t.Context(), s.clock); err != nil || !slices.Equal(ids, want) {
			t.Errorf("at %v to be stopped are %v, %v, want %v", s.clock, ids, err, want)
		}
	}
	budget := render.Budget{Seconds: 100, StopSeconds: 150, Cost: 9}
	must(t, store.SetBudget(t.Context(), s.workspace, budget))
	s.claims("0")
	s.clock = s.clock.Add(79 * time.Second) // what runs counts
	nearing(0)
	s.clock = s.clock.Add(2 * time.Second)
	nearing(1)
	nearing(0)
	s.change("0", render.Broke{Fence: 1}) // and so does what failed
	s.claims("1")
	s.clock = s.clock.Add(20 * time.Second)
	s.claims("")
	overspent()
	s.clock = s.clock.Add(50 * time.Second)
	overspent("1")
	account, err := store.Spending(t.Context(), s.workspace, s.clock)
	must(t, err)
	if account.Budget != budget || account.Spent.Jobs != 2 || account.Spent.Seconds < 150 || account.Spent.Seconds > 152 {
		t.Errorf("the account is %+v", account)
	}
	s.change("1", render.Stopped{Reason: render.Reason{Code: "budget"}})
	overspent()
	s.clock = s.clock.Add(24 * time.Hour)
	nearing(0)
	s.claims("2")
	s.clock = s.clock.Add(90 * time.Second)
	nearing(1)
}

func otherNode(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	alive := func(worker, backend string) {
		must(t, store.Alive(t.Context(), render.Want{Worker: worker, Backends: []string{backend}, Now: s.clock}))
	}
	breaks := func() {
		t.Helper()
		s.claims("a")
		s.change("a", render.Broke{Fence: s.get("a").Fence, Repeatable: true})
		s.clock = s.get("a").NotFor
	}
	s.ask("a")
	alive("n/", "test")
	breaks()
	alive("m/", "elsewhere")
	breaks() // nobody else can do it
	alive("m/", "test")
	s.claims("")
	other, err := store.Claim(t.Context(), render.Want{Worker: "m/0", Backends: []string{"test"}, Now: s.clock})
	if err != nil || other.Job.ID != "a" || other.Job.Avoid != "" {
		t.Fatalf("the other node claims %+v, %v", other.Job, err)
	}
	s.change("a", render.Released{Fence: other.Job.Fence})
	breaks()
	for range 6 { // the other is there, but does not come
		alive("m/", "test")
		s.claims("")
		s.clock = s.clock.Add(render.Shy / 6)
	}
	s.claims("a")
}

func paces(t *testing.T, store RenderStore) {
	s := newShop(t, store, "Ada")
	s.ask("a")
	s.ask("b", func(j *render.Job) { j.Kind, j.Backend, j.Length = render.Delivery, "other", 100 })
	s.claims("a", "b")
	s.change("b", render.Beat{Fence: 1, Progress: 0.25})
	s.clock = s.clock.Add(2*time.Second - time.Millisecond)
	s.change("a", render.Finished{Fence: 1, Result: render.Result{Asset: "x", Frames: 48}})
	want := []render.Pace{{Kind: render.Scene, Backend: "test", Frames: 48, Took: 2 * time.Second}}
	if got, err := store.Paces(t.Context()); err != nil || !slices.Equal(got, want) {
		t.Errorf("Paces = %v, %v, want %v", got, err, want)
	}
	s.ask("c", func(j *render.Job) { j.Length = 10 })
	w, err := store.Waiting(t.Context(), s.project, s.clock)
	must(t, err)
	before := []render.Pace{{Kind: render.Delivery, Backend: "other", Frames: 75}, {Kind: render.Scene, Backend: "test", Frames: 10}}
	if !slices.Equal(w.Before, before) {
		t.Errorf("before the next are %+v, want %+v", w.Before, before)
	}
}
