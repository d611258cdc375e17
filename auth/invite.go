package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

const (
	inviteTime     = 7 * 24 * time.Hour // an invitation is good
	maxInvitations = 200                // of a workspace, open at once
	inviteBytes    = 16                 // of a token

	inviterTries = 30 // invitations of one person at once; one more a minute
	teamTries    = 60 // of one workspace
)

// Invitation asks somebody into a workspace.
type Invitation struct {
	ID        string
	Workspace string
	Email     string // whose account it is for; "": whoever has the link
	Role      Role
	Hash      []byte // SHA-256 of the token
	Person    string // who asks
	Created   time.Time
	Expires   time.Time
}

// Invitations keeps invitations. What is not there is ErrNotFound.
type Invitations interface {
	// CreateInvitation stores one, or ends with ErrTooMany when most of the workspace
	// are open.
	CreateInvitation(ctx context.Context, i Invitation, most int) error
	Invitations(ctx context.Context, workspace string, p Page) ([]Invitation, error)
	InvitationByHash(ctx context.Context, hash []byte) (Invitation, error)
	DeleteInvitation(ctx context.Context, workspace, id string) error
	// AcceptInvitation removes one and makes a person a member; who is one keeps the
	// role that allows more.
	AcceptInvitation(ctx context.Context, i Invitation, person string) error
}

// NewInvitation says whom to ask into a workspace, and as what.
type NewInvitation struct {
	Workspace string
	Email     string // "": whoever has the link
	Role      Role
}

// Invite asks somebody into a workspace, and returns the token that they show. Whether
// an email has an account is not looked at. It ends with ErrForbidden, ErrEmail or
// ErrTooMany.
func (s *Service) Invite(ctx context.Context, p Principal, in NewInvitation) (Invitation, string, error) {
	own, err := s.allowed(ctx, p, in.Workspace, ActionManageMembers)
	if err != nil {
		return Invitation{}, "", err
	}
	if in.Role == RoleOwner || !in.Role.Can(ActionRead) || in.Role.Above(own) {
		return Invitation{}, "", fmt.Errorf("%w: the role %q cannot be given", ErrForbidden, in.Role)
	}
	email := NormalEmail(in.Email)
	if email != "" {
		if err := checkEmail(email); err != nil {
			return Invitation{}, "", err
		}
	}
	if !s.inviters.allow(p.Person) || !s.invited.allow(in.Workspace) {
		return Invitation{}, "", ErrTooMany
	}
	var secret [inviteBytes]byte
	_, _ = rand.Read(secret[:]) // never fails
	token, now := base64.RawURLEncoding.EncodeToString(secret[:]), s.now().UTC()
	i := Invitation{
		ID: NewID(), Workspace: in.Workspace, Email: email, Role: in.Role, Hash: hashSecret(token),
		Person: p.Person, Created: now, Expires: now.Add(inviteTime),
	}
	return i, token, s.store.CreateInvitation(ctx, i, maxInvitations)
}

// Invitations lists the open invitations to a workspace.
func (s *Service) Invitations(ctx context.Context, p Principal, workspace string, page Page) ([]Invitation, error) {
	if _, err := s.allowed(ctx, p, workspace, ActionManageMembers); err != nil {
		return nil, err
	}
	return s.store.Invitations(ctx, workspace, page)
}

// Revoke takes an invitation back.
func (s *Service) Revoke(ctx context.Context, p Principal, workspace, id string) error {
	if _, err := s.allowed(ctx, p, workspace, ActionManageMembers); err != nil {
		return err
	}
	return s.store.DeleteInvitation(ctx, workspace, id)
}

// Accept makes somebody a member by an invitation's token, which is then used up. It
// ends with ErrInvitation, or with ErrInvited when it is for another's email.
func (s *Service) Accept(ctx context.Context, p Principal, token string) (Membership, error) {
	i, err := s.store.InvitationByHash(ctx, hashSecret(token))
	if err != nil {
		return Membership{}, uninvited(err)
	}
	// Who asked may have lost the right since.
	by, err := s.store.Role(ctx, i.Person, i.Workspace)
	if err != nil {
		return Membership{}, uninvited(err)
	}
	if !s.now().Before(i.Expires) || !by.Can(ActionManageMembers) || i.Role.Above(by) {
		return Membership{}, ErrInvitation
	}
	a, err := s.Me(ctx, p)
	if err != nil {
		return Membership{}, err
	}
	if i.Email != "" && i.Email != a.Email {
		return Membership{}, ErrInvited
	}
	if err := s.store.AcceptInvitation(ctx, i, p.Person); err != nil {
		return Membership{}, uninvited(err)
	}
	role, err := s.store.Role(ctx, p.Person, i.Workspace)
	return Membership{Workspace: i.Workspace, Person: p.Person, Role: role}, err
}

// uninvited is what it means that an invitation, or who made it, is not there.
func uninvited(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrInvitation
	}
	return err
}
