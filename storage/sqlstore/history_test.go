package sqlstore_test

import (
	"testing"

	"github.com/soratoo/soratoo/storage/storagetest"
)

func TestHistory(t *testing.T) {
	databases(t, func(t *testing.T, open opener) {
		storagetest.History(t, func(t *testing.T) storagetest.HistoryStore { return open(t) })
	})
}
