package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// wav is a sound of so many bytes behind its header.
func wav(n int) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt ")
	for i := range n {
		b = append(b, byte(i))
	}
	return b
}

// upload sends a file to a project.
func (s *site) upload(token, project, name string, content []byte, edit ...func(*http.Request)) answer {
	s.t.Helper()
	return s.do("POST", "/api/v1/projects/"+project+"/assets?name="+url.QueryEscape(name), token, string(content), append(edit,
		func(r *http.Request) { r.Header.Set("Content-Type", "application/octet-stream") })...)
}

// studio is a site with Ada's project.
func studio(t *testing.T) (s *site, ada, workspace, project string) {
	t.Helper()
	s = newSite(t, "http://localhost:8080")
	ada, workspace = s.join("Ada")
	project = s.do("POST", "/api/v1/workspaces/"+workspace+"/projects", ada, map[string]any{"name": "Harbour"}).text("id")
	return s, ada, workspace, project
}

func TestAFileComesBackAsItWasSent(t *testing.T) {
	s, ada, _, project := studio(t)
	content := wav(5000)
	a := s.upload(ada, project, "Gulls & “waves”.wav", content)
	sum := sha256.Sum256(content)
	if a.status != http.StatusCreated || a.text("kind") != "audio" || a.text("type") != "audio/wav" ||
		a.text("name") != "Gulls & “waves”.wav" || a.text("project") != project || a.text("sha256") != hex.EncodeToString(sum[:]) {
		t.Fatalf("upload = %d %s", a.status, a.raw)
	}
	path := "/api/v1/assets/" + a.text("id")
	if got := s.do("GET", path, ada, nil); got.status != 200 || got.raw != a.raw {
		t.Errorf("the asset is %d %s, want %s", got.status, got.raw, a.raw)
	}
	got := s.do("GET", path+"/content", ada, nil)
	if got.status != 200 || got.raw != string(content) {
		t.Errorf("the content is %d with %d bytes, want %d", got.status, len(got.raw), len(content))
	}
	for key, want := range map[string]string{
		"Content-Type": "audio/wav", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache",
		"Accept-Ranges": "bytes", "ETag": `"` + hex.EncodeToString(sum[:]) + `"`, "Content-Length": strconv.Itoa(len(content)),
	} {
		if got.header.Get(key) != want {
			t.Errorf("%s is %q, want %q", key, got.header.Get(key), want)
		}
	}
	if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("the policy is %q", policy)
	}
	for query, want := range map[string]string{"": "inline", "?download=true": "attachment"} {
		got := s.do("GET", path+"/content"+query, ada, nil).header.Get("Content-Disposition")
		kind, params, err := mime.ParseMediaType(got)
		if err != nil || kind != want || params["filename"] != "Gulls & “waves”.wav" {
			t.Errorf("Content-Disposition is %q, want %s with the name", got, want)
		}
	}
}

func TestPartsOfAFileAreSent(t *testing.T) {
	s, ada, _, project := studio(t)
	content := wav(5000)
	path := "/api/v1/assets/" + s.upload(ada, project, "a.wav", content).text("id") + "/content"
	tag := s.do("GET", path, ada, nil).header.Get("ETag")
	size := strconv.Itoa(len(content))
	for _, c := range []struct {
		key, value, also string
		status           int
		body             string
		span             string
	}{
		{"Range", "bytes=0-3", "", 206, "RIFF", "bytes 0-3/" + size},
		{"Range", "bytes=8-11", "", 206, "WAVE", "bytes 8-11/" + size},
		{"Range", "bytes=-4", "", 206, string(content[len(content)-4:]), "bytes 5012-5015/" + size},
		{"Range", "bytes=5000-", "", 206, string(content[5000:]), "bytes 5000-5015/" + size},
		{"Range", "bytes=0-999999", "", 206, string(content), "bytes 0-5015/" + size},
		{"Range", "bytes=999999-", "", 416, "", "bytes */" + size},
		{"Range", "pages=1", "", 416, "", ""},
		{"If-None-Match", tag, "", 304, "", ""},
		{"If-None-Match", `"other"`, "", 200, string(content), ""},
		{"Range", "bytes=0-3", tag, 206, "RIFF", "bytes 0-3/" + size},
		{"Range", "bytes=0-3", `"other"`, 200, string(content), ""},
	} {
		a := s.do("GET", path, ada, nil, func(r *http.Request) {
			r.Header.Set(c.key, c.value)
			if c.also != "" {
				r.Header.Set("If-Range", c.also)
			}
		})
		if a.status != c.status || c.status < 400 && a.raw != c.body || a.header.Get("Content-Range") != c.span {
			t.Errorf("%s: %s = %d, %d bytes, %q, want %d, %d bytes, %q",
				c.key, c.value, a.status, len(a.raw), a.header.Get("Content-Range"), c.status, len(c.body), c.span)
		}
	}
}

