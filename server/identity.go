package server

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/soratoo/soratoo/auth"
)

// cookieName is the name of the session's cookie. Over TLS its prefix makes
// browsers keep it from other hosts and from plain HTTP.
func (s *Server) cookieName() string {
	if s.secure() {
		return "__Host-soratoo_session"
	}
	return "soratoo_session"
}

func (s *Server) cookie(secret string, expires time.Time) http.Cookie {
	return http.Cookie{
		Name: s.cookieName(), Value: secret, Path: "/", Expires: expires,
		HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	}
}

// cookieOf is the secret in the session's cookie of a request, or "".
func (s *Server) cookieOf(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

// bearer is the token in a request's Authorization. The scheme may be in capitals
// or not (RFC 9110, 11.1).
func bearer(r *http.Request) (token string, ok bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimLeft(token, " "), ok && strings.EqualFold(scheme, "Bearer")
}

// identify tells who makes a request: by bearer token, else by cookie.
func (s *Server) identify(r *http.Request) (auth.Principal, error) {
	if token, ok := bearer(r); ok {
		return s.Auth.Token(r.Context(), token)
	}
	if secret := s.cookieOf(r); secret != "" {
		return s.Auth.Cookie(r.Context(), secret)
	}
	return auth.Principal{}, auth.ErrUnauthenticated
}

// identifyAnyone tells who makes a request, and takes guests' bearer tokens, too.
func (s *Server) identifyAnyone(r *http.Request) (auth.Principal, error) {
	if token, ok := bearer(r); ok {
		return s.Auth.Anyone(r.Context(), token)
	}
	return s.identify(r)
}

// networkBits is how much of an IPv6 address is a household's or a host's: who
// has one address there has all of them.
const networkBits = 64

// addressOf is the network address of who makes a request, as limits on tries
// know it. What trusted proxies say is in it already: see behind.
func addressOf(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := from.Addr().Unmap()
	if address.Is4() {
		return address.String()
	}
	network, err := address.WithZone("").Prefix(networkBits)
	if err != nil {
		return address.String()
	}
	return network.String()
}

type contextKey int

const (
	principalKey contextKey = iota
	requestKey
	controlKey
	requestIDKey
)

// who is who makes the request, in operations that need somebody.
func who(ctx context.Context) auth.Principal {
	p, _ := ctx.Value(principalKey).(auth.Principal)
	return p
}

// requestOf is the request of an operation.
func requestOf(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey).(*http.Request)
	return r
}

// controlOf moves the deadlines of an operation's request.
func controlOf(ctx context.Context) *http.ResponseController {
	c, _ := ctx.Value(controlKey).(*http.ResponseController)
	return c
}

// signedIn lets only who is signed in into operations that have a security
// scheme.
func (s *Server) signedIn(ctx huma.Context, next func(huma.Context)) {
	r, w := humachi.Unwrap(ctx)
	ctx = huma.WithValue(huma.WithValue(ctx, requestKey, r), controlKey, http.NewResponseController(w))
	if len(ctx.Operation().Security) == 0 {
		next(ctx)
		return
	}
	p, err := s.identify(r)
	if err != nil {
		writeProblem(w, s.fail(r.Context(), err))
		return
	}
	next(huma.WithValue(ctx, principalKey, p))
}
