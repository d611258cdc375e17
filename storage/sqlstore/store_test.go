package sqlstore_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/storage/sqlstore"
	"github.com/soratoo/soratoo/storage/storagetest"
	"github.com/soratoo/soratoo/storage/testservers"
)

func openTemp(t *testing.T) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), testservers.SQLite(t, prepared))
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
	databases(t, func(t *testing.T, open opener) {
		storagetest.Log(t, func(t *testing.T) rooms.Log { return open(t) })
	})
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

// filled makes a database with one document: a former snapshot, a newer one, and
// entries behind them.
func filled(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "soratoo.db")
	s, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for i, state := range []string{"<1><2>", "<1><2><3><4>", ""} {
		w := rooms.Write{Doc: "a", Generation: rooms.FirstGeneration}
		for j := range 2 {
			w.Entries = append(w.Entries, rooms.Entry{Update: fmt.Appendf(nil, "<%d>", 2*i+j+1), Person: "p", At: time.UnixMilli(1 << 40)})
		}
		_, err := s.Append(t.Context(), []rooms.Write{w})
		if state != "" {
			err = errors.Join(err, s.Compact(t.Context(), rooms.Snapshot{Doc: "a", Generation: 1, Seq: uint64(2*i + 2), State: []byte(state)}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// prepared makes a database without rows.
func prepared(t testing.TB, path string) {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// copied is a copy of a database that nobody has open.
func copied(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "soratoo.db")
	if err := os.WriteFile(fresh, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return fresh
}

// spoil changes a database behind the back of the store.
func spoil(t *testing.T, path, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(query, args...)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// opened is the document as it opens: its words, and whether damage was found.
func opened(t *testing.T, s *sqlstore.Store) (words string, damaged bool) {
	t.Helper()
	stored, err := s.Load(t.Context(), "a")
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	return string(stored.Snapshot) + string(bytes.Join(stored.Tail, nil)), len(stored.Damage) > 0
}

// One bit that flips in whatever column is found, costs at most the row that it is
// in, and never keeps the document from being opened and written.
func TestOneFlippedBitCostsOneRowAtMost(t *testing.T) {
	const seed = 21
	whole := filled(t)
	rnd := rand.New(rand.NewPCG(seed, seed))
	for _, c := range []struct{ table, where, columns, atLeast string }{
		{"document_entries", "seq = 5", "document seq at person checksum payload", "<1><2><3><4><6>"},
		{"document_entries", "seq = 6", "document seq at person checksum payload", "<1><2><3><4><5>"},
		{"document_snapshots", "true", "document seq at checksum payload", "<1><2><3><4><5><6>"},
		{"documents", "true", "head", "<1><2><3><4><5><6>"},
	} {
		for column := range strings.FieldsSeq(c.columns) {
			for range 2 {
				bit := 3 + rnd.IntN(60) // lower ones may make two rows one, which cannot be
				path := copied(t, whole)
				flip := fmt.Sprintf("(%[1]s | %[2]d) - (%[1]s & %[2]d)", column, int64(1)<<bit)
				switch column {
				case "payload", "person":
					at := bit % 8
					flip = fmt.Sprintf("CASE hex(substr(%[1]s, 1, 1)) WHEN '3C' THEN unhex('%02[2]X') || substr(%[1]s, 2) ELSE char(%[3]d) END",
						column, '<'^1<<at, 'p'^1<<(at%7))
					if column == "payload" {
						flip = "CAST(" + flip + " AS BLOB)"
					}
				}
				spoil(t, path, fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", c.table, column, flip, c.where))
				s, err := sqlstore.Open(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				words, damaged := opened(t, s)
				if !damaged || words != c.atLeast {
					t.Errorf("seed %d: bit %d of %s.%s (%s): opens with %q, found %t", seed, bit, c.table, column, c.where, words, damaged)
				}
				w := rooms.Write{Doc: "a", Generation: 1, Entries: []rooms.Entry{{Update: []byte("<new>")}}}
				if receipts, err := s.Append(t.Context(), []rooms.Write{w}); err != nil || receipts[0].Err != nil {
					t.Errorf("bit %d of %s.%s: Append = %v, %v", bit, c.table, column, receipts, err)
				}
				if again, _ := opened(t, s); again != c.atLeast+"<new>" {
					t.Errorf("bit %d of %s.%s: later it opens with %q", bit, c.table, column, again)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestDamagedRowsAreKeptAside(t *testing.T) {
	path := filled(t)
	spoil(t, path, `UPDATE document_entries SET payload = x'00' WHERE seq = 5`)
	s, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	opened(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var kind, payload string
	err = db.QueryRow(`SELECT kind, hex(payload) FROM document_damage`).Scan(&kind, &payload)
	if err != nil || kind != "entry" || payload != "00" {
		t.Errorf("set aside: %s %s, %v", kind, payload, err)
	}
}
