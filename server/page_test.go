package server_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

func TestAssetsArePackedForWhoTakesThem(t *testing.T) {
	script := strings.Repeat("console.log('lighthouse')\n", 100)
	s := newSite(t, "http://localhost:8080", fstest.MapFS{
		"index.html": {Data: []byte("<title>SoraToo</title>")}, "assets/app-1a2b.js": {Data: []byte(script)},
		"assets/font-3c4d.woff2": {Data: []byte(script)},
	})
	get := func(path, accept string) answer {
		return s.do("GET", path, "", nil, func(r *http.Request) { r.Header.Set("Accept-Encoding", accept) })
	}
	for accept, packed := range map[string]bool{
		"gzip, deflate, br": true, "br;q=1.0, GZIP;q=0.5": true, "": false, "br": false, "gzip;q=0": false, "gzip;q=0.0, br": false,
	} {
		a := get("/assets/app-1a2b.js", accept)
		got := a.raw
		if packed {
			r, err := gzip.NewReader(bytes.NewReader([]byte(a.raw)))
			if err != nil {
				t.Fatalf("%q: %v", accept, err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			got = string(b)
		}
		if got != script || (a.header.Get("Content-Encoding") == "gzip") != packed || a.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %d bytes, %v", accept, len(a.raw), a.header)
		}
	}
	for _, path := range []string{"/assets/font-3c4d.woff2", "/"} {
		if a := get(path, "gzip"); a.header.Get("Content-Encoding") != "" {
			t.Errorf("GET %s is packed", path)
		}
	}
}

func TestAnUnchangedPageIsNotSentAgain(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	tag := s.do("GET", "/", "", nil).header.Get("ETag")
	again := s.do("GET", "/signin", "", nil, func(r *http.Request) { r.Header.Set("If-None-Match", tag) })
	if tag == "" || again.status != http.StatusNotModified || again.raw != "" {
		t.Errorf("ETag %q, then %d %q", tag, again.status, again.raw)
	}
}

func TestAServerWithoutItsPageSaysHowToBuildIt(t *testing.T) {
	s := newSite(t, "http://localhost:8080", fstest.MapFS{".keep": {}})
	a := s.do("GET", "/", "", nil)
	if a.status != http.StatusNotFound || !strings.Contains(a.raw, "make run") {
		t.Errorf("GET / = %d %s", a.status, a.raw)
	}
	if a := s.do("GET", "/.keep", "", nil); a.status != http.StatusNotFound {
		t.Errorf("GET /.keep = %d", a.status)
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	for url, secure := range map[string]bool{"http://localhost:8080": false, "https://video.example.org": true} {
		s := newSite(t, url)
		for _, path := range []string{"/", "/assets/app-1a2b.js", "/gone.js", "/api/v1/me", "/api/v1/docs", "/api/v1/openapi.json", "/healthz", "/collab"} {
			h := s.do("GET", path, "", nil).header
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			} {
				if h.Get(name) != want {
					t.Errorf("GET %s: %s %q, want %q", path, name, h.Get(name), want)
				}
			}
			csp := h.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'self'", "script-src 'self';", "frame-ancestors 'none'", "object-src 'none'"} {
				if !strings.Contains(csp, part) {
					t.Errorf("GET %s: policy %q has no %s", path, csp, part)
				}
			}
			if got := h.Get("Strict-Transport-Security") != ""; got != secure {
				t.Errorf("GET %s at %s: strict transport: %t", path, url, got)
			}
		}
	}
}

// The documentation is ours to the last byte: it works offline and needs
// nothing that the policy refuses.
func TestTheDocumentationNeedsNothingElse(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	page := s.do("GET", "/api/v1/docs", "", nil).raw
	for _, part := range []string{"<script", "src=", "https://", "@import", "url("} {
		if strings.Contains(page, part) {
			t.Errorf("the documentation has %s", part)
		}
	}
	missing := s.do("GET", "/api/v1/nothing", "", nil)
	_, anchor, _ := strings.Cut(missing.text("type"), "#")
	if anchor == "" || !strings.Contains(page, `id="`+anchor+`"`) {
		t.Errorf("the type %q leads nowhere", missing.text("type"))
	}
}
