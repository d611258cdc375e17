package auth

import (
	"context"
)

// Me returns the account of who is signed in.
func (s *Service) Me(ctx context.Context, p Principal) (Account, error) {
	a, err := s.store.Account(ctx, p.Person)
	return a, unauthenticated(err)
}

// Rename changes the name that others see.
func (s *Service) Rename(ctx context.Context, p Principal, name string) (Account, error) {
	name, err := NormalName(name)
	if err != nil {
		return Account{}, err
	}
	if err := s.store.Rename(ctx, p.Person, name); err != nil {
		return Account{}, err
	}
	return s.Me(ctx, p)
}

// People lists those of ids whom the person shares a workspace with.
func (s *Service) People(ctx context.Context, p Principal, ids []string) ([]Person, error) {
	return s.store.People(ctx, p.Person, ids)
}

// Workspaces lists the workspaces that the person is in.
func (s *Service) Workspaces(ctx context.Context, p Principal, page Page) ([]Workspace, error) {
	return s.store.Workspaces(ctx, p.Person, page)
}

// CreateWorkspace makes a workspace that the person owns.
func (s *Service) CreateWorkspace(ctx context.Context, p Principal, name string) (Workspace, error) {
	name, err := NormalName(name)
	if err != nil {
		return Workspace{}, err
	}
	w := Workspace{ID: NewID(), Name: name, Role: RoleOwner, Created: s.now().UTC()}
	return w, s.store.CreateWorkspace(ctx, w, p.Person)
}

// Members lists who is in a workspace.
func (s *Service) Members(ctx context.Context, p Principal, workspace string, page Page) ([]Member, error) {
	if _, err := s.allowed(ctx, p, workspace, ActionRead); err != nil {
		return nil, err
	}
	return s.store.Members(ctx, workspace, page)
}

// allowed returns the person's role in a workspace if it allows the action.
// For who is not in it, the workspace is not there.
func (s *Service) allowed(ctx context.Context, p Principal, workspace string, a Action) (Role, error) {
	role, err := s.store.Role(ctx, p.Person, workspace)
	if err != nil {
		return "", err
	}
	if !role.Can(a) {
		return "", ErrForbidden
	}
	return role, nil
}

// Projects lists the projects of a workspace.
func (s *Service) Projects(ctx context.Context, p Principal, workspace string, page Page) ([]Project, error) {
	role, err := s.allowed(ctx, p, workspace, ActionRead)
	if err != nil {
		return nil, err
	}
	list, err := s.store.Projects(ctx, workspace, page)
	for i := range list {
		list[i].Role = role
	}
	return list, err
}

// NewProject says what project to make. Before it is there, Prepare is called
// with it, to make the documents that it begins with.
type NewProject struct {
	Workspace string
	Name      string
	Prepare   func(Project) error
}

// CreateProject makes a project in a workspace.
func (s *Service) CreateProject(ctx context.Context, p Principal, in NewProject) (Project, error) {
	role, err := s.allowed(ctx, p, in.Workspace, ActionEdit)
	if err != nil {
		return Project{}, err
	}
	name, err := NormalName(in.Name)
	if err != nil {
		return Project{}, err
	}
	now := s.now().UTC()
	project := Project{ID: NewID(), Workspace: in.Workspace, Name: name, Role: role, Created: now, Updated: now}
	if err := in.Prepare(project); err != nil {
		return Project{}, err
	}
	return project, s.store.CreateProject(ctx, project)
}

// Project returns a project.
func (s *Service) Project(ctx context.Context, p Principal, id string) (Project, error) {
	if !ValidID(id) {
		return Project{}, ErrNotFound
	}
	if p.Share != "" {
		return s.guestProject(ctx, p, id)
	}
	return s.store.Project(ctx, p.Person, id)
}

// RenameProject changes a project's name.
func (s *Service) RenameProject(ctx context.Context, p Principal, id, name string) (Project, error) {
	project, err := s.May(ctx, p, id, ActionEdit)
	if err != nil {
		return Project{}, err
	}
	if project.Name, err = NormalName(name); err != nil {
		return Project{}, err
	}
	project.Updated = s.now().UTC()
	return project, s.store.RenameProject(ctx, id, project.Name, project.Updated)
}

// DeleteProject removes a project; its documents are the caller's to remove.
func (s *Service) DeleteProject(ctx context.Context, p Principal, id string) error {
	if _, err := s.May(ctx, p, id, ActionDeleteProject); err != nil {
		return err
	}
	return s.store.DeleteProject(ctx, id)
}

// May returns a project in which the person is allowed an action. It ends with
// ErrNotFound or ErrForbidden.
func (s *Service) May(ctx context.Context, p Principal, id string, a Action) (Project, error) {
	project, err := s.Project(ctx, p, id)
	if err == nil && !project.Role.Can(a) {
		err = ErrForbidden
	}
	return project, err
}

// MayIn tells whether the person is allowed an action in a workspace. It ends with
// ErrNotFound or ErrForbidden.
func (s *Service) MayIn(ctx context.Context, p Principal, workspace string, a Action) error {
	if !ValidID(workspace) {
		return ErrNotFound
	}
	_, err := s.allowed(ctx, p, workspace, a)
	return err
}

// Document tells what the person may do with a project's document of a kind:
// "timeline" or "review". Others are not there.
func (s *Service) Document(ctx context.Context, p Principal, project, kind string) (Access, error) {
	if kind != "timeline" && kind != "review" {
		return AccessNone, ErrNotFound
	}
	if p.Share != "" {
		return s.guestDocument(ctx, p, project, kind)
	}
	found, err := s.Project(ctx, p, project)
	if err != nil {
		return AccessNone, err
	}
	return found.Role.Access(), nil
}