func TestWhatAFileIsFollowsFromItsBytes(t *testing.T) {
	s, ada, _, project := studio(t)
	for _, c := range []struct{ name, content, kind string }{
		{"page.html", picture(jpegOf) + "<script>", "image/jpeg"},
		{"a.mp4", picture(png.Encode), "image/png"},
		{"a", picture(gifOf), "image/gif"},
		{"a", webp, "image/webp"},
		{"a", "\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "video/mp4"},
		{"a", "\x00\x00\x00\x20ftypM4A \x00\x00\x02\x00", "audio/mp4"},
		{"a", "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm\x42\x87", "video/webm"},
		{"a", "ID3\x04\x00\x00", "audio/mpeg"},
		{"a.zip", "PK\x03\x04\x14\x00\x00\x00", ""},
		{"a.vtt", "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\nx\n", ""},
		{"a.srt", "1\n00:00:00,000 --> 00:00:01,000\nx\n", ""},
		{"a.mov", "\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00", ""},
		{"a", "\xff\xfb\x90\x00", "audio/mpeg"},
		{"a", "\xff\xf1\x50\x80\x00\x1f\xfc", "audio/aac"},
		{"a", "fLaC\x00\x00\x00\x22", "audio/flac"},
		{"a", "OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x13OpusHead", "audio/ogg"},
		{"a.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", ""},
		{"a.png", "<!doctype html><script>alert(1)</script>", ""},
		{"a.jpg", "%PDF-1.7", ""},
		{"a.mkv", "\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", ""},
		{"a.heic", "\x00\x00\x00\x20ftypheic\x00\x00\x00\x00", ""},
		{"a.m3u8", "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", ""},
		{"a.avi", "RIFF\x00\x00\x00\x00AVI LIST", ""},
		{"a.ogv", "OggS\x00\x02\x00\x00\x00\x00\x80theora", ""},
		{"a.mp3", "\xff\xff\xff\xff", ""},
		{"empty", "", ""},
	} {
		a := s.upload(ada, project, c.name, []byte(c.content), func(r *http.Request) { r.Header.Set("Content-Type", "text/html") })
		if c.kind == "" && a.problem() != "unsupported-media" || c.kind != "" && (a.status != 201 || a.text("type") != c.kind) {
			t.Errorf("%q is %d %s, want %q", c.content, a.status, a.raw, c.kind)
		}
	}
}

func TestFilesThatAreTooLargeLeaveNothing(t *testing.T) {
	s, ada, _, project := studio(t)
	whole := wav(fileBytes - 16)
	unannounced := func(r *http.Request) { r.ContentLength = -1 }
	for name, a := range map[string]answer{
		"announced":   s.upload(ada, project, "a", append(whole, 0)),
		"unannounced": s.upload(ada, project, "a", append(whole, 0), unannounced),
		"a lie":       s.upload(ada, project, "a", append(whole, 0), func(r *http.Request) { r.ContentLength = 10 }),
	} {
		if a.status != http.StatusRequestEntityTooLarge || a.problem() != "file-too-large" {
			t.Errorf("a file that is too large, %s: %d %s", name, a.status, a.raw)
		}
	}
	for range projectBytes / fileBytes {
		if a := s.upload(ada, project, "a", whole, unannounced); a.status != 201 {
			t.Fatalf("a file of the largest size: %d %s", a.status, a.raw)
		}
	}
	if a := s.upload(ada, project, "a", whole); a.problem() != "project-full" {
		t.Errorf("a file beyond the project's size: %d %s", a.status, a.raw)
	}
	if a := s.upload(ada, project, "a", wav(100)); a.status != 201 {
		t.Errorf("a file that fits still: %d %s", a.status, a.raw)
	}
	list := s.do("GET", "/api/v1/projects/"+project+"/assets", ada, nil)
	want := projectBytes/fileBytes + 1
	if items, _ := list.body["items"].([]any); len(items) != want || s.files() != want {
		t.Errorf("the project has %d files and %d are kept: %s", len(items), s.files(), list.raw)
	}
}

// files counts the files that are kept of media, whole or not.
func (s *site) files() (n int) {
	s.t.Helper()
	err := filepath.WalkDir(s.media, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// brokenLine gives some bytes and then fails.
type brokenLine struct {
	io.Reader
	err error
}

func (b brokenLine) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = b.err
	}
	return n, err
}

func TestAFileThatIsCutOffLeavesNothing(t *testing.T) {
	s, ada, _, project := studio(t)
	for _, n := range []int{3, 100, 20_000} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/projects/"+project+"/assets",
			brokenLine{bytes.NewReader(wav(20_000)[:n]), io.ErrUnexpectedEOF})
		r.Header.Set("Authorization", "Bearer "+ada)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "cut-off") {
			t.Errorf("cut off after %d bytes: %d %s", n, w.Code, w.Body)
		}
	}
	if list := s.do("GET", "/api/v1/projects/"+project+"/assets", ada, nil); !strings.Contains(list.raw, `"items":[]`) || s.files() != 0 {
		t.Errorf("the project has %s, and %d files are kept", list.raw, s.files())
	}
	if logs := s.logs.String(); logs != "" {
		t.Errorf("the log has %s", logs)
	}
}

