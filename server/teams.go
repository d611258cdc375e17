package server

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/soratoo/soratoo/auth"
)

// kinds are the documents of a project.
var kinds = []string{"timeline", "review"}

type workspaceJSON struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Role      auth.Role `json:"role" doc:"What you are in it."`
	CreatedAt time.Time `json:"created_at"`
}

func showWorkspace(w auth.Workspace) workspaceJSON {
	return workspaceJSON{ID: w.ID, Name: w.Name, Role: w.Role, CreatedAt: timestamp(w.Created)}
}

type memberJSON struct {
	User personJSON `json:"user"`
	Role auth.Role  `json:"role"`
}

func showMember(m auth.Member) memberJSON {
	return memberJSON{User: personJSON{ID: m.Person, Name: m.Name, Color: m.Color}, Role: m.Role}
}

// InWorkspace is the path of what belongs to a workspace.
type InWorkspace struct {
	Workspace string `path:"workspace" maxLength:"64"`
}

// Named is a request with a name.
type Named struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100" pattern:"\\S"`
	}
}

type membersRequest struct {
	InWorkspace
	Paging
}

func (s *Server) workspaceRoutes(api huma.API) {
	handle(s, api, member(http.MethodGet, "/workspaces", "list-workspaces", "The workspaces you are in"), s.workspaces)
	handle(s, api, member(http.MethodPost, "/workspaces", "create-workspace", "Make a workspace that you own"), s.createWorkspace)
	handle(s, api, member(http.MethodGet, "/workspaces/{workspace}/members", "list-members", "Who is in a workspace"), s.members)
}

func (s *Server) workspaces(ctx context.Context, in *Paging) (*body[list[workspaceJSON]], error) {
	found, err := s.Auth.Workspaces(ctx, who(ctx), in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(*in, found, showWorkspace, func(w auth.Workspace) string { return auth.Cursor(w.Created, w.ID) }), nil
}

func (s *Server) createWorkspace(ctx context.Context, in *Named) (*body[workspaceJSON], error) {
	w, err := s.Auth.CreateWorkspace(ctx, who(ctx), in.Body.Name)
	return &body[workspaceJSON]{showWorkspace(w)}, err
}

func (s *Server) members(ctx context.Context, in *membersRequest) (*body[list[memberJSON]], error) {
	found, err := s.Auth.Members(ctx, who(ctx), in.Workspace, in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.Paging, found, showMember, func(m auth.Member) string { return auth.Cursor(m.Joined, m.Person) }), nil
}

type projectJSON struct {
	ID        string    `json:"id"`
	Workspace string    `json:"workspace"`
	Name      string    `json:"name"`
	Role      auth.Role `json:"role" doc:"What you are in its workspace."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	Renders *activityJSON `json:"renders,omitempty" doc:"What waits and runs now; in lists only, absent when nothing does."`
}

// activityJSON is what of a project waits and runs.
type activityJSON struct {
	Queued   int     `json:"queued"`
	Running  int     `json:"running"`
	Progress float64 `json:"progress" doc:"Of all of it, 0 to 1."`
}

func showProject(p auth.Project) projectJSON {
	return projectJSON{
		ID: p.ID, Workspace: p.Workspace, Name: p.Name, Role: p.Role,
		CreatedAt: timestamp(p.Created), UpdatedAt: timestamp(p.Updated),
	}
}

type projectsRequest struct {
	InWorkspace
	Paging
}

type createProjectRequest struct {
	InWorkspace
	Named
}

// InProject is the path of a project.
type InProject struct {
	Project string `path:"project" maxLength:"64"`
}

type renameProjectRequest struct {
	InProject
	Named
}

func (s *Server) projectRoutes(api huma.API) {
	handle(s, api, member(http.MethodGet, "/workspaces/{workspace}/projects", "list-projects", "The projects of a workspace"), s.projects)
	handle(s, api, member(http.MethodPost, "/workspaces/{workspace}/projects", "create-project", "Make a project"), s.createProject)
	handle(s, api, member(http.MethodGet, "/projects/{project}", "get-project", "A project"), s.project)
	handle(s, api, member(http.MethodPatch, "/projects/{project}", "rename-project", "Rename a project"), s.renameProject)
	handle(s, api, member(http.MethodDelete, "/projects/{project}", "delete-project", "Delete a project and its documents"), s.deleteProject)
}

func (s *Server) projects(ctx context.Context, in *projectsRequest) (*body[list[projectJSON]], error) {
	found, err := s.Auth.Projects(ctx, who(ctx), in.Workspace, in.page())
	if err != nil {
		return nil, err
	}
	active, err := s.Renders.Active(ctx, in.Workspace)
	if err != nil {
		return nil, err
	}
	show := func(p auth.Project) projectJSON {
		out := showProject(p)
		if a, some := active[p.ID]; some {
			out.Renders = &activityJSON{a.Queued, a.Running, a.Progress}
		}
		return out
	}
	return pageOf(in.Paging, found, show, func(p auth.Project) string { return auth.Cursor(p.Created, p.ID) }), nil
}

func (s *Server) createProject(ctx context.Context, in *createProjectRequest) (*body[projectJSON], error) {
	p, err := s.Auth.CreateProject(ctx, who(ctx), auth.NewProject{
		Workspace: in.Workspace, Name: in.Body.Name,
		Prepare: func(p auth.Project) error { return s.Prepare(ctx, p, who(ctx).Person) },
	})
	return &body[projectJSON]{showProject(p)}, err
}

func (s *Server) project(ctx context.Context, in *InProject) (*body[projectJSON], error) {
	p, err := s.Auth.Project(ctx, who(ctx), in.Project)
	return &body[projectJSON]{showProject(p)}, err
}

func (s *Server) renameProject(ctx context.Context, in *renameProjectRequest) (*body[projectJSON], error) {
	p, err := s.Auth.RenameProject(ctx, who(ctx), in.Project, in.Body.Name)
	return &body[projectJSON]{showProject(p)}, err
}

// deleteProject removes the project, then its media, versions and documents: whoever has one open
// is told that it is no more.
func (s *Server) deleteProject(ctx context.Context, in *InProject) (*empty, error) {
	if err := s.Auth.DeleteProject(ctx, who(ctx), in.Project); err != nil {
		return nil, err
	}
	if err := s.Media.Drop(ctx, in.Project); err != nil {
		return nil, err
	}
	if err := s.History.Drop(ctx, in.Project); err != nil {
		return nil, err
	}
	for _, kind := range kinds {
		doc := in.Project + "/" + kind
		s.Hub.End(doc, "", auth.ErrNotFound)
		if err := s.Hub.Reset(ctx, doc, nil); err != nil {
			return nil, err
		}
	}
	return &empty{}, nil
}
