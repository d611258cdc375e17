package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt/awareness"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

const (
	socketDocuments = 64               // documents on one socket
	earlyMessages   = 256              // messages of a socket that wait for Auth answers
	earlyBytes      = 1 << 20          // bytes of them
	renewTime       = 60 * time.Second // to send a new token when asked
)

// serveCollab serves GET /collab: many documents on one socket, as Hocuspocus
// providers speak. Each document is authenticated on its own.
func (s *Server) serveCollab(w http.ResponseWriter, r *http.Request) {
	sock, err := s.accept(w, r, "collab")
	if err != nil {
		return // it has been answered
	}
	c := &collab{socket: sock, server: s, docs: map[string]*collabDoc{}}
	if cookies := r.Header["Cookie"]; len(cookies) > 0 {
		// Of the request nothing else is kept as long as the socket.
		c.cookies = &http.Request{Host: r.Host, TLS: r.TLS, Header: http.Header{"Cookie": cookies}}
	}
	sock.start(c)
}

// collab is the socket of a Hocuspocus provider: see protocol.
type collab struct {
	*socket
	server  *Server
	cookies *http.Request // with the browser's session, or nil
	joins   sync.WaitGroup

	mu      sync.Mutex            // guards what follows
	docs    map[string]*collabDoc // by address
	waiting int                   // messages that wait for Auth answers
	bytes   int                   // of them
	gone    bool                  // nothing joins any more
}

// collabDoc is one document of a socket. The socket's lock guards it.
type collabDoc struct {
	address string
	asked   bool           // an Auth answer is under way
	early   []wire.Message // what waits for it
	member  *rooms.Member  // nil until all of early was received
	expires time.Time      // the token's, zero for never
	ends    time.Time      // the right's, zero for never
	renew   time.Time      // when there must be a new token; zero if not asked for
	session string         // by which who is here is signed in; "" for guests
}

func (c *collab) receive(ctx context.Context, message []byte) error {
	address, m, err := wire.DecodeHocuspocus(message)
	if err != nil {
		return err
	}
	if err := c.budget.charge(m); err != nil {
		return err
	}
	switch m.Kind {
	case wire.Ping:
		c.send(collabEncoder{}.Encode(wire.Message{Kind: wire.Pong}))
		return nil
	case wire.Pong, wire.Stateless:
		return nil
	case wire.Token, wire.SyncStep1, wire.SyncStep2, wire.Update, wire.Awareness, wire.QueryAwareness, wire.Close:
		return c.route(ctx, string(address), m)
	default:
		return errUnasked
	}
}

// route hands a message to its document, or keeps it until that is there.
func (c *collab) route(ctx context.Context, address string, m wire.Message) error {
	c.mu.Lock()
	d := c.docs[address]
	if d == nil {
		if m.Kind == wire.Close || c.gone {
			c.mu.Unlock()
			return nil
		}
		if len(c.docs) >= socketDocuments {
			c.mu.Unlock()
			return errTooMany
		}
		d = &collabDoc{address: address}
		c.docs[address] = d
	}
	member := d.member
	if member == nil {
		err := c.early(ctx, d, m)
		c.mu.Unlock()
		return err
	}
	c.mu.Unlock()
	switch m.Kind {
	case wire.Token:
		return c.renewed(ctx, d, string(m.Payload))
	case wire.Close:
		c.detach(d)
		return nil
	default:
		return member.Receive(ctx, m)
	}
}

// early begins with the first token and keeps what else comes, in order. The
// caller holds the lock.
func (c *collab) early(ctx context.Context, d *collabDoc, m wire.Message) error {
	if m.Kind == wire.Token && !d.asked {
		d.asked = true
		token := string(m.Payload)
		c.joins.Go(func() { c.join(ctx, d, token) })
		return nil
	}
	c.waiting++
	c.bytes += len(m.Payload)
	if c.waiting > earlyMessages || c.bytes > earlyBytes {
		return errTooMany
	}
	d.early = append(d.early, m)
	return nil
}

// join answers an Auth frame: the document is open, or it is not.
func (c *collab) join(ctx context.Context, d *collabDoc, token string) {
	member, p, err := c.enter(ctx, d.address, token)
	if err != nil {
		c.deny(d, err)
		return
	}
	c.open.Store(true)
	for {
		c.mu.Lock()
		early := d.early
		d.early = nil
		c.forget(early)
		if len(early) == 0 {
			d.member, d.expires, d.ends, d.session = member, p.Expires, p.Ends, p.Session
			gone := c.gone || c.docs[d.address] != d
			c.mu.Unlock()
			if gone {
				member.Leave()
			}
			return
		}
		c.mu.Unlock()
		if err := c.replay(ctx, d, member, early); err != nil {
			member.Leave()
			c.close(err)
			return
		}
	}
}

