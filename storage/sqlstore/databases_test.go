package sqlstore_test

import (
	"testing"

	"github.com/soratoo/soratoo/storage/sqlstore"
	"github.com/soratoo/soratoo/storage/testservers"
)

// opener opens an empty store for the time of a test.
type opener func(t *testing.T) *sqlstore.Store

// databases runs a test on each kind of database.
func databases(t *testing.T, test func(t *testing.T, open opener)) {
	t.Run("SQLite", func(t *testing.T) { test(t, openTemp) })
	t.Run("PostgreSQL", func(t *testing.T) {
		test(t, func(t *testing.T) *sqlstore.Store { return connect(t, testservers.Copy(t, migrated)) })
	})
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
