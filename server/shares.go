package server

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/media"
)

// What a link allows.
const (
	canView     = "view"
	canComment  = "comment"
	canDownload = "download"
)

type shareJSON struct {
	ID           string     `json:"id"`
	Project      string     `json:"project"`
	Capabilities []string   `json:"capabilities" enum:"view,comment,download"`
	Password     bool       `json:"password" doc:"Whether guests are asked for one."`
	Version      string     `json:"version,omitempty" doc:"The version that it shows; absent: what is there at the time."`
	Person       string     `json:"person" doc:"Who made it."`
	CreatedAt    time.Time  `json:"created_at"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty"`
	Views        int        `json:"views" doc:"How often it was opened; of the newest 1000 times."`
	ViewedAt     *time.Time `json:"viewed_at,omitempty" doc:"When it was last."`
	Crowded      int        `json:"crowded,omitempty" doc:"How many guests who wrote nothing were let go, as the link had as many as it may."`
	URL          string     `json:"url,omitempty" doc:"Only in the answer to its making."`
}

func showShare(s auth.Share) shareJSON {
	return shareJSON{
		ID: s.ID, Project: s.Project, Capabilities: capabilities(s), Password: s.Password != "", Version: s.Version, Person: s.Person,
		CreatedAt: timestamp(s.Created), ExpiresAt: perhaps(s.Expires), Views: s.Views, ViewedAt: perhaps(s.Viewed), Crowded: s.Crowded,
	}
}

func capabilities(s auth.Share) []string {
	out := []string{canView}
	if s.Comment {
		out = append(out, canComment)
	}
	if s.Download {
		out = append(out, canDownload)
	}
	return out
}

func perhaps(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = timestamp(t)
	return &t
}

type sharesRequest struct {
	InProject
	Paging
}

type createShareRequest struct {
	InProject
	Body struct {
		Capabilities []string   `json:"capabilities,omitempty" maxItems:"3" enum:"view,comment,download" doc:"What guests may do; viewing goes without saying."`
		Password     string     `json:"password,omitempty" maxLength:"800" doc:"That guests are asked for, 6 to 200 characters."`
		Version      string     `json:"version,omitempty" maxLength:"64" doc:"Show this version, not what is there at the time."`
		ExpiresAt    *time.Time `json:"expires_at,omitempty"`
	}
}

// InShare is the path of a share.
type InShare struct {
	Share string `path:"share" maxLength:"64"`
}

type viewsRequest struct {
	InShare
	Paging
}

type viewJSON struct {
	Guest personJSON `json:"guest"`
	At    time.Time  `json:"at"`
}

type openShareRequest struct {
	Body struct {
		Token       string `json:"token" maxLength:"100" doc:"What is behind the last / of the link."`
		Password    string `json:"password,omitempty" maxLength:"800"`
		DisplayName string `json:"display_name,omitempty" maxLength:"100" doc:"As others see the guest; not asked of who comes back."`
	}
}

type sharedProjectJSON struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type openedJSON struct {
	Guest        personJSON        `json:"guest"`
	Share        string            `json:"share"`
	AccessToken  string            `json:"access_token" doc:"Good for the documents of the project and for nothing else."`
	ExpiresAt    time.Time         `json:"expires_at" doc:"When the access token ends; resume before."`
	Project      sharedProjectJSON `json:"project"`
	Capabilities []string          `json:"capabilities" enum:"view,comment,download"`
	Version      string            `json:"version,omitempty"`
}

// openedAnswer has the token for the documents, and the cookie by which the
// browser comes back as the same guest.
type openedAnswer struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      openedJSON
}

type besideRequest struct {
	InShare
	PeopleRequest
}

type sharedAssetsRequest struct {
	InShare
	Paging
}

type sharedContentRequest struct {
	InShare
	InAsset
	Download bool `query:"download" doc:"Have browsers save the file, where the link allows it."`
}