// replay hands over what came before the Auth answer.
func (c *collab) replay(ctx context.Context, d *collabDoc, member *rooms.Member, early []wire.Message) error {
	for _, m := range early {
		switch m.Kind {
		case wire.Token: // the same provider, started twice
		case wire.Close:
			c.remove(d)
		default:
			if err := member.Receive(ctx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// forget takes messages out of the account of those that wait. The caller
// holds the lock.
func (c *collab) forget(early []wire.Message) {
	c.waiting -= len(early)
	for _, m := range early {
		c.bytes -= len(m.Payload)
	}
}

// enter authenticates, authorises and joins.
func (c *collab) enter(ctx context.Context, address, token string) (*rooms.Member, auth.Principal, error) {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	doc, _ := wire.Address(address).Split()
	p, access, err := c.authorise(ctx, doc, token)
	if err != nil {
		return nil, p, err
	}
	scope, write := wire.ScopeReadOnly, writes(doc, access)
	if write {
		scope = wire.ScopeReadWrite
	}
	encoder := collabEncoder{address}
	member, err := c.server.join(ctx, p, rooms.JoinRequest{
		Doc: doc, Write: write, Sink: c.socket, Encoder: encoder,
		Moderate: access == auth.AccessWrite,
		Greeting: encoder.Encode(wire.Message{Kind: wire.Authenticated, Payload: []byte(scope)}),
	})
	return member, p, err
}

// authorise tells whose token this is and what they may do with the document.
func (c *collab) authorise(ctx context.Context, doc, token string) (p auth.Principal, a auth.Access, err error) {
	switch {
	case token == "cookie" && c.cookies != nil:
		p, err = c.server.identify(c.cookies.WithContext(ctx))
	case token == "cookie":
		err = auth.ErrUnauthenticated
	default:
		p, err = c.server.Auth.Anyone(ctx, token)
	}
	if err == nil {
		a, err = c.server.access(ctx, p, doc)
	}
	return p, a, err
}

// deny answers an Auth frame with no. The client may try again. When the fault
// is ours the socket ends: providers try again then, and only then.
func (c *collab) deny(d *collabDoc, err error) {
	c.remove(d)
	code, reason := closeCode(c.server.told(err))
	if code == codeInternal || code == websocket.StatusServiceRestart {
		c.close(err)
		return
	}
	c.send(collabEncoder{d.address}.Encode(wire.Message{Kind: wire.PermissionDenied, Payload: []byte(reason)}))
}

// remove forgets a document.
func (c *collab) remove(d *collabDoc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(d.early)
	d.early = nil
	if c.docs[d.address] == d {
		delete(c.docs, d.address)
	}
}

// detach ends one document as the client wished.
func (c *collab) detach(d *collabDoc) {
	c.remove(d)
	d.member.Leave()
}

// renewed takes a new token for a document that is open. Who may do something
// else now than before comes back to join anew.
func (c *collab) renewed(ctx context.Context, d *collabDoc, token string) error {
	doc, _ := wire.Address(d.address).Split()
	p, access, err := c.authorise(ctx, doc, token)
	switch {
	case err != nil:
		return err
	case writes(doc, access) != d.member.Write, (access == auth.AccessWrite) != d.member.Moderate, p.Person != d.member.Person:
		return rooms.ErrRestart
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	d.expires, d.renew, d.session = p.Expires, time.Time{}, p.Session
	return nil
}

// tick asks for new tokens where they expire, and ends with the session.
func (c *collab) tick(now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.docs {
		if err := c.server.over(d.session); err != nil {
			return err
		}
		switch {
		case d.member != nil && !d.ends.IsZero() && !now.Before(d.ends):
			return auth.ErrShareEnded
		case d.member == nil, d.expires.IsZero(), now.Before(d.expires):
		case d.renew.IsZero():
			d.renew = now.Add(renewTime)
			c.send(collabEncoder{d.address}.Encode(wire.Message{Kind: wire.TokenRequest}))
		case now.After(d.renew):
			return errExpired
		}
	}
	return nil
}

// alive is a message about nobody's presence, on one of the documents.
func (c *collab) alive() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	for address, d := range c.docs {
		if d.member != nil {
			return collabEncoder{address}.Encode(wire.Message{Kind: wire.Awareness, Payload: awareness.Append(nil)})
		}
	}
	return nil
}

func (c *collab) members() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.docs) > 0
}

func (c *collab) left() {
	c.mu.Lock()
	c.gone = true
	c.mu.Unlock()
	c.joins.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.docs {
		if d.member != nil {
			d.member.Leave()
		}
	}
}
