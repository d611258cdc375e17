// Package blob keeps the bytes of media as files of one directory. Names are
// ids that the program made: nothing that a user wrote becomes part of a path,
// and nothing outside the directory can be reached through a name.
package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	unfinished = "unfinished" // where files are until they are whole
	shortest   = 3            // of names: two characters choose a directory
	longest    = 64
)

// ErrName: a name is not of letters and digits, or too short or too long.
var ErrName = errors.New("not a name of a blob")

// Files keeps blobs in a directory. Its methods may be called at once, for
// different names; what is stored under a name is not stored anew.
type Files struct{ root *os.Root }

// Open opens the directory, which it makes when it is not there, for its owner
// only, and clears away what was not finished.
func Open(dir string) (*Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of media: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the directory of media: %w", err)
	}
	err = root.RemoveAll(unfinished)
	if err == nil {
		err = root.Mkdir(unfinished, 0o700)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("clearing unfinished media away: %w", err), root.Close())
	}
	return &Files{root}, nil
}

// Close lets go of the directory. Nothing may be called after it.
func (f *Files) Close() error { return f.root.Close() }

// Put stores all that r has. When it returns nil the bytes are on disk and can
// be opened; otherwise nothing is there.
func (f *Files) Put(ctx context.Context, name string, r io.Reader) error {
	if err := check(name); err != nil {
		return err
	}
	draft := unfinished + "/" + rand.Text()
	if err := f.write(draft, reader{ctx, r}); err != nil {
		return errors.Join(fmt.Errorf("storing media: %w", err), f.remove(draft))
	}
	err := f.root.Mkdir(directory(name), 0o700)
	fresh := err == nil
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	if err == nil {
		err = f.root.Rename(draft, path(name))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("storing media: %w", err), f.remove(draft))
	}
	err = f.sync(directory(name))
	if err == nil && fresh {
		err = f.sync(".")
	}
	return err
}

// write makes a file and has it on disk.
func (f *Files) write(name string, r io.Reader) error {
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err = io.Copy(file, r); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// sync has the names in a directory on disk.
func (f *Files) sync(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return fmt.Errorf("storing media: %w", err)
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

// Remove removes what is stored under a name, if it is there.
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
