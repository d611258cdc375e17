// Package seal keeps what is stored unreadable for who has the storage alone.
//
// Everything belongs to a scope ("project:<id>", "person:<id>",
// "installation"). A scope has a data key of its own, which is stored wrapped by
// the installation's master key; the master key is a file beside the
// configuration. Removing a data key shreds all that it sealed, except where a
// backup has the wrapped key still: there it opens until that backup, or the
// master key of its time, is gone. A scope must not be used again after that: it
// would get another key.
//
// Values are sealed by XAES-256-GCM (c2sp.org/XAES-256-GCM) under the data key.
// Plain AES-GCM with random nonces is safe for 2³² values a key, which a busy
// project could reach. XAES derives keys from the first half of a nonce of 24
// bytes. Here up to 65,536 values of one process share a derived key: so 2⁴⁸ values
// a key, in full runs, are as safe as 2³² are there, at nearly the cost of plain AES-GCM. A key
// derived for each value costs about six times as much, and by HKDF twice that
// (BenchmarkSealEntry, BenchmarkGCMEntry, BenchmarkHKDFEntry).
//
// A sealed value does not tell that it is one: a Yjs update may begin with any
// byte. Who stores values keeps a flag beside each (sealed or not), and gives to
// Open only what Seal has returned. A sealed value is 41 bytes longer than what
// it holds. Blobs do tell: see [Blobs].
package seal

import (
	"context"
	"errors"
)

var (
	// ErrNoKey is returned by a Store that has no key of a scope.
	ErrNoKey = errors.New("the scope has no key")
	// ErrChanged is returned by a Store when the key to replace is not the one stored.
	ErrChanged = errors.New("the stored key is another one")
	// ErrShredded is returned for what was sealed under a key that is gone.
	ErrShredded = errors.New("the key of this was removed")
	// ErrSealed is returned for what does not open: it is damaged, or it was
	// sealed under another label or scope.
	ErrSealed = errors.New("this does not open: it is damaged or belongs elsewhere")
	// ErrScope is returned for a scope that is empty or longer than MaxScope.
	ErrScope = errors.New("not a scope of keys")
)

// MaxScope is how many bytes a scope may have.
const MaxScope = 200

// A StoredKey is a wrapped data key with its scope.
type StoredKey struct {
	Scope   string
	Wrapped []byte
}

// A Store keeps wrapped data keys. What it says is stored is on disk. Its
// methods may be called at once, by several processes.
type Store interface {
	// Key returns the wrapped key of a scope, or ErrNoKey.
	Key(ctx context.Context, scope string) (wrapped []byte, err error)
	// AddKey stores a key for a scope that has none and returns what is stored
	// then: the first key stays.
	AddKey(ctx context.Context, scope string, wrapped []byte) (stored []byte, err error)
	// Keys returns at most limit keys whose scopes come after the given one, in
	// the order of the scopes' bytes.
	Keys(ctx context.Context, after string, limit int) ([]StoredKey, error)
	// ReplaceKey stores the fresh form of a key in place of the old one. It is
	// ErrChanged when another form is stored, and ErrNoKey when none is.
	ReplaceKey(ctx context.Context, scope string, old, fresh []byte) error
	// DropKey removes the key of a scope, if it has one.
	DropKey(ctx context.Context, scope string) error
}

// Installation is the scope of what belongs to no project and no person.
const Installation = "installation"

// Project is the scope of what belongs to a project.
func Project(id string) string { return "project:" + id }

// Person is the scope of what is a person's alone.
func Person(id string) string { return "person:" + id }
