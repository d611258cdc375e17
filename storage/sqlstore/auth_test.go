package sqlstore_test

import (
	"testing"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/storage/storagetest"
)

func TestAuth(t *testing.T) {
	databases(t, func(t *testing.T, open opener) {
		storagetest.Auth(t, func(t *testing.T) auth.Store { return open(t) })
	})
}

func TestTries(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		storagetest.Tries(t, func(t *testing.T) []auth.Tries { return []auth.Tries{openTemp(t)} })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		storagetest.Tries(t, func(t *testing.T) []auth.Tries {
			a, b := pair(t)
			return []auth.Tries{a, b}
		})
	})
}
