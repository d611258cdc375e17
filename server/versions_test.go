package server_test

import (
	"net/http"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/timeline"
)

func TestVersionsAreMadeListedNamedAndDeleted(t *testing.T) {
	s, ada, _, project := studio(t)
	path := "/api/v1/projects/" + project + "/versions"
	rough := s.do("POST", path, ada, map[string]any{"name": "Rough cut"})
	if rough.status != http.StatusCreated || rough.text("kind") != "named" || rough.text("name") != "Rough cut" {
		t.Fatalf("POST = %d %s", rough.status, rough.raw)
	}
	fine := s.do("POST", path, ada, map[string]any{"name": "Fine cut"})
	first := s.do("GET", path+"?limit=1", ada, nil)
	items, _ := first.body["items"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["id"] != fine.text("id") || first.text("next_cursor") == "" {
		t.Errorf("the first page is %s", first.raw)
	}
	second := s.do("GET", path+"?limit=1&cursor="+first.text("next_cursor"), ada, nil)
	items, _ = second.body["items"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["id"] != rough.text("id") || second.text("next_cursor") != "" {
		t.Errorf("the second page is %s", second.raw)
	}
	one := "/api/v1/versions/" + rough.text("id")
	if a := s.do("PATCH", one, ada, map[string]any{"name": "Rougher"}); a.text("name") != "Rougher" {
		t.Errorf("PATCH = %d %s", a.status, a.raw)
	}
	if a := s.do("GET", one, ada, nil); a.text("name") != "Rougher" {
		t.Errorf("GET = %d %s", a.status, a.raw)
	}
	if a := s.do("POST", one+"/restore", ada, nil); a.problem() != "nothing-to-restore" {
		t.Errorf("restoring what is there = %d %s", a.status, a.raw)
	}
	if a := s.do("POST", one+"/undo", ada, nil); a.problem() != "no-restore" {
		t.Errorf("undoing what is no restore = %d %s", a.status, a.raw)
	}
	if a := s.do("GET", one+"/timeline", ada, nil); a.status != 200 || a.body["schema"] == nil {
		t.Errorf("the timeline is %d %s", a.status, a.raw)
	}
	if a := s.do("GET", one+"/state", ada, nil); a.status != 200 || crdt.Verify([]byte(a.raw)) != nil {
		t.Errorf("the state is %d %q", a.status, a.raw)
	}
	if a := s.do("DELETE", one, ada, nil); a.status != http.StatusNoContent {
		t.Errorf("DELETE = %d %s", a.status, a.raw)
	}
	if a := s.do("GET", one, ada, nil); a.problem() != "not-found" {
		t.Errorf("afterwards it is %d %s", a.status, a.raw)
	}
}

func TestARestoreIsAnEditAndIsTakenBack(t *testing.T) {
	s, ada, _, project := studio(t)
	doc := project + "/timeline"
	write := func(update []byte) {
		t.Helper()
		if err := s.hub.Edit(t.Context(), doc, "ben", func([]byte) ([]byte, error) { return update, nil }); err != nil {
			t.Fatal(err)
		}
	}
	title := func() string {
		t.Helper()
		state, err := s.hub.State(t.Context(), doc)
		if err != nil {
			t.Fatal(err)
		}
		d, err := timeline.Open(state)
		if err != nil {
			t.Fatal(err)
		}
		return timeline.Project(d).Title
	}
	write(timeline.Seed("Harbour"))
	version := s.do("POST", "/api/v1/projects/"+project+"/versions", ada, map[string]any{"name": "Rough cut"}).text("id")
	state, err := s.hub.State(t.Context(), doc)
	if err != nil {
		t.Fatal(err)
	}
	d, err := timeline.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	write(d.Transact(func(tx *crdt.Tx) { d.Map(timeline.RootMeta).Set(tx, "title", "Lighthouse") }))
	compared := s.do("GET", "/api/v1/versions/"+version+"/compare", ada, nil)
	if changes, _ := compared.body["changes"].([]any); len(changes) != 1 {
		t.Errorf("compared with now: %d %s", compared.status, compared.raw)
	}
	restored := s.do("POST", "/api/v1/versions/"+version+"/restore", ada, nil)
	if restored.status != http.StatusCreated || restored.text("kind") != "restored" || restored.text("of") != version || title() != "Harbour" {
		t.Fatalf("restore = %d %s, title %q", restored.status, restored.raw, title())
	}
	undone := s.do("POST", "/api/v1/versions/"+restored.text("id")+"/undo", ada, nil)
	if undone.status != http.StatusCreated || title() != "Lighthouse" {
		t.Fatalf("undo = %d %s, title %q", undone.status, undone.raw, title())
	}
	redone := s.do("POST", "/api/v1/versions/"+undone.text("id")+"/undo", ada, nil)
	if redone.status != http.StatusCreated || title() != "Harbour" {
		t.Fatalf("undo of the undo = %d %s, title %q", redone.status, redone.raw, title())
	}
	writers := s.do("GET", "/api/v1/projects/"+project+"/writers", ada, nil)
	items, _ := writers.body["items"].([]any)
	if len(items) != 2 {
		t.Errorf("the writers are %d %s", writers.status, writers.raw)
	}
}

func TestWhoMayOnlyReadMakesNoVersions(t *testing.T) {
	s, ada, workspace, project := studio(t)
	ben, _ := s.join("Ben")
	s.invite(ada, workspace, "Ben", "commenter")
	path := "/api/v1/projects/" + project + "/versions"
	version := "/api/v1/versions/" + s.do("POST", path, ada, map[string]any{"name": "Rough cut"}).text("id")
	for _, try := range []struct {
		method, path string
		body         any
	}{
		{"POST", path, map[string]any{"name": "Mine"}},
		{"PATCH", version, map[string]any{"name": "Mine"}},
		{"DELETE", version, nil},
		{"POST", version + "/restore", nil},
		{"POST", version + "/undo", nil},
	} {
		if a := s.do(try.method, try.path, ben, try.body); a.problem() != "forbidden" {
			t.Errorf("%s %s = %d %s", try.method, try.path, a.status, a.raw)
		}
	}
	if a := s.do("GET", version+"/compare", ben, nil); a.status != 200 {
		t.Errorf("comparing = %d %s", a.status, a.raw)
	}
}
