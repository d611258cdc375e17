package storagetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/soratoo/soratoo/render"
)

// market is a store with shops, and what its queue has to be like.
type market struct {
	t      *testing.T
	store  RenderStore
	rand   *rand.Rand
	shops  []*shop
	clock  time.Time
	jobs   map[string]render.Job
	paused map[string]bool // workspaces and projects
	last   map[string]time.Time
}

// everyClaim does at random what people and workers do, and checks each claim by
// the rule of render.Store: whose turn it is, priority, place; nothing is lost.
func everyClaim(t *testing.T, store RenderStore) {
	const seed, steps = 11, 400
	m := &market{
		t: t, store: store, rand: rand.New(rand.NewPCG(seed, seed)), clock: epoch,
		jobs: map[string]render.Job{}, paused: map[string]bool{}, last: map[string]time.Time{},
	}
	for _, name := range []string{"Ada", "Ben", "Cleo"} {
		m.shops = append(m.shops, newShop(t, store, name))
	}
	for i := range steps {
		m.clock = m.clock.Add(time.Second)
		m.step(i)
		if t.Failed() {
			t.Fatalf("seed %d, step %d", seed, i)
		}
	}
	for _, s := range m.shops {
		must(t, store.PauseAll(t.Context(), s.workspace, false))
		must(t, store.Pause(t.Context(), s.project, false))
	}
	clear(m.paused)
	for m.claim() {
	}
	for id := range m.jobs {
		if j, err := store.Job(t.Context(), id); err != nil || j.State == render.Queued {
			t.Errorf("seed %d: in the end %s is %s, %v", seed, id, j.State, err)
		}
	}
}

func (m *market) step(i int) {
	s := m.shops[m.rand.IntN(len(m.shops))]
	switch n := m.rand.IntN(12); {
	case n < 5:
		id := fmt.Sprint("job", i)
		m.jobs[id] = s.ask(id, func(j *render.Job) { j.Priority = m.rand.IntN(3) }).Job
	case n < 8:
		m.claim()
	case n == 8:
		if id := m.any(render.Running); id != "" {
			m.note(m.store.Change(m.t.Context(), id, render.Finished{Fence: m.jobs[id].Fence}, m.clock))
		}
	case n == 9:
		if id := m.any(render.Queued); id != "" {
			m.note(m.store.MoveJob(m.t.Context(), id, render.Spot{Priority: m.rand.IntN(4)}, m.clock))
		}
	case n == 10:
		paused := m.rand.IntN(3) == 0
		m.paused[s.workspace] = paused
		must(m.t, m.store.PauseAll(m.t.Context(), s.workspace, paused))
	default:
		paused := m.rand.IntN(3) == 0
		m.paused[s.project] = paused
		must(m.t, m.store.Pause(m.t.Context(), s.project, paused))
	}
}

func (m *market) note(c render.Change, err error) {
	m.t.Helper()
	must(m.t, err)
	m.jobs[c.Job.ID] = c.Job
}

// any is the id of some job in a state.
func (m *market) any(state render.State) string {
	var ids []string
	for id, j := range m.jobs {
		if j.State == state {
			ids = append(ids, id)
		}
	}
	if slices.Sort(ids); len(ids) == 0 {
		return ""
	}
	return ids[m.rand.IntN(len(ids))]
}

// claim claims a job and checks that no other was before it.
func (m *market) claim() bool {
	c, err := m.store.Claim(m.t.Context(), render.Want{Worker: "n/1", Backends: []string{"test"}, Now: m.clock})
	m.clock = m.clock.Add(time.Second)
	running := map[string]int{}
	for _, j := range m.jobs {
		if j.State == render.Running {
			running[j.Workspace]++
		}
	}
	before := m.jobs[c.Job.ID]
	for _, j := range m.jobs {
		if j.State != render.Queued || m.paused[j.Workspace] || m.paused[j.Project] || j.ID == before.ID {
			continue
		}
		if errors.Is(err, render.ErrNone) || m.earlier(j, before, running) {
			m.t.Errorf("claimed %+v, %v, though %+v waits", before, err, j)
		}
	}
	if errors.Is(err, render.ErrNone) {
		return false
	}
	must(m.t, err)
	if before.State != render.Queued || m.paused[before.Workspace] || m.paused[before.Project] {
		m.t.Errorf("claimed %+v", before)
	}
	m.jobs[c.Job.ID], m.last[c.Job.Workspace] = c.Job, c.Job.Started
	return true
}

// earlier tells whether a has to be claimed before b.
func (m *market) earlier(a, b render.Job, running map[string]int) bool {
	switch {
	case running[a.Workspace] != running[b.Workspace]:
		return running[a.Workspace] < running[b.Workspace]
	case a.Workspace != b.Workspace:
		return m.last[a.Workspace].Before(m.last[b.Workspace])
	case a.Priority != b.Priority:
		return a.Priority > b.Priority
	}
	return a.Place < b.Place
}
