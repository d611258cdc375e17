package server

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/soratoo/soratoo/render"
)

type estimateRequest struct {
	InProject
	Kind   render.Kind `query:"kind" required:"true" enum:"scene,preview,delivery"`
	Scene  string      `query:"scene" maxLength:"64"`
	Preset string      `query:"preset" maxLength:"32" enum:"h264,prores,webm,gif,wav,preview"`
}

type estimateJSON struct {
	Frames      int  `json:"frames"`
	Seconds     *int `json:"seconds,omitempty" doc:"To render, guessed from the like that was rendered; absent when nothing like it was."`
	WaitSeconds int  `json:"wait_seconds" doc:"For what is before it in the queue."`
}

func (s *Server) estimateRender(ctx context.Context, in *estimateRequest) (*body[estimateJSON], error) {
	e, err := s.Renders.Estimate(ctx, who(ctx), render.Request{Project: in.Project, Kind: in.Kind, Scene: in.Scene, Preset: in.Preset})
	if err != nil {
		return nil, err
	}
	out := estimateJSON{Frames: e.Frames, WaitSeconds: int(math.Ceil(e.Waits.Seconds()))}
	if e.Known {
		seconds := int(math.Ceil(e.Takes.Seconds()))
		out.Seconds = &seconds
	}
	return &body[estimateJSON]{out}, nil
}

type pauseAllRequest struct {
	InWorkspace
	Body struct {
		Paused bool `json:"paused"`
	}
}

func (s *Server) pauseAllRenders(ctx context.Context, in *pauseAllRequest) (*empty, error) {
	projects, err := s.Renders.PauseAll(ctx, who(ctx), in.Workspace, in.Body.Paused)
	if err != nil {
		return nil, err
	}
	s.RendersNotice("renders", projects)
	return &empty{}, nil
}

// limitsJSON is what may be rendered in a day; 0 is no bound.
type limitsJSON struct {
	Jobs        int     `json:"jobs" minimum:"0" maximum:"1000000" required:"false" doc:"Renders; with these three, nothing more is begun. 0 is no bound."`
	Seconds     float64 `json:"seconds" minimum:"0" maximum:"1000000000" required:"false" doc:"Of processor or service time."`
	Cost        float64 `json:"cost" minimum:"0" maximum:"1000000000" required:"false"`
	StopSeconds float64 `json:"stop_seconds" minimum:"0" maximum:"1000000000" required:"false" doc:"From here on even what runs is stopped."`
	StopCost    float64 `json:"stop_cost" minimum:"0" maximum:"1000000000" required:"false"`
}

type budgetJSON struct {
	Budget limitsJSON `json:"budget"`
	Spent  struct {
		Jobs    int     `json:"jobs"`
		Seconds float64 `json:"seconds"`
		Cost    float64 `json:"cost"`
	} `json:"spent" doc:"In the last 24 hours, with what runs."`
	Paused bool `json:"paused" doc:"All queues of the workspace are stopped."`
}

type setBudgetRequest struct {
	InWorkspace
	Body limitsJSON
}

func showBudget(spending render.Spending, err error) (*body[budgetJSON], error) {
	if err != nil {
		return nil, err
	}
	out := &body[budgetJSON]{budgetJSON{Budget: limitsJSON(spending.Budget), Paused: spending.Paused}}
	out.Body.Spent.Jobs, out.Body.Spent.Seconds, out.Body.Spent.Cost = spending.Spent.Jobs, spending.Spent.Seconds, spending.Spent.Cost
	return out, nil
}

func (s *Server) budget(ctx context.Context, in *InWorkspace) (*body[budgetJSON], error) {
	return showBudget(s.Renders.Spending(ctx, who(ctx), in.Workspace))
}

func (s *Server) setBudget(ctx context.Context, in *setBudgetRequest) (*body[budgetJSON], error) {
	spending, err := s.Renders.SetBudget(ctx, who(ctx), in.Workspace, render.Budget(in.Body))
	if err == nil {
		s.RendersNotice("renders", spending.Projects)
	}
	return showBudget(spending, err)
}

// RendersNotice tells the teams of projects that something is to be known about
// their renders: "renders" that the list has changed, "budget" that the workspace
// has spent most of what it may.
func (s *Server) RendersNotice(notice string, projects []string) {
	message, err := json.Marshal(map[string]string{"type": "notice", "notice": notice})
	if err != nil {
		panic(fmt.Sprintf("server: encoding a notice: %v", err))
	}
	for _, project := range projects {
		s.Hub.BroadcastTeam(project+"/timeline", message)
	}
}
