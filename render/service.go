package render

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// packed is the preset that has papers.
const packed = "package"

// Embedded is the backend that needs nothing but ffmpeg.
const Embedded = "ffmpeg"

const (
	chooseTime  = 30 * time.Second // between looks for takes that nobody has chosen yet
	chooseLimit = 15 * time.Second // for choosing one
)

// ErrRequest: what is asked for is not a render.
var ErrRequest = errors.New("render: not a render that can be made")

// Rights tells what somebody may do in a project or a workspace.
type Rights interface {
	May(ctx context.Context, p auth.Principal, project string, a auth.Action) (auth.Project, error)
	// MayIn tells whether somebody may do something in a workspace.
	MayIn(ctx context.Context, p auth.Principal, workspace string, a auth.Action) error
}

// Cuts is the timelines of projects.
type Cuts interface {
	// Cut is a project's timeline as it is now.
	Cut(ctx context.Context, project string) (timeline.Timeline, error)
	// Footage is what there is to show in a project, by asset.
	Footage(ctx context.Context, project string) (map[string]Footage, error)
	// Papers are the files of text about a project that go into a package.
	Papers(ctx context.Context, project string) ([]Paper, error)
	// Choose has a scene show a take, in the name of a person. A scene that has gone
	// is no error.
	Choose(ctx context.Context, project, person, scene, asset string) error
}

// ServiceConfig is what a Service works with.
type ServiceConfig struct {
	Queue  *Queue
	Desk   Desk
	Rights Rights
	Cuts   Cuts
	// Missing says why this node renders nothing, in words for people; "" when it does.
	Missing string
	Workers int // jobs at once
	// Near is called once a day with each workspace that has spent most of its budget.
	Near   func(Spending)
	Logger *slog.Logger
}

// Service is what people do with renders: each call asks whether they may.
type Service struct {
	ServiceConfig
	done  chan struct{} // something was made
	paces paces
}

// NewService makes a service. Takes are chosen once Run is called.
func NewService(c ServiceConfig) *Service {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{ServiceConfig: c, done: make(chan struct{}, 1)}
}

// Request is what somebody wants to be rendered.
type Request struct {
	Project  string
	Kind     Kind
	Scene    string // of a take
	Preset   string // of a delivery; "" is h264
	Backend  string // "" is the embedded one
	Settings Settings
	Replaces string // a waiting job that this is an edit of; it is canceled
}

// Settings are what a backend leaves open. Those of the embedded renderer:
type Settings struct {
	Burn  bool    `json:"burn,omitempty"`  // captions into the picture
	Label bool    `json:"label,omitempty"` // "AI-generated" into a corner of the picture
	Frame int     `json:"frame,omitempty"` // of the cut, that a still shows
	Range *[2]int `json:"range,omitempty"` // frames of the cut
}

// Asked is a render that was queued, and what it will not be as somebody may expect.
type Asked struct {
	Job      Job
	Warnings []Warning
}

// Ask queues a render of what the timeline is now.
func (s *Service) Ask(ctx context.Context, p auth.Principal, r Request) (Asked, error) {
	project, err := s.Rights.May(ctx, p, r.Project, auth.ActionEdit)
	if err != nil {
		return Asked{}, err
	}
	d, err := s.drawn(ctx, &r)
	if err != nil {
		return Asked{}, err
	}
	job, err := s.Queue.Ask(ctx, Job{
		ID: auth.NewID(), Workspace: project.Workspace, Project: r.Project, Kind: r.Kind, Scene: r.Scene,
		Backend: r.Backend, Person: p.Person, Title: d.title, Spec: d.plan.Spec(), Length: d.plan.Frames, Replaces: r.Replaces,
	})
	return Asked{job, d.warnings}, err
}

// drawn is a plan of what somebody wants, and what people call it.
type drawn struct {
	plan     Plan
	warnings []Warning
	title    string
}

