package server

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt/awareness"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

const (
	socketDocuments = 64               // documents on one socket
	knownDocuments  = 256              // the same, with those that were refused
	earlyMessages   = 256              // messages of a socket that wait for Auth answers
	earlyBytes      = 256 << 10        // bytes of them
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
	if err := sock.arrive(addressOf(r)); err != nil {
		sock.close(err)
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
	places  int                   // documents that are open or asked for, also those closed while they were
	waiting int                   // messages that wait for Auth answers
	bytes   int                   // of them
	gone    bool                  // nothing joins any more
}

// collabDoc is one document of a socket, and what rooms reach the socket by. The
// socket's lock guards it.
type collabDoc struct {
	socket  *socket
	address string
	since   time.Time          // when something first came for it
	asked   bool               // an Auth answer is under way, or it was yes
	cancel  context.CancelFunc // of the answer under way
	again   string             // a later token, to try when the first is refused
	denied  bool               // nothing is kept for it until there is another Auth
	early   []wire.Message     // what waits for the answer
	member  *rooms.Member      // nil until all of early was received
	expires time.Time          // the token's, zero for never
	ends    time.Time          // the right's, zero for never
	session string             // that opened it
	renew   time.Time          // when there must be a new token; zero if not asked for

	closed atomic.Bool // the client has done with it, and hears nothing more of it
}

// Wake has what waits for the member written; see rooms.Sink.
func (d *collabDoc) Wake(m *rooms.Member) {
	if !d.closed.Load() {
		d.socket.Wake(m)
	}
}

// End closes the socket, as its member was let go; see rooms.Sink.
func (d *collabDoc) End(m *rooms.Member, reason error) {
	if !d.closed.Load() {
		d.socket.End(m, reason)
	}
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
	if d == nil || d.member == nil {
		defer c.mu.Unlock()
		return c.early(ctx, address, m)
	}
	c.mu.Unlock()
	switch m.Kind {
	case wire.Token:
		return c.renewed(ctx, d, string(m.Payload))
	case wire.Close:
		c.detach(d)
		return nil
	default:
		return d.member.Receive(ctx, m)
	}
}

// early takes what comes for a document that is not open: it begins with the
// first token, keeps what else comes, in order, and ends with a Close. The
// caller holds the lock.
func (c *collab) early(ctx context.Context, address string, m wire.Message) error {
	d := c.docs[address]
	if m.Kind == wire.Close {
		if d != nil {
			c.drop(d)
		}
		return nil
	}
	if c.gone {
		return nil
	}
	if d == nil {
		d = &collabDoc{socket: c.socket, address: address, since: time.Now()}
		c.put(d)
	}
	switch {
	case m.Kind == wire.Token && d.asked:
		d.again = string(m.Payload)
		return nil
	case m.Kind == wire.Token && c.places >= socketDocuments:
		c.refuse(d, errDocuments)
		return nil
	case m.Kind == wire.Token:
		c.ask(ctx, d, string(m.Payload))
		return nil
	case d.denied:
		return nil
	}
	if !c.sockets.early.take(len(m.Payload), earlySum) {
		return errBusy
	}
	c.waiting++
	c.bytes += len(m.Payload)
	d.early = append(d.early, m)
	if c.waiting > earlyMessages || c.bytes > earlyBytes {
		return errTooMany
	}
	return nil
}

// ask begins to answer an Auth frame. The caller holds the lock.
func (c *collab) ask(ctx context.Context, d *collabDoc, token string) {
	c.incoming.allow(readerBytes)
	ctx, d.cancel = context.WithCancel(ctx)
	d.asked, d.denied = true, false
	c.places++
	c.joins.Go(func() { c.safely("a join", func() { c.join(ctx, d, token) }) })
}

// put remembers a document, and forgets a refused one when there are many. The
// caller holds the lock.
func (c *collab) put(d *collabDoc) {
	if len(c.docs) >= knownDocuments {
		for address, other := range c.docs {
			if other.denied {
				delete(c.docs, address)
				break
			}
		}
	}
	c.docs[d.address] = d
}

// join answers an Auth frame: the document is open, or it is not.
func (c *collab) join(ctx context.Context, d *collabDoc, token string) {
	defer d.cancel()
	for again := true; again; {
		member, p, err := c.enter(ctx, d, token)
		if err == nil {
			c.admit(ctx, d, member, p)
			return
		}
		token, again = c.deny(d, err)
	}
}

// admit hands over what came before the Auth answer, and opens the document, if
// the client has not closed it meanwhile.
func (c *collab) admit(ctx context.Context, d *collabDoc, member *rooms.Member, p auth.Principal) {
	c.admitted(member.Write)
	for {
		c.mu.Lock()
		early := d.early
		d.early = nil
		c.forget(early)
		if c.gone || d.closed.Load() {
			c.places--
			c.mu.Unlock()
			member.Leave()
			return
		}
		if len(early) == 0 {
			d.member, d.expires, d.ends, d.session = member, p.Expires, p.Ends, p.Session
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		for _, m := range early {
			if err := member.Receive(ctx, m); err != nil {
				if !d.closed.Load() {
					c.close(err)
				}
				break
			}
		}
	}
}

// forget takes messages out of the account of those that wait. The caller
// holds the lock.
func (c *collab) forget(early []wire.Message) {
	c.waiting -= len(early)
	for _, m := range early {
		c.bytes -= len(m.Payload)
		c.sockets.early.give(len(m.Payload))
	}
}

// enter authenticates, authorises and joins.
func (c *collab) enter(ctx context.Context, d *collabDoc, token string) (*rooms.Member, auth.Principal, error) {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	doc, _ := wire.Address(d.address).Split()
	p, access, err := c.authorise(ctx, doc, token)
	if err != nil {
		return nil, p, err
	}
	if err := c.signIn(p); err != nil {
		return nil, p, err
	}
	scope, write := wire.ScopeReadOnly, writes(doc, access)
	if write {
		scope = wire.ScopeReadWrite
	}
	encoder := collabEncoder{d.address}
	member, err := c.server.join(ctx, p, rooms.JoinRequest{
		Doc: doc, Write: write, Sink: d, Encoder: encoder,
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

// deny answers an Auth frame with no, unless the client closed the document or
// sent another token meanwhile, which it returns. The client may try again. When
// the fault is ours the socket ends: providers try again then, and only then.
func (c *collab) deny(d *collabDoc, err error) (token string, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.gone && !d.closed.Load() && d.again != "" {
		token, d.again = d.again, ""
		return token, true
	}
	c.places--
	if d.closed.Load() {
		return "", false
	}
	code, _ := closeCode(c.server.told(err))
	if code == codeInternal || code == websocket.StatusServiceRestart {
		c.drop(d)
		c.close(err)
		return "", false
	}
	c.refuse(d, err)
	return "", false
}

// refuse tells the client that it cannot have a document, and forgets what was
// kept for it. The caller holds the lock.
func (c *collab) refuse(d *collabDoc, err error) {
	c.forget(d.early)
	d.early, d.asked, d.denied = nil, false, true
	_, reason := closeCode(err)
	c.send(collabEncoder{d.address}.Encode(wire.Message{Kind: wire.PermissionDenied, Payload: []byte(reason)}))
}

// drop forgets a document: an Auth for it begins anew. Whoever answers an Auth
// for the old one gives its place back. The caller holds the lock.
func (c *collab) drop(d *collabDoc) {
	d.closed.Store(true)
	c.forget(d.early)
	d.early = nil
	if d.asked {
		d.cancel()
	}
	delete(c.docs, d.address)
}

// detach ends one document as the client wished.
func (c *collab) detach(d *collabDoc) {
	c.mu.Lock()
	c.drop(d)
	c.places--
	c.mu.Unlock()
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
		case !d.asked && !d.denied && now.Sub(d.since) > openTimeout:
			c.drop(d) // its Auth never came
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
	return c.places > 0
}

func (c *collab) left() {
	c.mu.Lock()
	c.gone = true
	c.mu.Unlock()
	c.joins.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.docs {
		c.forget(d.early)
		d.early = nil
		if d.member != nil {
			d.member.Leave()
		}
	}
}
