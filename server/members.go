package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/rooms"
)

// InMember is the path of somebody in a workspace.
type InMember struct {
	InWorkspace
	Person string `path:"person" maxLength:"64"`
}

type roleRequest struct {
	InMember
	Body struct {
		Role auth.Role `json:"role" enum:"owner,admin,editor,commenter,viewer"`
	}
}

type invitationJSON struct {
	ID        string    `json:"id"`
	Email     string    `json:"email,omitempty" doc:"Whose account it is for; absent: whoever has the link."`
	Role      auth.Role `json:"role"`
	Person    string    `json:"person" doc:"Who made it."`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Token     string    `json:"token,omitempty" doc:"Only in the answer to its making."`
	URL       string    `json:"url,omitempty" doc:"Where it is accepted; only in the answer to its making."`
}

func showInvitation(i auth.Invitation) invitationJSON {
	return invitationJSON{
		ID: i.ID, Email: i.Email, Role: i.Role, Person: i.Person, CreatedAt: timestamp(i.Created), ExpiresAt: timestamp(i.Expires),
	}
}

type inviteRequest struct {
	InWorkspace
	Body struct {
		Email string    `json:"email,omitempty" maxLength:"254" doc:"Only an account with this email can accept."`
		Role  auth.Role `json:"role" enum:"admin,editor,commenter,viewer"`
	}
}

// InInvitation is the path of an invitation.
type InInvitation struct {
	InWorkspace
	Invitation string `path:"invitation" maxLength:"64"`
}

type acceptRequest struct {
	Body struct {
		Token string `json:"token" maxLength:"64"`
	}
}

type acceptedJSON struct {
	Workspace string    `json:"workspace"`
	Role      auth.Role `json:"role" doc:"What you are in it now."`
}

func (s *Server) memberRoutes(api huma.API) {
	const one, all = "/workspaces/{workspace}/members/{person}", "/workspaces/{workspace}/invitations"
	handle(s, api, member(http.MethodGet, one, "get-member", "Somebody in a workspace"), s.member)
	handle(s, api, member(http.MethodPatch, one, "set-role", "Change somebody's role in a workspace"), s.setRole)
	handle(s, api, member(http.MethodDelete, one, "remove-member", "Take somebody out of a workspace, or leave it"), s.removeMember)
	handle(s, api, member(http.MethodGet, all, "list-invitations", "Who was invited and has not answered"), s.invitations)
	handle(s, api, member(http.MethodPost, all, "invite", "Make a link by which somebody becomes a member, once, within seven days"), s.invite)
	handle(s, api, member(http.MethodDelete, all+"/{invitation}", "revoke-invitation", "Take an invitation back"), s.revoke)
	accept := member(http.MethodPost, "/invitations/accept", "accept-invitation", "Become a member by the token of an invitation")
	accept.DefaultStatus = http.StatusOK
	handle(s, api, accept, s.acceptInvitation)
}

func (s *Server) member(ctx context.Context, in *InMember) (*body[memberJSON], error) {
	m, err := s.Auth.Member(ctx, who(ctx), in.Workspace, in.Person)
	return &body[memberJSON]{showMember(m)}, err
}

func (s *Server) setRole(ctx context.Context, in *roleRequest) (*body[memberJSON], error) {
	m, err := s.Auth.SetRole(ctx, who(ctx), auth.Membership{Workspace: in.Workspace, Person: in.Person, Role: in.Body.Role})
	if err != nil {
		return nil, err
	}
	return &body[memberJSON]{showMember(m)}, s.letGo(ctx, in.Workspace, in.Person, rooms.ErrRestart)
}

func (s *Server) removeMember(ctx context.Context, in *InMember) (*empty, error) {
	if err := s.Auth.RemoveMember(ctx, who(ctx), in.Workspace, in.Person); err != nil {
		return nil, err
	}
	return &empty{}, s.letGo(ctx, in.Workspace, in.Person, auth.ErrForbidden)
}

// letGo ends a person's sockets on the documents of a workspace: to come back with the
// rights that they have there now, or for good. The change is stored by now, and is made
// known also when whoever asked for it does not wait.
func (s *Server) letGo(ctx context.Context, workspace, person string, reason error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), letGoTimeout)
	defer cancel()
	page := auth.Page{Limit: rejoinPage}
	for {
		found, err := s.Auth.Within(ctx, workspace, page)
		if err != nil {
			return err
		}
		for _, p := range found {
			for _, kind := range kinds {
				s.Hub.End(p.ID+"/"+kind, person, reason)
			}
			page.After = auth.Cursor(p.Created, p.ID)
		}
		if len(found) < page.Limit {
			return nil
		}
	}
}

const (
	rejoinPage   = 200 // projects looked through at a time
	letGoTimeout = 30 * time.Second
)

func (s *Server) invitations(ctx context.Context, in *membersRequest) (*body[list[invitationJSON]], error) {
	found, err := s.Auth.Invitations(ctx, who(ctx), in.Workspace, in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.Paging, found, showInvitation, func(i auth.Invitation) string { return auth.Cursor(i.Created, i.ID) }), nil
}

func (s *Server) invite(ctx context.Context, in *inviteRequest) (*body[invitationJSON], error) {
	i, token, err := s.Auth.Invite(ctx, who(ctx), auth.NewInvitation{Workspace: in.Workspace, Email: in.Body.Email, Role: in.Body.Role})
	if err != nil {
		return nil, err
	}
	out := showInvitation(i)
	out.Token, out.URL = token, strings.TrimSuffix(s.PublicURL, "/")+"/invite/"+token
	return &body[invitationJSON]{out}, nil
}

func (s *Server) revoke(ctx context.Context, in *InInvitation) (*empty, error) {
	return &empty{}, s.Auth.Revoke(ctx, who(ctx), in.Workspace, in.Invitation)
}

func (s *Server) acceptInvitation(ctx context.Context, in *acceptRequest) (*body[acceptedJSON], error) {
	m, err := s.Auth.Accept(ctx, who(ctx), in.Body.Token)
	if err != nil {
		return nil, err
	}
	return &body[acceptedJSON]{acceptedJSON{Workspace: m.Workspace, Role: m.Role}}, s.letGo(ctx, m.Workspace, m.Person, rooms.ErrRestart)
}
