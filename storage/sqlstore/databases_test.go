package sqlstore_test

import (
	"path/filepath"
	"testing"

	"github.com/soratoo/soratoo/storage/seal"
	"github.com/soratoo/soratoo/storage/sqlstore"
	"github.com/soratoo/soratoo/storage/testservers"
)

// opener opens an empty store for the time of a test.
type opener func(t *testing.T) *sqlstore.Store

// databases runs a test on each kind of database.
func databases(t *testing.T, test func(t *testing.T, open opener)) {
	t.Run("SQLite", func(t *testing.T) { test(t, openTemp) })
	t.Run("SQLite, sealed", func(t *testing.T) {
		test(t, func(t *testing.T) *sqlstore.Store { return sealedBy(t, openTemp(t), newMaster(t)) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		test(t, func(t *testing.T) *sqlstore.Store {
			return sealedBy(t, connect(t, testservers.Copy(t, migrated)), newMaster(t))
		})
	})
}

// newMaster makes a master key.
func newMaster(t *testing.T) *seal.Master {
	t.Helper()
	m, err := seal.CreateMaster(filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sealedBy(_ *testing.T, s *sqlstore.Store, m *seal.Master) *sqlstore.Store {
	s.SealBy(seal.New(m, s))
	return s
}

// migrated brings the schema of an empty database up to date.
func migrated(t testing.TB, url string) {
	t.Helper()
	s, err := sqlstore.OpenPostgres(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// connect opens a store on a database of PostgreSQL.
func connect(t *testing.T, url string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenPostgres(t.Context(), url)
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
