package rooms

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/soratoo/soratoo/crdt"
)

// Remake is the state that a document gets in place of what it is; it must not change
// the document. Of is the person behind a client, "" for nobody.
type Remake func(d *crdt.Doc, of func(client uint64) string) (state []byte, err error)

// Reset replaces a document by what fn makes of it; with no fn it becomes empty. A
// document that cannot be read is given to fn as an empty one. Its members are let go with ErrReset. Edits of the older generation are
// refused, and what replicas have of it that was away does not come back: who brings
// it is told of the reset.
func (h *Hub) Reset(ctx context.Context, doc string, fn Remake) error {
	var to Replacement
	if fn != nil {
		_, err := h.call(ctx, doc, func(r *Room) (err error) {
			to, err = r.replacement(fn)
			return err
		})
		if errors.Is(err, ErrCorrupt) { // nobody can say what it was
			to.State, err = fn(crdt.New(crdt.Options{}), func(uint64) string { return "" })
		}
		if err != nil {
			return fmt.Errorf("resetting %s: %w", doc, err)
		}
	}
	generation, err := h.config.Log.Reset(ctx, doc, to)
	if err != nil {
		return err
	}
	if h.cluster != nil {
		h.cluster.publish(doc, parcel{Kind: parcelHead, Generation: generation})
	}
	if r := h.find(doc); r != nil {
		r.do(func() { r.fail(ErrReset) })
	}
	return nil
}

// replacement is what fn makes of the room's document.
func (r *Room) replacement(fn Remake) (to Replacement, err error) {
	if to.State, err = fn(r.state, r.owners.person); err != nil {
		return to, err
	}
	clocks, err := crdt.StateVectorEntries(r.state.StateVector())
	if err != nil {
		return to, err
	}
	for client, clock := range r.former {
		clocks[client] = max(clocks[client], clock)
	}
	to.Former = crdt.EncodeStateVector(maps.All(clocks))
	return to, nil
}

// errFormer: an update brings what was in the document before it was reset.
var errFormer = errors.New("it was written before the document was reset")

// revives tells whether new content was there before the document was reset.
func (r *Room) revives(in *crdt.PreviewInsert) bool { return in.Clock < r.former[in.Client] }
