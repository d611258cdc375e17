package server

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"syscall"

	"github.com/danielgtaylor/huma/v2"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/history"
	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/rooms/timeline"
	"github.com/soratoo/soratoo/rooms/timeline/interchange"
)

// errInternal is an error of ours; clients hear nothing more of it.
var errInternal = errors.New("internal error")

// errCrossOrigin: a page elsewhere made a browser send the request.
var errCrossOrigin = errors.New("cross-origin request")

// errMethod: there is something at this path, but not for this method.
var errMethod = errors.New("method not allowed")

// problems is the one table of what goes wrong over HTTP (RFC 9457). Types are
// stable; each is explained on the page of the documentation.
var problems = []struct {
	err    error
	status int
	name   string
	title  string
}{
	{auth.ErrUnauthenticated, http.StatusUnauthorized, "unauthenticated", "Sign in first"},
	{auth.ErrCredentials, http.StatusUnauthorized, "wrong-credentials", "Email or password is wrong"},
	{auth.ErrTooYoung, http.StatusForbidden, "too-young", "SoraToo is for people of 13 years and over"},
	{auth.ErrPolicy, http.StatusUnprocessableEntity, "policy-not-accepted", "The privacy policy must be accepted"},
	{auth.ErrName, http.StatusUnprocessableEntity, "bad-name", "A name needs something that can be seen"},
	{auth.ErrEmail, http.StatusUnprocessableEntity, "bad-email", "An email has Latin letters without marks, digits, and one @"},
	{auth.ErrWeakPassword, http.StatusUnprocessableEntity, "weak-password", "Choose a password of 10 to 200 characters that is not a common one, nor your email"},
	{auth.ErrTaken, http.StatusConflict, "email-taken", "This email has an account already"},
	{auth.ErrLastOwner, http.StatusConflict, "last-owner", "Make somebody else an owner first"},
	{auth.ErrInvitation, http.StatusGone, "invitation-ended", "This invitation was used, taken back, or is over"},
	{auth.ErrInvited, http.StatusForbidden, "invitation-email", "This invitation is for an account with another email"},
	{auth.ErrForbidden, http.StatusForbidden, "forbidden", "Your role does not allow this"},
	{auth.ErrNotFound, http.StatusNotFound, "not-found", "There is nothing here, or it is not yours to see"},
	{errMethod, http.StatusMethodNotAllowed, "method-not-allowed", "This path has other methods, see Allow"},
	{auth.ErrSharePassword, http.StatusUnauthorized, "share-password", "This link has a password of 6 to 200 characters, and this is not it"},
	{auth.ErrShareEnded, http.StatusGone, "share-ended", "This link is no longer good"},
	{auth.ErrExpiry, http.StatusUnprocessableEntity, "past-expiry", "This end is in the past"},
	{auth.ErrTooMany, http.StatusTooManyRequests, "too-many", "Too many tries, wait a minute"},
	{errWork, http.StatusTooManyRequests, "too-much-work", "Too many documents are looked through at once, try again"},
	{errCrossOrigin, http.StatusForbidden, "cross-origin", "Requests from pages elsewhere are refused"},
	{media.ErrType, http.StatusUnsupportedMediaType, "unsupported-media", "This is no image, video or sound that browsers show"},
	{media.ErrBroken, http.StatusUnprocessableEntity, "broken-media", "The file is damaged or not whole"},
	{media.ErrTooLarge, http.StatusRequestEntityTooLarge, "file-too-large", "The file is larger than a file may be"},
	{media.ErrFull, http.StatusRequestEntityTooLarge, "project-full", "The project has no room for this file"},
	{media.ErrCutOff, http.StatusBadRequest, "cut-off", "The file ended early"},
	{media.ErrBusy, http.StatusTooManyRequests, "too-many-uploads", "Too many files are on their way, try again"},
	{media.ErrSlow, http.StatusRequestTimeout, "too-slow", "The file comes too slowly"},
	{media.ErrLost, http.StatusGone, "lost-media", "The file is damaged or lost on our side"},
	{media.ErrFacts, http.StatusUnprocessableEntity, "impossible-facts", "This cannot be said about the file"},
	{history.ErrSame, http.StatusConflict, "nothing-to-restore", "The timeline is like this already"},
	{history.ErrKept, http.StatusConflict, "kept-version", "Only named versions are deleted by hand; others go by themselves"},
	{history.ErrFull, http.StatusConflict, "too-many-versions", "Delete a named version first"},
	{history.ErrNoRestore, http.StatusConflict, "no-restore", "Only a restore can be taken back"},
	{interchange.ErrMalformed, http.StatusUnprocessableEntity, "malformed-file", "The file cannot be read"},
	{interchange.ErrLimit, http.StatusRequestEntityTooLarge, "import-too-large", "The file is larger than an import may be"},
	{errFormat, http.StatusUnsupportedMediaType, "unknown-format", "This is no timeline, storyboard or captions that can be imported"},
	{render.ErrPlan, http.StatusUnprocessableEntity, "not-renderable", "This cannot be rendered"},
	{render.ErrRequest, http.StatusUnprocessableEntity, "unknown-render", "There is no such kind of render"},
	{render.ErrNotFound, http.StatusNotFound, "not-found", "There is nothing here, or it is not yours to see"},
	{render.ErrState, http.StatusConflict, "render-state", "The render is not in a state for this"},
	{timeline.ErrLocked, http.StatusConflict, "locked-track", "The story track is locked: unlock it first"},
	{rooms.ErrFull, http.StatusRequestEntityTooLarge, "document-full", "The document has no room for this"},
	{syscall.ENOSPC, http.StatusInsufficientStorage, "disk-full", "The disk of the server is full: nothing was changed, try again later"},
	{rooms.ErrRestart, http.StatusServiceUnavailable, "restarting", "The server is restarting, try again"},
}

