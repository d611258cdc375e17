package server_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
)

func TestAFewDocumentsOfAPersonAreLookedThroughAtOnce(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, workspace := e.join("Ada")
		vic, eve := e.viewer(ada, workspace, "Vic"), e.viewer(ada, workspace, "Eve")
		project := e.project(ada, workspace)
		version := e.do("POST", "/api/v1/projects/"+project+"/versions", ada, map[string]any{"name": "One"})
		if version.status != http.StatusCreated {
			t.Fatalf("making a version: %d %s", version.status, version.raw)
		}
		compare := func(token string) answer {
			return e.do("GET", "/api/v1/versions/"+version.text("id")+"/compare", token, nil)
		}
		// The room thinks about an edit for long, and comparisons with now wait for it.
		gate := make(chan struct{})
		e.guard = func(*crdt.Doc, *crdt.Preview, rooms.Author) error {
			<-gate
			return nil
		}
		writer := e.open("/collab")
		writer.say(project+"/timeline", wire.Token, []byte(ada))
		writer.settle()
		writer.say(project+"/timeline", wire.Update, update(1, "x", 1))
		writer.settle()
		var running sync.WaitGroup
		statuses := make(chan int, 10)
		begin := func(token string) { running.Go(func() { statuses <- compare(token).status }) }
		for range 3 {
			begin(vic)
		}
		synctest.Wait()
		if a := compare(vic); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
			t.Errorf("a fourth at once: %d, Retry-After %q; want 429 and one", a.status, a.header.Get("Retry-After"))
		}
		begin(eve)
		synctest.Wait()
		// The node is full: this one waits its time and is told to come back.
		if a := compare(ada); a.status != http.StatusTooManyRequests {
			t.Errorf("somebody else's when the node is full: %d, want 429", a.status)
		}
		close(gate)
		running.Wait()
		close(statuses)
		for status := range statuses {
			if status != http.StatusOK {
				t.Errorf("one that was begun: %d, want 200", status)
			}
		}
		if a := compare(vic); a.status != http.StatusOK {
			t.Errorf("after that: %d, want 200", a.status)
		}
		writer.leave()
	})
}