func TestMediaAreForTheProjectsPeople(t *testing.T) {
	s, ada, workspace, project := studio(t)
	path := "/api/v1/assets/" + s.upload(ada, project, "a.wav", wav(100)).text("id")
	for name, role := range map[string]string{"Ben": "editor", "Cleo": "viewer", "Dan": "commenter"} {
		token, _ := s.join(name)
		if a := s.do("GET", path+"/content", token, nil); a.status != http.StatusNotFound {
			t.Errorf("%s from outside reads: %d %s", name, a.status, a.raw)
		}
		s.invite(ada, workspace, name, role)
		want := map[bool]int{true: http.StatusCreated, false: http.StatusForbidden}[role == "editor"]
		if a := s.upload(token, project, "b.wav", wav(100)); a.status != want {
			t.Errorf("a file of a %s: %d %s", role, a.status, a.raw)
		}
		if a := s.do("GET", path+"/content", token, nil); a.status != 200 {
			t.Errorf("a %s reads: %d", role, a.status)
		}
		if a := s.do("PATCH", path, token, map[string]any{"duration_ms": -1}); role != "editor" && a.status < 400 {
			t.Errorf("a %s describes: %d", role, a.status)
		}
		if a := s.do("DELETE", path, token, nil); role != "editor" && a.problem() != "forbidden" {
			t.Errorf("a %s removes: %d %s", role, a.status, a.raw)
		} else if role == "editor" {
			if a.status != http.StatusNoContent {
				t.Errorf("an editor removes: %d %s", a.status, a.raw)
			}
			if a := s.do("GET", path+"/content", token, nil); a.status != http.StatusNotFound {
				t.Errorf("what was removed: %d", a.status)
			}
			path = "/api/v1/assets/" + s.upload(ada, project, "a.wav", wav(100)).text("id")
		}
	}
	if a := s.do("DELETE", "/api/v1/projects/"+project, ada, nil); a.status != http.StatusNoContent {
		t.Fatalf("removing the project: %d %s", a.status, a.raw)
	}
	if a := s.do("GET", path+"/content", ada, nil); a.status != http.StatusNotFound {
		t.Errorf("media of a project that is gone: %d", a.status)
	}
	if n := s.files(); n != 0 {
		t.Errorf("%d files of a project that is gone are kept", n)
	}
}

func TestABrowserSaysOnceWhatItFound(t *testing.T) {
	s, ada, _, project := studio(t)
	path := "/api/v1/assets/" + s.upload(ada, project, "a.wav", wav(100)).text("id")
	for _, facts := range []map[string]any{
		{},
		{"duration_ms": 1000, "width": 5},
		{"duration_ms": 1e12},
		{"duration_ms": 10, "rate": []int{5, 0}},
		{"duration_ms": 10, "channels": 65},
		{"duration_ms": 10, "rate": []int{100_000, 1}},
		{"duration_ms": 10, "rate": []int{1}},
	} {
		if a := s.do("PATCH", path, ada, facts); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d %s", facts, a.status, a.raw)
		}
	}
	good := map[string]any{"duration_ms": 1000, "channels": 2, "sample_rate": 48000}
	if a := s.do("PATCH", path, ada, good); a.status != 200 || !strings.Contains(a.raw, `"facts":{"duration_ms":1000,"channels":2,"sample_rate":48000}`) {
		t.Errorf("what was found: %d %s", a.status, a.raw)
	}
	if a := s.do("PATCH", path, ada, map[string]any{"duration_ms": 2000}); a.problem() != "impossible-facts" {
		t.Errorf("what was found again: %d %s", a.status, a.raw)
	}
}

