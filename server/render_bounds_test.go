package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/render"
)

// claim has a worker take the next render.
func (s *site) claim() render.Job {
	s.t.Helper()
	c, err := s.store.Claim(s.t.Context(), render.Want{Worker: "n/1", Backends: []string{render.Embedded}, Now: time.Now()})
	if err != nil {
		s.t.Fatal(err)
	}
	return c.Job
}

func TestARenderIsCanceledOnlyIfItWaits(t *testing.T) {
	s, ada, _, project := studio(t)
	running := s.render(ada, project, map[string]any{"kind": "preview"}).text("id")
	waiting := s.render(ada, project, map[string]any{"kind": "delivery", "preset": "webm"}).text("id")
	if j := s.claim(); j.ID != running {
		t.Fatalf("claimed %s", j.ID)
	}
	cancel := func(id, how string) string {
		a := s.do("DELETE", "/api/v1/renders/"+id+how, ada, nil)
		return a.problem() + a.text("state")
	}
	for _, c := range [][3]string{
		{running, "?if=queued", "render-state"},
		{waiting, "?if=queued", "canceled"},
		{waiting, "?if=queued", "render-state"},
		{running, "?if=running", "invalid-request"},
		{running, "", "canceled"},
	} {
		if got := cancel(c[0], c[1]); got != c[2] {
			t.Errorf("DELETE %s%s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

func TestAWaitingRenderIsEdited(t *testing.T) {
	s, ada, _, project := studio(t)
	first := s.render(ada, project, map[string]any{"kind": "delivery", "preset": "webm"}).text("id")
	s.render(ada, project, map[string]any{"kind": "preview"})
	edit := map[string]any{"kind": "delivery", "preset": "prores", "replaces": first}
	a := s.render(ada, project, edit)
	if a.status != http.StatusCreated || a.text("replaces") != first || a.body["place"] != float64(1) || a.body["frames"].(float64) < 1 {
		t.Errorf("edited: %d %s", a.status, a.raw)
	}
	if old := s.do("GET", "/api/v1/renders/"+first, ada, nil); old.text("state") != "canceled" {
		t.Errorf("what was edited is %s", old.raw)
	}
	if again := s.render(ada, project, edit); again.problem() != "render-state" {
		t.Errorf("edited twice: %d %s", again.status, again.raw)
	}
	eve, hers := s.join("Eve")
	other := s.do("POST", "/api/v1/workspaces/"+hers+"/projects", eve, map[string]any{"name": "Hers"}).text("id")
	if a := s.render(eve, other, map[string]any{"kind": "preview", "replaces": a.text("id")}); a.problem() != "not-found" {
		t.Errorf("a stranger replaced it: %d %s", a.status, a.raw)
	}
}

func TestWhatAWorkspaceMayRender(t *testing.T) {
	s, ada, studio, project := studio(t)
	s.render(ada, project, map[string]any{"kind": "preview"})
	budget := "/api/v1/workspaces/" + studio + "/budget"
	if a := s.do("GET", budget, ada, nil); a.status != http.StatusOK || a.body["budget"].(map[string]any)["jobs"] != float64(0) {
		t.Errorf("at first: %d %s", a.status, a.raw)
	}
	set := s.do("PUT", budget, ada, map[string]any{"jobs": 1, "stop_seconds": 60})
	if limits := set.body["budget"].(map[string]any); limits["jobs"] != float64(1) || limits["stop_seconds"] != float64(60) {
		t.Errorf("set: %d %s", set.status, set.raw)
	}
	for _, bad := range []map[string]any{{"jobs": -1}, {"seconds": "much"}, {"more": 1}} {
		if a := s.do("PUT", budget, ada, bad); a.problem() != "invalid-request" {
			t.Errorf("%v: %d %s", bad, a.status, a.raw)
		}
	}
	s.claim()
	late := s.render(ada, project, map[string]any{"kind": "delivery"})
	if late.text("waits_for", "code") != "budget" {
		t.Errorf("beyond the budget: %s", late.raw)
	}
	if list := s.do("GET", "/api/v1/projects/"+project+"/renders", ada, nil); list.text("budget") != "spent" || list.body["workspace_paused"] != false {
		t.Errorf("the list: %s", list.raw)
	}
	if a := s.do("GET", budget, ada, nil); a.body["spent"].(map[string]any)["jobs"] != float64(1) {
		t.Errorf("afterwards: %s", a.raw)
	}
	if a := s.do("PUT", "/api/v1/workspaces/"+studio+"/renders/pause", ada, map[string]any{"paused": true}); a.status >= 300 {
		t.Errorf("paused: %d %s", a.status, a.raw)
	}
	list := s.do("GET", "/api/v1/projects/"+project+"/renders", ada, nil)
	if list.body["workspace_paused"] != true || list.body["paused"] != false || !strings.Contains(list.raw, "all renders of this workspace are paused") {
		t.Errorf("the list: %s", list.raw)
	}
}

func TestARenderIsEstimated(t *testing.T) {
	s, ada, studio, project := studio(t)
	at := "/api/v1/projects/" + project + "/renders/estimate?kind=preview"
	if a := s.do("GET", at, ada, nil); a.status != http.StatusOK || a.body["seconds"] != nil || a.body["frames"].(float64) < 1 {
		t.Errorf("when nothing was rendered: %d %s", a.status, a.raw)
	}
	// One that took a tenth of a second a frame.
	began := time.Now().Add(-time.Hour)
	add := func(id string) {
		_, err := s.store.AddJob(t.Context(), render.Job{
			ID: id, Workspace: studio, Project: project, Kind: render.Preview, Backend: render.Embedded, Hash: id, State: render.Queued, Created: began, Length: 500, Spec: []byte("{}"),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	add("old")
	if _, err := s.store.Claim(t.Context(), render.Want{Worker: "n/1", Backends: []string{render.Embedded}, Now: began}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Change(t.Context(), "old", render.Finished{Fence: 1, Result: render.Result{Frames: 100}}, began.Add(10*time.Second)); err != nil {
		t.Fatal(err)
	}
	add("waiting")
	a := s.do("GET", at, ada, nil)
	frames := a.body["frames"].(float64)
	if seconds := a.body["seconds"].(float64); seconds < frames/10 || seconds > frames/10+1 || a.body["wait_seconds"] != float64(50) {
		t.Errorf("the estimate is %s", a.raw)
	}
	// What runs has no ETA of its own yet.
	s.claim()
	if a := s.do("GET", "/api/v1/renders/waiting", ada, nil); a.problem() != "not-found" {
		t.Errorf("an odd id: %s", a.raw)
	}
	list := s.do("GET", "/api/v1/projects/"+project+"/renders?state=running", ada, nil)
	if eta := list.body["items"].([]any)[0].(map[string]any)["eta_seconds"].(float64); eta < 1 || eta > 50 {
		t.Errorf("what runs ends in %v s", eta)
	}
	for query, want := range map[string]string{"?kind=scene&scene=nope": "not-renderable", "": "invalid-request", "?kind=x": "invalid-request"} {
		if a := s.do("GET", "/api/v1/projects/"+project+"/renders/estimate"+query, ada, nil); a.problem() != want {
			t.Errorf("%q: %d %s", query, a.status, a.raw)
		}
	}
}

// The teams of all projects of a workspace hear that it is paused.
func TestAPausedWorkspaceIsTold(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, studio := e.join("Ada")
		project := e.project(ada, studio)
		team := e.open("/collab")
		team.say(project+"/timeline", wire.Token, []byte(ada))
		team.settle()
		e.do("PUT", "/api/v1/workspaces/"+studio+"/renders/pause", ada, map[string]any{"paused": true})
		e.do("PUT", "/api/v1/workspaces/"+studio+"/budget", ada, map[string]any{"jobs": 1})
		notices := 0
		for _, m := range team.settle() {
			if m.Kind == wire.Stateless && string(m.Payload) == `{"notice":"renders","type":"notice"}` {
				notices++
			}
		}
		if notices != 2 {
			t.Errorf("heard %d notices, want 2", notices)
		}
		team.leave()
	})
}