func (s *Server) shareRoutes(api huma.API) {
	handle(s, api, member(http.MethodGet, "/projects/{project}/shares", "list-shares", "The links to a project"), s.shares)
	handle(s, api, member(http.MethodPost, "/projects/{project}/shares", "create-share", "Make a link for people without an account"), s.createShare)
	handle(s, api, member(http.MethodDelete, "/shares/{share}", "delete-share", "End a link, and let who came by it go"), s.deleteShare)
	handle(s, api, member(http.MethodGet, "/shares/{share}/views", "list-views", "Who opened a link, in their own names"), s.views)
	handle(s, api, anyone(http.MethodPost, "/shares/open", "open-share", "Come in by a link"), s.openShare)
	handle(s, api, guestly(http.MethodPost, "/shares/{share}/resume", "resume-share", "Come back by a link's cookie, with a new access token"), s.resumeShare)
	handle(s, api, guestly(http.MethodGet, "/shares/{share}/people", "list-share-people", "Names and colours of people of the project, for its guests"), s.beside)
	handle(s, api, guestly(http.MethodGet, "/shares/{share}/assets", "list-share-assets", "The media of the project, for its guests"), s.sharedAssets)
	handle(s, api, guestly(http.MethodGet, "/shares/{share}/timeline", "get-share-timeline",
		"The timeline of a link that shows one version, as a Yjs update (V1)"), s.sharedTimeline)
	handle(s, api, guestly(http.MethodGet, "/shares/{share}/deliveries", "list-share-deliveries",
		"The finished films, for guests whose link lets them download"), s.sharedDeliveries)
	content := guestly(http.MethodGet, "/shares/{share}/assets/{asset}/content", "get-share-asset-content", "A file, or parts of it by Range, for guests")
	content.Responses = fileResponses()
	handle(s, api, content, s.sharedContent)
}

// guestly is an operation for guests: it takes a link's cookie.
func guestly(method, path, id, summary string) huma.Operation {
	o := anyone(method, path, id, summary)
	o.Description = "For guests: by the cookie that the opening of the link has set."
	return o
}

func (s *Server) shares(ctx context.Context, in *sharesRequest) (*body[list[shareJSON]], error) {
	found, err := s.Auth.Shares(ctx, who(ctx), in.Project, in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.Paging, found, showShare, func(a auth.Share) string { return auth.Cursor(a.Created, a.ID) }), nil
}

func (s *Server) createShare(ctx context.Context, in *createShareRequest) (*body[shareJSON], error) {
	wanted := auth.NewShare{Project: in.Project, Password: in.Body.Password, Version: in.Body.Version}
	for _, c := range in.Body.Capabilities {
		wanted.Comment = wanted.Comment || c == canComment
		wanted.Download = wanted.Download || c == canDownload
	}
	if in.Body.Version != "" {
		v, err := s.History.Version(ctx, who(ctx), in.Body.Version)
		if err == nil && v.Project != in.Project {
			err = auth.ErrNotFound
		}
		if err != nil {
			return nil, err
		}
	}
	if in.Body.ExpiresAt != nil {
		wanted.Expires = *in.Body.ExpiresAt
	}
	share, token, err := s.Auth.CreateShare(ctx, who(ctx), wanted)
	if err != nil {
		return nil, err
	}
	out := showShare(share)
	out.URL = s.PublicURL + "/s/" + token
	return &body[shareJSON]{out}, nil
}

// deleteShare ends a link and the sockets of those who came by it.
func (s *Server) deleteShare(ctx context.Context, in *InShare) (*empty, error) {
	share, err := s.Auth.RevokeShare(ctx, who(ctx), in.Share)
	if err != nil {
		return nil, err
	}
	for _, kind := range kinds {
		s.Hub.EndShare(share.Project+"/"+kind, share.ID, auth.ErrShareEnded)
	}
	return &empty{}, nil
}

func (s *Server) views(ctx context.Context, in *viewsRequest) (*body[list[viewJSON]], error) {
	found, err := s.Auth.Views(ctx, who(ctx), in.Share, in.page())
	if err != nil {
		return nil, err
	}
	show := func(v auth.View) viewJSON {
		return viewJSON{Guest: personJSON{ID: v.Guest, Name: v.Name, Color: v.Color, Guest: true}, At: timestamp(v.At)}
	}
	return pageOf(in.Paging, found, show, func(v auth.View) string { return auth.Cursor(v.At, v.ID) }), nil
}

func (s *Server) openShare(ctx context.Context, in *openShareRequest) (*openedAnswer, error) {
	r := requestOf(ctx)
	done, err := s.Auth.OpenShare(ctx, auth.Opening{
		Token: in.Body.Token, Password: in.Body.Password, Name: in.Body.DisplayName, Address: addressOf(r),
		Cookie: func(share string) string { return s.guestCookieOf(r, share) },
	})
	if err != nil {
		return nil, err
	}
	if done.Gone != "" {
		for _, kind := range kinds {
			s.Hub.End(done.Share.Project+"/"+kind, done.Gone, auth.ErrShareEnded)
		}
	}
	return s.showOpened(done), nil
}

func (s *Server) resumeShare(ctx context.Context, in *InShare) (*openedAnswer, error) {
	done, err := s.Auth.ResumeShare(ctx, in.Share, s.guestCookieOf(requestOf(ctx), in.Share))
	if err != nil {
		return nil, err
	}
	return s.showOpened(done), nil
}

