package seal_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/soratoo/soratoo/storage/seal"
	"github.com/soratoo/soratoo/storage/storagetest"
)

// memory is a seal.Store for tests.
type memory struct {
	mu     sync.Mutex // guards what follows
	keys   map[string][]byte
	calls  map[string]int // of each method
	before func(ctx context.Context, call string) error
	after  func(call string) error
}

func newMemory() *memory {
	return &memory{keys: map[string][]byte{}, calls: map[string]int{}}
}

// call runs do as one step of a store, between what the test wants to happen.
func (m *memory) call(ctx context.Context, name string, do func() error) error {
	if m.before != nil {
		if err := m.before(ctx, name); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	m.calls[name]++
	err := do()
	m.mu.Unlock()
	if m.after != nil {
		err = errors.Join(err, m.after(name))
	}
	return err
}

func (m *memory) count(name string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls[name]
}

func (m *memory) Key(ctx context.Context, scope string) (wrapped []byte, err error) {
	err = m.call(ctx, "Key", func() error {
		stored, ok := m.keys[scope]
		if !ok {
			return seal.ErrNoKey
		}
		wrapped = bytes.Clone(stored)
		return nil
	})
	return wrapped, err
}

func (m *memory) AddKey(ctx context.Context, scope string, wrapped []byte) (stored []byte, err error) {
	err = m.call(ctx, "AddKey", func() error {
		if _, ok := m.keys[scope]; !ok {
			m.keys[scope] = bytes.Clone(wrapped)
		}
		stored = bytes.Clone(m.keys[scope])
		return nil
	})
	return stored, err
}

func (m *memory) Keys(ctx context.Context, after string, limit int) (page []seal.StoredKey, err error) {
	err = m.call(ctx, "Keys", func() error {
		var scopes []string
		for s := range m.keys {
			if s > after {
				scopes = append(scopes, s)
			}
		}
		slices.Sort(scopes)
		for _, s := range scopes[:min(limit, len(scopes))] {
			page = append(page, seal.StoredKey{Scope: s, Wrapped: bytes.Clone(m.keys[s])})
		}
		return nil
	})
	return page, err
}

func (m *memory) ReplaceKey(ctx context.Context, scope string, old, fresh []byte) error {
	return m.call(ctx, "ReplaceKey", func() error {
		stored, ok := m.keys[scope]
		switch {
		case !ok:
			return seal.ErrNoKey
		case !bytes.Equal(stored, old):
			return seal.ErrChanged
		}
		m.keys[scope] = bytes.Clone(fresh)
		return nil
	})
}

func (m *memory) DropKey(ctx context.Context, scope string) error {
	return m.call(ctx, "DropKey", func() error {
		delete(m.keys, scope)
		return nil
	})
}

func TestMemoryKeepsTheContractOfKeys(t *testing.T) {
	storagetest.Keys(t, func(*testing.T) seal.Store { return newMemory() })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, doing string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", doing, err, want)
	}
}

// newMaster makes a master key and returns the path of its file.
func newMaster(t testing.TB) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "master.key")
	_, err := seal.CreateMaster(path)
	must(t, err)
	return path
}

// load reads a master key, as a process of its own would.
func load(t testing.TB, path string) *seal.Master {
	t.Helper()
	m, err := seal.LoadMaster(path)
	must(t, err)
	return m
}

func newKeys(t testing.TB) *seal.Keys {
	t.Helper()
	return seal.New(load(t, newMaster(t)), newMemory())
}

func sealed(t testing.TB, k *seal.Keys, scope, label, plain string) []byte {
	t.Helper()
	b, err := k.Seal(t.Context(), scope, label, []byte(plain))
	must(t, err)
	return b
}

func wantOpen(t testing.TB, k *seal.Keys, scope string, sealed []byte, want string) {
	t.Helper()
	got, err := k.Open(t.Context(), scope, "entry d", sealed)
	if err != nil || string(got) != want {
		t.Errorf("Open(%s) = %q, %v, want %q", scope, got, err, want)
	}
}
