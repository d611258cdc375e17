// Package storage opens what a node keeps its state in. The domain says what
// it needs (rooms.Log, auth.Store, media.Store, history.Store); a Store is the sum of that.
package storage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/history"
	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/storage/seal"
	"github.com/soratoo/soratoo/storage/sqlstore"
)

// Store keeps documents, their versions, accounts and what is known of media. What it says is stored is on disk. All
// methods may be called at once.
type Store interface {
	rooms.Log
	auth.Store
	media.Store
	history.Store
	render.Store
	render.Desk
	Shared
	Sealed
	Copied
	Ping(ctx context.Context) error
	Close() error
}

// Shared is what nodes on one store share beside it.
type Shared interface {
	rooms.Shared
	rooms.Nodes
	auth.Tries
	// Secret returns what is stored under a name; when there is nothing, fresh, which it
	// stores.
	Secret(ctx context.Context, name string, fresh []byte) ([]byte, error)
}

// Copied is a store that can be copied.
type Copied interface {
	// Dump reads all that is stored, as of one moment; see sqlstore.Store.
	Dump(ctx context.Context, each func(sqlstore.Rows) error) error
	// Fill stores what Dump has read, in an empty store; see sqlstore.Store.
	Fill(ctx context.Context, next func() (sqlstore.Rows, error)) error
}

// Sealed is a store whose contents are sealed.
type Sealed interface {
	seal.Store
	installations
	// SealBy has contents sealed from now on, see sqlstore.Store.
	SealBy(by sqlstore.Sealer)
}

// Config says where a store is.
type Config struct {
	Dir string // the data directory, which is made when it is not there, for its owner only
	URL string // of a PostgreSQL database; empty: the one that is embedded in the directory
}

// ErrInUse is returned by Open when another process has the directory's
// database open.
var ErrInUse = sqlstore.ErrInUse

// databaseFile is the embedded database in a data directory.
const databaseFile = "soratoo.db"

// OpenToCopy opens a store for reading alone, beside servers at work.
func OpenToCopy(ctx context.Context, c Config) (Store, error) {
	if c.URL != "" {
		return Open(ctx, c)
	}
	s, err := sqlstore.OpenToCopy(ctx, filepath.Join(c.Dir, databaseFile))
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Open opens a store. An embedded one fails when another process has it open.
func Open(ctx context.Context, c Config) (Store, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	var s *sqlstore.Store
	var err error
	if c.URL != "" {
		s, err = sqlstore.OpenPostgres(ctx, c.URL)
	} else {
		s, err = sqlstore.Open(ctx, filepath.Join(c.Dir, databaseFile))
	}
	if err != nil {
		return nil, err // and not a store that is nil
	}
	return s, nil
}