func TestNamesOfFilesAreForPeopleOnly(t *testing.T) {
	s, ada, _, project := studio(t)
	for name, want := range map[string]string{
		"../../../etc/passwd": "../../../etc/passwd", "a\r\nSet-Cookie: x": "aSet-Cookie: x", "": "Untitled", "\u202egpj.exe": "gpj.exe",
		strings.Repeat("é", 300): strings.Repeat("é", 200),
	} {
		a := s.upload(ada, project, name, wav(10))
		if a.status != 201 || a.text("name") != want {
			t.Errorf("%q = %d %s", name, a.status, a.raw)
		}
		if got := s.do("GET", "/api/v1/assets/"+a.text("id")+"/content?download=true", ada, nil); got.header.Get("Set-Cookie") != "" {
			t.Errorf("%q set a header: %v", name, got.header)
		}
	}
	for _, id := range []string{"..%2f..%2fsoratoo.db", "%00", "x", strings.Repeat("0", 22), ".."} {
		if a := s.do("GET", "/api/v1/assets/"+id+"/content", ada, nil); a.status != http.StatusNotFound {
			t.Errorf("asset %s: %d", id, a.status)
		}
	}
}

// webp is an image of one pixel, of the form without loss.
const webp = "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

func picture(encode func(io.Writer, image.Image) error) string {
	var b bytes.Buffer
	if err := encode(&b, image.NewGray(image.Rect(0, 0, 4, 3))); err != nil {
		panic(err)
	}
	return b.String()
}

func jpegOf(w io.Writer, i image.Image) error { return jpeg.Encode(w, i, nil) }
func gifOf(w io.Writer, i image.Image) error  { return gif.Encode(w, i, nil) }

func TestImagesAreMoreThanTheirFirstBytes(t *testing.T) {
	s, ada, _, project := studio(t)
	whole := picture(png.Encode)
	huge := []byte(whole)
	copy(huge[16:24], "\x00\x00\x40\x00\x00\x00\x40\x00") // 16384 by 16384
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for name, content := range map[string]string{
		"only magic": "\x89PNG\r\n\x1a\n", "cut in its header": whole[:20], "a script": "GIF89a<script>", "huge": string(huge),
	} {
		if a := s.upload(ada, project, "a", []byte(content)); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s, want 422", name, a.status, a.raw)
		}
	}
}

func TestUploadsOfOnePersonAreCountedAndMove(t *testing.T) {
	s, ada, workspace, project := studio(t)
	ben, _ := s.join("Ben")
	s.invite(ada, workspace, "Ben", "editor")
	var running sync.WaitGroup
	var ends []*io.PipeWriter
	for range 4 {
		r, w := io.Pipe()
		ends = append(ends, w)
		running.Go(func() {
			s.upload(ada, project, "slow.png", nil, func(q *http.Request) { q.Body, q.ContentLength = r, -1 })
		})
		if _, err := w.Write([]byte("\x89PNG")); err != nil { // it is read, so it has its slot
			t.Fatal(err)
		}
	}
	if a := s.upload(ada, project, "a.wav", wav(100)); a.status != http.StatusTooManyRequests {
		t.Errorf("a fifth of one person: %d %s, want 429", a.status, a.raw)
	}
	if a := s.upload(ben, project, "a.wav", wav(100)); a.status != http.StatusCreated {
		t.Errorf("somebody else's: %d %s, want 201", a.status, a.raw)
	}
	for _, w := range ends {
		_ = w.Close()
	}
	running.Wait()
	if a := s.upload(ada, project, "a.wav", wav(100)); a.status != http.StatusCreated {
		t.Errorf("after that: %d %s, want 201", a.status, a.raw)
	}
}

func TestTicketsOfOnePersonAreCounted(t *testing.T) {
	s, ada, workspace, project := studio(t)
	ben, _ := s.join("Ben")
	s.invite(ada, workspace, "Ben", "editor")
	ticket := func(token string) int {
		return s.do("POST", "/api/v1/tickets", token, map[string]any{"project": project}).status
	}
	for i := range 100 {
		if got := ticket(ada); got != http.StatusCreated {
			t.Fatalf("ticket %d: %d, want 201", i, got)
		}
	}
	if mine, other := ticket(ada), ticket(ben); mine != http.StatusTooManyRequests || other != http.StatusCreated {
		t.Errorf("one more: %d, somebody else's: %d; want 429 and 201", mine, other)
	}
}

func TestAFileThatIsNotWholeIsNotSent(t *testing.T) {
	s, ada, _, project := studio(t)
	for name, harm := range map[string]func(path string) error{
		"cut short": func(path string) error { return os.Truncate(path, 1000) },
		"gone":      os.Remove,
	} {
		id := s.upload(ada, project, "a.wav", wav(5000)).text("id")
		err := filepath.WalkDir(s.media, func(path string, d fs.DirEntry, err error) error {
			if err == nil && strings.Contains(strings.ReplaceAll(path[len(s.media):], "/", ""), id[2:]) {
				return harm(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if a := s.do("GET", "/api/v1/assets/"+id+"/content", ada, nil); a.status != http.StatusGone {
			t.Errorf("%s: %d with %d bytes, want 410", name, a.status, len(a.raw))
		}
	}
}
