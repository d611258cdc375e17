package server

import (
	"time"

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
	Frames     int              `json:"frames,omitempty" doc:"That it will have."`
	Retries    string           `json:"retries,omitempty" doc:"The render that this one tries again."`
	Replaces   string           `json:"replaces,omitempty" doc:"The waiting render that this one was made of by an edit."`
	Reason     *reasonJSON      `json:"reason,omitempty" doc:"Why it failed, or is tried again."`
	Result     *resultJSON      `json:"result,omitempty"`
	CreatedAt  time.Time        `json:"created_at"`
	StartedAt  *time.Time       `json:"started_at,omitempty"`
	FinishedAt *time.Time       `json:"finished_at,omitempty"`
	Thumbnail  string           `json:"thumbnail,omitempty" doc:"Of what is being made, as a data: address; in events only, now and then."`
	Warnings   []render.Warning `json:"warnings,omitempty" doc:"What it will not be as somebody may expect; when it is asked for."`
}

func (s *Server) showRender(j render.Job, now time.Time) renderJSON {
	out := renderJSON{
		ID: j.ID, Project: j.Project, Kind: j.Kind, Scene: j.Scene, Title: j.Title, Backend: j.Backend, Person: j.Person,
		State: j.State, Progress: j.Progress, ETASeconds: int(s.Renders.ETA(j, now).Seconds()), Priority: j.Priority, Attempt: j.Attempt,
		Frames: j.Length, Retries: j.Retries, Replaces: j.Replaces,
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