// drawn plans what a request comes to now.
func (s *Service) drawn(ctx context.Context, r *Request) (d drawn, err error) {
	if r.Backend == "" {
		r.Backend = Embedded
	}
	if r.Backend != Embedded {
		return d, fmt.Errorf("%w: there is no backend %.40q", ErrRequest, r.Backend)
	}
	cut, err := s.Cuts.Cut(ctx, r.Project)
	if err != nil {
		return d, err
	}
	footage, err := s.Cuts.Footage(ctx, r.Project)
	if err != nil {
		return d, err
	}
	d.plan, d.warnings, d.title, err = plan(cut, footage, *r)
	if err == nil && d.plan.Preset == packed && r.Kind == Delivery {
		d.plan.Papers, err = s.Cuts.Papers(ctx, r.Project)
	}
	return d, err
}

// plan is what a request comes to, and what people call it.
func plan(cut timeline.Timeline, footage map[string]Footage, r Request) (p Plan, w []Warning, title string, err error) {
	o := Options{Preset: r.Preset, Burn: r.Settings.Burn, Label: r.Settings.Label, Still: r.Settings.Frame, Range: r.Settings.Range, Media: footage}
	if o.Preset == "" {
		o.Preset = "h264"
	}
	switch r.Kind {
	case Scene:
		p, w, err = PlanScene(cut, r.Scene, o)
		for i, scene := range cut.Scenes {
			if scene.ID == r.Scene {
				title = firstLine(scene.Title, scene.Prompt, fmt.Sprintf("Scene %d", i+1))
			}
		}
	case Preview:
		p, w, err = PlanPreview(cut, o)
		title = "Preview"
	case Delivery:
		p, w, err = PlanCut(cut, o)
		title = fmt.Sprintf("%s, %s", firstLine(cut.Title, "Film"), strings.ToUpper(o.Preset))
	default:
		err = fmt.Errorf("%w: there is no kind %.40q", ErrRequest, r.Kind)
	}
	return p, w, title, err
}

// firstLine is the beginning of the first text that says something.
func firstLine(texts ...string) string {
	const most = 80
	for _, text := range texts {
		line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		if runes := []rune(line); len(runes) > most {
			line = string(runes[:most-1]) + "…"
		}
		if line != "" {
			return line
		}
	}
	return ""
}

// List lists jobs of a project, with the number of the last event in the answer.
func (s *Service) List(ctx context.Context, p auth.Principal, f Filter) ([]Job, uint64, error) {
	if _, err := s.Rights.May(ctx, p, f.Project, auth.ActionRead); err != nil {
		return nil, 0, err
	}
	return s.Queue.Jobs(ctx, f)
}

// Job returns a job. For who may not see its project it is not there.
func (s *Service) Job(ctx context.Context, p auth.Principal, id string) (Job, error) {
	return s.job(ctx, p, id, auth.ActionRead)
}

func (s *Service) job(ctx context.Context, p auth.Principal, id string, a auth.Action) (Job, error) {
	if !auth.ValidID(id) {
		return Job{}, ErrNotFound
	}
	j, err := s.Queue.Job(ctx, id)
	if err != nil {
		return Job{}, err
	}
	_, err = s.Rights.May(ctx, p, j.Project, a)
	return j, err
}

// Cancel ends a job that is queued or running; with waiting, only one that is queued.
func (s *Service) Cancel(ctx context.Context, p auth.Principal, id string, waiting bool) (Job, error) {
	if _, err := s.job(ctx, p, id, auth.ActionEdit); err != nil {
		return Job{}, err
	}
	return s.Queue.Cancel(ctx, id, waiting)
}

// Retry queues what a failed or canceled job was for anew, as another job.
func (s *Service) Retry(ctx context.Context, p auth.Principal, id string) (Job, error) {
	if _, err := s.job(ctx, p, id, auth.ActionEdit); err != nil {
		return Job{}, err
	}
	return s.Queue.Retry(ctx, id, Job{ID: auth.NewID(), Person: p.Person})
}

