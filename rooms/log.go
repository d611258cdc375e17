package rooms

import (
	"context"
	"errors"
	"time"

	"github.com/soratoo/soratoo/crdt"
)

// Log is where documents last. A write is on disk when Append returns; every
// method may be called at once from any goroutine.
type Log interface {
	// Load returns everything sound that is stored of a document, in order. A
	// document that was never written is empty, of FirstGeneration. Rows that are
	// damaged are set aside, and found there ever after.
	Load(ctx context.Context, doc string) (Stored, error)

	// Append stores all writes in one commit and answers each in its place.
	// An error means that nothing is known to be stored; appending the same
	// again is harmless, as updates may be applied twice.
	Append(ctx context.Context, writes []Write) ([]Receipt, error)

	// Compact lets the snapshot stand for all entries up to its Seq. It does
	// nothing when a newer snapshot is stored already.
	Compact(ctx context.Context, s Snapshot) error

	// Reset replaces a document and raises its generation: writers of the older
	// one are refused from then on.
	Reset(ctx context.Context, doc string, to Replacement) (generation uint64, err error)
}

// FirstGeneration is the generation of a document that was never reset.
const FirstGeneration = 1

var (
	// ErrGeneration is a write's answer when the document was reset.
	ErrGeneration = errors.New("the document was reset")
	// ErrCorrupt is returned by Load when what is stored was not written so.
	ErrCorrupt = errors.New("the stored document is damaged")
)

// Stored is a document as the log has it.
type Stored struct {
	Generation uint64
	Seq        uint64   // of the last entry, 0 when there was none
	Snapshot   []byte   // entries up to some point, merged; nil when none
	Tail       [][]byte // the entries after it

	// Damage is what was not as it was written and is left out: it was set aside.
	// What is here is the rest.
	Damage []Damage

	// Writers are the people behind the clients that wrote in the document, as
	// far as entries told.
	Writers map[uint64]Writer

	// Former is a state vector of all generations before this one: what was written
	// then, and is not here, does not come back. Nil when there were none.
	Former []byte
}

// Replacement is what a document becomes that is reset.
type Replacement struct {
	State []byte // nil: empty, and nobody has written in it
	// Former is the state vector of what the document has been, as Stored has it.
	Former []byte
}

// Damage is a stored row that was not as it was written.
type Damage struct {
	Kind string // entry, snapshot, head
	Seq  uint64
}

// Entry is one update and whose it is.
type Entry struct {
	Update []byte
	Person string
	At     time.Time

	// Clients are those that the person is the first to use; who used a client
	// first stays its writer.
	Clients []uint64
	// Carried are clients that nobody has used and whose units the person has
	// brought, see Writer.
	Carried []uint64
	// Relays are units of other people's clients that the person has brought.
	Relays []crdt.IDRange
}

// Write is what is appended to one document: its entries, in order.
type Write struct {
	Doc        string
	Generation uint64
	Entries    []Entry
}

// Receipt answers a write: the sequence number of its last entry (they have no
// gaps and follow the commits), or why none of it was stored: ErrGeneration.
type Receipt struct {
	Seq uint64
	Err error
}

// Snapshot is a document's state that holds at least all entries up to Seq.
type Snapshot struct {
	Doc        string
	Generation uint64
	Seq        uint64
	State      []byte
}
