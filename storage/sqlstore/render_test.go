package sqlstore_test

import (
	"testing"

	"github.com/soratoo/soratoo/storage/storagetest"
)

func TestRender(t *testing.T) {
	storagetest.Render(t, func(t *testing.T) storagetest.RenderStore { return openTemp(t) })
}
