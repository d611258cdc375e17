// Package blob keeps the bytes of media: as files of one directory, or as objects of
// an object store. Names are ids that the program made: nothing that a user wrote
// becomes part of a path, and nothing outside the directory, or the prefix, can be
// reached through a name.
package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	unfinished    = "unfinished"   // where files are until they are whole
	unfinishedAge = 24 * time.Hour // no upload takes longer: what is older was left behind
	shortest      = 3              // of names: two characters choose a directory
	longest       = 64
)

// ErrName: a name is not of letters and digits, or too short or too long.
var ErrName = errors.New("not a name of a blob")

// Files is a Store in a directory, which nodes may share.
type Files struct {
	root *os.Root
	// before is told each step that a power cut can come between, and may refuse it;
	// nil outside tests.
	before func(step, path string) error

	mu      sync.Mutex
	durable map[string]bool // directories whose names are known to be on disk; guarded by mu
}

// OpenFiles opens the directory, which it makes when it is not there, for its owner
// only, and clears away what was not finished and is old: what is younger may be
// another node's.
func OpenFiles(dir string) (*Files, error) { return openFiles(dir, nil) }

func openFiles(dir string, before func(step, path string) error) (*Files, error) {
	f := &Files{before: before, durable: map[string]bool{}}
	err := f.make(dir)
	if err != nil {
		return nil, fmt.Errorf("making the directory of media: %w", err)
	}
	if f.root, err = os.OpenRoot(dir); err != nil {
		return nil, fmt.Errorf("opening the directory of media: %w", err)
	}
	if err := f.sweep(time.Now().Add(-unfinishedAge)); err != nil {
		return nil, errors.Join(fmt.Errorf("clearing unfinished media away: %w", err), f.root.Close())
	}
	return f, nil
}

// make makes a directory and has its name on disk, and those of the parents that it
// made too. The name of one that is there is on disk already, or somebody else's care:
// its parent may be none that we can read.
func (f *Files) make(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	var fresh []string
	for at := dir; ; at = filepath.Dir(at) {
		_, err := os.Stat(at)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return err
		}
		fresh = append(fresh, at)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, at := range fresh {
		if err := f.step("sync", filepath.Dir(at)); err != nil {
			return err
		}
		parent, err := os.Open(filepath.Dir(at))
		if err != nil {
			return err
		}
		if err := errors.Join(parent.Sync(), parent.Close()); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes unfinished files that nobody has written to since a time. Their
// directory need not be on disk: without it there are none.
func (f *Files) sweep(since time.Time) error {
	if err := f.root.Mkdir(unfinished, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	found, err := fs.ReadDir(f.root.FS(), unfinished)
	if err != nil {
		return err
	}
	for _, entry := range found {
		info, err := entry.Info()
		if err == nil && info.ModTime().Before(since) {
			err = f.root.RemoveAll(unfinished + "/" + entry.Name())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // another node was here first
			return err
		}
	}
	return nil
}

func (f *Files) step(step, path string) error {
	if f.before == nil {
		return nil
	}
	return f.before(step, path)
}

// Close lets go of the directory. Nothing may be called after it.
func (f *Files) Close() error { return f.root.Close() }

// Ping tells whether the directory can be written to, by writing a file that goes again.
func (f *Files) Ping(ctx context.Context) error {
	draft := unfinished + "/" + rand.Text()
	err := f.write(draft, reader{ctx, strings.NewReader("ping")})
	if err := errors.Join(err, f.remove(draft)); err != nil {
		return fmt.Errorf("writing to the directory of media: %w", err)
	}
	return nil
}

// Put stores all that r has. When it returns nil the bytes are on disk and can
// be opened; otherwise nothing is there.
func (f *Files) Put(ctx context.Context, name string, r io.Reader) error {
	if err := check(name); err != nil {
		return err
	}
	err := f.directory(directory(name))
	if err == nil {
		err = f.place(path(name), reader{ctx, r})
	}
	if err != nil {
		return fmt.Errorf("storing media: %w", err)
	}
	return nil
}

// directory makes a directory and has its name on disk. One that is there may have been
// made by somebody who has not come to that yet, or by a process that was cut off.
func (f *Files) directory(dir string) error {
	f.mu.Lock()
	durable := f.durable[dir]
	f.mu.Unlock()
	if durable {
		return nil
	}
	err := f.step("mkdir", dir)
	if err == nil {
		err = f.root.Mkdir(dir, 0o700)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := f.sync("."); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.durable[dir] = true
	return nil
}

// place has a file at a path of a directory that is there, wholly and on disk, or not
// at all: its bytes are on disk before it has its name, and its name before it returns.
func (f *Files) place(path string, r io.Reader) error {
	draft := unfinished + "/" + rand.Text()
	err := f.write(draft, r)
	if err == nil {
		err = f.step("rename", path)
	}
	if err == nil {
		err = f.root.Rename(draft, path)
	}
	if err != nil {
		return errors.Join(err, f.remove(draft))
	}
	if err := f.sync(filepath.Dir(path)); err != nil {
		return errors.Join(err, f.remove(path))
	}
	return nil
}

// write makes a file and has its bytes on disk.
func (f *Files) write(name string, r io.Reader) error {
	if err := f.step("create", name); err != nil {
		return err
	}
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err = io.Copy(file, r); err == nil {
		err = f.step("sync", name)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// sync has the names in a directory on disk.
func (f *Files) sync(dir string) error {
	if err := f.step("sync", dir); err != nil {
		return err
	}
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open opens what is stored under a name, for reading.
func (f *Files) Open(_ context.Context, name string) (io.ReadSeekCloser, error) {
	if err := check(name); err != nil {
		return nil, err
	}
	file, err := f.root.Open(path(name))
	if err != nil {
		return nil, fmt.Errorf("opening media: %w", err)
	}
	return file, nil
}

// Remove removes what is stored under a name, if it is there. That is not synced: a file
// that a power cut brings back has a name that nobody knows any more.
func (f *Files) Remove(_ context.Context, name string) error {
	if err := check(name); err != nil {
		return err
	}
	return f.remove(path(name))
}

func (f *Files) remove(path string) error {
	if err := f.root.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing media: %w", err)
	}
	return nil
}

// directory keeps directories small: there are at most 62² of them.
func directory(name string) string { return name[:2] }

func path(name string) string { return directory(name) + "/" + name[2:] }

func check(name string) error {
	if len(name) < shortest || len(name) > longest {
		return ErrName
	}
	for _, c := range name {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return ErrName
		}
	}
	return nil
}

// reader reads until its context ends.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
