package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

const (
	readers         = 4    // connections that read while the one writer writes
	busyMillis      = 5000 // how long a statement waits for another's lock
	checkpointEvery = time.Second
	checkpointPages = 100000   // of write-ahead log, when a commit moves them itself
	walBytes        = 64 << 20 // what the write-ahead log shrinks to when all of it was moved

	// oldestSQLite has the checkpoint that loses nothing: before it, one beside a commit of
	// another connection could leave committed pages out.
	oldestSQLite = 3_051_003
)

var sqliteDialect = dialect{
	clock:  `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
	moment: sql.TxOptions{ReadOnly: true},
	goose:  goose.DialectSQLite3, folder: "migrations/sqlite",
}

// embedded is a SQLite file: one connection writes, others read.
type embedded struct {
	write *sql.DB // writers queue here, never in SQLite
	read  *sql.DB
	lock  *os.File
	log   logStatements
	dir   string // of the file
	space space
	dirty atomic.Bool // something was committed since the last checkpoint
	stop  chan struct{}
	moved chan struct{} // closed when the checkpoints have ended
}

// Open opens the database file at path, makes it when there is none, and
// brings its schema up to date. Only its owner may read the file, and what the
// database keeps beside it. The directory must exist. It fails when
// another process has the file open.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("naming the database: %w", err)
	}
	lock, err := acquire(path + ".lock")
	if err != nil {
		return nil, err
	}
	s := &embedded{lock: lock, dir: filepath.Dir(path)}
	if err := s.open(ctx, path); err != nil {
		err = s.failed(err)
		if errors.Is(err, syscall.ENOSPC) {
			// What SQLite says of it helps nobody.
			err = fmt.Errorf("the disk of %s is full: %w", s.dir, syscall.ENOSPC)
		}
		return nil, errors.Join(err, s.Close())
	}
	return &Store{engine: s, write: s.write, read: s.read, dialect: sqliteDialect}, nil
}

// open connects writer and readers; on failure Close lets go of what it got.
func (s *embedded) open(ctx context.Context, path string) error {
	// SQLite gives the files beside it the same mode.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	if s.write, err = sql.Open("sqlite", source(path, "immediate", "foreign_keys(1)",
		"journal_mode(WAL)", "synchronous(FULL)", fmt.Sprintf("journal_size_limit(%d)", walBytes), fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages))); err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	s.write.SetMaxOpenConns(1)
	if err := s.check(ctx); err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	if err := renumber(ctx, s.write); err != nil {
		return fmt.Errorf("bringing %s up to date: %w", path, err)
	}
	if err := sqliteDialect.migrate(ctx, s.write); err != nil {
		return fmt.Errorf("bringing %s up to date: %w", path, err)
	}
	if err := s.probe(ctx); err != nil {
		return fmt.Errorf("writing to %s: %w", path, err)
	}
	if s.log, err = prepareLog(ctx, s.write); err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	if s.read, err = sql.Open("sqlite", source(path, "deferred", "query_only(1)")); err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	files, err := sql.Open("sqlite", source(path, "immediate"))
	if err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	s.stop, s.moved = make(chan struct{}), make(chan struct{})
	go s.checkpoint(files)
	return nil
}

// check asks SQLite for its version.
func (s *embedded) check(ctx context.Context) error {
	var version string
	if err := s.write.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		return err
	}
	return checkVersion(version)
}

// checkVersion refuses a SQLite that may lose what was committed.
func checkVersion(version string) error {
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("SQLite has the version %q, which is not one", version)
	}
	if major*1_000_000+minor*1000+patch < oldestSQLite {
		return fmt.Errorf("SQLite %s may lose what was committed; build the program with 3.51.3 or later", version)
	}
	return nil
}

// checkpoint moves the write-ahead log into the file from time to time, so
// that no commit has to wait for that.
func (s *embedded) checkpoint(files *sql.DB) {
	defer close(s.moved)
	defer func() { _ = files.Close() }()
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
		if s.dirty.Swap(false) {
			// If it fails the log is longer; the next one moves it, too.
			_, _ = files.Exec("PRAGMA wal_checkpoint(PASSIVE)")
		}
	}
}

// source is the driver's name for the file with these pragmas set on each
// connection.
func source(path, lock string, pragmas ...string) string {
	q := url.Values{"_txlock": {lock}}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyMillis))
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// Ping answers whether the database does, and takes writes; see engine.
func (s *embedded) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return fmt.Errorf("reaching the database: %w", err)
	}
	return s.probe(ctx)
}

// Close ends all work on the database; see engine.
func (s *embedded) Close() error {
	if s.stop != nil {
		close(s.stop)
		<-s.moved
	}
	errs := []error{s.log.close()}
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// transact runs fn in one write transaction; see engine. There is one writer, so that
// no other is ever in the way.
func (s *embedded) transact(ctx context.Context, _ bool, fn func(tx transaction) error) error {
	err := attempt(ctx, s.write, nil, func(tx *sql.Tx) error { return fn(transaction{tx, sqliteDialect}) })
	if err != nil {
		return s.failed(err)
	}
	s.dirty.Store(true)
	return nil
}
