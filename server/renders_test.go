package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms/timeline"
	"github.com/soratoo/soratoo/server"
	"github.com/soratoo/soratoo/storage/sqlstore"
)

// sampleCuts is the sample timeline, for every project.
type sampleCuts struct{}

func (sampleCuts) Cut(context.Context, string) (timeline.Timeline, error) {
	doc, err := timeline.Open(timeline.Sample("Harbour"))
	return timeline.Project(doc), err
}

func (sampleCuts) Footage(context.Context, string) (map[string]render.Footage, error) {
	return nil, nil
}

func (sampleCuts) Papers(context.Context, string) ([]render.Paper, error) {
	return []render.Paper{{Name: "cut.edl", Text: "TITLE: Harbour"}}, nil
}

func (sampleCuts) Choose(context.Context, string, string, string, string) error { return nil }

// rendersOf is a queue that nobody works on; changes are told to the server.
func rendersOf(store *sqlstore.Store, rights *auth.Service, to func() *server.Server) *render.Service {
	d := render.NewDispatcher(render.Config{Store: store})
	told := func(c render.Change) { to().RenderChanged(c) }
	return render.NewService(render.ServiceConfig{
		Queue: render.NewQueue(store, store, d, told), Desk: store, Rights: rights, Cuts: sampleCuts{},
	})
}

// ask queues a render of a project.
func (s *site) render(token, project string, body map[string]any) answer {
	s.t.Helper()
	return s.do("POST", "/api/v1/projects/"+project+"/renders", token, body)
}

func TestRendersWaitInWords(t *testing.T) {
	s, ada, _, project := studio(t)
	first := s.render(ada, project, map[string]any{"kind": "preview"})
	second := s.render(ada, project, map[string]any{"kind": "delivery", "preset": "webm"})
	if first.status != http.StatusCreated || first.text("state") != "queued" || first.text("waits_for", "message") != "it is next" {
		t.Errorf("the first: %d %s", first.status, first.raw)
	}
	if second.text("waits_for", "message") != "one render is before it" || second.body["place"] != float64(2) {
		t.Errorf("the second: %d %s", second.status, second.raw)
	}
	if moved := s.do("POST", "/api/v1/renders/"+second.text("id")+"/move", ada, map[string]any{"before": first.text("id")}); moved.text("waits_for", "message") != "it is next" {
		t.Errorf("moved: %d %s", moved.status, moved.raw)
	}
	if a := s.do("PUT", "/api/v1/projects/"+project+"/renders/pause", ada, map[string]any{"paused": true}); a.status >= 300 {
		t.Errorf("paused: %d %s", a.status, a.raw)
	}
	list := s.do("GET", "/api/v1/projects/"+project+"/renders?limit=1", ada, nil)
	if items, _ := list.body["items"].([]any); len(items) != 1 || list.body["paused"] != true || list.text("next_cursor") == "" ||
		!strings.Contains(list.raw, "paused") || list.body["seq"].(float64) != 3 {
		t.Errorf("the list: %s", list.raw)
	}
	if a := s.do("DELETE", "/api/v1/renders/"+first.text("id"), ada, nil); a.text("state") != "canceled" {
		t.Errorf("cancelled: %d %s", a.status, a.raw)
	}
	if a := s.do("DELETE", "/api/v1/renders/"+first.text("id"), ada, nil); a.problem() != "render-state" {
		t.Errorf("cancelled twice: %d %s", a.status, a.raw)
	}
	if a := s.do("POST", "/api/v1/renders/"+first.text("id")+"/retry", ada, nil); a.status != http.StatusCreated || a.text("state") != "queued" || a.text("id") == first.text("id") || a.text("retries") != first.text("id") {
		t.Errorf("tried again: %d %s", a.status, a.raw)
	}
	for what, body := range map[string]map[string]any{
		"not-renderable":  {"kind": "scene", "scene": "nope"},
		"unknown-render":  {"kind": "preview", "backend": "nope"},
		"invalid-request": {"kind": "everything"},
	} {
		if a := s.render(ada, project, body); a.problem() != what {
			t.Errorf("%v: %d %s, want %s", body, a.status, a.raw, what)
		}
	}
}

// The team hears of every change at once and in order; guests hear nothing of the queue.
func TestRendersAreLive(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, studio := e.join("Ada")
		project := e.project(ada, studio)
		doc := project + "/timeline"
		_, link := e.share(ada, project, map[string]any{})
		team := e.open("/collab")
		team.say(doc, wire.Token, []byte(ada))
		team.settle()
		guest, _ := e.visit(link, doc)
		id := e.render(ada, project, map[string]any{"kind": "preview"}).text("id")
		e.do("DELETE", "/api/v1/renders/"+id, ada, nil)
		heard := func(c *client) (events []string) {
			for _, m := range c.settle() {
				if m.Kind == wire.Stateless && strings.Contains(string(m.Payload), `"type":"render"`) {
					events = append(events, string(m.Payload))
				}
			}
			return events
		}
		got := heard(team)
		if len(got) != 2 || !strings.Contains(got[0], `"queued"`) || !strings.Contains(got[0], `"seq":1`) ||
			!strings.Contains(got[1], `"canceled"`) || !strings.Contains(got[1], `"seq":2`) {
			t.Errorf("the team hears %v", got)
		}
		if got := heard(guest); len(got) > 0 {
			t.Errorf("a guest hears %v", got)
		}
		guest.leave()
		team.leave()
	})
}
