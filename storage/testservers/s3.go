package testservers

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

const (
	s3Key    = "soratoo"
	s3Secret = "of/a+test" // has what has to be escaped in a URL
	s3Health = "/health"
)

// S3Server is an object store of a test: versitygw, which keeps each bucket as a
// directory and each object as a file.
type S3Server struct {
	*Server
	root string
}

// S3 starts an object store for the time of a test, with what it has on disk.
func S3(t testing.TB) *S3Server {
	t.Helper()
	path := versitygw(t)
	dir, err := os.MkdirTemp("", "soratoo-s3-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	root := filepath.Join(dir, "buckets")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	s := &Server{
		dir: dir, stop: "TERM", kill: "KILL", answers: healthy,
		command: func(s *Server) []string {
			// It keeps ETags in extended attributes, which take effect with the file
			// that has them; with a sidecar, conditional writes let two through.
			return []string{path, "--port", s.Address, "--access", s3Key, "--secret", s3Secret, "--health", s3Health, "--keep-alive", "--quiet", "posix", root}
		},
	}
	begin(t, s)
	s.URL = "http://" + s.Address
	t.Cleanup(s.Kill)
	return &S3Server{Server: s, root: root}
}

// Bucket makes an empty bucket and returns its directory.
func (s *S3Server) Bucket(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(s.root, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// URL is how to open a bucket, with or without a prefix behind its name, which need not
// be there.
func (s *S3Server) URL(bucket string) string {
	query := url.Values{"endpoint": {s.Server.URL}, "path_style": {"true"}}
	return "s3://" + url.UserPassword(s3Key, s3Secret).String() + "@" + bucket + "?" + query.Encode()
}

// healthy asks an object store whether it is there.
func healthy(ctx context.Context, s *Server) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Address+s3Health, nil)
	if err != nil {
		return err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", response.Status)
	}
	return nil
}

// versitygw finds the program that scripts/deps builds.
func versitygw(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("VERSITYGW"); path != "" {
		return path
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(home, ".cache")
	}
	return program(t, "versitygw", "go install github.com/versity/versitygw/cmd/versitygw@v1.8.0", filepath.Join(cache, "soratoo"))
}
