package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt/awareness"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

// joinTimeout is how long a client may wait for its room to be opened.
const joinTimeout = 25 * time.Second

// serveYjs serves GET /yjs/{project}/{kind}: one document to a y-websocket
// client. It says no by close code, as browsers hide HTTP's answer.
func (s *Server) serveYjs(w http.ResponseWriter, r *http.Request) {
	doc := r.PathValue("project") + "/" + r.PathValue("kind")
	p, access, err := s.admit(r, doc)
	if r.Header.Get("Upgrade") == "" && err != nil {
		err = nil // Accept answers what is not a handshake
	}
	sock, failed := s.accept(w, r, "yjs")
	if failed != nil {
		return // it has been answered
	}
	y := &yjs{socket: sock, over: func() error { return s.over(p.Session) }, expires: p.Expires, ends: p.Ends}
	if err == nil {
		err = sock.arrive(addressOf(r))
	}
	if err == nil {
		err = sock.signIn(p)
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), joinTimeout)
		defer cancel()
		y.member, err = s.join(ctx, p, rooms.JoinRequest{
			Doc: doc, Write: writes(doc, access), Moderate: access == auth.AccessWrite, Sink: sock, Encoder: yjsEncoder{}, Ask: true,
		})
	}
	if err != nil {
		sock.close(s.told(err))
	} else {
		sock.admitted(y.member.Write)
	}
	sock.start(y)
}

// admit tells who asks for a document, by ticket, bearer token or cookie, and
// what they may do with it.
func (s *Server) admit(r *http.Request, doc string) (p auth.Principal, a auth.Access, err error) {
	if ticket := r.URL.Query().Get("ticket"); ticket != "" {
		p, err = s.Auth.Ticket(r.Context(), ticket, r.PathValue("project"))
	} else {
		p, err = s.identifyAnyone(r)
	}
	if err == nil {
		a, err = s.access(r.Context(), p, doc)
	}
	return p, a, err
}

// access tells what somebody may do with a document.
func (s *Server) access(ctx context.Context, p auth.Principal, doc string) (auth.Access, error) {
	project, kind, _ := strings.Cut(doc, "/")
	a, err := s.Auth.Document(ctx, p, project, kind)
	if err == nil && a == auth.AccessNone {
		err = auth.ErrForbidden
	}
	return a, err
}

// join makes somebody a member of a room. A right that was taken away meanwhile,
// when there was no member to end yet, is noticed here.
func (s *Server) join(ctx context.Context, p auth.Principal, request rooms.JoinRequest) (*rooms.Member, error) {
	request.Person, request.Name, request.Color, request.Share = p.Person, p.Name, p.Color, p.Share
	member, err := s.Hub.Join(ctx, request)
	if err != nil {
		return nil, err
	}
	a, err := s.access(ctx, p, request.Doc)
	if err == nil && (writes(request.Doc, a) != request.Write || (a == auth.AccessWrite) != request.Moderate) {
		err = rooms.ErrRestart
	}
	if err != nil {
		member.Leave()
		return nil, err
	}
	return member, nil
}

// yjs is a y-websocket client: see protocol.
type yjs struct {
	*socket
	member  *rooms.Member // nil if it was not let in
	expires time.Time
	ends    time.Time    // the right does, zero for never
	over    func() error // why the session is
}

func (y *yjs) receive(ctx context.Context, message []byte) error {
	m, err := wire.DecodeYjs(message)
	if err != nil {
		return err
	}
	if y.member == nil {
		return nil // it is being told why
	}
	if err := y.budget.charge(m); err != nil {
		return err
	}
	if m.Kind == wire.PermissionDenied {
		return errUnasked
	}
	return y.member.Receive(ctx, m)
}

func (y *yjs) tick(now time.Time) error {
	if err := y.over(); err != nil {
		return err
	}
	if !y.ends.IsZero() && !now.Before(y.ends) {
		return auth.ErrShareEnded
	}
	// This protocol has no way to ask for a new token.
	if !y.expires.IsZero() && now.After(y.expires.Add(renewTime)) {
		return errExpired
	}
	return nil
}

// aliveYjs is a message about nobody's presence.
var aliveYjs = yjsEncoder{}.Encode(wire.Message{Kind: wire.Awareness, Payload: awareness.Append(nil)})

func (y *yjs) alive() []byte { return aliveYjs }

func (y *yjs) members() bool { return y.member != nil }

func (y *yjs) left() {
	if y.member != nil {
		y.member.Leave()
	}
}

// charge spends what a message costs. Of edits only large ones do: who sends
// many is slowed down by the room.
func (b *budget) charge(m wire.Message) error {
	switch m.Kind {
	case wire.Update, wire.SyncStep2:
		if len(m.Payload) < editBytes {
			return nil
		}
		return b.spend(float64(len(m.Payload)/editBytes), time.Now())
	case wire.SyncStep1, wire.QueryAwareness, wire.Token:
		return b.spend(costDear, time.Now())
	default:
		return b.spend(costCheap, time.Now())
	}
}

// writes tells whether access to a project lets one write this document of
// it: who may comment writes the review, who may write writes both.
func writes(doc string, a auth.Access) bool {
	return a == auth.AccessWrite || a == auth.AccessComment && strings.HasSuffix(doc, "/review")
}

// told is err as a client hears of it. What it cannot know of is logged.
func (s *Server) told(err error) error {
	if code, _ := closeCode(err); code == codeInternal && !errors.Is(err, context.Canceled) {
		s.Log.Error("document was not opened", "err", err)
	}
	return err
}
