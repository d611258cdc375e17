// Package server is the edge: it turns HTTP requests and WebSocket messages
// into calls of the domain, and answers in JSON, frames and close codes.
package server

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/history"
	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms"
)

// Config is what a Server works with.
type Config struct {
	Hub       *rooms.Hub
	Auth      *auth.Service
	Media     *media.Service
	History   *history.Service
	Renders   *render.Service
	Log       *slog.Logger
	Metrics   *Metrics
	PublicURL string // how browsers reach the server
	Version   string
	Proxies   []netip.Prefix // whose X-Forwarded-For is believed
	Web       fs.FS          // the built client; nil or without index.html: it was not built

	// PersonSockets is how many sockets one person may have at once; 0 for the usual.
	PersonSockets int

	// Ping answers whether the database does.
	Ping func(ctx context.Context) error
	// Prepare makes the documents that a new project begins with.
	Prepare func(ctx context.Context, project auth.Project, person string) error
}

// Server serves the web client, the REST interface and the sockets of a node.
type Server struct {
	Config
	sockets  sockets
	works    *works
	named    named
	draining atomic.Bool
	files    map[string]asset // the built client
}

// New makes a server.
func New(c Config) *Server {
	s := &Server{Config: c, works: newWorks(), files: readAssets(c)}
	s.sockets.panicked, s.sockets.log = s.panicked, c.Log
	s.sockets.perPerson = cmp.Or(c.PersonSockets, personSockets)
	return s
}

// Handler is what the public listener serves.
func (s *Server) Handler() http.Handler {
	elsewhere := http.NewCrossOriginProtection()
	elsewhere.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, problem(errCrossOrigin))
	}))
	// Browsers that do not say where a page is from say its origin, and a proxy
	// may have changed the host that it is compared with. What is no origin is
	// trusted by nobody.
	_ = elsewhere.AddTrustedOrigin(s.PublicURL)
	r := chi.NewRouter()
	r.Use(s.behind, s.identified, s.recoverer, s.headers, s.observe, elsewhere.Handler)
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	r.Get("/readyz", s.ready)
	r.Get("/collab", s.serveCollab)
	r.Get("/yjs/{project}/{kind}", s.serveYjs)
	s.routes(r)
	r.NotFound(s.page)
	r.MethodNotAllowed(func(w http.ResponseWriter, req *http.Request) {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			if r.Match(chi.NewRouteContext(), method, req.URL.Path) {
				w.Header().Add("Allow", method)
			}
		}
		writeProblem(w, problem(errMethod))
	})
	return r
}

// Drain tells everybody to come back elsewhere, and returns when all sockets
// are gone, at the latest when ctx ends.
func (s *Server) Drain(ctx context.Context) {
	s.draining.Store(true)
	s.sockets.drain(ctx)
}

// readyTimeout is how long the database may take to answer /readyz.
const readyTimeout = 2 * time.Second

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		plain(w, http.StatusServiceUnavailable, "draining")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := s.Ping(ctx); err != nil {
		s.Log.Warn("not ready", "err", err)
		why := "the database does not answer"
		if errors.Is(err, syscall.ENOSPC) {
			why = "the disk is full"
		}
		plain(w, http.StatusServiceUnavailable, why)
		return
	}
	plain(w, http.StatusOK, "ready")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the client is gone, or it is not
}

// panicked takes down that something of ours panicked.
func (s *Server) panicked(what string, p any) {
	s.Metrics.panics.Inc()
	s.Log.Error("panicked", "what", what, "panic", p, "stack", string(debug.Stack()))
}

// recoverer answers a request whose handler panicked, and logs it.
func (s *Server) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				s.panicked(r.Method+" "+chi.RouteContext(r.Context()).RoutePattern()+" "+requestIDOf(r.Context()), p)
				writeProblem(w, problem(errInternal))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// policy is what pages of ours may load: nothing from elsewhere, no inline
// scripts. Inline styles are allowed, as the text editor positions with them.
const policy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; " +
	"media-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// headers sets what every answer has.
func (s *Server) headers(next http.Handler) http.Handler {
	secure := s.secure()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// secure tells whether browsers reach the server over TLS.
func (s *Server) secure() bool { return strings.HasPrefix(s.PublicURL, "https://") }

// observe measures requests by their route; sockets are measured elsewhere.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			next.ServeHTTP(w, r)
			return
		}
		start, status := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(status, r)
		route := chi.RouteContext(r.Context()).RoutePattern()
		if route == "" {
			route = "page"
		}
		took := time.Since(start)
		s.Metrics.request(route, status.status, took)
		s.logged(r, slog.Int("status", status.status), slog.Duration("took", took))
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader sends the status; see http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController what it needs.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
