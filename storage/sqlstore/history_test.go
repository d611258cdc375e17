package sqlstore_test

import (
	"testing"

	"github.com/soratoo/soratoo/storage/storagetest"
)

func TestHistory(t *testing.T) {
	storagetest.History(t, func(t *testing.T) storagetest.HistoryStore { return openTemp(t) })
}
