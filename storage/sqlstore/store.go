// Package sqlstore is what the domain stores, in SQL: in an embedded SQLite file, or in
// PostgreSQL, which several nodes share. Queries are written once, in what both
// databases understand; what is hot, or one database's own, is in files that begin with
// its name. A commit is on disk when it returns.
package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/soratoo/soratoo/rooms"
)

//go:embed migrations
var migrations embed.FS

// Store keeps documents and accounts in one database. All its methods may be
// called at once from any goroutine.
type Store struct {
	engine
	write   *sql.DB
	read    *sql.DB
	dialect dialect
	sealer  Sealer // nil: contents are stored in clear
}

// engine is what each kind of database does in its own way.
type engine interface {
	// append stores writes in one commit, see rooms.Log. Their updates may be sealed.
	append(ctx context.Context, writes []rooms.Write, sealed bool) ([]rooms.Receipt, error)
	// transact runs fn in one write transaction and commits it, durably, unless fn
	// fails. It may run fn again when other transactions were in the way.
	transact(ctx context.Context, strict bool, fn func(tx transaction) error) error
	// failed is what an error of a write means.
	failed(err error) error
	// Ping answers whether the database does, and takes writes. For want of space it
	// ends with syscall.ENOSPC.
	Ping(ctx context.Context) error
	// Close ends all work on the database. Nothing may be called after it.
	Close() error
}

// dialect is what the databases say differently.
type dialect struct {
	share     string        // locks the rows that are read against removal
	exclusive string        // locks them against any other that locks them
	free      string        // the same, leaving out rows that another has locked
	single    string        // whether nobody else does to a document what its transaction does; "" where there is one writer
	given     string        // has a statement give ids that the database would give
	sequence  string        // has a table of such ids go on behind them; "" where that is so
	clock     string        // the database's time, in milliseconds
	moment    sql.TxOptions // of a transaction that only reads, all of it at one moment
	goose     goose.Dialect // of migrations,
	folder    string        // which are here
}

// transaction is one that knows its dialect.
type transaction struct {
	*sql.Tx
	dialect
}

// alone tells whether no other transaction compacts a document; until this one ends no
// other will.
func (t transaction) alone(ctx context.Context, document int64) (alone bool, err error) {
	if t.single == "" {
		return true, nil
	}
	return alone, t.QueryRowContext(ctx, t.single, document).Scan(&alone)
}

// migrate runs the migrations that the database has not seen.
func (d dialect) migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, d.folder)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(d.goose, db, files)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// Append stores all writes in one commit; see rooms.Log.
func (s *Store) Append(ctx context.Context, writes []rooms.Write) ([]rooms.Receipt, error) {
	writes, err := s.sealWrites(ctx, writes)
	if err != nil {
		return nil, err
	}
	receipts, err := s.append(ctx, writes, s.sealer != nil)
	if err != nil {
		return nil, fmt.Errorf("appending: %w", s.failed(err))
	}
	return receipts, nil
}

// tx runs fn in one write transaction, which sees and changes the database as if there
// were no other. fn may run more than once.
func (s *Store) tx(ctx context.Context, fn func(tx transaction) error) error {
	return s.transact(ctx, true, fn)
}

// locking is tx for an fn that locks the rows that it decides by.
func (s *Store) locking(ctx context.Context, fn func(tx transaction) error) error {
	return s.transact(ctx, false, fn)
}

// view runs fn in a transaction that only reads, at one moment.
func (s *Store) view(ctx context.Context, fn func(tx transaction) error) error {
	options := s.dialect.moment
	tx, err := s.read.BeginTx(ctx, &options)
	if err != nil {
		return fmt.Errorf("beginning to read: %w", err)
	}
	return errors.Join(fn(transaction{tx, s.dialect}), ignoreDone(tx.Rollback()))
}

// attempt runs fn in a transaction and commits it, unless fn fails.
func attempt(ctx context.Context, db *sql.DB, options *sql.TxOptions, fn func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", errors.Join(err, ignoreDone(tx.Rollback())))
	}
	return nil
}

// ignoreDone drops the answer of a rollback that had nothing to roll back.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// params are the placeholders of n parameters, from a number on.
func params(from, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "$" + strconv.Itoa(from+i)
	}
	return strings.Join(all, ", ")
}

// anys are values as arguments of a query.
func anys[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}

// blob is b as a value that is never NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
