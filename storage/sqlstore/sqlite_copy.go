package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/soratoo/soratoo/rooms"
)

// errCopying is the answer to writes on a store that only reads.
var errCopying = errors.New("the database is open to be copied")

// OpenToCopy opens a database file for reading alone, beside a server that may have it
// open. It has to be there, of this version's schema.
func OpenToCopy(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("naming the database: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	db, err := sql.Open("sqlite", source(path, "deferred", "query_only(1)"))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	s := &Store{engine: copied{db}, read: db, write: db, dialect: sqliteDialect}
	if _, err := s.Installation(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: start the server once with this version, to bring the database up to date", err), s.Close())
	}
	return s, nil
}

// copied is an engine that only reads.
type copied struct{ db *sql.DB }

func (copied) append(context.Context, []rooms.Write, bool) ([]rooms.Receipt, error) {
	return nil, errCopying
}

func (copied) transact(context.Context, bool, func(tx transaction) error) error { return errCopying }

func (copied) failed(err error) error { return err }

// Ping answers whether the file can be read.
func (c copied) Ping(ctx context.Context) error { return c.db.PingContext(ctx) }

// Close lets go of the file.
func (c copied) Close() error { return c.db.Close() }
