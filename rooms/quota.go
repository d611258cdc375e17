package rooms

import (
	"errors"
	"time"

	"github.com/soratoo/soratoo/crdt"
)

// What a document may hold, and whose part of that is how large. What only deletes
// is never too much.
const (
	documentBytes   = 64 << 20 // kept in memory of one document, about
	documentClients = 100_000  // client ids in one document
	measureBytes    = 64 << 10 // of updates between two looks at the size

	guestBytes     = 2 << 20               // of what one guest has written
	commenterBytes = 8 << 20               // of somebody who may not change what others wrote
	editorBytes    = documentBytes / 2     // of anybody else
	guestsUntil    = documentBytes / 2     // guests write in documents that are smaller,
	commentsUntil  = documentBytes / 4 * 3 // and who only comments in those that are smaller than this

	wroteClients = 1024 // clients that a member is known to be the first to use
)

// Client ids that a connection may bring: so many at once, and more by time. Each
// is a row in the log, and in every state vector from then on.
const (
	memberBrings = 512
	guestBrings  = 64
	bringsEvery  = time.Minute / 16
)

var (
	// errShare: one person would have too large a part of the document.
	errShare = errors.New("you have written as much as one person may write here")
	// errReplicas: a connection brings more client ids than people have.
	errReplicas = errors.New("it comes from too many replicas")
)

// measured is how large a document is, and whose it is.
type measured struct {
	bytes   int            // when it was last measured
	since   int            // bytes of updates since
	people  map[string]int // bytes by person, when that was last measured
	written map[string]int // bytes of updates since
}

// fits tells whether the document has space for what an update of n bytes brings,
// and its author's part of it, too.
func (r *Room) fits(m *Member, p *crdt.Preview, a *authorship, n int) error {
	if len(p.Inserts) == 0 {
		return nil
	}
	size := r.measure(n)
	most, until := editorBytes, documentBytes
	switch {
	case m.Share != "":
		most, until = guestBytes, guestsUntil
	case !m.Moderate:
		most, until = commenterBytes, commentsUntil
	}
	if size > until {
		return ErrFull
	}
	if size > guestBytes && r.written(m.Person, n, most) > most {
		return errShare
	}
	fresh := len(a.clients) + len(a.carried)
	if fresh == 0 {
		return nil
	}
	if r.state.Size().Clients+fresh > documentClients {
		return ErrFull
	}
	brings := memberBrings
	if m.Share != "" {
		brings = guestBrings
	}
	return m.brought.spend(fresh, brings)
}

// measure is about how large the document is with n bytes more. Measuring takes as
// long as the document has authors, so it is not done each time.
func (r *Room) measure(n int) int {
	d := &r.measured
	if d.bytes == 0 || d.since > measureBytes {
		d.bytes, d.since = r.state.Size().Live, 0
	}
	d.since += n
	return d.bytes + d.since
}

// written is about how much of the document is a person's, with n bytes more. Who
// comes near to what they may have is measured, which takes as long as the
// document is large.
func (r *Room) written(person string, n, most int) int {
	d := &r.measured
	if d.written == nil {
		d.written = map[string]int{}
	}
	d.written[person] += n
	if d.people == nil || d.people[person]+d.written[person] > most && d.written[person] > most/16 {
		d.people, d.written = map[string]int{}, map[string]int{person: n}
		for client, bytes := range r.state.ClientBytes() {
			d.people[r.owners.person(client)] += bytes
		}
	}
	return d.people[person] + d.written[person]
}

// budget limits what a member does by time.
type budget struct {
	spent int
	last  time.Time
}

// spend takes n out of at most so many, of which one comes back after bringsEvery.
func (b *budget) spend(n, most int) error {
	now := time.Now()
	if back := int(now.Sub(b.last) / bringsEvery); back > 0 {
		b.spent, b.last = max(0, b.spent-back), now
	}
	if b.spent+n > most {
		return errReplicas
	}
	b.spent += n
	return nil
}
