package blob_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	t.Parallel()
	server := testservers.S3(t)
	server.Bucket(t, "media")
	places := 0
	storagetest.Blobs(t, func(t *testing.T) func(t *testing.T) blob.Store {
		places++
		url := server.URL("media/of/place" + string(rune('a'+places)))
		return func(t *testing.T) blob.Store { return openS3(t, url) }
	})
}

// tree is all that a bucket holds on disk, without the store's own directories that are
// empty.
func tree(t *testing.T, dir string) (found []string) {
	t.Helper()
	for path := range files(t, dir) {
		found = append(found, strings.TrimPrefix(path, dir+"/"))
	}
	slices.Sort(found)
	return found
}

// stopper stops a server when it has been read so far, and then goes on.
type stopper struct {
	left int
	stop func()
}

func (s *stopper) Read(p []byte) (int, error) {
	if s.left == 0 {
		s.stop()
		return 0, io.EOF
	}
	n := min(len(p), s.left)
	s.left -= n
	return n, nil
}

func TestAStoreThatStopsInTheMiddleLeavesNothingAndComesBack(t *testing.T) {
	t.Parallel()
	server := testservers.S3(t)
	dir := server.Bucket(t, "media")
	s := openS3(t, server.URL("media"))
	for _, size := range []int{100, 12 << 20} { // at once, and in parts
		err := s.Put(t.Context(), "abc", &stopper{size, server.Kill})
		if err == nil || !strings.Contains(err.Error(), "storing media") {
			t.Errorf("Put of %d bytes = %v", size, err)
		}
		if err := s.Ping(t.Context()); err == nil {
			t.Error("a store that is down answers a ping")
		}
		server.Start(t)
		if _, err := s.Open(t.Context(), "abc"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open of what was not put = %v", err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := tree(t, dir); len(left) != 0 {
			t.Errorf("after %d bytes there is %v", size, left)
		}
		if err := s.Put(t.Context(), "again", strings.NewReader("works")); err != nil {
			t.Fatal(err)
		}
		if err := s.Remove(t.Context(), "again"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAReaderGoesOnWhenTheStoreComesBack(t *testing.T) {
	t.Parallel()
	server := testservers.S3(t)
	server.Bucket(t, "media")
	s := openS3(t, server.URL("media"))
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // more than sockets hold
	if err := s.Put(t.Context(), "abc", bytes.NewReader(want)); err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(t.Context(), "abc")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := make([]byte, 1000)
	if _, err := io.ReadFull(r, got); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	rest, err := io.ReadAll(r)
	if err == nil || !strings.Contains(err.Error(), "reading media") {
		t.Fatalf("reading from a store that is down = %v", err)
	}
	if _, err := s.Open(t.Context(), "abc"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open at a store that is down = %v", err)
	}
	server.Start(t)
	got = append(got, rest...)
	rest, err = io.ReadAll(r)
	if got = append(got, rest...); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d came, %v", len(got), len(want), err)
	}
}

func TestTamperedBytesAreFound(t *testing.T) {
	t.Parallel()
	server := testservers.S3(t)
	bucket, dir := server.Bucket(t, "media"), t.TempDir()
	for name, c := range map[string]struct {
		store blob.Store
		dir   string
	}{"files": {open(t, dir), dir}, "s3": {openS3(t, server.URL("media")), bucket}} {
		content := bytes.Repeat([]byte("content"), 1000)
		digest := sha256.Sum256(content)
		sum := blob.Sum{Size: int64(len(content)), SHA256: digest[:]}
		if err := c.store.Put(t.Context(), "abc", bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := readChecked(t, c.store, sum); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: what is whole reads as %d bytes, %v", name, len(got), err)
		}
		content[3500] ^= 1
		path := filepath.Join(c.dir, "ab", "c")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readChecked(t, c.store, sum); !errors.Is(err, blob.ErrDamaged) || len(got) == len(content) {
			t.Errorf("%s: what was changed reads as %d bytes, %v", name, len(got), err)
		}
		if err := os.WriteFile(path, content[1:], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readChecked(t, c.store, sum); !errors.Is(err, blob.ErrDamaged) {
			t.Errorf("%s: what was cut short ends with %v", name, err)
		}
	}
}

// readChecked reads as many bytes as there should be, as a server does that has promised
// them: it does not wait for the end.
func readChecked(t *testing.T, s blob.Store, want blob.Sum) ([]byte, error) {
	t.Helper()
	r, err := s.Open(t.Context(), "abc")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	checked, err := blob.Checked(r, want)
	if err != nil {
		return nil, err
	}
	var got bytes.Buffer
	_, err = io.CopyN(&got, checked, want.Size)
	return got.Bytes(), err
}

func TestAStoreThatCannotBeOpenedSaysWhatToSet(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	server := testservers.S3(t)
	server.Bucket(t, "media")
	good := server.URL("media")
	_, address, _ := strings.Cut(good, "@")
	const secret = "hushhush"
	for url, want := range map[string]string{
		strings.Replace(good, "@media?", "@absent?", 1):           "make the bucket",
		"s3://soratoo:" + secret + "@" + address:                  "AWS_ACCESS_KEY_ID",
		"s3://" + secret + ":x@" + address:                        "AWS_ACCESS_KEY_ID",
		"s3://" + address:                                         "AWS_ACCESS_KEY_ID",
		"s3://" + secret + "@" + address:                          "AWS_ACCESS_KEY_ID",
		"s3://a:" + secret + "%zz@" + address:                     "%XX",
		"s3://a:" + secret + "@media?endpoint=http://127.0.0.1:1": "endpoint=",
		"s3://a:" + secret + "@media?endpoint=ftp://x":            "endpoint has to be",
		"s3://a:" + secret + "@media?path_style=maybe":            "path_style has to be",
		"s3://a:" + secret + "@media?colour=red":                  `"colour" is no parameter`,
		"s3://a:" + secret + "@media/a//b":                        "prefix",
		"s3://a:" + secret + "@me":                                "BUCKET",
		"file://host/path":                                        "file:///path",
		"file:///path?x=y":                                        "file:///path",
		"https://a:" + secret + "@host/":                          `begins with "https:"`,
		"media":                                                   "file:///path or s3://",
	} {
		s, err := blob.Open(t.Context(), blob.Config{URL: url})
		if err == nil || s != nil {
			t.Errorf("Open(%s) = %v, %v", url, s, err)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("Open(%s) = %v, want one with %q and no secret", url, err, want)
		}
	}
}

func TestTheURLChoosesTheStore(t *testing.T) {
	server := testservers.S3(t)
	server.Bucket(t, "media")
	dir := t.TempDir()
	_, address, _ := strings.Cut(server.URL("media"), "@")
	t.Setenv("AWS_ACCESS_KEY_ID", "soratoo")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "of/a+test")
	for want, c := range map[string]blob.Config{
		"*blob.Files " + dir + "/a": {Dir: dir + "/a"},
		"*blob.Files " + dir + "/b": {URL: "file://" + dir + "/b", Dir: dir + "/c"},
		"*blob.S3 ":                 {URL: "s3://" + address, Dir: dir + "/c"},
	} {
		s, err := blob.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		kind, place, _ := strings.Cut(want, " ")
		if got := fmt.Sprintf("%T", s); got != kind {
			t.Errorf("%v opens %s", c, got)
		}
		if _, err := os.Stat(place); place != "" && err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
