// Package crdt is a document that several people edit at once: maps, arrays and
// texts that merge without conflicts, byte-compatible with Yjs 13.
//
// A [Doc] takes updates made by any Yjs client ([Doc.Apply]), tells what it has
// ([Doc.StateVector]), and writes what somebody else lacks ([Doc.Diff]).
// Replicas that have seen the same updates, in whatever order and however
// often, are equal. Local edits happen inside [Doc.Transact], which returns the
// update to send to the others.
//
//	d := crdt.New(crdt.Options{})
//	update := d.Transact(func(tx *crdt.Tx) {
//		d.Text("prompt").Insert(tx, 0, "Dawn over the harbour")
//	})
//	err := other.Apply(update)
//
// # What is in a document
//
// Roots are asked for by name and kind: [Doc.Map], [Doc.Array], [Doc.Text],
// [Doc.XML]. They hold plain values (as JSON, with bytes, [Undefined] and whole
// numbers), types inside types ([NewMap] and its like) and documents ([Subdocument]).
// [Doc.JSON] is all of it as plain values. Text counts in UTF-16 units, as
// JavaScript does; it has formats, embeds and deltas ([Text.Format],
// [Text.ApplyDelta]).
//
// # What happens to it
//
// [Observe] and [ObserveDeep] tell what a transaction changed, as paths, keys and
// deltas; [Doc.OnUpdate] gives the bytes for others. An [UndoManager] takes back
// what its own people did and nothing else. [Doc.Preview] tells what an update
// would do, before it does it.
//
// # What was in it
//
// A [Snapshot] names a moment, which [Doc.At] brings back if the document keeps
// what is deleted. A [Position] stays at its place while text moves around it. An
// [Attribution] knows who deleted what; [Doc.Scrub] takes contents out for good.
//
// # Without a document
//
// A server that only stores and forwards needs no documents: [MergeUpdates],
// [DiffUpdate], [StateVectorFromUpdate], [IntersectUpdate], [InsertsOf] and
// [Verify] read bytes alone, and [ToV2] and [FromV2] change the encoding. What
// takes and gives updates here speaks V1.
//
// # Rules
//
// A Doc belongs to one goroutine at a time, and observers may not change it.
// Functions that take only bytes may be called by any. What is not an update is
// refused with [ErrMalformed], what goes beyond the limits (clocks of 31 bits,
// client ids of 53, 32 MiB of updates that wait for others) with [ErrLimit]; a
// refused update has changed nothing, and costs no more than its size. Mistakes
// of the program, such as an index beyond a list, panic.
//
// The algorithm is YATA (Nicolaescu et al., 2016) as Yjs 13.6 implements it;
// INTERNALS.md beside this file explains the layout.
package crdt

import (
	"errors"
	"math/rand/v2"
)

// The reasons for which an update is refused. A refused update has changed
// nothing.
var (
	// ErrMalformed: the bytes are not an update.
	ErrMalformed = errors.New("crdt: malformed update")
	// ErrLimit: the update goes beyond what a document may hold.
	ErrLimit = errors.New("crdt: limit exceeded")
	// ErrInconsistent: a struct names neighbours that nobody can have seen side by
	// side, or a parent that holds nothing. Only [Doc.Preview] says so.
	ErrInconsistent = errors.New("crdt: inconsistent struct")
)

const (
	// maxClock bounds clocks, so that they fit 32 bits with room to add.
	maxClock = 1<<31 - 1
	// maxClient is the largest client id that Yjs can read.
	maxClient = 1<<53 - 1
	// maxParked bounds, in bytes, the updates that wait for missing ones.
	maxParked = 32 << 20
)

// Options configure a document.
type Options struct {
	// ClientID names this replica; 0 picks a random one of 32 bits. No two
	// replicas may write under one id.
	ClientID uint64
	// KeepDeleted keeps the content of what was deleted (Yjs: gc off).
	KeepDeleted bool
}

// Doc is a document. It is made by [New].
type Doc struct {
	clientID    uint64
	keepDeleted bool

	clients  []client // by index; 0 is nobody
	clientOf table    // client id → index

	items   slab
	content arena
	types   []typ             // by index; 0 is none
	roots   map[string]uint32 // root name → type
	keys    []string          // by key id; 0 is none
	keyOf   table             // key → id
	entries []entry           // map entries; 0 is none
	entryOf table             // type and key → entry
	gone    int               // entries of types that are gone

	in      input
	lot     parkingLot
	tx      txn
	cursor  cursor
	index   listIndex
	scanned conflictScan
	depth   int // of types being turned into plain values

	watchers *watchers
	redone   map[id]id // by the first unit of an item: what an undo made of it
}

// New makes an empty document.
func New(o Options) *Doc {
	if o.ClientID == 0 {
		o.ClientID = uint64(rand.Uint32())
	}
	return &Doc{
		clientID:    o.ClientID,
		keepDeleted: o.KeepDeleted,
		clients:     make([]client, 1, 4),
		types:       make([]typ, 1, 4),
		roots:       map[string]uint32{},
		keys:        make([]string, 1, 4),
		keyOf:       newTable(),
		clientOf:    newTable(),
		entries:     make([]entry, 1),
		entryOf:     newTable(),
	}
}

// ClientID is the id under which this replica's own edits are written.
func (d *Doc) ClientID() uint64 { return d.clientID }

// Size tells what a document holds.
type Size struct {
	Structs int // items and collected ranges after merging
	Clients int // replicas that have written
	Bytes   int // about what the document keeps in memory
	Live    int // of them, about what is in use
	Parked  int // bytes of updates that wait for missing ones
}

// Size measures the document in time proportional to the number of clients.
func (d *Doc) Size() Size {
	s := Size{Structs: d.items.live, Clients: len(d.clients) - 1, Parked: d.lot.size}
	s.Bytes = d.items.memory() + cap(d.content.buf) + d.lot.size + len(d.types)*32 + len(d.entries)*24
	for i := range d.clients {
		s.Bytes += d.clients[i].spans.memory() + 64
	}
	s.Live = s.Bytes - (cap(d.content.buf) - len(d.content.buf)) - d.content.dead
	return s
}
