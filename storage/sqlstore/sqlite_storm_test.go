package sqlstore_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/storage/sqlstore"
	"github.com/soratoo/soratoo/storage/testservers"
)

// Checkpoints of another connection, one after the other and of every kind, beside 64
// writers: everything that was acknowledged is there when the database is opened anew.
func TestAStormOfCheckpointsLosesNothing(t *testing.T) {
	const writers, edits = 64, 12
	path := testservers.SQLite(t, prepared)
	s, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(50)")
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var storm, group sync.WaitGroup
	storm.Go(func() {
		kinds := []string{"PASSIVE", "FULL", "RESTART", "TRUNCATE"}
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			_, _ = other.Exec("PRAGMA wal_checkpoint(" + kinds[i%4] + ")") // busy is fine
		}
	})
	for w := range writers {
		group.Go(func() {
			for i := range edits {
				write := rooms.Write{Doc: fmt.Sprint("d", w%8), Generation: 1, Entries: []rooms.Entry{{Update: fmt.Append(nil, w, i), Person: "p"}}}
				if _, err := s.Append(t.Context(), []rooms.Write{write}); err != nil {
					t.Errorf("Append = %v", err)
				}
			}
		})
	}
	group.Wait()
	close(stop)
	storm.Wait()
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = sqlstore.Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for d := range 8 {
		stored, err := s.Load(t.Context(), fmt.Sprint("d", d))
		if err != nil || len(stored.Tail) != writers/8*edits || len(stored.Damage) > 0 {
			t.Errorf("d%d has %d entries of %d, damage %v, %v", d, len(stored.Tail), writers/8*edits, stored.Damage, err)
		}
	}
}

func TestAnOldSQLiteIsRefused(t *testing.T) {
	for version, ok := range map[string]bool{"3.51.3": true, "3.52.0": true, "4.0.0": true, "3.51.2": false, "3.8.11": false, "new": false} {
		if err := sqlstore.CheckVersion(version); (err == nil) != ok {
			t.Errorf("%s: %v", version, err)
		}
	}
}

// A database is copied by whatever path it is named, beside who has it open.
func TestADatabaseIsCopiedByARelativePath(t *testing.T) {
	path := testservers.SQLite(t, prepared)
	s, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Chdir(filepath.Dir(path))
	c, err := sqlstore.OpenToCopy(t.Context(), filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
