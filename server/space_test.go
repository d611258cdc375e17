package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/soratoo/soratoo/auth"
)

// A store without space is said in words, by /readyz and by what would write.
func TestAStoreWithoutSpaceIsSaidInWords(t *testing.T) {
	s := newSite(t, "http://localhost")
	ada, studio := s.join("Ada")
	full := fmt.Errorf("committing: %w", syscall.ENOSPC)
	s.server.Ping = func(context.Context) error { return full }
	s.handler = s.server.Handler()
	if a := s.do("GET", "/readyz", "", nil); a.status != http.StatusServiceUnavailable || !strings.Contains(a.raw, "disk is full") {
		t.Errorf("/readyz = %d %q", a.status, a.raw)
	}
	s.server.Prepare = func(context.Context, auth.Project, string) error { return full }
	a := s.do("POST", "/api/v1/workspaces/"+studio+"/projects", ada, map[string]any{"name": "Harbour"})
	if a.status != http.StatusInsufficientStorage || a.problem() != "disk-full" || !strings.Contains(a.text("title"), "disk of the server is full") {
		t.Errorf("a write = %d %s", a.status, a.raw)
	}
}
