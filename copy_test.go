package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/soratoo/soratoo/storage/testservers"
)

// content is what is compared of an installation: its document, and a file of media.
type installed struct {
	token, doc, asset string
}

// furnish makes a project with a marker and a picture, by a server that runs.
func furnish(t *testing.T, c *cluster) installed {
	t.Helper()
	token, doc := c.nodes[0].start()
	w := c.open(0, doc, token)
	w.set(t, "before-the-backup")
	project, _, _ := strings.Cut(doc, "/")
	picture := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x02\x08\x02\x00\x00\x00\xfd\xd4\x9as"), bytes.Repeat([]byte("picture"), 9000)...)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.nodes[0].url+"/api/v1/projects/"+project+"/assets?name=a.png", bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/octet-stream")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	_, rest, found := strings.Cut(string(body), `"id":"`)
	if err != nil || answer.StatusCode != http.StatusCreated || !found {
		t.Fatalf("adding a picture: %d %s, %v", answer.StatusCode, body, err)
	}
	id, _, _ := strings.Cut(rest, `"`)
	return installed{token, doc, id}
}

// has checks that a server has what furnish made.
func (in installed) has(t *testing.T, c *cluster) {
	t.Helper()
	w := c.open(0, in.doc, in.token)
	w.sees(t, "before-the-backup")
	w.set(t, "after-the-restore")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.nodes[0].url+"/api/v1/assets/"+in.asset+"/content", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+in.token)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !bytes.HasSuffix(body, []byte("picturepicture")) {
		t.Errorf("the picture: %d, %d bytes, %v", answer.StatusCode, len(body), err)
	}
}

