package server_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// load sends a file to be imported.
func (s *site) load(token, project, query, content string) answer {
	s.t.Helper()
	return s.do("POST", "/api/v1/projects/"+project+"/import"+query, token, nil, func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader([]byte(content))), int64(len(content))
		r.Header.Set("Content-Type", "application/octet-stream")
	})
}

const list = "TITLE: Rough\nFCM: NON-DROP FRAME\n001  DAWN V C 00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00\n* FROM CLIP NAME: Dawn\n"

func TestFilesOfOtherProgramsComeAndGo(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	ada, studio := s.join("Ada")
	project := s.do("POST", "/api/v1/workspaces/"+studio+"/projects", ada, map[string]any{"name": "Harbour: “cut”/1"}).text("id")
	path := "/api/v1/projects/" + project
	versions := func() int {
		items, _ := s.do("GET", path+"/versions", ada, nil).body["items"].([]any)
		return len(items)
	}
	if a := s.load(ada, project, "?dry_run=true", list); a.status != http.StatusOK || a.text("format") != "edl" || versions() != 0 {
		t.Errorf("dry run = %d %s, %d versions", a.status, a.raw, versions())
	}
	if a := s.do("GET", path+"/export?format=edl", ada, nil); strings.Contains(a.raw, "Dawn") {
		t.Errorf("a dry run has changed the timeline: %s", a.raw)
	}
	a := s.load(ada, project, "?name=rough.edl", list)
	if a.status != http.StatusOK || a.text("title") != "Rough" || !strings.Contains(a.raw, "1 clip") || versions() != 1 {
		t.Errorf("import = %d %s, %d versions", a.status, a.raw, versions())
	}
	for format, want := range map[string]string{
		"otio": `"OTIO_SCHEMA": "Timeline.1"`, "edl": "FROM CLIP NAME: Dawn", "fcpxml": "<fcpxml version=", "vtt": "WEBVTT", "srt": "", "csv": "Dawn", "json": "soratoo.sequence/1",
	} {
		a := s.do("GET", path+"/export?format="+format, ada, nil)
		if a.status != http.StatusOK || !strings.Contains(a.raw, want) {
			t.Errorf("export as %s = %d %s", format, a.status, a.raw)
		}
		if got := a.header.Get("Content-Disposition"); !strings.Contains(got, "attachment") || !strings.Contains(got, "."+format) || strings.ContainsAny(got, ":/") {
			t.Errorf("%s is saved as %s", format, got)
		}
	}
	if a := s.do("GET", path+"/export?format=csv&report=true", ada, nil); !strings.Contains(a.raw, "a table has scenes only") {
		t.Errorf("the report = %d %s", a.status, a.raw)
	}
}

func TestImportsThatCannotBe(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	ada, studio := s.join("Ada")
	project := s.do("POST", "/api/v1/workspaces/"+studio+"/projects", ada, map[string]any{"name": "Harbour"}).text("id")
	before := s.do("GET", "/api/v1/projects/"+project+"/export?format=json", ada, nil).raw
	for problem, c := range map[string]struct{ query, content string }{
		"unknown-format":   {"?name=x.mov", "\x00\x00\x00\x18ftypqt"},
		"malformed-file":   {"?format=otio", "{"},
		"import-too-large": {"?format=vtt", "WEBVTT\n" + strings.Repeat("x", 33<<20)},
	} {
		if a := s.load(ada, project, c.query, c.content); a.problem() != problem {
			t.Errorf("%s: %d %.200s", problem, a.status, a.raw)
		}
	}
	ben, _ := s.join("Ben")
	s.invite(ada, studio, "Ben", "commenter")
	if a := s.load(ben, project, "?format=edl", list); a.problem() != "forbidden" {
		t.Errorf("an import of a commenter = %d %s", a.status, a.raw)
	}
	if a := s.do("GET", "/api/v1/projects/"+project+"/export?format=edl", ben, nil); a.status != http.StatusOK {
		t.Errorf("an export of a commenter = %d %s", a.status, a.raw)
	}
	if after := s.do("GET", "/api/v1/projects/"+project+"/export?format=json", ada, nil).raw; after != before {
		t.Errorf("refused imports have changed the project to %s", after)
	}
}
