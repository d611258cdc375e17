package seal

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	cacheSize    = 10_000           // data keys that stay opened
	cacheAge     = 50 * time.Second // how long, so that a dropped key is forgotten within a minute
	storeTimeout = 10 * time.Second // for the store to answer; rotationPause relies on it
	maxTurns     = 8                // how often a caller waits for another one that gives up
	maxFetches   = 3                // how often a key is fetched while a rotation changes it
)

// Keys seals and opens values under the data keys of their scopes. A scope gets
// its key when something is first sealed for it. Its methods may be called at
// once.
type Keys struct {
	master *Master
	store  Store

	mu      sync.Mutex // guards what follows
	opened  cache
	flights map[string]*flight // one for each scope whose key is being fetched
}

// A flight is one caller fetching a key, for all that need it. What it has is to
// be read when done is closed.
type flight struct {
	done chan struct{}
	key  *xaes
	err  error
}

// New returns Keys on a store of wrapped keys.
func New(master *Master, store Store) *Keys {
	return &Keys{master: master, store: store, opened: newCache(cacheSize), flights: map[string]*flight{}}
}

// Seal seals plain under the key of a scope. The label says what the bytes are
// ("entry <doc>"): they open under the same label only. The result is 41 bytes
// longer than plain.
func (k *Keys) Seal(ctx context.Context, scope, label string, plain []byte) ([]byte, error) {
	key, err := k.key(ctx, scope, true)
	if err != nil {
		return nil, err
	}
	return key.seal(label, plain), nil
}

// Open returns what Seal has sealed under the same scope and label. It is
// ErrShredded when the scope has no key any more, and ErrSealed when the bytes
// are damaged or were sealed under another scope or label.
func (k *Keys) Open(ctx context.Context, scope, label string, sealed []byte) ([]byte, error) {
	key, err := k.key(ctx, scope, false)
	if err != nil {
		return nil, err
	}
	return key.open(label, sealed)
}

// Shred removes the key of a scope, and with it all that it sealed. Here it is
// forgotten at once, in other processes within a minute. The scope must not be
// used again: what such a process seals in that minute would be lost.
func (k *Keys) Shred(ctx context.Context, scope string) error {
	if err := checkScope(scope); err != nil {
		return err
	}
	if err := k.store.DropKey(ctx, scope); err != nil {
		return fmt.Errorf("removing the data key of %s: %w", scope, err)
	}
	k.mu.Lock()
	k.opened.forget(scope)
	k.mu.Unlock()
	return nil
}

func checkScope(scope string) error {
	if scope == "" || len(scope) > MaxScope {
		return ErrScope
	}
	return nil
}

// key returns the key of a scope, from the cache or from the store, which only
// one caller asks at a time.
func (k *Keys) key(ctx context.Context, scope string, fresh bool) (*xaes, error) {
	if err := checkScope(scope); err != nil {
		return nil, err
	}
	var f *flight
	for range maxTurns {
		k.mu.Lock()
		if key := k.opened.get(scope, time.Now()); key != nil {
			k.mu.Unlock()
			return key, nil
		}
		var waits bool
		if f, waits = k.flights[scope]; !waits {
			f = &flight{done: make(chan struct{}), err: errors.New("fetching a data key ended early")}
			k.flights[scope] = f
		}
		k.mu.Unlock()
		if !waits {
			k.fly(ctx, scope, f, fresh)
			return f.key, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if f.err == nil {
			return f.key, nil
		}
		if !gaveUp(f.err) && !(fresh && errors.Is(f.err, ErrShredded)) {
			return nil, f.err
		}
	}
	return nil, f.err
}

// gaveUp tells whether a flight ended because its caller went away, which is no
// reason for those that waited with it.
func gaveUp(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// fly fetches a key for all that wait for f.
func (k *Keys) fly(ctx context.Context, scope string, f *flight, fresh bool) {
	// The age of what is fetched counts from here: the key may be dropped while
	// the store's answer is on its way.
	began := time.Now()
	defer func() {
		k.mu.Lock()
		if f.err == nil {
			k.opened.add(scope, f.key, began)
		}
		delete(k.flights, scope)
		k.mu.Unlock()
		close(f.done)
	}()
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	f.key, f.err = k.load(ctx, scope, fresh)
}

// load fetches a key from the store, and makes it when it is not there and fresh
// is set.
func (k *Keys) load(ctx context.Context, scope string, fresh bool) (*xaes, error) {
	var before []byte
	for fetch := 1; ; fetch++ {
		wrapped, err := k.store.Key(ctx, scope)
		if errors.Is(err, ErrNoKey) {
			if !fresh {
				return nil, fmt.Errorf("%s: %w", scope, ErrShredded)
			}
			wrapped, err = k.add(ctx, scope)
		}
		if err != nil {
			return nil, fmt.Errorf("fetching the data key of %s: %w", scope, err)
		}
		key, err := k.master.unwrap(scope, wrapped)
		if err == nil {
			return newXAES(key), nil
		}
		// A rotation may have ended between the two: then the store has the key
		// in another form now.
		if !errors.Is(err, ErrMaster) || bytes.Equal(wrapped, before) || fetch == maxFetches {
			return nil, err
		}
		before = wrapped
	}
}

// add makes a key and returns what the store has then: another process may have
// been first.
func (k *Keys) add(ctx context.Context, scope string) ([]byte, error) {
	by, err := k.master.current()
	if err != nil {
		return nil, err
	}
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // it never returns an error: it ends the program
	return k.store.AddKey(ctx, scope, wrap(by, scope, key))
}
