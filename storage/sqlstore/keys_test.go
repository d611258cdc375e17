package sqlstore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/history"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/storage/seal"
	"github.com/soratoo/soratoo/storage/sqlstore"
	"github.com/soratoo/soratoo/storage/storagetest"
	"github.com/soratoo/soratoo/storage/testservers"
)

func TestKeys(t *testing.T) {
	databases(t, func(t *testing.T, open opener) {
		storagetest.Keys(t, func(t *testing.T) seal.Store { return open(t) })
	})
}

const prompt = "a lighthouse above a violet sea, slow dolly in"

// fill stores a prompt in everything that holds contents.
func fill(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	at := time.UnixMilli(1 << 40)
	spec, err := json.Marshal(map[string]string{"prompt": prompt})
	if err != nil {
		t.Fatal(err)
	}
	w := rooms.Write{Doc: "film/timeline", Generation: 1, Entries: []rooms.Entry{{Update: []byte(prompt), Person: "p", At: at}}}
	_, err = s.Append(t.Context(), []rooms.Write{w, w})
	err = errors.Join(err,
		s.Compact(t.Context(), rooms.Snapshot{Doc: "film/timeline", Generation: 1, Seq: 1, State: []byte(prompt)}),
		s.CreateAccount(t.Context(), auth.Account{ID: "p", Email: "p"}, auth.Workspace{ID: "w"}),
		s.CreateProject(t.Context(), auth.Project{ID: "film", Workspace: "w"}),
		s.AddVersion(t.Context(), history.Version{ID: "v", Project: "film", Doc: "film/timeline", Kind: history.Automatic, State: []byte(prompt), Created: at}),
	)
	err = errors.Join(err, s.CreateSession(t.Context(), auth.Session{ID: "s", Person: "p", Hash: []byte("h"), Device: "a lighthouse"}))
	_, job := s.AddJob(t.Context(), render.Job{ID: "j", Workspace: "w", Project: "film", Kind: render.Scene, Spec: spec, State: render.Queued, Created: at})
	_, note := s.Announce(t.Context(), spec)
	_, secret := s.Secret(t.Context(), "s", []byte(prompt))
	if err := errors.Join(err, job, note, secret); err != nil {
		t.Fatal(err)
	}
}

// A scan of all bytes of a database finds nothing that people wrote into documents.
func TestNoPromptIsStoredInClear(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		path := testservers.SQLite(t, prepared)
		s, err := sqlstore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, sealedBy(t, s, newMaster(t)))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil || bytes.Contains(content, []byte("lighthouse")) {
				t.Errorf("%s holds the prompt (%v)", filepath.Base(file), err)
			}
		}
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := testservers.Copy(t, migrated)
		s := connect(t, url)
		fill(t, sealedBy(t, s, newMaster(t)))
		dump, err := exec.Command("pg_dump", "--data-only", "--inserts", url).Output()
		if err != nil || len(dump) < 1000 {
			t.Fatalf("pg_dump: %d bytes, %v", len(dump), err)
		}
		for _, clear := range []string{"lighthouse", fmt.Sprintf("%x", "lighthouse"), "bGlnaHRob3VzZ"} {
			if strings.Contains(string(dump), clear) {
				t.Errorf("the dump holds the prompt as %s", clear)
			}
		}
	})
}

// What was stored before sealing began is read as it is, beside what is sealed; and what
// is sealed is of no use elsewhere.
func TestSealingBeginsWithWhatIsThere(t *testing.T) {
	path := testservers.SQLite(t, prepared)
	s, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s)
	m := newMaster(t)
	sealedBy(t, s, m)
	w := rooms.Write{Doc: "film/timeline", Generation: 1, Entries: []rooms.Entry{{Update: []byte("sealed"), Person: "p"}}}
	if _, err := s.Append(t.Context(), []rooms.Write{w}); err != nil {
		t.Fatal(err)
	}
	stored, err := s.Load(t.Context(), "film/timeline")
	if err != nil || string(stored.Snapshot) != prompt || string(bytes.Join(stored.Tail, []byte("|"))) != prompt+"|sealed" {
		t.Errorf("Load = %q, %q, %v", stored.Snapshot, stored.Tail, err)
	}
	if v, err := s.Version(t.Context(), "v"); err != nil || string(v.State) != prompt {
		t.Errorf("Version = %q, %v", v.State, err)
	}
	if err := s.SetVersion(t.Context(), history.Version{ID: "v", Kind: history.Named, Name: "cut", State: []byte("new")}); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Version(t.Context(), "v"); err != nil || string(v.State) != "new" || v.Name != "cut" {
		t.Errorf("after SetVersion: %q, %v", v.State, err)
	}
	if j, err := s.Job(t.Context(), "j"); err != nil || !strings.Contains(string(j.Spec), prompt) {
		t.Errorf("Job = %s, %v", j.Spec, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// Moved to another document, a sealed entry does not open.
	spoil(t, path, `UPDATE documents SET name = 'other/timeline'`)
	if s, err = sqlstore.Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sealedBy(t, s, m)
	if stored, err := s.Load(t.Context(), "other/timeline"); err == nil {
		t.Errorf("moved to another document it opens: %q", stored.Tail)
	}
}
