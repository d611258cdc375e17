package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/soratoo/soratoo/render"
)

type reasonJSON struct {
	Code    string `json:"code" doc:"A word for programs."`
	Message string `json:"message" doc:"What happened, and what to do."`
}

type resultJSON struct {
	Asset   string  `json:"asset"`
	Frames  int     `json:"frames"`
	Seconds float64 `json:"seconds" doc:"Of processor or service time."`
	Cost    float64 `json:"cost"`
}

type renderJSON struct {
	ID         string           `json:"id"`
	Project    string           `json:"project"`
	Kind       render.Kind      `json:"kind"`
	Scene      string           `json:"scene,omitempty"`
	Title      string           `json:"title"`
	Backend    string           `json:"backend"`
	Person     string           `json:"person"`
	State      render.State     `json:"state"`
	Progress   float64          `json:"progress" doc:"0 to 1."`
	ETASeconds int              `json:"eta_seconds,omitempty"`
	Place      int              `json:"place,omitempty" doc:"In the queue of its workspace, from 1; in lists only."`
	WaitsFor   *reasonJSON      `json:"waits_for,omitempty" doc:"In lists only."`
	Priority   int              `json:"priority"`
	Attempt    int              `json:"attempt"`
	Reason     *reasonJSON      `json:"reason,omitempty" doc:"Why it failed, or is tried again."`
	Result     *resultJSON      `json:"result,omitempty"`
	CreatedAt  time.Time        `json:"created_at"`
	StartedAt  *time.Time       `json:"started_at,omitempty"`
	FinishedAt *time.Time       `json:"finished_at,omitempty"`
	Warnings   []render.Warning `json:"warnings,omitempty" doc:"What it will not be as somebody may expect; when it is asked for."`
}

func showRender(j render.Job, now time.Time) renderJSON {
	out := renderJSON{
		ID: j.ID, Project: j.Project, Kind: j.Kind, Scene: j.Scene, Title: j.Title, Backend: j.Backend, Person: j.Person,
		State: j.State, Progress: j.Progress, ETASeconds: int(j.ETA(now).Seconds()), Priority: j.Priority, Attempt: j.Attempt,
		Reason: showReason(j.Reason), CreatedAt: timestamp(j.Created), StartedAt: maybeTime(j.Started), FinishedAt: maybeTime(j.Finished),
	}
	if j.State == render.Done {
		out.Result = &resultJSON{j.Result.Asset, j.Result.Frames, j.Result.Seconds, j.Result.Cost}
	}
	return out
}

func showReason(r render.Reason) *reasonJSON {
	if r == (render.Reason{}) {
		return nil
	}
	return &reasonJSON{r.Code, r.Message}
}

func maybeTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	at := timestamp(t)
	return &at
}

type rendersRequest struct {
	InProject
	State  []render.State `query:"state" maxItems:"5" enum:"queued,running,done,failed,canceled" doc:"Only these; without it, all."`
	Limit  int            `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Renders on a page."`
	Cursor string         `query:"cursor" maxLength:"64" doc:"The next_cursor of the page before."`
}

type rendersJSON struct {
	Items      []renderJSON `json:"items"`
	NextCursor string       `json:"next_cursor,omitempty"`
	Seq        uint64       `json:"seq" doc:"The number of the last event that is in this answer."`
	Paused     bool         `json:"paused" doc:"The queue of the project is stopped."`
	Missing    string       `json:"missing,omitempty" doc:"Why nothing can be rendered here, in words."`
}

type askRenderRequest struct {
	InProject
	Body struct {
		Kind     render.Kind     `json:"kind" enum:"scene,preview,delivery"`
		Scene    string          `json:"scene,omitempty" maxLength:"64"`
		Preset   string          `json:"preset,omitempty" maxLength:"32" enum:"h264,prores,webm,gif,wav,still,vtt,srt,package,preview"`
		Backend  string          `json:"backend,omitempty" maxLength:"64"`
		Settings render.Settings `json:"settings,omitzero" required:"false"`
	}
}

// InRender is the path of a render.
type InRender struct {
	Render string `path:"render" maxLength:"64"`
}

type moveRenderRequest struct {
	InRender
	Body struct {
		Priority int    `json:"priority,omitempty" minimum:"-100" maximum:"100"`
		Before   string `json:"before,omitempty" maxLength:"64" doc:"A queued render of the project, before which it goes."`
	}
}

type pauseRendersRequest struct {
	InProject
	Body struct {
		Paused bool `json:"paused"`
	}
}

