package sqlstore_test

import (
	"testing"

	"github.com/soratoo/soratoo/storage/storagetest"
)

func TestRender(t *testing.T) {
	databases(t, func(t *testing.T, open opener) {
		storagetest.Render(t, func(t *testing.T) storagetest.RenderStore { return open(t) })
	})
}
