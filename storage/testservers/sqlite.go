package testservers

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// embedded is the file that SQLite copies.
var embedded struct {
	mu      sync.Mutex
	content []byte
}

// SQLite makes the file of an embedded database, for the time of the test, and returns
// its path. It was prepared once: all callers in a process prepare the same, and leave
// nothing beside the file.
func SQLite(t testing.TB, prepare func(t testing.TB, path string)) string {
	t.Helper()
	embedded.mu.Lock()
	defer embedded.mu.Unlock()
	if embedded.content == nil {
		path := filepath.Join(t.TempDir(), "prepared.db")
		prepare(t, path)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		embedded.content = content
	}
	path := filepath.Join(t.TempDir(), "soratoo.db")
	if err := os.WriteFile(path, embedded.content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
