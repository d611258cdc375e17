package sqlstore_test

import (
	"testing"

	"github.com/soratoo/soratoo/storage/storagetest"
)

func TestMedia(t *testing.T) {
	storagetest.Media(t, func(t *testing.T) storagetest.MediaStore { return openTemp(t) })
}
