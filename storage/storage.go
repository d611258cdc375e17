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
	Ping(ctx context.Context) error
	Close() error
}

// ErrInUse is returned by Open when another process has the directory's
// database open.
var ErrInUse = sqlstore.ErrInUse

// databaseFile is the embedded database in a data directory.
const databaseFile = "soratoo.db"

// Open opens the embedded database in a data directory, which it makes when it
// is not there, for its owner only. It fails when another process has it open.
func Open(ctx context.Context, dir string) (Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	return sqlstore.Open(ctx, filepath.Join(dir, databaseFile))
}
