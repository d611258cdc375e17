package server

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// page serves the built client: its files, and for every other path the page
// itself, which knows its own addresses.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if strings.HasPrefix(name, "assets/") {
		// These names hold a hash of the content.
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	if s.file(w, r, name) {
		return
	}
	if strings.HasPrefix(name, "assets/") || path.Ext(name) != "" {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	if !s.file(w, r, "index.html") {
		notBuilt(w)
	}
}

// file serves a file of the client; false when there is none.
func (s *Server) file(w http.ResponseWriter, r *http.Request, name string) bool {
	info, err := fs.Stat(s.Web, name)
	if err != nil || info.IsDir() || strings.HasPrefix(path.Base(name), ".") {
		return false
	}
	content, err := fs.ReadFile(s.Web, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		s.Log.Error("reading the client", "file", name, "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return true
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	return true
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
