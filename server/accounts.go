package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/soratoo/soratoo/auth"
)

type userJSON struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	Color     string    `json:"color" doc:"How others tell this person apart, as hex."`
	CreatedAt time.Time `json:"created_at"`
}

func showUser(a auth.Account) userJSON {
	return userJSON{ID: a.ID, Name: a.Name, Email: a.Email, Color: a.Color, CreatedAt: timestamp(a.Created)}
}

type signedInJSON struct {
	User        userJSON  `json:"user"`
	AccessToken string    `json:"access_token"`
	ExpiresAt   time.Time `json:"expires_at" doc:"When the access token ends; refresh before."`
}

// signedInAnswer has the token for programs and the cookie for browsers.
type signedInAnswer struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      signedInJSON
}

func (s *Server) welcome(in auth.SignedIn) *signedInAnswer {
	return &signedInAnswer{
		SetCookie: s.cookies(in),
		Body:      signedInJSON{User: showUser(in.Account), AccessToken: in.AccessToken, ExpiresAt: timestamp(in.AccessExpires)},
	}
}

type signUpRequest struct {
	Body struct {
		Name           string `json:"name" minLength:"1" maxLength:"100" pattern:"\\S" doc:"As others see it."`
		Email          string `json:"email" format:"email" maxLength:"254"`
		Password       string `json:"password" maxLength:"800"`
		BirthYear      int    `json:"birth_year" minimum:"1900" maximum:"2200" doc:"Looked at once, never kept."`
		AcceptedPolicy bool   `json:"accepted_policy" doc:"That the privacy policy is accepted."`
	}
}

type signInRequest struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Password string `json:"password" maxLength:"800"`
	}
}

type renameMeRequest struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100" pattern:"\\S"`
	}
}

type personJSON struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color"`
	Guest bool   `json:"guest,omitempty" doc:"Came by a link and chose the name; has no account."`
}

// PeopleRequest asks for people by their ids.
type PeopleRequest struct {
	IDs string `query:"ids" required:"true" maxLength:"4600" doc:"Up to 200 ids, with commas between."`
}

// maxPeople is how many people may be looked up at once.
const maxPeople = 200

func (s *Server) accountRoutes(api huma.API) {
	signUp := anyone(http.MethodPost, "/accounts", "sign-up", "Make an account and sign it in")
	signUp.DefaultStatus = http.StatusCreated
	handle(s, api, signUp, s.signUp)
	signIn := anyone(http.MethodPost, "/sessions", "sign-in", "Sign in with email and password")
	signIn.DefaultStatus = http.StatusCreated
	handle(s, api, signIn, s.signIn)
	handle(s, api, anyone(http.MethodPost, "/sessions/refresh", "refresh", "Get a new access token and a new cookie for the cookie's session"), s.refresh)
	handle(s, api, anyone(http.MethodDelete, "/sessions/current", "sign-out", "End the session of the cookie, and that of the bearer token"), s.signOut)
	handle(s, api, member(http.MethodGet, "/me", "get-me", "Who is signed in"), s.me)
	handle(s, api, member(http.MethodPatch, "/me", "rename-me", "Change one's own name"), s.renameMe)
	handle(s, api, member(http.MethodGet, "/people", "list-people", "Names and colours of people one shares a workspace with"), s.people)
	handle(s, api, member(http.MethodPost, "/tickets", "create-ticket", "Get a ticket to open a y-websocket connection with, once, within 30 seconds"), s.createTicket)
}

func (s *Server) signUp(ctx context.Context, in *signUpRequest) (*signedInAnswer, error) {
	done, err := s.Auth.SignUp(ctx, auth.SignUp{
		Name: in.Body.Name, Email: in.Body.Email, Password: in.Body.Password,
		BirthYear: in.Body.BirthYear, Accepted: in.Body.AcceptedPolicy, From: s.originOf(requestOf(ctx)),
	})
	if err != nil {
		return nil, err
	}
	return s.welcome(done), nil
}

func (s *Server) signIn(ctx context.Context, in *signInRequest) (*signedInAnswer, error) {
	done, err := s.Auth.SignIn(ctx, in.Body.Email, in.Body.Password, s.originOf(requestOf(ctx)))
	if err != nil {
		return nil, err
	}
	return s.welcome(done), nil
}

func (s *Server) refresh(ctx context.Context, _ *struct{}) (*signedInAnswer, error) {
	done, err := s.Auth.Refresh(ctx, s.cookieOf(requestOf(ctx)))
	if err != nil {
		s.closeEnded()
		return nil, err
	}
	return s.welcome(done), nil
}

// signedOut takes the cookie away.
type signedOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (s *Server) signOut(ctx context.Context, _ *struct{}) (*signedOut, error) {
	r := requestOf(ctx)
	if p, err := s.identify(r); err == nil {
		if err := s.Auth.Leave(ctx, p); err != nil {
			return nil, err
		}
	}
	if err := s.Auth.SignOut(ctx, s.cookieOf(r)); err != nil {
		return nil, err
	}
	s.closeEnded()
	gone := s.cookie("", time.Unix(1, 0))
	gone.MaxAge = -1
	return &signedOut{SetCookie: gone}, nil
}

func (s *Server) me(ctx context.Context, _ *struct{}) (*body[userJSON], error) {
	a, err := s.Auth.Me(ctx, who(ctx))
	return &body[userJSON]{showUser(a)}, err
}

func (s *Server) renameMe(ctx context.Context, in *renameMeRequest) (*body[userJSON], error) {
	a, err := s.Auth.Rename(ctx, who(ctx), in.Body.Name)
	return &body[userJSON]{showUser(a)}, err
}

func (s *Server) people(ctx context.Context, in *PeopleRequest) (*body[list[personJSON]], error) {
	people, err := s.Auth.People(ctx, who(ctx), in.asked())
	return showPeople(people), err
}

// asked is the ids that are looked up.
func (r *PeopleRequest) asked() []string {
	ids := strings.Split(r.IDs, ",")
	return ids[:min(len(ids), maxPeople)]
}

func showPeople(people []auth.Person) *body[list[personJSON]] {
	out := &body[list[personJSON]]{list[personJSON]{Items: []personJSON{}}}
	for _, p := range people {
		out.Body.Items = append(out.Body.Items, personJSON{ID: p.ID, Name: p.Name, Color: p.Color, Guest: p.Guest})
	}
	return out
}

type ticketRequest struct {
	Body struct {
		Project string `json:"project" minLength:"22" maxLength:"22" doc:"The project whose documents it opens."`
	}
}

type ticketJSON struct {
	Ticket    string    `json:"ticket"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (s *Server) createTicket(ctx context.Context, in *ticketRequest) (*body[ticketJSON], error) {
	if _, err := s.Auth.Project(ctx, who(ctx), in.Body.Project); err != nil {
		return nil, err
	}
	secret, expires, err := s.Auth.NewTicket(ctx, who(ctx), in.Body.Project)
	return &body[ticketJSON]{ticketJSON{Ticket: secret, ExpiresAt: timestamp(expires)}}, err
}
