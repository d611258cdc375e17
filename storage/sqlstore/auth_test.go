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
