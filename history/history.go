// Package history keeps versions of the timelines of projects: whole states with
// a name or without, who edited, and what changed in words. It makes them by
// itself when a document rests, compares them, and brings them back as edits. A
// [Service] may be called from many goroutines at once.
package history

import (
	"context"
	"errors"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// Why something is not done.
var (
	// ErrSame: the timeline is as it would be.
	ErrSame = errors.New("nothing would change")
	// ErrKept: only versions that somebody named are deleted by hand.
	ErrKept = errors.New("only named versions are deleted by hand")
	// ErrFull: the project has as many named versions as a project may have.
	ErrFull = errors.New("the project has no room for another version")
	// ErrNoRestore: only what a restore did can be taken back.
	ErrNoRestore = errors.New("only a restore can be taken back")
)

// Kind says why there is a version.
type Kind string

// The kinds.
const (
	Automatic     Kind = "automatic"      // the document rested after edits
	Named         Kind = "named"          // somebody wanted it
	BeforeRestore Kind = "before-restore" // as it was when somebody restored a version
	Restored      Kind = "restored"       // as it was right after that
	BeforeImport  Kind = "before-import"  // as it was when somebody imported a file
)

// Version is a timeline as it was.
type Version struct {
	ID      string
	Project string
	Doc     string // of which document
	Kind    Kind
	Name    string // "" when nobody gave it one
	Person  string // who made it, "" for automatic ones
	People  []string
	Created time.Time
	Changes []timeline.Change // since the version before it
	Of      string            // the version that a restore brought back
	Before  string            // the version that was kept before that
	State   []byte            // an update; not in lists
}

// Versions keeps versions. Reads and changes of what is not there end with
// auth.ErrNotFound.
type Versions interface {
	// AddVersion stores a version of a project that exists.
	AddVersion(ctx context.Context, v Version) error
	Version(ctx context.Context, id string) (Version, error)
	// Versions lists versions without their states, the newest first.
	Versions(ctx context.Context, project string, p auth.Page) ([]Version, error)
	// SetVersion replaces kind, name and, unless it is nil, the state.
	SetVersion(ctx context.Context, v Version) error
	// DeleteVersions removes versions of a project, all of them when none is named.
	DeleteVersions(ctx context.Context, project string, ids ...string) error
}

// Store is all that a Service keeps.
type Store interface {
	Versions
	// Writers are the people behind the clients that wrote in a document.
	Writers(ctx context.Context, doc string) (map[uint64]string, error)
	// Relays are units that somebody else brought than who wrote them.
	Relays(ctx context.Context, doc string) ([]Relay, error)
}

// Relay is a run of units that one person's client wrote, and that another brought
// to the document.
type Relay struct {
	Client     uint64
	Clock, Len uint32
	Person     string // who brought it
	At         time.Time
}

// Live is the documents as they are now.
type Live interface {
	State(ctx context.Context, doc string) ([]byte, error)
	// Edit lets fn make an update of the present state, and has it stored and
	// shown to everybody; between the two nobody else edits.
	Edit(ctx context.Context, doc, person string, fn func(state []byte) ([]byte, error)) error
}

// Rights tells what somebody may do with a document of a project.
type Rights interface {
	Document(ctx context.Context, p auth.Principal, project, kind string) (auth.Access, error)
}