// Move gives a queued job another priority, or puts it before another; see
// Queue.Move.
func (s *Service) Move(ctx context.Context, p auth.Principal, id string, to Spot) (Job, error) {
	if _, err := s.job(ctx, p, id, auth.ActionEdit); err != nil {
		return Job{}, err
	}
	return s.Queue.Move(ctx, id, to)
}

// Pause stops claims of a project's jobs, or lets them go on.
func (s *Service) Pause(ctx context.Context, p auth.Principal, project string, paused bool) error {
	if _, err := s.Rights.May(ctx, p, project, auth.ActionEdit); err != nil {
		return err
	}
	return s.Queue.Pause(ctx, project, paused)
}

// Waiting is what keeps the queued jobs of a project.
type Waiting struct {
	Paused  bool // its queue is stopped
	Stopped bool // all queues of its workspace are
	Budget  bool // its workspace has spent what it may in a day
	Near    bool // or most of it
	Order   []string
	Before  []Pace         // frames that are to be made before what is asked for now
	Needs   map[string]int // by job: so many others have to be done first
}

// Waiting tells what keeps the jobs of a project waiting.
func (s *Service) Waiting(ctx context.Context, project string) (Waiting, error) {
	return s.Desk.Waiting(ctx, project, time.Now())
}

// Active counts by project what of a workspace waits and runs, for who may see it.
func (s *Service) Active(ctx context.Context, workspace string) (map[string]Activity, error) {
	return s.Desk.Active(ctx, workspace)
}

// Why says for what a job waits: a word for programs and a sentence; "" for nothing.
func (s *Service) Why(j Job, w Waiting, now time.Time) Reason {
	ahead := 0
	for ; ahead < len(w.Order) && w.Order[ahead] != j.ID; ahead++ {
	}
	switch {
	case j.State != Queued:
		return Reason{}
	case s.Missing != "":
		return Reason{"renderer", s.Missing}
	case w.Stopped:
		return Reason{"paused", "all renders of this workspace are paused"}
	case w.Paused:
		return Reason{"paused", "the queue of this project is paused"}
	case w.Budget:
		return Reason{"budget", "the workspace has rendered as much as its budget allows in a day"}
	case w.Needs[j.ID] > 0:
		return Reason{"needs", fmt.Sprintf("%d other renders have to be done first", w.Needs[j.ID])}
	case now.Before(j.NotFor):
		return Reason{"retry", "the last attempt failed (" + j.Reason.Message + "); it is tried again soon"}
	case ahead == 1:
		return Reason{"place", "one render is before it"}
	case ahead > 1:
		return Reason{"place", fmt.Sprintf("%d renders are before it", ahead)}
	}
	return Reason{"place", "it is next"}
}

// Told hears of every change; see Config.Told. It never blocks.
func (s *Service) Told(c Change) {
	if c.Job.State != Done {
		return
	}
	select {
	case s.done <- struct{}{}:
	default:
	}
}

// Run has scenes show the takes that were made, learns how long renders take, and
// tells of budgets that are nearly spent, until ctx ends. What was made when the
// node went down is chosen when it is back.
func (s *Service) Run(ctx context.Context) error {
	for {
		s.choose(ctx)
		s.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-s.done:
		case <-time.After(chooseTime):
		}
	}
}

// choose has the takes chosen that were made and are not.
func (s *Service) choose(ctx context.Context) {
	jobs, err := s.Desk.Unchosen(ctx)
	if err != nil && ctx.Err() == nil {
		s.Logger.Error("looking for takes to choose", "err", err)
	}
	for _, j := range jobs {
		if err := s.chooseOne(ctx, j); err != nil && ctx.Err() == nil {
			s.Logger.Error("choosing a take", "job", j.ID, "err", err)
		}
	}
}

func (s *Service) chooseOne(ctx context.Context, j Job) error {
	ctx, cancel := context.WithTimeout(ctx, chooseLimit)
	defer cancel()
	if err := s.Cuts.Choose(ctx, j.Project, j.Person, j.Scene, j.Result.Asset); err != nil {
		return err
	}
	return s.Desk.Chosen(ctx, j.ID)
}