func (s *Server) renderRoutes(api huma.API) {
	handle(s, api, member(http.MethodGet, "/projects/{project}/renders", "list-renders", "The renders of a project, the newest first"), s.renders)
	handle(s, api, member(http.MethodPost, "/projects/{project}/renders", "ask-render", "Queue a render of the timeline as it is now"), whole(s, s.askRender))
	handle(s, api, member(http.MethodPut, "/projects/{project}/renders/pause", "pause-renders", "Stop the queue of a project, or let it go on; what runs goes on"), s.pauseRenders)
	handle(s, api, member(http.MethodGet, "/renders/{render}", "get-render", "A render"), s.render)
	cancel := member(http.MethodDelete, "/renders/{render}", "cancel-render", "Cancel a render that waits or runs")
	cancel.DefaultStatus = http.StatusOK
	handle(s, api, cancel, s.cancelRender)
	retry := member(http.MethodPost, "/renders/{render}/retry", "retry-render", "Queue a failed or canceled render anew")
	retry.DefaultStatus = http.StatusOK
	handle(s, api, retry, s.retryRender)
	move := member(http.MethodPost, "/renders/{render}/move", "move-render", "Give a waiting render another priority, or put it before another")
	move.DefaultStatus = http.StatusOK
	handle(s, api, move, s.moveRender)
}

func (s *Server) renders(ctx context.Context, in *rendersRequest) (*body[rendersJSON], error) {
	found, seq, err := s.Renders.List(ctx, who(ctx), render.Filter{Project: in.Project, States: in.State, Before: in.Cursor, Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	waiting, err := s.Renders.Waiting(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	out := &body[rendersJSON]{rendersJSON{Items: []renderJSON{}, Seq: seq, Paused: waiting.Paused, Missing: s.Renders.Missing}}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		out.Body.NextCursor = found[len(found)-1].ID
	}
	for _, j := range found {
		out.Body.Items = append(out.Body.Items, s.showWaiting(j, waiting))
	}
	return out, nil
}

// showWaiting is a render with why it waits.
func (s *Server) showWaiting(j render.Job, w render.Waiting) renderJSON {
	now := time.Now()
	out := showRender(j, now)
	if j.State == render.Queued {
		out.WaitsFor = showReason(s.Renders.Why(j, w, now))
		for i, id := range w.Order {
			if id == j.ID {
				out.Place = i + 1
			}
		}
	}
	return out
}

// shown is a render as an answer, with why it waits.
func (s *Server) shown(ctx context.Context, j render.Job, err error) (*body[renderJSON], error) {
	if err != nil {
		return nil, err
	}
	w, err := s.Renders.Waiting(ctx, j.Project)
	if err != nil {
		return nil, err
	}
	return &body[renderJSON]{s.showWaiting(j, w)}, nil
}

func (s *Server) askRender(ctx context.Context, in *askRenderRequest) (*body[renderJSON], error) {
	asked, err := s.Renders.Ask(ctx, who(ctx), render.Request{
		Project: in.Project, Kind: in.Body.Kind, Scene: in.Body.Scene, Preset: in.Body.Preset, Backend: in.Body.Backend, Settings: in.Body.Settings,
	})
	out, err := s.shown(ctx, asked.Job, err)
	if err == nil {
		out.Body.Warnings = asked.Warnings
	}
	return out, err
}

func (s *Server) pauseRenders(ctx context.Context, in *pauseRendersRequest) (*empty, error) {
	if err := s.Renders.Pause(ctx, who(ctx), in.Project, in.Body.Paused); err != nil {
		return nil, err
	}
	s.Hub.BroadcastTeam(in.Project+"/timeline", []byte(`{"type":"notice","notice":"renders"}`))
	return &empty{}, nil
}

func (s *Server) render(ctx context.Context, in *InRender) (*body[renderJSON], error) {
	j, err := s.Renders.Job(ctx, who(ctx), in.Render)
	return s.shown(ctx, j, err)
}

func (s *Server) cancelRender(ctx context.Context, in *InRender) (*body[renderJSON], error) {
	j, err := s.Renders.Cancel(ctx, who(ctx), in.Render)
	return s.shown(ctx, j, err)
}

func (s *Server) retryRender(ctx context.Context, in *InRender) (*body[renderJSON], error) {
	j, err := s.Renders.Retry(ctx, who(ctx), in.Render)
	return s.shown(ctx, j, err)
}

func (s *Server) moveRender(ctx context.Context, in *moveRenderRequest) (*body[renderJSON], error) {
	j, err := s.Renders.Move(ctx, who(ctx), in.Render, render.Spot{Priority: in.Body.Priority, Before: in.Body.Before})
	return s.shown(ctx, j, err)
}

// RenderChanged tells the team of a project, live, what became of a render. Guests
// see the take in the cut.
func (s *Server) RenderChanged(c render.Change) {
	message, err := json.Marshal(struct {
		Type   string     `json:"type"`
		Render renderJSON `json:"render"`
		Seq    uint64     `json:"seq"`
	}{"render", showRender(c.Job, time.Now()), c.Seq})
	if err != nil {
		panic(fmt.Sprintf("server: encoding a render: %v", err))
	}
	s.Hub.BroadcastTeam(c.Job.Project+"/timeline", message)
}
