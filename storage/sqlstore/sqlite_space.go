package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	probeEvery   = 5 * time.Second // between two probes while the last went well
	retryEvery   = time.Second     // while it did not
	probeTimeout = time.Second     // the one writer may be busy with something large
	spaceNeeded  = 256 << 10       // bytes that there must be space for again after there was none
	blockLeast   = 64 << 10        // bytes of free space below which a failed write is for want of it
)

// space is what is known of the space on the disk.
type space struct {
	mu   sync.Mutex // guards what follows
	full bool       // the last write that told found none
	next time.Time  // when to look again
}

// failed says that a write found no space, if that is what err means: such an
// error is syscall.ENOSPC then.
func (s *embedded) failed(err error) error {
	if err == nil || errors.Is(err, syscall.ENOSPC) || !s.noSpace(err) {
		return err
	}
	s.space.mu.Lock()
	defer s.space.mu.Unlock()
	s.space.full = true
	return fmt.Errorf("%w: %w", syscall.ENOSPC, err)
}

// noSpace tells whether err is for want of space. Files beside the database that
// cannot grow are errors of input and output to SQLite.
func (s *embedded) noSpace(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return true
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		var fs syscall.Statfs_t
		return syscall.Statfs(s.dir, &fs) == nil && fs.Bavail*uint64(fs.Bsize) < blockLeast
	}
	return false
}

// probe writes something from time to time and tells whether that could be.
func (s *embedded) probe(ctx context.Context) error {
	s.space.mu.Lock()
	full, due := s.space.full, !time.Now().Before(s.space.next)
	if due {
		s.space.next = time.Now().Add(retryEvery)
	}
	s.space.mu.Unlock()
	if !due {
		return fullOr(full, nil)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	size := 0
	if full {
		size = spaceNeeded
	}
	err := s.transact(ctx, false, func(tx transaction) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO probe (id, filler) VALUES (1, zeroblob($1))
			ON CONFLICT (id) DO UPDATE SET filler = excluded.filler`, size)
		return err
	})
	if ctx.Err() != nil {
		return fullOr(full, nil) // the writer is at work, which says enough
	}
	if err == nil {
		s.space.mu.Lock()
		s.space.full, s.space.next = false, time.Now().Add(probeEvery)
		s.space.mu.Unlock()
	}
	return err
}

// fullOr is the error of a store without space, or err.
func fullOr(full bool, err error) error {
	if full {
		return fmt.Errorf("writing to the database: %w", syscall.ENOSPC)
	}
	return err
}
