package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrInUse is returned by Open when another process has the database open.
var ErrInUse = errors.New("the database is in use by another process")

// acquire takes the lock file at path until it is closed. The kernel lets go
// of it when the process ends, however it ends.
func acquire(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock file: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%w: stop it, or choose another data directory (lock %s)", ErrInUse, path)
	} else {
		err = fmt.Errorf("locking %s: %w", path, err)
	}
	return nil, errors.Join(err, f.Close())
}
