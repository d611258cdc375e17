package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/soratoo/soratoo/storage/blob"
	"github.com/soratoo/soratoo/storage/seal"
	"github.com/soratoo/soratoo/storage/sqlstore"
)

// ErrForeign: a database, the media and the keys that a node was given are not of one
// installation.
var ErrForeign = errors.New("database, media and keys do not belong together")

// belongTries is how often nodes that start at once look again at what others did.
const belongTries = 10

// installations is what Belong needs of a database.
type installations interface {
	Installation(ctx context.Context) (sqlstore.Installation, error)
	SetInstallation(ctx context.Context, old, fresh sqlstore.Installation) (bool, error)
}

// Belong checks that a database and media are of one installation, before anything is
// written, and makes them one when both are new. A database that is alone with its node
// begins a new epoch each time: a copy of it that begins one, too, finds that the media
// have gone on without it.
func Belong(ctx context.Context, db installations, media blob.Marks, alone bool) error {
	for range belongTries {
		done, err := belong(ctx, db, media, alone)
		if done || err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: other nodes change what they are again and again", ErrForeign)
}

// belong is one look. It is not done when another node was quicker.
func belong(ctx context.Context, db installations, media blob.Marks, alone bool) (done bool, err error) {
	here, err := db.Installation(ctx)
	if err != nil {
		return false, err
	}
	mark, err := media.Mark(ctx)
	if err != nil {
		return false, fmt.Errorf("reading the mark of the media: %w", err)
	}
	name, epoch, _ := strings.Cut(mark, "/")
	switch {
	case here.Name == "" && mark != "":
		return false, fmt.Errorf("%w: the media are of the installation %s, and the database is of none: restore the database that goes with them, or give it other media", ErrForeign, name)
	case here.Name == "":
		_, err := db.SetInstallation(ctx, here, sqlstore.Installation{Name: rand.Text()[:16], Next: rand.Text()})
		return false, err
	case mark == "" && here.Epoch != "":
		return false, fmt.Errorf("%w: the database is of the installation %s, whose media are not here: restore them, or set SORATOO_BLOB_URL to where they are", ErrForeign, here.Name)
	case mark != "" && name != here.Name:
		return false, fmt.Errorf("%w: the database is of the installation %s, and the media are of %s", ErrForeign, here.Name, name)
	case mark != "" && epoch != here.Epoch && epoch != here.Next:
		return false, fmt.Errorf("%w: this database is a copy of one that was started since, or that one is: use the other, or give this one media of its own", ErrForeign)
	case mark != "" && epoch == here.Epoch && !alone:
		return true, nil
	}
	return begin(ctx, db, media, here, mark)
}

// begin begins the next epoch: first the database says what it will be, then the media
// have it, then the database does.
func begin(ctx context.Context, db installations, media blob.Marks, here sqlstore.Installation, mark string) (done bool, err error) {
	next := here
	if _, epoch, _ := strings.Cut(mark, "/"); here.Next == "" || epoch == here.Next {
		next.Epoch, next.Next = epoch, rand.Text()
		if ok, err := db.SetInstallation(ctx, here, next); err != nil || !ok {
			return false, err
		}
	}
	err = media.SetMark(ctx, mark, next.Name+"/"+next.Next)
	if errors.Is(err, blob.ErrMark) {
		return false, nil // another node was quicker, or a copy: the next look tells
	}
	if err != nil {
		return false, fmt.Errorf("marking the media: %w", err)
	}
	return db.SetInstallation(ctx, next, sqlstore.Installation{Name: next.Name, Epoch: next.Next})
}

// Adopt has a database that was restored go on with media that were restored beside it, or
// have outlived the database it is a copy of: whatever else has these media finds out.
func Adopt(ctx context.Context, db installations, media blob.Marks) error {
	here, err := db.Installation(ctx)
	if err != nil {
		return err
	}
	mark, err := media.Mark(ctx)
	if err != nil {
		return fmt.Errorf("reading the mark of the media: %w", err)
	}
	_, epoch, _ := strings.Cut(mark, "/")
	fresh := sqlstore.Installation{Name: here.Name, Epoch: epoch, Next: rand.Text()}
	if ok, err := db.SetInstallation(ctx, here, fresh); err != nil || !ok {
		return errors.Join(err, ErrForeign)
	}
	return Belong(ctx, db, media, true)
}

// Keys opens the master key of an installation, and has the store seal by it. The key is
// made when nothing is sealed yet, and there is none.
func Keys(ctx context.Context, path string, s Store) (*seal.Keys, error) {
	master, err := seal.LoadMaster(path)
	if errors.Is(err, fs.ErrNotExist) {
		sealed, failed := s.Keys(ctx, "", 1)
		if failed != nil {
			return nil, failed
		}
		if len(sealed) > 0 {
			return nil, fmt.Errorf("%w: the database is sealed, and its master key is not at %s: put it there, or set SORATOO_MASTER_KEY_FILE to where it is; nothing can be read without it", ErrForeign, path)
		}
		if master, err = seal.CreateMaster(path); errors.Is(err, fs.ErrExist) {
			master, err = seal.LoadMaster(path) // another node was quicker
		}
	}
	if err != nil {
		return nil, err
	}
	keys := seal.New(master, s)
	s.SealBy(keys)
	return keys, nil
}