// A backup that was made while a server ran is an installation again, on each kind of
// database; so one moves to the other.
func TestABackupIsAnInstallationAgain(t *testing.T) {
	kinds := map[string]func() []string{
		"SQLite":     func() []string { return nil },
		"PostgreSQL": func() []string { return []string{"SORATOO_DATABASE_URL=" + testservers.Database(t)} },
	}
	for from, source := range kinds {
		t.Run("from "+from, func(t *testing.T) {
			c := newCluster(t, 1, source()...).up()
			in := furnish(t, c)
			dir := "SORATOO_DATA_DIR=" + filepath.Join(c.dir, "0")
			files := map[string]string{"master key": filepath.Join(t.TempDir(), "a.backup"), "passphrase": filepath.Join(t.TempDir(), "b.backup")}
			passphrase := filepath.Join(t.TempDir(), "passphrase")
			if err := os.WriteFile(passphrase, []byte("a lamp on the coast\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			for under, file := range files {
				args := []string{"admin", "backup", file}
				if under == "passphrase" {
					args = append(args, "--passphrase-file", passphrase)
				}
				if got := runProgram(t, append(c.settings, dir), args...); got.status != 0 || !strings.Contains(got.stdout, "1 media") {
					t.Fatalf("backup = %+v", got)
				}
				if again := runProgram(t, append(c.settings, dir), args...); again.status != 1 || !strings.Contains(again.stderr, "there already") {
					t.Errorf("backup onto a file = %+v", again)
				}
				content, err := os.ReadFile(file)
				info, _ := os.Stat(file)
				if err != nil || info.Mode().Perm() != 0o600 || bytes.Contains(content, []byte("before-the-backup")) || bytes.Contains(content, []byte("picture")) {
					t.Errorf("the backup has the mode %v, %v, and words in clear", info.Mode(), err)
				}
			}
			refuses(t, c, files["master key"], dir)
			c.end(0, syscall.SIGTERM)
			for to, target := range kinds {
				under := "master key"
				if to == from {
					under = "passphrase"
				}
				t.Run("to "+to+" by "+under, func(t *testing.T) { back(t, c, in, files[under], passphrase, under, target()) })
			}
		})
	}
}

// refuses checks what a restore does not do.
func refuses(t *testing.T, c *cluster, file, dir string) {
	t.Helper()
	if got := runProgram(t, append(c.settings, dir), "admin", "restore", file); got.status != 1 || !strings.Contains(got.stderr, "running") && !strings.Contains(got.stderr, "not empty") {
		t.Errorf("restore onto what is there = %+v", got)
	}
	damaged := filepath.Join(t.TempDir(), "damaged")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-2000] ^= 1
	if err := os.WriteFile(damaged, content, 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := []string{"SORATOO_DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "SORATOO_MASTER_KEY_FILE=" + filepath.Join(c.dir, "master.key")}
	if got := runProgram(t, fresh, "admin", "restore", damaged); got.status != 1 || !strings.Contains(got.stderr, "cannot be read") {
		t.Errorf("restore of a damaged file = %+v", got)
	}
	if got := runProgram(t, fresh, "admin", "restore", file); got.status != 0 {
		t.Errorf("restore after one that failed = %+v", got)
	}
}

// back restores a backup and looks at what is there.
func back(t *testing.T, c *cluster, in installed, file, passphrase, under string, target []string) {
	t.Helper()
	r := &cluster{t: t, dir: t.TempDir(), ports: c.ports, nodes: make([]*running, 1)}
	key := filepath.Join(r.dir, "master.key")
	r.settings = append(target, "SORATOO_PUBLIC_URL=http://localhost:"+c.ports[0], "SORATOO_MASTER_KEY_FILE="+key)
	dir := "SORATOO_DATA_DIR=" + filepath.Join(r.dir, "0")
	args := []string{"admin", "restore", file}
	if under == "passphrase" {
		args = append(args, "--passphrase-file", passphrase)
	} else if content, err := os.ReadFile(filepath.Join(c.dir, "master.key")); err != nil || os.WriteFile(key, content, 0o600) != nil {
		t.Fatal(err)
	}
	if got := runProgram(t, append(r.settings, dir), args...); got.status != 0 || !strings.Contains(got.stdout, "is back") {
		t.Fatalf("restore = %+v", got)
	}
	r.up()
	in.has(t, r)
	r.end(0, syscall.SIGTERM)
}

// A database, media and keys that do not belong together are refused, in words that say
// which is missing; and so is a copy of a directory that went on without it.
func TestWhatDoesNotBelongTogetherIsRefused(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	settings := func(data, media, key string) []string {
		return []string{"SORATOO_LISTEN=127.0.0.1:0", "SORATOO_METRICS_LISTEN=127.0.0.1:0", "SORATOO_DATA_DIR=" + at(data), "SORATOO_BLOB_URL=file://" + at(media), "SORATOO_MASTER_KEY_FILE=" + at(key)}
	}
	start := func(s []string) {
		t.Helper()
		if status, _ := serve(t, s...).end(syscall.SIGTERM); status != 0 {
			t.Fatalf("it ends with %d", status)
		}
	}
	start(settings("one", "media", "key"))
	start(settings("two", "media-two", "key-two"))
	if err := os.CopyFS(at("copy"), os.DirFS(at("one"))); err != nil {
		t.Fatal(err)
	}
	start(settings("one", "media", "key"))
	for name, c := range map[string]struct {
		settings []string
		want     string
	}{
		"without its media":      {settings("one", "elsewhere", "key"), "media are not here"},
		"with others' media":     {settings("one", "media-two", "key"), "media are of"},
		"media without database": {settings("fresh", "media", "key"), "database is of none"},
		"without its key":        {settings("one", "media", "nowhere"), "master key is not at"},
		"with another key":       {settings("one", "media", "key-two"), "not the master key"},
		"a copy":                 {settings("copy", "media", "key"), "is a copy"},
	} {
		got := runProgram(t, c.settings, "serve")
		if got.status != 1 || !strings.Contains(got.stderr, c.want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%s: %+v, want a line with %q", name, got, c.want)
		}
	}
	start(settings("one", "media", "key")) // none of that did any harm
}

// Changing the master key leaves everything readable, for nodes at work, too.
func TestTheMasterKeyIsChanged(t *testing.T) {
	c := newCluster(t, 1, "SORATOO_DATABASE_URL="+testservers.Database(t)).up()
	in := furnish(t, c)
	key := filepath.Join(c.dir, "master.key")
	before, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	got := runProgram(t, append(c.settings, "SORATOO_DATA_DIR="+filepath.Join(c.dir, "0")), "admin", "rotate-keys")
	after, err := os.ReadFile(key)
	if err != nil || got.status != 0 || bytes.Equal(before, after) {
		t.Fatalf("rotate-keys = %+v, %v", got, err)
	}
	in.has(t, c)
	project, _, _ := strings.Cut(in.doc, "/")
	_, mine := c.nodes[0].call(http.MethodGet, "/api/v1/projects/"+project, in.token, nil)
	status, _ := c.nodes[0].call(http.MethodPost, fmt.Sprintf("/api/v1/workspaces/%v/projects", mine["workspace"]), in.token, map[string]any{"name": "Another"})
	if status != http.StatusCreated { // it gets a key of its own
		t.Errorf("a new project: %d", status)
	}
	c.end(0, syscall.SIGTERM)
	c.up()
	in.has(t, c)
	if err := os.WriteFile(key, before, 0o600); err != nil {
		t.Fatal(err)
	}
	c.end(0, syscall.SIGTERM)
	if got := runProgram(t, append(c.settings, "SORATOO_DATA_DIR="+filepath.Join(c.dir, "0")), "serve"); got.status != 1 || !strings.Contains(got.stderr, "not the master key") {
		t.Errorf("with the former key: %+v", got)
	}
}
