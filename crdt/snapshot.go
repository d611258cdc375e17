package crdt

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// ErrCollected: what was visible at a snapshot has been deleted since, and its
// content dropped. A document with [Options.KeepDeleted] drops none.
var ErrCollected = errors.New("crdt: the content was collected")

// ErrMissing: a snapshot knows units that the document does not have.
var ErrMissing = errors.New("crdt: units are missing")

// Snapshot is a moment in the life of a document: what it had and what of that
// was deleted. It holds no content; [Doc.At] finds that in a document.
type Snapshot struct {
	Vector  map[uint64]uint32 // for each client, the clock after its last unit
	Deletes IDs
}

// Snapshot is the present moment.
func (d *Doc) Snapshot() Snapshot {
	s := Snapshot{Vector: make(map[uint64]uint32, len(d.clients)-1), Deletes: d.Deletes()}
	for _, c := range d.clients[1:] {
		if c.next > 0 {
			s.Vector[c.id] = c.next
		}
	}
	return s
}

// Equal tells whether two snapshots are of the same moment.
func (s Snapshot) Equal(o Snapshot) bool {
	return maps.Equal(s.Vector, o.Vector) && s.Deletes.Equal(o.Deletes)
}

// Inserts is all units that there were, also those that were deleted.
func (s Snapshot) Inserts() IDs {
	var out []IDRange
	for client, next := range s.Vector {
		out = append(out, IDRange{client, 0, next})
	}
	return NewIDs(out...)
}

// ContainsUpdate tells whether an update would have brought nothing new at that
// moment.
func (s Snapshot) ContainsUpdate(update []byte) (bool, error) {
	inserts, err := InsertsOf(update)
	if err != nil {
		return false, err
	}
	deletes, err := DeletesOf(update)
	if err != nil {
		return false, err
	}
	return inserts.Subtract(s.Inserts()).Empty() && deletes.Subtract(s.Deletes).Empty(), nil
}

// At makes the document as it was at a snapshot: a new one, that does not
// change d. It fails with [ErrCollected] when content of then has been dropped,
// and with [ErrMissing] when d has not come as far as the snapshot.
func (d *Doc) At(s Snapshot) (*Doc, error) {
	for client, next := range s.Vector {
		if next > d.state(client) {
			return nil, fmt.Errorf("%w: client %d has written %d, not %d", ErrMissing, client, d.state(client), next)
		}
	}
	then := s.Inserts()
	if lost := d.collected().Intersect(then).Subtract(s.Deletes); !lost.Empty() {
		return nil, fmt.Errorf("%w: %v", ErrCollected, lost.ranges[0])
	}
	state, err := IntersectUpdate(d.Encode(), then, s.Deletes)
	if err != nil {
		return nil, err
	}
	past := New(Options{})
	return past, past.Apply(state)
}

// collected is all units whose content is no longer here.
func (d *Doc) collected() IDs {
	var out []IDRange
	for c := range d.clients {
		for _, chunk := range d.clients[c].spans.chunks {
			for _, s := range chunk {
				if it := d.items.at(s.item); it.kind == kindGC || it.kind == kindDeleted {
					out = append(out, IDRange{d.clients[c].id, it.clock, it.len})
				}
			}
		}
	}
	return NewIDs(out...)
}

// Encode writes the snapshot: the bytes of Y.encodeSnapshot.
func (s Snapshot) Encode() []byte { return s.appendVector(s.Deletes.Encode()) }

// EncodeV2 writes the snapshot in version 2: the bytes of Y.encodeSnapshotV2.
func (s Snapshot) EncodeV2() []byte { return s.appendVector(s.Deletes.appendV2(nil)) }

func (s Snapshot) appendVector(dst []byte) []byte {
	dst = lib0.AppendUint(dst, uint64(len(s.Vector)))
	for _, client := range slices.Backward(slices.Sorted(maps.Keys(s.Vector))) {
		dst = lib0.AppendUint(lib0.AppendUint(dst, client), uint64(s.Vector[client]))
	}
	return dst
}

// DecodeSnapshot reads what [Snapshot.Encode] or Y.encodeSnapshot wrote. What is
// not that ends with [ErrMalformed].
func DecodeSnapshot(b []byte) (Snapshot, error) { return decodeSnapshot(b, readIDs) }

// DecodeSnapshotV2 reads what [Snapshot.EncodeV2] or Y.encodeSnapshotV2 wrote.
func DecodeSnapshotV2(b []byte) (Snapshot, error) {
	return decodeSnapshot(b, func(r *lib0.Reader) IDs { return NewIDs(readRangesV2(r)...) })
}

func decodeSnapshot(b []byte, deletes func(*lib0.Reader) IDs) (s Snapshot, err error) {
	r := lib0.NewReader(b)
	s.Deletes = deletes(r)
	if err := malformed(r.Err()); err != nil {
		return Snapshot{}, err
	}
	s.Vector, err = readStateVector(b[r.Pos():])
	return s, err
}
