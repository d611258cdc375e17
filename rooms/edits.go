package rooms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/soratoo/soratoo/crdt/wire"
)

// quietTime is how long nobody edits a document until it is told to Config.Rest.
const quietTime = 5 * time.Minute

// ErrFull: an edit does not fit into its document.
var ErrFull = errors.New("the document is full")

// Rested is a document that was edited and now rests: nobody has edited it for a
// while, or its room ends.
type Rested struct {
	Doc    string
	State  []byte
	People []string // who edited it since it rested last, in order
	At     time.Time
}

// rest is what a room knows of its edits since the document rested last.
type rest struct {
	people []string
	at     time.Time // when it is quiet; zero when nothing was edited
	theirs bool      // the last edit was made at another node, which tells of the rest
}

// stir notes an edit of a person.
func (r *Room) stir(person string) {
	if r.hub.config.Rest == nil {
		return
	}
	r.rest.at, r.rest.theirs = time.Now().Add(quietTime), false
	if i, known := slices.BinarySearch(r.rest.people, person); !known && person != "" {
		r.rest.people = slices.Insert(r.rest.people, i, person)
	}
}

// stirElsewhere notes edits of a person that were made at another node; "" is unknown.
func (r *Room) stirElsewhere(person string) {
	r.stir(person)
	r.rest.theirs = true
}

// settleDown tells of a document that was edited. It does not wait: the hub does
// before it ends.
func (r *Room) settleDown() {
	if r.rest.at.IsZero() {
		return
	}
	if r.rest.theirs {
		r.rest = rest{}
		return
	}
	told := Rested{Doc: r.doc, State: r.encoded(), People: r.rest.people, At: time.Now()}
	r.rest = rest{}
	r.hub.running.Go(func() {
		_ = r.hub.safely("what is told of rest", told.Doc, func() error { // it is logged
			r.hub.config.Rest(told)
			return nil
		})
	})
}

// encoded is the whole state, which nobody may change.
func (r *Room) encoded() []byte {
	if r.whole == nil {
		r.whole = r.state.Encode()
	}
	return r.whole
}

// State returns the state of a document as it is in its room, with edits that
// may not be stored yet; a document without a room is opened.
func (h *Hub) State(ctx context.Context, doc string) (state []byte, err error) {
	_, err = h.call(ctx, doc, func(r *Room) error {
		state = r.encoded()
		return nil
	})
	return state, err
}

// Edit lets fn make an update of a document's state, in the name of a person, and
// takes it as any edit is taken: everybody gets it at once when it is stored,
// which it is when Edit returns. Nothing else happens to the document meanwhile.
// An update of nil changes nothing. It goes by no guard.
func (h *Hub) Edit(ctx context.Context, doc, person string, fn func(state []byte) (update []byte, err error)) error {
	stored := make(chan struct{})
	r, err := h.call(ctx, doc, func(r *Room) error {
		update, err := fn(r.encoded())
		if err != nil {
			return err
		}
		if update == nil {
			close(stored)
			return nil
		}
		return r.write(person, update, stored)
	})
	if err != nil {
		return err
	}
	select {
	case <-stored:
		return nil
	case <-r.gone:
		select {
		case <-stored:
			return nil
		default:
			return r.reason()
		}
	case <-ctx.Done():
		return fmt.Errorf("editing %s: %w", doc, context.Cause(ctx))
	}
}

// write takes an edit of the program's own.
func (r *Room) write(person string, update []byte, stored chan struct{}) error {
	if r.closing {
		return ErrRestart
	}
	p, err := r.state.Preview(update)
	if err != nil {
		return err
	}
	// Nobody is at the other end of this member.
	author := &Member{JoinRequest: JoinRequest{Doc: r.doc, Person: person, Moderate: true}, room: r}
	a := authorship{clients: slices.DeleteFunc(p.Clients(), func(c uint64) bool { return r.owners.person(c) != "" })}
	if err := r.fits(author, p, &a, len(update)); err != nil {
		return err
	}
	e := event{from: author, msg: wire.Message{Kind: wire.Update, Payload: update}, at: time.Now()}
	if err := r.state.Apply(update); err != nil {
		return err
	}
	r.record(&offer{event: e}, p, &a)
	r.hold(held{ticket: r.appended, from: author, at: e.at, stored: stored})
	r.takeAsides()
	return nil
}

// call has the goroutine of a document's room call fn, and waits for it. The room
// is opened when there is none.
func (h *Hub) call(ctx context.Context, doc string, fn func(r *Room) error) (*Room, error) {
	for {
		r, err := h.open(doc)
		if err != nil {
			return nil, err
		}
		done := make(chan error, 1)
		select {
		case r.calls <- func() { done <- fn(r) }:
		case <-r.gone:
			if r.err != nil {
				return nil, r.err
			}
			continue // it closed for want of members: open it anew
		case <-ctx.Done():
			return nil, fmt.Errorf("asking for %s: %w", doc, context.Cause(ctx))
		}
		select {
		case err := <-done:
			return r, err
		case <-r.gone: // it panicked
			return nil, r.reason()
		}
	}
}
