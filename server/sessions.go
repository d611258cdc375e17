package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/soratoo/soratoo/auth"
)

type sessionJSON struct {
	ID        string    `json:"id"`
	Device    string    `json:"device" doc:"The browser or program, in words; may be empty."`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at" doc:"To some minutes."`
	ExpiresAt time.Time `json:"expires_at" doc:"When it ends unless it is used."`
	Current   bool      `json:"current" doc:"Whether it is the one that asks."`
}

type sessionsJSON struct {
	Items    []sessionJSON `json:"items"`
	ReusedAt *time.Time    `json:"reused_at,omitempty" doc:"When one of your sessions was last used by two and was ended for that; absent: never since the last change of the password."`
}

// InSession is the path of a session.
type InSession struct {
	Session string `path:"session" maxLength:"64"`
}

type passwordRequest struct {
	Body struct {
		Current string `json:"current_password" maxLength:"800"`
		New     string `json:"new_password" maxLength:"800"`
	}
}

func (s *Server) sessionRoutes(api huma.API) {
	handle(s, api, member(http.MethodPut, "/me/password", "change-password", "Change one's own password; ends all other sessions"), s.changePassword)
	handle(s, api, member(http.MethodGet, "/me/sessions", "list-sessions", "Where one is signed in"), s.mySessions)
	handle(s, api, member(http.MethodDelete, "/me/sessions/{session}", "end-session", "End one of one's own sessions"), s.endSession)
}

func (s *Server) changePassword(ctx context.Context, in *passwordRequest) (*empty, error) {
	err := s.Auth.ChangePassword(ctx, who(ctx), in.Body.Current, in.Body.New)
	s.closeEnded()
	return &empty{}, err
}

func (s *Server) mySessions(ctx context.Context, _ *struct{}) (*body[sessionsJSON], error) {
	found, err := s.Auth.Sessions(ctx, who(ctx))
	if err != nil {
		return nil, err
	}
	me, err := s.Auth.Me(ctx, who(ctx))
	out := &body[sessionsJSON]{sessionsJSON{Items: []sessionJSON{}, ReusedAt: perhaps(me.Alarmed)}}
	for _, f := range found {
		out.Body.Items = append(out.Body.Items, sessionJSON{
			ID: f.ID, Device: f.Device, CreatedAt: timestamp(f.Created), UsedAt: timestamp(f.Used), ExpiresAt: timestamp(f.Expires),
			Current: f.ID == who(ctx).Session,
		})
	}
	return out, err
}

func (s *Server) endSession(ctx context.Context, in *InSession) (*empty, error) {
	err := s.Auth.EndSession(ctx, who(ctx), in.Session)
	s.closeEnded()
	return &empty{}, err
}

// closeEnded closes the sockets of sessions that are over, now and not at the next
// look at them.
func (s *Server) closeEnded() {
	now := time.Now()
	for _, open := range s.sockets.list() {
		if err := open.protocol.tick(now); err != nil {
			open.close(err)
		}
	}
}

// over is why something ends that was opened by a session; nil while that goes on.
func (s *Server) over(session string) error {
	if session != "" && s.Auth.Over(session) {
		return auth.ErrUnauthenticated
	}
	return nil
}

// originOf is from where somebody signs in.
func (s *Server) originOf(r *http.Request) auth.Origin {
	from := auth.Origin{Address: addressOf(r), Device: deviceOf(r.UserAgent())}
	if c, err := r.Cookie(s.deviceCookie()); err == nil {
		from.Known = c.Value
	}
	return from
}

// deviceTime is how long a browser is known after somebody signed in there.
const deviceTime = 365 * 24 * time.Hour

func (s *Server) deviceCookie() string {
	if s.secure() {
		return "__Host-soratoo_device"
	}
	return "soratoo_device"
}

// cookies are the session's, and for who has just signed in the device's.
func (s *Server) cookies(in auth.SignedIn) []http.Cookie {
	out := []http.Cookie{s.cookie(in.Cookie, in.CookieExpires)}
	if in.Device != "" {
		device := s.cookie(in.Device, time.Now().Add(deviceTime))
		device.Name = s.deviceCookie()
		out = append(out, device)
	}
	return out
}

// What User-Agent headers have in them, the telling first: most browsers also name
// those that they are like.
var (
	browsers = [][2]string{
		{"Edg/", "Edge"},
		{"OPR/", "Opera"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
		{"Go-http-client/", "a Go program"},
		{"python", "a Python program"},
		{"node", "a Node program"},
	}
	systems = [][2]string{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"CrOS", "ChromeOS"},
		{"Windows", "Windows"},
		{"Macintosh", "Mac"},
		{"Linux", "Linux"},
	}
)

// deviceOf says in words what a User-Agent header names. Nothing else of the header
// is kept.
func deviceOf(agent string) string {
	browser, system := naming(browsers, agent), naming(systems, agent)
	if browser == "" || system == "" {
		return browser + system
	}
	return browser + " on " + system
}

func naming(table [][2]string, agent string) string {
	for _, row := range table {
		if strings.Contains(agent, row[0]) {
			return row[1]
		}
	}
	return ""
}
