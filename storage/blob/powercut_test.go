package blob_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/storage/blob"
)

// watcher notes steps, and refuses one.
type watcher struct {
	steps  []string
	refuse int // the number of the step, from 1
}

var errCut = errors.New("the power is cut")

func (w *watcher) before(step, path string) error {
	if strings.HasPrefix(path, "unfinished/") {
		path = "unfinished/X" // its name is random
	}
	w.steps = append(w.steps, step+" "+path)
	if len(w.steps) == w.refuse {
		return errCut
	}
	return nil
}

func openWatched(t *testing.T, dir string, w *watcher) *blob.Files {
	t.Helper()
	f, err := blob.OpenWatched(dir, w.before)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// Bytes are on disk before they have their name, and each directory on the way has its
// own name on disk before Put returns.
func TestAPutIsOnDiskInTheRightOrder(t *testing.T) {
	outer := t.TempDir()
	dir := filepath.Join(outer, "data", "media")
	w := &watcher{}
	check := func(what string, want ...string) {
		t.Helper()
		if !slices.Equal(w.steps, want) {
			t.Errorf("%s: the steps are %q, want %q", what, w.steps, want)
		}
		w.steps = nil
	}
	put := func(f *blob.Files, name string) {
		t.Helper()
		if err := f.Put(t.Context(), name, strings.NewReader("bytes")); err != nil {
			t.Fatal(err)
		}
	}
	bytes := []string{"create unfinished/X", "sync unfinished/X"}
	directory := []string{"mkdir ab", "sync ."}
	f := openWatched(t, dir, w)
	check("a new directory", "sync "+filepath.Join(outer, "data"), "sync "+outer)
	put(f, "abc")
	check("a new name", slices.Concat(directory, bytes, []string{"rename ab/c", "sync ab"})...)
	put(f, "abd")
	check("its neighbour", slices.Concat(bytes, []string{"rename ab/d", "sync ab"})...)
	// Whoever made a directory may have been cut off before its name was on disk.
	f = openWatched(t, dir, w)
	check("a directory that is there")
	put(f, "abe")
	check("after a start", slices.Concat(directory, bytes, []string{"rename ab/e", "sync ab"})...)
	if err := f.SetMark(t.Context(), "", "mark"); err != nil {
		t.Fatal(err)
	}
	check("a mark", slices.Concat(bytes, []string{"rename installation", "sync ."})...)
}

func TestAPutThatFailsAtAnyStepLeavesNothing(t *testing.T) {
	const steps = 6
	for refuse := 1; refuse <= steps; refuse++ {
		dir := t.TempDir()
		w := &watcher{refuse: refuse}
		f := openWatched(t, dir, w)
		if err := f.Put(t.Context(), "abc", strings.NewReader("bytes")); !errors.Is(err, errCut) {
			t.Fatalf("Put that fails at step %d = %v", refuse, err)
		}
		step := w.steps[refuse-1]
		if left := files(t, dir); len(left) != 0 {
			t.Errorf("failing to %s leaves %v", step, left)
		}
		if _, err := f.Open(t.Context(), "abc"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open after failing to %s = %v", step, err)
		}
		if err := f.Put(t.Context(), "abc", strings.NewReader("bytes")); err != nil {
			t.Errorf("Put after failing to %s = %v", step, err)
		}
	}
}
