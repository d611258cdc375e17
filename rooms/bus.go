package rooms

import (
	"context"
	"errors"
	"fmt"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Bus carries messages between the nodes of a cluster, soon and perhaps: it may lose,
// double and reorder them, and nobody is told. What nodes must not miss they find in
// the log, see Shared. Its methods may be called at once; all but Run return at once.
type Bus interface {
	// Publish sends a message to the nodes that follow a topic, this one included.
	Publish(topic string, message []byte)
	// Follow has the messages of a topic delivered until Unfollow is called.
	Follow(topic string)
	Unfollow(topic string)
	// Run delivers until ctx ends. It is called once.
	Run(ctx context.Context, to Receiver) error
}

// Receiver takes what a Bus delivers. Its methods must return at once.
type Receiver interface {
	// Message brings a message, which the receiver then owns.
	Message(topic string, message []byte)
	// Following says that a topic is followed from now on, for the first time or again
	// after the line broke: what was published before may have been missed.
	Following(topic string)
	// Working says whether messages arrive at present.
	Working(ok bool)
}

// nodesTopic is followed by every node; other topics are names of documents.
const nodesTopic = "nodes"

// What nodes say to each other.
const (
	parcelEntries  = iota + 1 // entries of a document that were stored
	parcelHead                // a document was stored up to First: read the log
	parcelPresence            // states of clients; with Whole they are all that the node has
	parcelAsk                 // tell all states of clients
	parcelGone                // states that the node To is to hear are taken for gone
	parcelNotice              // the notice First, for every node
	parcelAlive               // the node is there
	parcelSilent              // never sent: the node has not been heard for a while
)

// parcelVersion is the first byte of each message. Messages of other versions are
// passed over: the log has what matters, for nodes of two releases side by side.
const parcelVersion = 1

// parcelBytes are the largest entries that are sent along, rather than read from the
// log by who wants them.
const parcelBytes = 64 << 10

// parcel is a message between nodes. Which fields it has depends on its kind.
type parcel struct {
	Kind       uint64
	Node       string // who sends it
	To         string
	Generation uint64
	First      uint64
	Whole      bool
	Payload    []byte
	Entries    []Entry // their updates and whose their clients are
}

var errParcel = errors.New("not a message between nodes")

func (p parcel) encode() []byte {
	dst := []byte{parcelVersion}
	dst = lib0.AppendUint(dst, p.Kind)
	dst = lib0.AppendString(dst, p.Node)
	dst = lib0.AppendString(dst, p.To)
	dst = lib0.AppendUint(dst, p.Generation)
	dst = lib0.AppendUint(dst, p.First)
	dst = append(dst, flag(p.Whole))
	dst = lib0.AppendBytes(dst, p.Payload)
	dst = lib0.AppendUint(dst, uint64(len(p.Entries)))
	for _, e := range p.Entries {
		dst = lib0.AppendString(dst, e.Person)
		dst = appendClients(dst, e.Clients)
		dst = appendClients(dst, e.Carried)
		dst = lib0.AppendBytes(dst, e.Update)
	}
	return dst
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

func appendClients(dst []byte, clients []uint64) []byte {
	dst = lib0.AppendUint(dst, uint64(len(clients)))
	for _, c := range clients {
		dst = lib0.AppendUint(dst, c)
	}
	return dst
}

// decodeParcel reads a message between nodes. It aliases b.
func decodeParcel(b []byte) (p parcel, err error) {
	r := lib0.NewReader(b)
	if v := r.Byte(); v != parcelVersion {
		return p, fmt.Errorf("%w: version %d", errParcel, v)
	}
	p = parcel{Kind: r.Uint(), Node: r.String(), To: r.String(), Generation: r.Uint(), First: r.Uint(), Whole: r.Byte() == 1, Payload: r.Bytes()}
	const least = 4 // bytes of an entry
	for range r.Count(least) {
		p.Entries = append(p.Entries, Entry{
			Person: r.String(), Clients: readClients(r), Carried: readClients(r), Update: r.Bytes(),
		})
	}
	if r.Len() > 0 {
		r.Fail("bytes after the message")
	}
	if err := r.Err(); err != nil {
		return parcel{}, fmt.Errorf("%w: %w", errParcel, err)
	}
	return p, nil
}

func readClients(r *lib0.Reader) (clients []uint64) {
	for range r.Count(1) {
		clients = append(clients, r.Uint())
	}
	return clients
}
