package main_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

// smallDisk mounts a file system of a few megabytes, where the system lets us;
// elsewhere the tests of rooms and server show the same with a store that fails.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("soratoo-test", dir, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("no small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all space of a disk until the returned function gives it back.
func fill(t *testing.T, dir string) (empty func()) {
	t.Helper()
	f, err := os.CreateTemp(dir, "filler")
	if err != nil {
		t.Fatal(err)
	}
	for size := 1 << 20; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(f.Name()); err != nil {
			t.Error(err)
		}
	}
}

// plain gets a text.
func (r *running) plain(path string) (status int, text string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	b, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(b)
}

// waitReady asks until the server says so, or does not.
func (r *running) waitReady(want int) (text string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		status, text := r.plain("/readyz")
		if status == want {
			return text
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.t.Fatalf("/readyz = %d %s, want %d", status, text, want)
		}
	}
}

// edits are more than the files of the database have space for.
const edits = 12

func TestAFullDiskIsSaidPlainly(t *testing.T) {
	disk := smallDisk(t)
	data := "SORATOO_DATA_DIR=" + disk
	r := serve(t, data)
	token, timeline := r.start()
	d, err := openDocument(t.Context(), r.url, timeline, token)
	if err != nil {
		t.Fatal(err)
	}
	doc := crdt.New(crdt.Options{})
	big := strings.Repeat("x", 3<<10)
	write := func(key string) {
		t.Helper()
		update := doc.Transact(func(tx *crdt.Tx) {
			for i := range 40 {
				doc.Map("meta").Set(tx, fmt.Sprint(i), big+key)
			}
		})
		if err := d.send(t.Context(), wire.Message{Kind: wire.Update, Payload: update}); err != nil {
			t.Fatal(err)
		}
	}
	empty := fill(t, disk)
	for i := range edits {
		write(fmt.Sprint("first", i))
	}
	if text := r.waitReady(http.StatusServiceUnavailable); !strings.Contains(text, "disk is full") {
		t.Errorf("/readyz says %q", text)
	}
	project, _, _ := strings.Cut(timeline, "/")
	for status, tries := 0, 0; status != http.StatusInsufficientStorage; tries++ {
		var answer map[string]any
		status, answer = r.call("PATCH", "/api/v1/projects/"+project, token, map[string]any{"name": strings.Repeat("Harbour ", 9)})
		title, _ := answer["title"].(string)
		// What is left in files that are there already may do for a few.
		if status != http.StatusInsufficientStorage && tries > 2000 ||
			status == http.StatusInsufficientStorage && !strings.Contains(title, "disk of the server is full") {
			t.Fatalf("a write = %d %v", status, answer)
		}
	}
	empty()
	for range edits {
		if status, err := d.until(t.Context(), wire.SyncStatus); err != nil || !status.Applied {
			t.Fatalf("an edit when there is space = %+v, %v", status, err)
		}
	}
	r.waitReady(http.StatusOK)
	if status, answer := r.call("PATCH", "/api/v1/projects/"+project, token, map[string]any{"name": "Harbour"}); status != http.StatusOK {
		t.Errorf("a write when there is space = %d %v", status, answer)
	}

	empty = fill(t, disk)
	for i := range 2 * edits {
		write(fmt.Sprint("second", i))
	}
	r.waitReady(http.StatusServiceUnavailable)
	status, _ := r.end(syscall.SIGTERM)
	log, _ := r.cmd.Stderr.(interface{ String() string })
	if status != 1 || !regexp.MustCompile(`soratoo: edits that were given up unsaved: [1-9]`).MatchString(log.String()) {
		t.Errorf("the end with unsaved edits = %d, %s", status, log)
	}
	more := fill(t, disk) // what the end has given back
	got := runProgram(t, []string{data + "/new", "SORATOO_LISTEN=127.0.0.1:0", "SORATOO_METRICS_LISTEN=127.0.0.1:0"})
	if got.status != 1 || !strings.Contains(got.stderr, "no space") || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("the start on a full disk = %+v", got)
	}
	empty()
	more()
	r = serve(t, data)
	token = r.signIn("ada@program.example", "a lamp on the coast") // the address is another
	if d, err = openDocument(t.Context(), r.url, timeline, token); err != nil {
		t.Fatal(err)
	}
	whole, err := d.whole(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := whole.Map("meta").Get("7"); v != big+fmt.Sprint("first", edits-1) && !strings.HasPrefix(fmt.Sprint(v), big+"second") {
		t.Error("what was acknowledged is gone")
	}
}
