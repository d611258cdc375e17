package rooms

import (
	"context"
	"time"
)

// Shared is what nodes need of a Log that several of them write, beside Log
// itself: each finds there what the others have written.
type Shared interface {
	// Heads tells how far documents are. Those that were never written are left out.
	Heads(ctx context.Context, docs []string) (map[string]Head, error)

	// Since returns what a document got after a position: the entries, and in place
	// of those that are no longer there a snapshot, which holds all up to it. With
	// rows that are damaged it ends with ErrCorrupt; Load then says what is left.
	Since(ctx context.Context, doc string, after uint64) (Stored, error)

	// Announce stores a notice for all nodes and returns its number. Numbers have no
	// gaps and follow the commits.
	Announce(ctx context.Context, payload []byte) (uint64, error)

	// Notices lists notices after a number, in order, at most so many. Old ones are
	// forgotten after NoticesKept.
	Notices(ctx context.Context, after uint64, most int) (Notices, error)
}

// NoticesKept is how long notices stay in the log, by the database's clock.
const NoticesKept = 10 * time.Minute

// Head is how far a document is.
type Head struct{ Generation, Seq uint64 }

// Notice is something that every node is to know once, with its number.
type Notice struct {
	Seq     uint64
	Payload []byte
}

// Notices is a part of them.
type Notices struct {
	Last uint64 // the number of the newest that was ever announced, 0 for none
	List []Notice
}

// Node is a node of a cluster as it says of itself.
type Node struct {
	ID      string // of this run of it
	Address string // where its listener is
	Version string
	Started time.Time
	Seen    time.Time // when it last said so, by the database's clock
	Rooms   int       // open
	Members int       // in them
	Load    float64   // processor seconds a second, of the whole process
}

// Nodes keeps what nodes say of themselves.
type Nodes interface {
	// Beat stores what a node says of itself; its Seen is of no matter. Nodes that
	// have been silent for a day are forgotten.
	Beat(ctx context.Context, n Node) error
	// Leave forgets a node.
	Leave(ctx context.Context, id string) error
	// Nodes lists the nodes that were seen within this time, by the time they started.
	Nodes(ctx context.Context, within time.Duration) ([]Node, error)
}
