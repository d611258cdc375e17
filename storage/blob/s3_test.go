package blob_test

import (
	"testing"

	"github.com/soratoo/soratoo/storage/blob"
	"github.com/soratoo/soratoo/storage/storagetest"
	"github.com/soratoo/soratoo/storage/testservers"
)

func openS3(t *testing.T, url string) *blob.S3 {
	t.Helper()
	s, err := blob.OpenS3(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestS3(t *testing.T) {
	server := testservers.S3(t)
	server.Bucket(t, "media")
	places := 0
	storagetest.Blobs(t, func(t *testing.T) func(t *testing.T) blob.Store {
		places++
		url := server.URL("media/of/place" + string(rune('a'+places)))
		return func(t *testing.T) blob.Store { return openS3(t, url) }
	})
}
