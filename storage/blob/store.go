package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// ErrMark: the store has another mark than the one that was to be replaced.
var ErrMark = errors.New("the store of media has another mark")

// Store keeps blobs. All methods but Close may be called at once; of one name, Put and
// Remove by one caller at a time. What is stored under a name is not stored anew.
type Store interface {
	Content
	Marks
	// Ping tells whether the store can be reached and written to.
	Ping(ctx context.Context) error
	// Close lets go of the store. Nothing may be called after it.
	Close() error
}

// Content is the bytes of a store.
type Content interface {
	// Put stores all that r has, however much that is. When it returns nil the bytes
	// are durable and can be opened; otherwise nothing is there.
	Put(ctx context.Context, name string, r io.Reader) error
	// Open opens what is stored under a name, or ends with fs.ErrNotExist. What it
	// returns is read by one goroutine at a time, until ctx ends.
	Open(ctx context.Context, name string) (io.ReadSeekCloser, error)
	// Remove removes what is stored under a name, if it is there.
	Remove(ctx context.Context, name string) error
}

// Marks is the mark of a store: a short text by which a database and a store know that
// they belong together, and which nodes of two installations do not both take.
type Marks interface {
	// Mark returns the mark, "" when there is none yet.
	Mark(ctx context.Context) (string, error)
	// SetMark replaces the mark old ("": none) by another, or ends with ErrMark when
	// the store has another than old. Of many at once, one succeeds.
	SetMark(ctx context.Context, old, mark string) error
}

// Config tells where blobs are kept.
type Config struct {
	// URL is file:///path for a directory that nodes may share, s3://bucket/prefix for
	// an object store (see OpenS3), or "" for Dir.
	URL string
	Dir string
}

// Open opens the store that c names.
func Open(ctx context.Context, c Config) (Store, error) {
	if c.URL == "" {
		return asStore(OpenFiles(c.Dir))
	}
	u, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "s3":
		return asStore(OpenS3(ctx, c.URL))
	case "file":
		if u.Host != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(u.Path) < 2 || u.Path[0] != '/' {
			return nil, errors.New("the URL of the store of media has to be file:///path, with nothing else")
		}
		return asStore(OpenFiles(u.Path))
	}
	return nil, fmt.Errorf("the URL of the store of media begins with %q; it has to be file:///path or s3://bucket/prefix", u.Scheme+":")
}

// asStore makes no store of what could not be opened.
func asStore[S Store](s S, err error) (Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// parseURL never has its text in an error: it may hold a secret.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the URL of the store of media cannot be read; special characters of its user info have to be written as %XX")
	}
	return u, nil
}

const markBytes = 256 // of a mark

// checkMark keeps marks to what is shown and compared without surprises.
func checkMark(mark string) error {
	if mark == "" || len(mark) > markBytes {
		return fmt.Errorf("a mark of a store has 1 to %d bytes, not %d", markBytes, len(mark))
	}
	for _, c := range []byte(mark) {
		if c < ' ' || c > '~' {
			return errors.New("a mark of a store is of printable ASCII characters")
		}
	}
	return nil
}
