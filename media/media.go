// Package media keeps the images, videos and sounds of projects: who may see
// and add them, what they are, and how large they may be.
//
// What a file is follows from its bytes alone: names and types that an uploader
// gives are never believed. A [Service] may be called from many goroutines at
// once.
package media

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/soratoo/soratoo/auth"
)

// Why a file is not taken.
var (
	// ErrType: the bytes are of no kind that is taken.
	ErrType = errors.New("this kind of file is not taken")
	// ErrBroken: the bytes begin like a kind that is taken, but cannot be read.
	ErrBroken = errors.New("the file cannot be read")
	// ErrTooLarge: the file is larger than a file may be.
	ErrTooLarge = errors.New("the file is too large")
	// ErrFull: the project has as much as a project may have.
	ErrFull = errors.New("the project has no room for this file")
	// ErrCutOff: the file ended before the length that was announced.
	ErrCutOff = errors.New("the file was cut off")
	// ErrBusy: too many files are on their way at once.
	ErrBusy = errors.New("too many files at once, try again")
	// ErrSlow: the file comes so slowly that it keeps others from theirs.
	ErrSlow = errors.New("the file comes too slowly")
	// ErrLost: the bytes of a file are gone, or not whole any more.
	ErrLost = errors.New("the file was lost")
	// ErrFacts: what was said about a file cannot be, or is known already.
	ErrFacts = errors.New("this cannot be said about the file")
)

// Kind is what a file is to a timeline.
type Kind string

// The kinds.
const (
	Image Kind = "image"
	Video Kind = "video"
	Audio Kind = "audio"
	File  Kind = "file" // made by a render, for nothing but downloads
)

// Delivery is what Made says of a film that was made to leave the house.
const Delivery = "delivery"

// Asset is a file of a project. It never changes but for its facts.
type Asset struct {
	ID      string
	Project string
	Name    string // as the uploader called it; for people only
	Kind    Kind
	Type    string // the content type, as the bytes tell it
	Size    int64
	Hash    string // SHA-256 of the bytes, as hex
	Person  string // who added it
	Created time.Time
	Made    string // what kind of render made it; "" for what somebody added
	Facts   Facts
}

// Store keeps what is known of assets. Reads and changes of what is not there
// end with auth.ErrNotFound.
type Store interface {
	// AddAsset stores an asset, or ends with ErrFull when its project would
	// then have more bytes than limit.
	AddAsset(ctx context.Context, a Asset, limit int64) error
	Asset(ctx context.Context, id string) (Asset, error)
	// Assets lists the assets of a project that a kind of render made; "" lists all.
	Assets(ctx context.Context, project, made string, p auth.Page) ([]Asset, error)
	// SetFacts stores facts of an asset that has none.
	SetFacts(ctx context.Context, id string, f Facts) error
	DeleteAsset(ctx context.Context, id string) error
}

// Blobs keeps the bytes of assets.
type Blobs interface {
	// Put stores all that r has. When it returns nil the bytes are on disk;
	// otherwise nothing is there. Of the asset its id and project are known.
	Put(ctx context.Context, a Asset, r io.Reader) error
	// Open opens what is stored; auth.ErrNotFound does not come from here, but
	// fs.ErrNotExist when there is nothing.
	Open(ctx context.Context, a Asset) (io.ReadSeekCloser, error)
	// Remove removes what is stored, if it is there.
	Remove(ctx context.Context, id string) error
}

// Rights tells what somebody may do in a project.
type Rights interface {
	Project(ctx context.Context, p auth.Principal, id string) (auth.Project, error)
}

// Prober looks into files. It ends with ErrBroken or ErrType for what cannot be
// shown, and with another error when it does not know.
type Prober interface {
	Probe(ctx context.Context, f Form, r io.Reader) (Kind, Facts, error)
}
