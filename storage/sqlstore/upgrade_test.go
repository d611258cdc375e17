package sqlstore_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/storage/sqlstore"
)

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	for _, folder := range []string{"sqlite", "postgres"} {
		files, err := filepath.Glob("migrations/" + folder + "/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", folder, files, err)
		}
		slices.Sort(files)
		for i, file := range files {
			if want := fmt.Sprintf("%05d_", i+1); !strings.HasPrefix(filepath.Base(file), want) {
				t.Errorf("%s stands where %s… should be", file, want)
			}
		}
	}
}

// A database of an earlier release opens with all that was in it.
func TestDatabasesOfEarlierReleasesOpen(t *testing.T) {
	dumps, err := filepath.Glob("testdata/sqlite-*.sql")
	if err != nil || len(dumps) == 0 {
		t.Fatalf("%v, %v", dumps, err)
	}
	for _, dump := range dumps {
		t.Run(filepath.Base(dump), func(t *testing.T) {
			script, err := os.ReadFile(dump)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "soratoo.db")
			spoil(t, path, string(script))
			for range 2 {
				s, err := sqlstore.Open(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				if stored, err := s.Load(t.Context(), "project/timeline"); err != nil || string(stored.Snapshot) != "<1>" || len(stored.Tail) != 1 || len(stored.Damage) != 0 {
					t.Errorf("the document opens with %q, %q, %v, %v", stored.Snapshot, stored.Tail, stored.Damage, err)
				}
				if j, err := s.Job(t.Context(), "render"); err != nil || j.Title != "title of renders" {
					t.Errorf("the render is %+v, %v", j, err)
				}
				if v, err := s.Version(t.Context(), "version"); err != nil || string(v.State) != "<1>" {
					t.Errorf("the version is %+v, %v", v, err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			everyRow(t, path, string(script))
		})
	}
}

// everyRow checks that each table that had a row has it still.
func everyRow(t *testing.T, path, script string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables := regexp.MustCompile(`INSERT INTO "(\w+)"`).FindAllStringSubmatch(script, -1)
	if len(tables) < 25 {
		t.Fatalf("the dump has %d rows", len(tables))
	}
	for _, m := range tables {
		var n int
		if err := db.QueryRow(`SELECT count(*) FROM ` + m[1]).Scan(&n); err != nil || n == 0 {
			t.Errorf("%s has %d rows, %v", m[1], n, err)
		}
	}
}
