package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/storage/seal"
)

// Keys runs the contract of seal.Store. Each call of open returns an empty store.
func Keys(t *testing.T, open func(t *testing.T) seal.Store) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, store seal.Store)
	}{
		{"TheFirstKeyOfAScopeStays", firstKey},
		{"OfManyConcurrentKeysOneStays", concurrentKeys},
		{"KeysAreListedInTheOrderOfBytes", keyPages},
		{"AKeyIsReplacedWhenItIsTheOneExpected", replaceKey},
		{"OfManyConcurrentReplacementsOneIsTaken", concurrentReplacements},
		{"ADroppedKeyIsGone", dropKey},
		{"KeysAreBytesThatTheStoreDoesNotShare", keyBytes},
		{"ACallWhoseContextHasEndedFails", endedContext},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func addKey(t *testing.T, store seal.Store, scope, wrapped string) {
	t.Helper()
	got, err := store.AddKey(t.Context(), scope, []byte(wrapped))
	if err != nil || string(got) != wrapped {
		t.Fatalf("AddKey(%s) = %q, %v, want %q", scope, got, err, wrapped)
	}
}

func wantKey(t *testing.T, store seal.Store, scope, want string) {
	t.Helper()
	if got, err := store.Key(t.Context(), scope); err != nil || string(got) != want {
		t.Errorf("Key(%s) = %q, %v, want %q", scope, got, err, want)
	}
}

func firstKey(t *testing.T, store seal.Store) {
	_, err := store.Key(t.Context(), "project:a")
	wantErr(t, "Key of a scope without one", err, seal.ErrNoKey)
	addKey(t, store, "project:a", "one")
	got, err := store.AddKey(t.Context(), "project:a", []byte("two"))
	if err != nil || string(got) != "one" {
		t.Errorf("a second AddKey = %q, %v, want the first", got, err)
	}
	wantKey(t, store, "project:a", "one")
	_, err = store.Key(t.Context(), "project:A")
	wantErr(t, "Key of a scope in capitals", err, seal.ErrNoKey)
	long := strings.Repeat("s", seal.MaxScope)
	addKey(t, store, long, strings.Repeat("k", 200))
	wantKey(t, store, long, strings.Repeat("k", 200))
}

func concurrentKeys(t *testing.T, store seal.Store) {
	stored := make([][]byte, 8)
	errs := atOnce(len(stored), func(i int) (err error) {
		stored[i], err = store.AddKey(t.Context(), "project:a", fmt.Append(nil, "key ", i))
		return err
	})
	must(t, errors.Join(errs...))
	for _, s := range stored {
		wantKey(t, store, "project:a", string(s))
	}
}

func keyPages(t *testing.T, store seal.Store) {
	// A database that sorts as people do puts these into another order.
	scopes := []string{"Person:b", "person:", "person:B", "person:a", "person:a-1", "person:a1", "person:é", "project:a", "project:b"}
	if !slices.IsSorted(scopes) {
		t.Fatal("the scopes of this test are not in order")
	}
	for i := range scopes {
		s := scopes[(i*4+3)%len(scopes)]
		addKey(t, store, s, "key of "+s)
	}
	for _, limit := range []int{1, 2, len(scopes), 100} {
		var got []string
		after := ""
		for range 2 * len(scopes) {
			page, err := store.Keys(t.Context(), after, limit)
			must(t, err)
			if len(page) > limit {
				t.Fatalf("Keys(%q, %d) has %d keys", after, limit, len(page))
			}
			if len(page) == 0 {
				break
			}
			for _, k := range page {
				got, after = append(got, k.Scope), k.Scope
				if string(k.Wrapped) != "key of "+k.Scope {
					t.Errorf("Keys has %q for %s", k.Wrapped, k.Scope)
				}
			}
		}
		if !slices.Equal(got, scopes) {
			t.Errorf("in pages of %d Keys are %q, want %q", limit, got, scopes)
		}
	}
	if page, err := store.Keys(t.Context(), "person:aa", 1); err != nil || len(page) != 1 || page[0].Scope != "person:é" {
		t.Errorf("Keys after a scope that has none = %v, %v", page, err)
	}
}

func replaceKey(t *testing.T, store seal.Store) {
	ctx := t.Context()
	addKey(t, store, "project:a", "one")
	addKey(t, store, "project:b", "one")
	wantErr(t, "ReplaceKey of another form", store.ReplaceKey(ctx, "project:a", []byte("two"), []byte("three")), seal.ErrChanged)
	wantKey(t, store, "project:a", "one")
	must(t, store.ReplaceKey(ctx, "project:a", []byte("one"), []byte("two")))
	wantKey(t, store, "project:a", "two")
	wantKey(t, store, "project:b", "one")
	wantErr(t, "ReplaceKey anew", store.ReplaceKey(ctx, "project:a", []byte("one"), []byte("two")), seal.ErrChanged)
	wantErr(t, "ReplaceKey of none", store.ReplaceKey(ctx, "project:c", []byte("one"), []byte("two")), seal.ErrNoKey)
	_, err := store.Key(ctx, "project:c")
	wantErr(t, "Key of a scope where none was replaced", err, seal.ErrNoKey)
}

func concurrentReplacements(t *testing.T, store seal.Store) {
	addKey(t, store, "project:a", "one")
	errs := atOnce(8, func(i int) error {
		return store.ReplaceKey(t.Context(), "project:a", []byte("one"), fmt.Append(nil, "key ", i))
	})
	onlyOne(t, errs, seal.ErrChanged)
	for i, err := range errs {
		if err == nil {
			wantKey(t, store, "project:a", fmt.Sprint("key ", i))
		}
	}
}

func dropKey(t *testing.T, store seal.Store) {
	ctx := t.Context()
	addKey(t, store, "project:a", "one")
	addKey(t, store, "project:b", "two")
	must(t, store.DropKey(ctx, "project:a"))
	must(t, store.DropKey(ctx, "project:a"))
	_, err := store.Key(ctx, "project:a")
	wantErr(t, "Key of a scope whose key was dropped", err, seal.ErrNoKey)
	wantErr(t, "ReplaceKey of it", store.ReplaceKey(ctx, "project:a", []byte("one"), []byte("two")), seal.ErrNoKey)
	wantKey(t, store, "project:b", "two")
	if page, err := store.Keys(ctx, "", 9); err != nil || len(page) != 1 {
		t.Errorf("Keys = %v, %v, want one", page, err)
	}
}

func keyBytes(t *testing.T, store seal.Store) {
	want := []byte{0, 255, 254, 0, '\'', 0x80, 0}
	given := bytes.Clone(want)
	_, err := store.AddKey(t.Context(), "installation", given)
	must(t, err)
	clear(given)
	wantKey(t, store, "installation", string(want))
	got, err := store.Key(t.Context(), "installation")
	must(t, err)
	clear(got)
	wantKey(t, store, "installation", string(want))
	must(t, store.ReplaceKey(t.Context(), "installation", want, []byte("x\x00")))
	wantKey(t, store, "installation", "x\x00")
}

func endedContext(t *testing.T, store seal.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := store.AddKey(ctx, "project:a", []byte("one"))
	wantErr(t, "AddKey", err, context.Canceled)
	_, err = store.Key(ctx, "project:a")
	wantErr(t, "Key", err, context.Canceled)
	_, err = store.Key(t.Context(), "project:a")
	wantErr(t, "Key of what was not stored", err, seal.ErrNoKey)
}
