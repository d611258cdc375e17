package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrMaster is returned for a data key that was wrapped by a master key which is
// not in the file.
var ErrMaster = errors.New("the data key was wrapped by another master key")

const (
	reloadEvery = time.Second // at most so often the file is read anew

	wrapVersion = 1
	wrapHead    = 1 + idSize // before what is sealed: a version and the master's id
	wrapLabel   = "soratoo data key "
)

// A Master wraps data keys by the master key of a file. All processes of an
// installation read the same file. Its methods may be called at once.
type Master struct {
	path string

	mu   sync.Mutex // guards what follows
	keys []masterKey
	read time.Time // when the file was last read
}

// LoadMaster reads the master key of a file. It is fs.ErrNotExist when there is
// none: who then calls CreateMaster must know that nothing is sealed yet.
func LoadMaster(path string) (*Master, error) {
	read := time.Now()
	keys, err := readMasters(path)
	if err != nil {
		return nil, err
	}
	return &Master{path: path, keys: keys, read: read}, nil
}

// CreateMaster makes a master key and its file, which only its owner may read.
// It is fs.ErrExist when there is one already. When two processes call it at
// once, one of them gets that, and can load what the other has made.
func CreateMaster(path string) (*Master, error) {
	if err := (disk{}).create(path, formatMasters([]masterKey{randomMasterKey()})); err != nil {
		return nil, fmt.Errorf("making the master key: %w", err)
	}
	return LoadMaster(path)
}

// PlaceMaster makes the file of a master key from the content of another one, as a backup
// has it. It is fs.ErrExist when there is a file already.
func PlaceMaster(path string, content []byte) error {
	if _, err := parseMasters(content); err != nil {
		return fmt.Errorf("the master key that is to be at %s: %w", path, err)
	}
	return disk{}.create(path, content)
}

// Reload reads the file anew, unless that was done within the last second. When
// the file cannot be read, the keys stay as they are.
func (m *Master) Reload() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reload()
}

// reload needs the mutex. It holds it across the reading of one small file: that
// is rare, and who waits for it needs what is read.
func (m *Master) reload() error {
	now := time.Now()
	if now.Sub(m.read) < reloadEvery {
		return nil
	}
	keys, err := readMasters(m.path)
	if err != nil {
		return err
	}
	m.keys, m.read = keys, now
	return nil
}

// current returns the key to wrap with, as the file has had it within a second.
// Rotate relies on that: after its pause nobody wraps by the former key.
func (m *Master) current() (masterKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.reload(); err != nil {
		return masterKey{}, err
	}
	return m.keys[0], nil
}

// unwrap opens a wrapped data key. When its master key is not known, another
// process may have rotated: the file is read anew.
func (m *Master) unwrap(scope string, wrapped []byte) ([]byte, error) {
	m.mu.Lock()
	keys := m.keys
	m.mu.Unlock()
	key, err := unwrap(keys, scope, wrapped)
	if !errors.Is(err, ErrMaster) {
		return key, err
	}
	m.mu.Lock()
	err = m.reload()
	keys = m.keys
	m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return unwrap(keys, scope, wrapped)
}

// BackupPassphrase returns the passphrase of backups that are made now. It is
// derived from the master key that is current, and cannot be guessed, so that a
// low work factor is enough. After a rotation it is another one: who wants to
// open older backups keeps a copy of the former file.
func (m *Master) BackupPassphrase() string {
	m.mu.Lock()
	secret := m.keys[0].secret
	m.mu.Unlock()
	key, err := hkdf.Key(sha256.New, secret, nil, "soratoo backup", keySize)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return base64.StdEncoding.EncodeToString(key)
}

// wrap seals a data key. The scope is part of it: a wrapped key that is moved to
// another scope does not open.
func wrap(by masterKey, scope string, key []byte) []byte {
	out := append([]byte{wrapVersion}, by.id[:]...)
	return append(out, by.cipher.seal(wrapLabel+scope, key)...)
}

// wrappedBy returns the id of the master key that wrapped a data key.
func wrappedBy(wrapped []byte) (masterID, error) {
	if len(wrapped) != wrapHead+overhead+keySize || wrapped[0] != wrapVersion {
		return masterID{}, ErrSealed
	}
	return masterID(wrapped[1:wrapHead]), nil
}

func unwrap(keys []masterKey, scope string, wrapped []byte) ([]byte, error) {
	id, err := wrappedBy(wrapped)
	if err != nil {
		return nil, fmt.Errorf("the data key of %s: %w", scope, err)
	}
	for _, k := range keys {
		if k.id != id {
			continue
		}
		key, err := k.cipher.open(wrapLabel+scope, wrapped[wrapHead:])
		if err != nil {
			return nil, fmt.Errorf("the data key of %s: %w", scope, err)
		}
		return key, nil
	}
	return nil, fmt.Errorf("the data key of %s: %w (%s)", scope, ErrMaster, id)
}
