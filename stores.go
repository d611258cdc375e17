package main

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/rooms/redisbus"
	"github.com/soratoo/soratoo/storage"
	"github.com/soratoo/soratoo/storage/blob"
	"github.com/soratoo/soratoo/storage/seal"
)

// openStores opens what keeps the node's state. On failure close lets go of what is open.
func (n *node) openStores(ctx context.Context, c config) (err error) {
	if n.store, err = storage.Open(ctx, storage.Config{Dir: c.dataDir, URL: c.databaseURL}); err != nil {
		return err
	}
	if n.files, err = blob.Open(ctx, blob.Config{URL: c.blobURL, Dir: filepath.Join(c.dataDir, "media")}); err != nil {
		return err
	}
	if err := storage.Belong(ctx, n.store, n.files, !n.cluster); err != nil {
		return err
	}
	keys, err := storage.Keys(ctx, c.masterKey, n.store)
	if err != nil {
		return err
	}
	n.blobs = seal.NewBlobs(keys, n.files)
	if n.key, err = n.signingKey(ctx, c); err != nil {
		return err
	}
	if c.redisURL == "" {
		return nil
	}
	if n.bus, err = redisbus.Open(c.redisURL); err != nil {
		return usageError{err}
	}
	if err := n.bus.Ping(ctx); err != nil {
		n.log.Warn("Redis does not answer; until it does, nodes find each other's edits in the database", "err", err)
	}
	return nil
}

// signingKey is the key of the installation's access tokens: the store has it, sealed, so
// that all nodes have one. A file of it, as earlier versions kept, is taken over.
func (n *node) signingKey(ctx context.Context, c config) (ed25519.PrivateKey, error) {
	former := filepath.Join(c.dataDir, "access.key")
	own, err := auth.ReadKey(former)
	if err != nil {
		return nil, err
	}
	seed, err := n.store.Secret(ctx, "access key", own.Seed())
	if errors.Is(err, seal.ErrMaster) {
		return nil, fmt.Errorf("%w: the key in %s is not the master key of this installation: set SORATOO_MASTER_KEY_FILE to where that is", storage.ErrForeign, c.masterKey)
	}
	if err != nil {
		return nil, err
	}
	if err := os.Remove(former); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing the former file of the signing key: %w", err)
	}
	return auth.KeyOf(seed)
}

// mediaBlobs keeps media under the keys of their projects.
type mediaBlobs struct{ *seal.Blobs }

// Put stores the bytes of an asset; see media.Blobs.
func (b mediaBlobs) Put(ctx context.Context, a media.Asset, r io.Reader) error {
	return b.Blobs.Put(ctx, seal.Project(a.Project), a.ID, r)
}

// Open opens the bytes of an asset, held against its size and hash where those are known;
// see media.Blobs.
func (b mediaBlobs) Open(ctx context.Context, a media.Asset) (io.ReadSeekCloser, error) {
	content, err := b.Blobs.Open(ctx, seal.Project(a.Project), a.ID)
	if err != nil || a.Hash == "" {
		return content, err
	}
	sum, err := hex.DecodeString(a.Hash)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading the hash of an asset: %w", err), content.Close())
	}
	checked, err := blob.Checked(content, blob.Sum{Size: a.Size, SHA256: sum})
	if errors.Is(err, blob.ErrDamaged) {
		err = fmt.Errorf("%w: %w", media.ErrLost, err)
	}
	if err != nil {
		return nil, errors.Join(err, content.Close())
	}
	return checked, nil
}
