package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	markFile    = "installation"      // no blob can have it: theirs are in directories
	markLock    = "installation.lock" // held while the mark is replaced
	lockTimeout = 10 * time.Second    // replacing takes milliseconds
	lockEvery   = 10 * time.Millisecond
)

// Mark returns the mark of the directory, "" when there is none yet.
func (f *Files) Mark(context.Context) (string, error) {
	file, err := f.root.Open(markFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the mark of media: %w", err)
	}
	text, err := readMark(file)
	return text, errors.Join(err, file.Close())
}

// readMark reads a mark, whoever wrote it.
func readMark(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, markBytes+1))
	if err == nil {
		err = checkMark(string(text))
	}
	if err != nil {
		return "", fmt.Errorf("reading the mark of media: %w", err)
	}
	return string(text), nil
}

// SetMark replaces the mark, under a lock that also holds between nodes which share the
// directory.
func (f *Files) SetMark(ctx context.Context, old, mark string) error {
	if err := checkMark(mark); err != nil {
		return err
	}
	lock, err := f.lock(ctx)
	if err != nil {
		return fmt.Errorf("locking the mark of media: %w", err)
	}
	return errors.Join(f.replaceMark(ctx, old, mark), lock.Close())
}

func (f *Files) replaceMark(ctx context.Context, old, mark string) error {
	found, err := f.Mark(ctx)
	if err != nil {
		return err
	}
	if found != old {
		return fmt.Errorf("%w: %q", ErrMark, found)
	}
	// Another mark is on its way over the old one, so a failing sync of the directory
	// must not remove it as it would a blob.
	draft := unfinished + "/" + markFile
	err = f.remove(draft)
	if err == nil {
		err = f.write(draft, strings.NewReader(mark))
	}
	if err == nil {
		err = f.step("rename", markFile)
	}
	if err == nil {
		err = f.root.Rename(draft, markFile)
	}
	if err == nil {
		err = f.sync(".")
	}
	if err != nil {
		return fmt.Errorf("writing the mark of media: %w", err)
	}
	return nil
}

// lock holds the lock file until it is closed. The kernel lets go of it when the
// process ends, however it ends, so that no lock is left behind.
func (f *Files) lock(ctx context.Context) (*os.File, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lockTimeout, errors.New("somebody holds the lock file for long"))
	defer cancel()
	file, err := f.root.OpenFile(markLock, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	look := time.NewTicker(lockEvery)
	defer look.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(err, file.Close())
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), file.Close())
		}
	}
}
