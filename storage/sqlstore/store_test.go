package sqlstore_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/storage/sqlstore"
	"github.com/soratoo/soratoo/storage/storagetest"
)

func openTemp(t *testing.T) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "soratoo.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return s
}

func TestOnlyOneProcessOpensADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "soratoo.db")
	first, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = sqlstore.Open(t.Context(), path); !errors.Is(err, sqlstore.ErrInUse) {
		t.Errorf("second Open = %v, want ErrInUse", err)
	} else if !strings.Contains(err.Error(), path) {
		t.Errorf("second Open = %q, does not name %s", err, path)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("Open after Close = %v", err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

func TestPathsWithOddCharactersOpen(t *testing.T) {
	s, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "a b?c#d%20.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestLog(t *testing.T) {
	storagetest.Log(t, func(t *testing.T) rooms.Log { return openTemp(t) })
}

func TestEntriesSurviveReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "soratoo.db")
	for i := range 3 {
		s, err := sqlstore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := s.Load(t.Context(), "a")
		if err != nil || len(stored.Tail) != i {
			t.Errorf("opening %d: Load = %d entries, %v, want %d", i, len(stored.Tail), err, i)
		}
		w := rooms.Write{Doc: "a", Generation: rooms.FirstGeneration, Entries: []rooms.Entry{{Update: []byte("u")}}}
		if _, err := s.Append(t.Context(), []rooms.Write{w}); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestDamageIsFoundWhenADocumentIsLoaded(t *testing.T) {
	for _, damage := range []string{
		`UPDATE document_entries SET payload = x'00' WHERE seq = 3`,
		`UPDATE document_snapshots SET payload = x'00'`,
		`DELETE FROM document_entries WHERE seq = 3`,
		`DELETE FROM document_entries WHERE seq = 4`,
		`DELETE FROM document_snapshots`,
	} {
		path := filepath.Join(t.TempDir(), "soratoo.db")
		s, err := sqlstore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		w := rooms.Write{Doc: "a", Generation: rooms.FirstGeneration}
		for _, u := range []string{"1", "2", "3", "4"} {
			w.Entries = append(w.Entries, rooms.Entry{Update: []byte(u)})
		}
		_, err = s.Append(t.Context(), []rooms.Write{w})
		err = errors.Join(err, s.Compact(t.Context(), rooms.Snapshot{Doc: "a", Generation: 1, Seq: 2, State: []byte("12")}), s.Close())
		if err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec(damage)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		s, err = sqlstore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), "a"); !errors.Is(err, rooms.ErrCorrupt) {
			t.Errorf("after %s: Load = %v, want ErrCorrupt", damage, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
