package render

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/soratoo/soratoo/auth"
)

// PauseAll stops claims of a workspace's jobs, or lets them go on. It returns the
// workspace's projects, which are to be told.
func (s *Service) PauseAll(ctx context.Context, p auth.Principal, workspace string, paused bool) ([]string, error) {
	if err := s.Rights.MayIn(ctx, p, workspace, auth.ActionSpend); err != nil {
		return nil, err
	}
	if err := s.Queue.PauseAll(ctx, workspace, paused); err != nil {
		return nil, err
	}
	spending, err := s.Desk.Spending(ctx, workspace, time.Now())
	return spending.Projects, err
}

// Spending tells what a workspace may render in a day, and what it has.
func (s *Service) Spending(ctx context.Context, p auth.Principal, workspace string) (Spending, error) {
	if err := s.Rights.MayIn(ctx, p, workspace, auth.ActionSpend); err != nil {
		return Spending{}, err
	}
	return s.Desk.Spending(ctx, workspace, time.Now())
}

// SetBudget bounds what a workspace may render in a day, and tells what it has.
func (s *Service) SetBudget(ctx context.Context, p auth.Principal, workspace string, b Budget) (Spending, error) {
	if err := s.Rights.MayIn(ctx, p, workspace, auth.ActionSpend); err != nil {
		return Spending{}, err
	}
	if err := s.Queue.SetBudget(ctx, workspace, b); err != nil {
		return Spending{}, err
	}
	return s.Desk.Spending(ctx, workspace, time.Now())
}

// Estimate is how long a render would take, guessed from those before it.
type Estimate struct {
	Frames int
	Known  bool          // otherwise nothing like it was rendered yet
	Takes  time.Duration // to render
	Waits  time.Duration // for what is before it
}

// Estimate guesses how long a render would take that is asked for now.
func (s *Service) Estimate(ctx context.Context, p auth.Principal, r Request) (Estimate, error) {
	if _, err := s.Rights.May(ctx, p, r.Project, auth.ActionEdit); err != nil {
		return Estimate{}, err
	}
	d, err := s.drawn(ctx, &r)
	if err != nil {
		return Estimate{}, err
	}
	w, err := s.Desk.Waiting(ctx, r.Project, time.Now())
	if err != nil {
		return Estimate{}, err
	}
	if err := s.learn(ctx); err != nil {
		return Estimate{}, err
	}
	e := Estimate{Frames: d.plan.Frames}
	e.Takes = s.paces.take(Pace{Kind: r.Kind, Backend: r.Backend, Frames: d.plan.Frames})
	e.Known = e.Takes > 0
	for _, before := range w.Before {
		e.Waits += s.paces.take(before)
	}
	e.Waits /= time.Duration(max(1, s.Workers))
	return e, nil
}

// ETA is how long a running job may still take: guessed from how far it is or, as
// long as that says little, from how long others took; 0 when nothing can be said.
func (s *Service) ETA(j Job, now time.Time) time.Duration {
	const little = 0.1
	if j.State == Running && j.Progress < little {
		left := s.paces.take(Pace{Kind: j.Kind, Backend: j.Backend, Frames: j.Length}) - now.Sub(j.Started)
		if left > 0 {
			return left.Round(time.Second)
		}
	}
	return j.ETA(now)
}

// paces are how long frames take, by what is made of them.
type paces struct {
	mu       sync.Mutex
	perFrame map[Pace]float64 // nanoseconds, by kind and backend
}

// learn takes the medians of how long jobs took.
func (p *paces) learn(took []Pace) {
	all := map[Pace][]float64{}
	for _, one := range took {
		if one.Frames > 0 {
			like := Pace{Kind: one.Kind, Backend: one.Backend}
			all[like] = append(all[like], float64(one.Took)/float64(one.Frames))
		}
	}
	perFrame := map[Pace]float64{}
	for like, each := range all {
		slices.Sort(each)
		perFrame[like] = each[len(each)/2]
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.perFrame = perFrame
}

// take is how long so many frames take; 0 when that is not known.
func (p *paces) take(what Pace) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Duration(p.perFrame[Pace{Kind: what.Kind, Backend: what.Backend}] * float64(what.Frames))
}

// learn looks how long the newest jobs took.
func (s *Service) learn(ctx context.Context) error {
	took, err := s.Desk.Paces(ctx)
	if err == nil {
		s.paces.learn(took)
	}
	return err
}

// look learns how long renders take and tells who has spent most of their budget.
func (s *Service) look(ctx context.Context) {
	if err := s.learn(ctx); err != nil && ctx.Err() == nil {
		s.Logger.Error("looking how long renders take", "err", err)
	}
	near, err := s.Desk.Nearing(ctx, time.Now())
	if err != nil && ctx.Err() == nil {
		s.Logger.Error("looking for budgets that are nearly spent", "err", err)
	}
	for _, spending := range near {
		if s.Near != nil {
			s.Near(spending)
		}
	}
}
