package sqlstore_test

import (
	"testing"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/storage/storagetest"
)

func TestAuth(t *testing.T) {
	storagetest.Auth(t, func(t *testing.T) auth.Store { return openTemp(t) })
}
