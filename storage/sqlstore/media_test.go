package sqlstore_test

import (
	"testing"

	"github.com/soratoo/soratoo/storage/storagetest"
)

func TestMedia(t *testing.T) {
	databases(t, func(t *testing.T, open opener) {
		storagetest.Media(t, func(t *testing.T) storagetest.MediaStore { return open(t) })
	})
}
