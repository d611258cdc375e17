package seal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// A process may wrap a new data key by the master key that it has read
	// up to reloadEvery ago, and stores it within storeTimeout. After this pause
	// all such keys are in the store, where the rotation finds them.
	rotationPause = storeTimeout + 5*time.Second

	rotationPage = 100 // keys that are read at once
	maxReplaces  = 3   // of one key, when it changes meanwhile
)

// Rotate makes a new master key, wraps all data keys by it, and removes the
// former master key from the file. It may run beside servers that use the same
// file, which it waits for: it takes 15 seconds at least. It is ErrBusy when another
// rotation runs. After a crash everything opens, and the next Rotate
// finishes what was begun. Progress, unless it is nil, is told how many data
// keys are done.
func Rotate(ctx context.Context, path string, store Store, progress func(done int)) error {
	return rotation{path: path, store: store, progress: progress}.run(ctx)
}

type rotation struct {
	disk     disk
	path     string
	store    Store
	progress func(done int)
}

func (r rotation) run(ctx context.Context) (err error) {
	lock, err := r.disk.lock(r.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	keys, err := readMasters(r.path)
	if err != nil {
		return err
	}
	if len(keys) == 1 { // otherwise a rotation was interrupted, and goes on
		keys = append([]masterKey{randomMasterKey()}, keys...)
	}
	// Also what is in the file already is written again: a crash may have come
	// before its name was on disk, and nothing may be wrapped by a key that can
	// get lost.
	if err := r.disk.replace(r.path, formatMasters(keys)); err != nil {
		return fmt.Errorf("writing the new master key: %w", err)
	}
	if err := pause(ctx); err != nil {
		return err
	}
	if err := r.rewrapAll(ctx, keys); err != nil {
		return err
	}
	if err := r.disk.replace(r.path, formatMasters(keys[:1])); err != nil {
		return fmt.Errorf("removing the former master key: %w", err)
	}
	return nil
}

func pause(ctx context.Context) error {
	timer := time.NewTimer(rotationPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rewrapAll wraps all data keys by the first of the master keys.
func (r rotation) rewrapAll(ctx context.Context, masters []masterKey) error {
	done, after := 0, ""
	for {
		page, err := r.store.Keys(ctx, after, rotationPage)
		if err != nil {
			return fmt.Errorf("listing data keys: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		for _, k := range page {
			if k.Scope <= after { // it would never end
				return fmt.Errorf("listing data keys: %s came after %s", k.Scope, after)
			}
			if err := r.rewrap(ctx, masters, k); err != nil {
				return err
			}
			after = k.Scope
			done++
			if r.progress != nil {
				r.progress(done)
			}
		}
	}
}

// rewrap wraps one data key by the first of the master keys.
func (r rotation) rewrap(ctx context.Context, masters []masterKey, k StoredKey) error {
	for range maxReplaces {
		if by, err := wrappedBy(k.Wrapped); err == nil && by == masters[0].id {
			return nil
		}
		key, err := unwrap(masters, k.Scope, k.Wrapped)
		if err != nil {
			return err
		}
		err = r.store.ReplaceKey(ctx, k.Scope, k.Wrapped, wrap(masters[0], k.Scope, key))
		if errors.Is(err, ErrChanged) {
			k.Wrapped, err = r.store.Key(ctx, k.Scope)
			if err == nil {
				continue
			}
		}
		if err != nil && !errors.Is(err, ErrNoKey) { // without a key it was shredded meanwhile
			return fmt.Errorf("wrapping the data key of %s: %w", k.Scope, err)
		}
		return nil
	}
	return fmt.Errorf("wrapping the data key of %s: %w, again and again", k.Scope, ErrChanged)
}
