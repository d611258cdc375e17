package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/soratoo/soratoo/storage"
	"github.com/soratoo/soratoo/storage/backup"
	"github.com/soratoo/soratoo/storage/blob"
	"github.com/soratoo/soratoo/storage/seal"
)

// copying is a backup or a restore that was asked for.
type copying struct {
	config
	path       string
	passphrase string // file of it; empty: it is derived from the master key
}

// copyOf reads what a command that copies was asked.
func (p program) copyOf(command string) (c copying, err error) {
	if len(p.args) == 0 || strings.HasPrefix(p.args[0], "-") {
		return c, usageError{fmt.Errorf("%s needs a FILE", command)}
	}
	c.path, p.args = p.args[0], p.args[1:]
	c.config, err = p.configure(command, func(f *flag.FlagSet) {
		f.StringVar(&c.passphrase, "passphrase-file", "", "file of the passphrase; the master key then goes along in the backup")
	})
	return c, err
}

// under is the passphrase of the backup.
func (c copying) under() (backup.Passphrase, error) {
	if c.passphrase != "" {
		text, err := os.ReadFile(c.passphrase)
		if err != nil {
			return backup.Passphrase{}, fmt.Errorf("reading the passphrase: %w", err)
		}
		chosen := strings.TrimSpace(string(text))
		if len(chosen) < leastPassphrase {
			return backup.Passphrase{}, fmt.Errorf("the passphrase in %s is shorter than %d letters", c.passphrase, leastPassphrase)
		}
		return backup.Passphrase{Text: chosen, Chosen: true}, nil
	}
	master, err := seal.LoadMaster(c.masterKey)
	if errors.Is(err, fs.ErrNotExist) {
		return backup.Passphrase{}, fmt.Errorf("the backup is encrypted under the master key, which is not at %s: put it there, or use --passphrase-file", c.masterKey)
	}
	if err != nil {
		return backup.Passphrase{}, err
	}
	return backup.Passphrase{Text: master.BackupPassphrase()}, nil
}

// leastPassphrase is how short a passphrase may be.
const leastPassphrase = 12

// open opens the store, in one way or another, and the media.
func (c copying) open(ctx context.Context, how func(context.Context, storage.Config) (storage.Store, error)) (storage.Store, blob.Store, func() error, error) {
	store, err := how(ctx, storage.Config{Dir: c.dataDir, URL: c.databaseURL})
	if err != nil {
		return nil, nil, nil, err
	}
	media, err := blob.Open(ctx, blob.Config{URL: c.blobURL, Dir: filepath.Join(c.dataDir, "media")})
	if err != nil {
		return nil, nil, nil, errors.Join(err, store.Close())
	}
	return store, media, func() error { return errors.Join(media.Close(), store.Close()) }, nil
}

// backup writes a backup, beside servers at work.
func (p program) backup(ctx context.Context) (err error) {
	c, err := p.copyOf("admin backup")
	if err != nil {
		return err
	}
	under, err := c.under()
	if err != nil {
		return err
	}
	key, err := os.ReadFile(c.masterKey)
	if err != nil {
		return fmt.Errorf("reading the master key: %w", err)
	}
	store, media, done, err := c.open(ctx, storage.OpenToCopy)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	is, err := store.Installation(ctx)
	if err != nil {
		return err
	}
	count, err := backup.Write(ctx, c.path, backup.Copy{Database: store, Media: media, Key: key, Version: release, Installation: is.Name}, under)
	if err != nil {
		return err
	}
	p.say("%s has %d rows, %d media and %d bytes.\n", c.path, count.Rows, count.Media, count.Bytes)
	if n := len(count.Missing); n > 0 {
		p.say("%d media were not there: removed meanwhile, or lost.\n", n)
	}
	if under.Chosen {
		p.say("It opens with the passphrase, and has the master key.\n")
	} else {
		p.say("It opens with the master key, which it does not have: keep a copy of %s elsewhere.\n", c.masterKey)
	}
	return nil
}

// restore brings a backup into an empty installation.
func (p program) restore(ctx context.Context) (err error) {
	c, err := p.copyOf("admin restore")
	if err != nil {
		return err
	}
	under, err := c.under()
	if err != nil {
		return err
	}
	f, err := os.Open(c.path)
	if err != nil {
		return fmt.Errorf("opening the backup: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	from, err := backup.Open(f, under)
	if err != nil {
		return err
	}
	store, media, done, err := c.open(ctx, storage.Open)
	if errors.Is(err, storage.ErrInUse) {
		return fmt.Errorf("a server is running on %s: a backup is brought into a directory of its own, or an empty database", c.dataDir)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	mark, err := media.Mark(ctx)
	if err != nil {
		return err
	}
	if name, _, _ := strings.Cut(mark, "/"); mark != "" && name != from.Installation {
		return fmt.Errorf("%w: the media there are of the installation %s, and the backup is of %s", storage.ErrForeign, name, from.Installation)
	}
	count, err := from.Restore(ctx, backup.Copy{Database: store, Media: media}, func() error { return c.placeKey(from.Key) })
	if err != nil {
		return err
	}
	if err := storage.Adopt(ctx, store, media); err != nil {
		return err
	}
	if _, err := storage.Keys(ctx, c.masterKey, store); err != nil {
		return err
	}
	p.say("The backup of %s is back: %d rows, %d media. Start the server.\n", from.Made.Format("2 January 2006, 15:04 MST"), count.Rows, count.Media)
	return nil
}

// placeKey puts the master key of a backup where it is to be. One that is there has to be
// the same.
func (c copying) placeKey(key []byte) error {
	if key == nil {
		return nil
	}
	there, err := os.ReadFile(c.masterKey)
	if err == nil && string(there) != string(key) {
		return fmt.Errorf("there is another master key at %s: move it away, or set SORATOO_MASTER_KEY_FILE", c.masterKey)
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return seal.PlaceMaster(c.masterKey, key)
}

// rotateKeys changes the master key, beside servers at work.
func (p program) rotateKeys(ctx context.Context) (err error) {
	c, err := p.configure("admin rotate-keys")
	if err != nil {
		return err
	}
	store, err := storage.Open(ctx, storage.Config{Dir: c.dataDir, URL: c.databaseURL})
	if errors.Is(err, storage.ErrInUse) {
		return fmt.Errorf("a server is running on %s: stop it first, its database is its own", c.dataDir)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	done := 0
	err = seal.Rotate(ctx, c.masterKey, store, func(n int) { done = n })
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no master key at %s: start the server once, or set SORATOO_MASTER_KEY_FILE", c.masterKey)
	}
	if err != nil {
		return err
	}
	p.say("%d keys are wrapped by a new master key. Older backups open with the former one only: keep your copy of it as long as them, and copy %s anew.\n", done, c.masterKey)
	return nil
}