// problemType is the type of a problem: where it is explained.
func problemType(name string) string { return docsPath + "#" + name }

// problem is err as clients see it.
func problem(err error) *huma.ErrorModel {
	for _, p := range problems {
		if errors.Is(err, p.err) {
			m := &huma.ErrorModel{Type: problemType(p.name), Title: p.title, Status: p.status}
			// Only what was said behind the reason is for clients; what is before
			// it tells where in the program it arose.
			m.Detail, _ = strings.CutPrefix(err.Error(), p.err.Error()+": ")
			if m.Detail == err.Error() {
				m.Detail = ""
			}
			return m
		}
	}
	return &huma.ErrorModel{Type: problemType("internal"), Title: "Something went wrong on our side, try again", Status: http.StatusInternalServerError}
}

// fail is err as a handler returns it. What clients are not told is logged.
func (s *Server) fail(ctx context.Context, err error) *huma.ErrorModel {
	p := problem(err)
	if p.Status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		s.Log.Error("request failed", "request", requestIDOf(ctx), "err", err)
	}
	if p.Status == http.StatusUnauthorized || p.Status == http.StatusTooManyRequests {
		s.Metrics.failed(p.Type[len(docsPath)+1:])
	}
	return p
}

// advice is what a status has in the header beside: how to sign in, when to come
// back.
func advice(status int) http.Header {
	switch status {
	case http.StatusUnauthorized:
		return http.Header{"Www-Authenticate": {"Bearer"}}
	case http.StatusTooManyRequests:
		return http.Header{"Retry-After": {"60"}}
	default:
		return nil
	}
}

// typed gives problems that the framework found their type: of input that is
// not as the description says. What was sent is not sent back: it may be a
// password.
func typed(_ huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	for _, e := range p.Errors {
		e.Value = nil
	}
	if p.Type == "" {
		p.Type = problemType("invalid-request")
		p.Title = "The request is not as described"
	}
	return v, nil
}

// writeProblem answers a request that did not come as far as a handler.
func writeProblem(w http.ResponseWriter, p *huma.ErrorModel) {
	maps.Copy(w.Header(), advice(p.Status))
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone, or it is not
}
