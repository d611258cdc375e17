package seal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

const (
	fileComment = "# The master key of SoraToo. It opens all that is stored: without this file everything is lost. Keep it secret, and a copy of it elsewhere.\n"
	maxFile     = 64 << 10 // bytes of a file of master keys
	maxMasters  = 16       // keys in such a file
	idSize      = 4        // bytes of a master key's id
)

// A masterID is the beginning of the SHA-256 of a master key.
type masterID [idSize]byte

func (id masterID) String() string { return hex.EncodeToString(id[:]) }

// A masterKey is one key of the file.
type masterKey struct {
	id     masterID
	secret []byte
	cipher *xaes
}

func newMasterKey(secret []byte) masterKey {
	sum := sha256.Sum256(secret)
	return masterKey{masterID(sum[:idSize]), secret, newXAES(secret)}
}

func randomMasterKey() masterKey {
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // it never returns an error: it ends the program
	return newMasterKey(secret)
}

// readMasters reads a file of master keys, the current one first. It refuses one
// that others may read.
func readMasters(path string) (keys []masterKey, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the master key: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("looking at the master key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the master key %s is not a file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("others may use the master key %s (its mode is %04o): run chmod 600 on it, and rotate it if somebody may have read it", path, mode)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the master key: %w", err)
	}
	keys, err = parseMasters(content)
	if err != nil {
		return nil, fmt.Errorf("the master key %s: %w", path, err)
	}
	return keys, nil
}

// parseMasters never puts content into its errors: they are logged.
func parseMasters(content []byte) ([]masterKey, error) {
	if len(content) > maxFile {
		return nil, fmt.Errorf("the file has more than %d bytes", maxFile)
	}
	if !bytes.HasPrefix(content, []byte("#")) {
		return nil, errors.New("the file does not begin with its comment")
	}
	var keys []masterKey
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		if strings.HasPrefix(line, "#") {
			continue
		}
		key, err := parseMaster(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if slices.ContainsFunc(keys, func(k masterKey) bool { return k.id == key.id }) {
			return nil, fmt.Errorf("line %d: the key %s is there twice", number, key.id)
		}
		keys = append(keys, key)
	}
	switch {
	case len(keys) == 0:
		return nil, errors.New("the file has no key")
	case len(keys) > maxMasters:
		return nil, fmt.Errorf("the file has more than %d keys", maxMasters)
	}
	return keys, nil
}

func parseMaster(line string) (masterKey, error) {
	line, whole := strings.CutSuffix(line, "\n")
	if !whole {
		return masterKey{}, errors.New("the line does not end")
	}
	id, text, ok := strings.Cut(line, " ")
	if !ok {
		return masterKey{}, errors.New("not an id and a key")
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(secret) != keySize || strings.Contains(text, "\r") { // which base64 skips
		return masterKey{}, fmt.Errorf("the key is not %d bytes in base64", keySize)
	}
	key := newMasterKey(secret)
	if key.id.String() != id {
		return masterKey{}, errors.New("the key does not have its id: it was damaged")
	}
	return key, nil
}

// formatMasters undoes parseMasters.
func formatMasters(keys []masterKey) []byte {
	var b bytes.Buffer
	b.WriteString(fileComment)
	for _, k := range keys {
		fmt.Fprintf(&b, "%s %s\n", k.id, base64.StdEncoding.EncodeToString(k.secret))
	}
	return b.Bytes()
}
