package blob_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/soratoo/soratoo/storage/blob"
	"github.com/soratoo/soratoo/storage/storagetest"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	storagetest.Blobs(t, func(t *testing.T) func(t *testing.T) blob.Store {
		dir := filepath.Join(t.TempDir(), "media")
		return func(t *testing.T) blob.Store { return open(t, dir) }
	})
}

func open(t *testing.T, dir string) *blob.Files {
	t.Helper()
	f, err := blob.OpenFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// files lists all files of a directory with their modes.
func files(t *testing.T, dir string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		found[path] = info.Mode().Perm()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, f *blob.Files, name string) string {
	t.Helper()
	r, err := f.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBlobsComeBackAndGo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "media")
	f := open(t, dir)
	for _, name := range []string{"abc", "abd", "ABC"} {
		if err := f.Put(t.Context(), name, strings.NewReader("bytes of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(f.Close()); err != nil {
		t.Fatal(err)
	}
	f = open(t, dir)
	for _, name := range []string{"abc", "abd", "ABC"} {
		if got := read(t, f, name); got != "bytes of "+name {
			t.Errorf("%s holds %q", name, got)
		}
	}
	for path, mode := range files(t, dir) {
		if mode != 0o600 {
			t.Errorf("%s has mode %v, want 0600", path, mode)
		}
	}
	for range 2 { // what is gone needs no removing
		if err := f.Remove(t.Context(), "abc"); err != nil {
			t.Error(err)
		}
	}
	if _, err := f.Open(t.Context(), "abc"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open after Remove = %v", err)
	}
	if got := read(t, f, "abd"); got != "bytes of abd" {
		t.Errorf("the neighbour holds %q", got)
	}
}

func TestWhatIsNotWholeIsNotThere(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	trouble := errors.New("trouble")
	r := io.MultiReader(strings.NewReader("the first half"), iotest.ErrReader(trouble))
	if err := f.Put(t.Context(), "abc", r); !errors.Is(err, trouble) {
		t.Errorf("Put = %v, want the trouble", err)
	}
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(trouble)
	if err := f.Put(gone, "abc", strings.NewReader("all")); !errors.Is(err, trouble) {
		t.Errorf("Put after the end = %v, want the trouble", err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("there is %v", left)
	}
}

func TestUnfinishedFilesAreClearedAwayWhenTheyAreOld(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "running": 23 * time.Hour} {
		path := filepath.Join(dir, "unfinished", name)
		err := os.WriteFile(path, []byte("half"), 0o600)
		if err := errors.Join(err, os.Chtimes(path, time.Time{}, time.Now().Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir)
	if left := files(t, dir); len(left) != 1 || left[filepath.Join(dir, "unfinished", "running")] == 0 {
		t.Errorf("there is %v, want what another node may be writing", left)
	}
}

func TestNamesLeadNowhereElse(t *testing.T) {
	dir := t.TempDir()
	f := open(t, filepath.Join(dir, "media"))
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "ab", "../secret", "..", "abc/def", "/etc/passwd", "ab.", "ab\x00c", "abé", strings.Repeat("a", 65), "unfinished/x"} {
		if err := f.Put(t.Context(), name, strings.NewReader("x")); !errors.Is(err, blob.ErrName) {
			t.Errorf("Put(%q) = %v, want ErrName", name, err)
		}
		if _, err := f.Open(t.Context(), name); !errors.Is(err, blob.ErrName) {
			t.Errorf("Open(%q) = %v, want ErrName", name, err)
		}
		if err := f.Remove(t.Context(), name); !errors.Is(err, blob.ErrName) {
			t.Errorf("Remove(%q) = %v, want ErrName", name, err)
		}
	}
}
