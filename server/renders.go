package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/soratoo/soratoo/render"
)

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
	Stopped    bool         `json:"workspace_paused" doc:"All queues of the workspace are stopped."`
	Budget     string       `json:"budget,omitempty" enum:"near,spent" doc:"What the workspace may render in a day is nearly spent, or is."`
	Missing    string       `json:"missing,omitempty" doc:"Why nothing can be rendered here, in words."`
}

type askRenderRequest struct {
	InProject
	Body struct {
		Kind     render.Kind      `json:"kind" enum:"scene,preview,delivery"`
		Scene    string           `json:"scene,omitempty" maxLength:"64"`
		Preset   string           `json:"preset,omitempty" maxLength:"32" enum:"h264,prores,webm,gif,wav,still,vtt,srt,package,preview"`
		Backend  string           `json:"backend,omitempty" maxLength:"64"`
		Settings *render.Settings `json:"settings,omitempty"`
		Replaces string           `json:"replaces,omitempty" maxLength:"64" doc:"A waiting render of the project, which is canceled and whose place the new one takes."`
	}
}

// InRender is the path of a render.
type InRender struct {
	Render string `path:"render" maxLength:"64"`
}

type cancelRenderRequest struct {
	InRender
	If render.State `query:"if" enum:"queued" doc:"Only if it still waits."`
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
	handle(s, api, member(http.MethodGet, "/projects/{project}/renders/estimate", "estimate-render", "How long a render would take that is asked for now"), whole(s, s.estimateRender))
	handle(s, api, member(http.MethodPut, "/workspaces/{workspace}/renders/pause", "pause-workspace-renders", "Stop all queues of a workspace, or let them go on; what runs goes on"), s.pauseAllRenders)
	handle(s, api, member(http.MethodGet, "/workspaces/{workspace}/budget", "get-budget", "What a workspace may render in a day, and what it has"), s.budget)
	budget := member(http.MethodPut, "/workspaces/{workspace}/budget", "set-budget", "Bound what a workspace may render in a day")
	budget.DefaultStatus = http.StatusOK
	handle(s, api, budget, s.setBudget)
	cancel := member(http.MethodDelete, "/renders/{render}", "cancel-render", "Cancel a render that waits or runs")
	cancel.DefaultStatus = http.StatusOK
	handle(s, api, cancel, s.cancelRender)
	retry := member(http.MethodPost, "/renders/{render}/retry", "retry-render", "Queue what a failed or canceled render was for anew, as another render")
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
	out := &body[rendersJSON]{rendersJSON{Items: []renderJSON{}, Seq: seq, Paused: waiting.Paused, Stopped: waiting.Stopped, Missing: s.Renders.Missing}}
	switch {
	case waiting.Budget:
		out.Body.Budget = "spent"
	case waiting.Near:
		out.Body.Budget = "near"
	}
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
	out := s.showRender(j, now)
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
	wanted := render.Request{Project: in.Project, Kind: in.Body.Kind, Scene: in.Body.Scene, Preset: in.Body.Preset, Backend: in.Body.Backend, Replaces: in.Body.Replaces}
	if in.Body.Settings != nil {
		wanted.Settings = *in.Body.Settings
	}
	asked, err := s.Renders.Ask(ctx, who(ctx), wanted)
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
	s.RendersNotice("renders", []string{in.Project})
	return &empty{}, nil
}

func (s *Server) render(ctx context.Context, in *InRender) (*body[renderJSON], error) {
	j, err := s.Renders.Job(ctx, who(ctx), in.Render)
	return s.shown(ctx, j, err)
}

func (s *Server) cancelRender(ctx context.Context, in *cancelRenderRequest) (*body[renderJSON], error) {
	j, err := s.Renders.Cancel(ctx, who(ctx), in.Render, in.If == render.Queued)
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
	shown := s.showRender(c.Job, time.Now())
	if c.Thumbnail != "" {
		shown.Thumbnail = "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString([]byte(c.Thumbnail))
	}
	message, err := json.Marshal(struct {
		Type   string     `json:"type"`
		Render renderJSON `json:"render"`
		Seq    uint64     `json:"seq"`
	}{"render", shown, c.Seq})
	if err != nil {
		panic(fmt.Sprintf("server: encoding a render: %v", err))
	}
	s.Hub.BroadcastTeam(c.Job.Project+"/timeline", message)
}
