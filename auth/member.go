package auth

import (
	"context"
	"fmt"
	"slices"
)

// Membership is somebody's role in a workspace.
type Membership struct {
	Workspace string
	Person    string
	Role      Role
}

// Memberships keeps who is in which workspace. Both changes end with ErrLastOwner, and
// change nothing, when nobody would be left who owns the workspace; invitations by who
// may no longer invite go.
type Memberships interface {
	// SetMember adds a person with a role, or changes the role.
	SetMember(ctx context.Context, workspace, person string, role Role) error
	RemoveMember(ctx context.Context, workspace, person string) error
	Member(ctx context.Context, workspace, person string) (Member, error)
}

// ladder is the roles, the mightiest first.
var ladder = []Role{RoleOwner, RoleAdmin, RoleEditor, RoleCommenter, RoleViewer}

// Above tells whether a role allows more than another. An unknown one is below all.
func (r Role) Above(other Role) bool { return r.rank() < other.rank() }

func (r Role) rank() int {
	if i := slices.Index(ladder, r); i >= 0 {
		return i
	}
	return len(ladder)
}

// Member returns somebody in a workspace.
func (s *Service) Member(ctx context.Context, p Principal, workspace, person string) (Member, error) {
	if _, err := s.allowed(ctx, p, workspace, ActionRead); err != nil {
		return Member{}, err
	}
	return s.store.Member(ctx, workspace, person)
}

// SetRole changes a member's role: of nobody above one's own, and to nothing above it.
// It ends with ErrLastOwner when nobody would be left who owns the workspace.
func (s *Service) SetRole(ctx context.Context, p Principal, m Membership) (Member, error) {
	present, err := s.manages(ctx, p, m.Workspace, m.Person)
	if err != nil {
		return Member{}, err
	}
	own, err := s.store.Role(ctx, p.Person, m.Workspace)
	if err != nil {
		return Member{}, err
	}
	if !m.Role.Can(ActionRead) || m.Role.Above(own) {
		return Member{}, fmt.Errorf("%w: the role %q cannot be given", ErrForbidden, m.Role)
	}
	present.Role = m.Role
	return present, s.store.SetMember(ctx, m.Workspace, m.Person, m.Role)
}

// RemoveMember takes somebody out of a workspace: oneself, or nobody above one's own
// role. It ends with ErrLastOwner when nobody would be left who owns the workspace.
func (s *Service) RemoveMember(ctx context.Context, p Principal, workspace, person string) error {
	if person != p.Person {
		if _, err := s.manages(ctx, p, workspace, person); err != nil {
			return err
		}
	}
	return s.store.RemoveMember(ctx, workspace, person)
}

// manages returns a member whom somebody may manage.
func (s *Service) manages(ctx context.Context, p Principal, workspace, person string) (Member, error) {
	own, err := s.allowed(ctx, p, workspace, ActionManageMembers)
	if err != nil {
		return Member{}, err
	}
	m, err := s.store.Member(ctx, workspace, person)
	if err == nil && m.Role.Above(own) {
		err = ErrForbidden
	}
	return m, err
}

// Within lists the projects of a workspace whoever asks, for who must let people go
// from them.
func (s *Service) Within(ctx context.Context, workspace string, page Page) ([]Project, error) {
	return s.store.Projects(ctx, workspace, page)
}
