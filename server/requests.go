package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// requestHeader has the id of a request, of who sends it or of ours, and is in its answer:
// what is logged of the request has the id, too.
const requestHeader = "X-Request-Id"

// idBytes is how long an id of others may be.
const idBytes = 64

// identified gives every request an id.
func (s *Server) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestHeader)
		if !isRequestID(id) {
			id = rand.Text()
		}
		w.Header().Set(requestHeader, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey, id)))
	})
}

// isRequestID tells whether an id of others can stand in a log.
func isRequestID(id string) bool {
	for _, c := range id {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= idBytes
}

// requestIDOf is the id of the request of a context, "" when it is of none.
func requestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

// logged takes down what was asked and answered, by route and not by address: addresses
// may hold secrets.
func (s *Server) logged(r *http.Request, attrs ...slog.Attr) {
	all := append([]slog.Attr{
		slog.String("request", requestIDOf(r.Context())), slog.String("method", r.Method), slog.String("route", chi.RouteContext(r.Context()).RoutePattern()),
	}, attrs...)
	s.Log.LogAttrs(r.Context(), slog.LevelDebug, "request", all...)
}