func (s *Server) showOpened(o auth.Opened) *openedAnswer {
	cookie := s.cookie(o.Cookie, o.CookieExpires)
	cookie.Name = s.guestCookieName(o.Share.ID)
	return &openedAnswer{SetCookie: cookie, Body: openedJSON{
		Guest: personJSON{ID: o.Guest.ID, Name: o.Guest.Name, Color: o.Guest.Color, Guest: true}, Share: o.Share.ID,
		AccessToken: o.AccessToken, ExpiresAt: timestamp(o.AccessExpires),
		Project:      sharedProjectJSON{ID: o.Share.Project, Name: o.Share.Title},
		Capabilities: capabilities(o.Share), Version: o.Share.Version,
	}}
}

// guest is who makes a request of a guest, by the cookie of the share.
func (s *Server) guest(ctx context.Context, share string) (auth.Principal, error) {
	return s.Auth.GuestByCookie(ctx, share, s.guestCookieOf(requestOf(ctx), share))
}

func (s *Server) sharedAssets(ctx context.Context, in *sharedAssetsRequest) (*body[list[assetJSON]], error) {
	p, err := s.guest(ctx, in.Share)
	if err != nil {
		return nil, err
	}
	seen, err := s.seen(ctx, p)
	if err != nil {
		return nil, err
	}
	found, err := s.Media.Assets(ctx, p, p.Project, in.page())
	if err != nil {
		return nil, err
	}
	out := pageOf(in.Paging, found, showAsset, func(a media.Asset) string { return auth.Cursor(a.Created, a.ID) })
	out.Body.Items = slices.DeleteFunc(out.Body.Items, func(a assetJSON) bool { return !seen(a.ID) || !mayTake(p, a.Made) })
	return out, nil
}

// mayTake tells whether a guest may have what some kind of render made: films that
// leave the house are for those whose link lets them download.
func mayTake(p auth.Principal, made string) bool { return made != media.Delivery || p.Download }

func (s *Server) sharedDeliveries(ctx context.Context, in *sharedAssetsRequest) (*body[list[assetJSON]], error) {
	p, err := s.guest(ctx, in.Share)
	if err != nil {
		return nil, err
	}
	if !p.Download {
		return nil, auth.ErrForbidden
	}
	seen, err := s.seen(ctx, p)
	if err != nil {
		return nil, err
	}
	found, err := s.Media.Deliveries(ctx, p, p.Project, in.page())
	if err != nil {
		return nil, err
	}
	out := pageOf(in.Paging, found, showAsset, func(a media.Asset) string { return auth.Cursor(a.Created, a.ID) })
	out.Body.Items = slices.DeleteFunc(out.Body.Items, func(a assetJSON) bool { return !seen(a.ID) })
	return out, nil
}

// sharedTimeline is the version that a link shows, as a Yjs update.
func (s *Server) sharedTimeline(ctx context.Context, in *InShare) (*content, error) {
	p, err := s.guest(ctx, in.Share)
	if err != nil {
		return nil, err
	}
	if p.Version == "" {
		return nil, auth.ErrNotFound
	}
	done, err := s.works.begin(ctx, p.Person, workMost)
	if err != nil {
		return nil, err
	}
	defer done()
	v, err := s.History.Shared(ctx, p.Project, p.Version)
	return &content{"application/octet-stream", v.State}, err
}

func (s *Server) sharedContent(ctx context.Context, in *sharedContentRequest) (*huma.StreamResponse, error) {
	p, err := s.guest(ctx, in.Share)
	if err != nil {
		return nil, err
	}
	if in.Download && !p.Download {
		return nil, auth.ErrForbidden
	}
	seen, err := s.seen(ctx, p)
	if err != nil {
		return nil, err
	}
	if !seen(in.Asset) {
		return nil, auth.ErrNotFound
	}
	a, err := s.Media.Asset(ctx, p, in.Asset)
	if err == nil && !mayTake(p, a.Made) {
		err = auth.ErrForbidden
	}
	if err != nil {
		return nil, err
	}
	return s.file(ctx, p, &contentRequest{InAsset: in.InAsset, Download: in.Download})
}

func (s *Server) beside(ctx context.Context, in *besideRequest) (*body[list[personJSON]], error) {
	p, err := s.guest(ctx, in.Share)
	if err != nil {
		return nil, err
	}
	people, err := s.Auth.Beside(ctx, p, in.asked())
	return showPeople(people), err
}

// guestCookieName is the name of the cookie by which a guest comes back: each
// link has its own.
func (s *Server) guestCookieName(share string) string {
	if s.secure() {
		return "__Host-soratoo_guest_" + share
	}
	return "soratoo_guest_" + share
}

// guestCookieOf is what a request has in the cookie of a share, or "".
func (s *Server) guestCookieOf(r *http.Request, share string) string {
	c, err := r.Cookie(s.guestCookieName(share))
	if err != nil {
		return ""
	}
	return c.Value
}
