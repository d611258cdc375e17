package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/soratoo/soratoo/auth"
)

// asset is a file of the built client.
type asset struct {
	content []byte
	packed  []byte // by gzip; nil when that is not worth it
	tag     string // of the content
}

// worthPacking are the extensions of what gzip makes smaller.
var worthPacking = []string{".html", ".js", ".css", ".svg", ".json", ".webmanifest", ".txt", ".wasm"}

const packBytes = 1 << 10 // smaller files are served as they are

// readAssets reads the built client. Files whose names begin with a dot are not
// part of it.
func readAssets(c Config) map[string]asset {
	files := map[string]asset{}
	if c.Web == nil {
		return files
	}
	err := fs.WalkDir(c.Web, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		content, err := fs.ReadFile(c.Web, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		files[name] = asset{content: content, packed: pack(name, content), tag: hex.EncodeToString(sum[:8])}
		return nil
	})
	if err != nil {
		c.Log.Error("reading the client", "err", err)
	}
	return files
}

// pack compresses a file, or returns nil when that is not worth it.
func pack(name string, content []byte) []byte {
	if len(content) < packBytes || !slices.Contains(worthPacking, path.Ext(name)) {
		return nil
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic("server: gzip has lost its levels: " + err.Error())
	}
	// A buffer takes everything.
	_, _ = w.Write(content)
	_ = w.Close()
	return b.Bytes()
}

// page serves the built client: its files, and for every other path the page
// itself, which knows its own addresses.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/") {
		writeProblem(w, problem(auth.ErrNotFound))
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		writeProblem(w, problem(errMethod))
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	file, ok := s.files[name]
	switch {
	case ok && strings.HasPrefix(name, "assets/"):
		// These names hold a hash of the content.
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	case ok:
		w.Header().Set("Cache-Control", "no-cache")
	case strings.HasPrefix(name, "assets/") || path.Ext(name) != "":
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	default:
		if file, ok = s.files["index.html"]; !ok {
			notBuilt(w)
			return
		}
		name = "index.html"
		w.Header().Set("Cache-Control", "no-cache")
	}
	file.serve(w, r, name)
}

// serve answers with the file, compressed for clients that take it so.
func (a asset) serve(w http.ResponseWriter, r *http.Request, name string) {
	content, tag := a.content, a.tag
	if a.packed != nil {
		w.Header().Add("Vary", "Accept-Encoding")
		if takesGzip(r.Header.Get("Accept-Encoding")) {
			content, tag = a.packed, tag+"-gzip"
			w.Header().Set("Content-Encoding", "gzip")
		}
	}
	w.Header().Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

// takesGzip tells whether an Accept-Encoding header names gzip and does not
// refuse it.
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		coding, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(coding, "gzip") {
			return strings.Trim(strings.TrimPrefix(strings.TrimSpace(quality), "q="), "0.") != "" || quality == ""
		}
	}
	return false
}

func notBuilt(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(`<!doctype html><html lang="en"><meta charset="utf-8"><title>SoraToo</title>` +
		`<body style="font:16px system-ui;margin:4rem auto;max-width:40rem"><h1>The page is not built</h1>` +
		`<p>This server was compiled without its web application. Run <code>make run</code>, or <code>make web build</code> ` +
		`and start it again.</p><p>The REST interface works: <a href="` + docsPath + `">documentation</a>.</p>`))
}
