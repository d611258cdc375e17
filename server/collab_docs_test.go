package server_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt/awareness"
	"github.com/soratoo/soratoo/crdt/wire"
)

// step is a message that a provider sends.
type step struct {
	kind    wire.Kind
	payload []byte
}

// opened is what a provider gets that opens a document, as long as nothing else
// happens in it.
var opened = []wire.Kind{wire.Authenticated, wire.SyncStep1, wire.SyncStep2}

func TestAClosedDocumentIsOpenedAnew(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		good, bad := step{wire.Token, []byte(token)}, step{wire.Token, []byte("garbage")}
		sync, presence, done := step{wire.SyncStep1, empty}, step{wire.Awareness, awareness.Append(nil)}, step{wire.Close, nil}
		denied := slices.Concat([]wire.Kind{wire.PermissionDenied}, opened)
		for _, p := range []struct {
			name  string
			steps []step
			want  []wire.Kind
			slow  bool // all of it comes while the document loads
		}{
			{"destroyed before its token was there", []step{sync, presence, done, good, sync}, opened, false},
			{"destroyed before it did anything", []step{done, good, sync}, opened, false},
			{"destroyed before the answer", []step{good, sync, presence, done, good, sync}, opened, true},
			{"destroyed twice before the answer", []step{good, done, good, sync, done, done, good, sync}, opened, true},
			{"left alone before the answer", []step{good, sync, done}, nil, true},
			{"started twice", []step{good, sync, good}, opened, true},
			{"refused, then another provider", []step{bad, sync, presence, done, good, sync}, denied, false},
			{"refused, then another token", []step{bad, sync, presence, good, sync}, denied, false},
			{"open, then another provider", []step{good, sync, done, good, sync}, slices.Concat(opened, opened), false},
		} {
			doc := e.project(token, workspace) + "/timeline"
			if p.slow {
				e.gate = make(chan struct{})
			}
			c := e.open("/collab")
			for _, s := range p.steps {
				c.say(doc, s.kind, s.payload)
				c.settle()
			}
			if p.slow {
				close(e.gate)
				c.settle()
				e.gate = nil
			}
			if got := c.kinds(doc); !slices.Equal(got, p.want) {
				t.Errorf("%s: got %v, want %v", p.name, got, p.want)
			}
			if p.want != nil {
				c.say(doc, wire.Update, update(7, "x", 1))
				if got := c.kinds(doc); got[len(got)-1] != wire.SyncStatus {
					t.Errorf("%s: an edit got %v, want an acknowledgement", p.name, got)
				}
			}
			c.leave()
		}
	})
}

func TestARefusedTokenLeavesTheNextOneItsTurn(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		doc := e.project(token, workspace) + "/timeline"
		c := e.open("/collab")
		// The second comes while the first may still be looked at.
		c.say(doc, wire.Token, []byte("garbage"))
		c.say(doc, wire.Token, []byte(token))
		c.say(doc, wire.SyncStep1, empty)
		got := c.kinds(doc)
		if len(got) > 0 && got[0] == wire.PermissionDenied {
			got = got[1:]
		}
		if !slices.Equal(got, opened) {
			t.Errorf("got %v, want %v", got, opened)
		}
		c.leave()
	})
}

func TestPlacesOnASocketComeBack(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		project := e.project(token, workspace)
		doc := func(i int) string { return fmt.Sprint(project, "/timeline\x00", i) }
		c := e.open("/collab")
		c.say(project+"/review", wire.Token, []byte(token)) // with nothing open the socket would end
		c.settle()
		for i := 1; i <= 100; i++ {
			c.say(doc(i), wire.SyncStep1, empty) // nobody's: its Close comes first
			c.say(doc(i), wire.Close, nil)
			c.say(doc(i), wire.Token, []byte(token))
			c.say(doc(i), wire.Close, nil)
			c.settle()
			time.Sleep(time.Second) // Auths cost something
		}
		for i := 1; i <= 100; i++ {
			c.say(doc(i), wire.Token, []byte("garbage"))
			c.settle()
			time.Sleep(time.Second)
		}
		c.say(project+"/review", wire.Close, nil)
		if denied := c.open64(doc, token); denied != nil {
			t.Errorf("documents %v of 64 were denied", denied)
		}
		c.leave()
	})
}

// open64 opens 64 documents and returns those that were denied.
func (c *client) open64(doc func(int) string, token string) (denied []int) {
	for i := range 64 {
		c.say(doc(i), wire.Token, []byte(token))
		if got := c.kinds(doc(i)); len(got) == 0 || got[len(got)-1] != wire.Authenticated {
			denied = append(denied, i)
		}
		time.Sleep(time.Second)
	}
	return denied
}

func TestADocumentTooManyIsDeniedAlone(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		token, workspace := e.join("Ada")
		project := e.project(token, workspace)
		doc := func(i int) string { return fmt.Sprint(project, "/timeline\x00", i) }
		c := e.open("/collab")
		if denied := c.open64(doc, token); denied != nil {
			t.Fatalf("documents %v of 64 were denied", denied)
		}
		c.say(doc(64), wire.SyncStep1, empty)
		c.say(doc(64), wire.Token, []byte(token))
		for i := range 300 { // its page does not notice
			c.say(doc(64), wire.Update, update(9, "k", i))
		}
		if got := c.kinds(doc(64)); !slices.Equal(got, []wire.Kind{wire.PermissionDenied}) || c.code() != 0 {
			t.Errorf("the 65th document: %v, closed %d; want PermissionDenied, open", got, c.code())
		}
		c.say(doc(3), wire.Update, update(7, "x", 1))
		if got := c.kinds(doc(3)); got[len(got)-1] != wire.SyncStatus {
			t.Errorf("another document: %v, want an acknowledgement last", got)
		}
		c.say(doc(5), wire.Close, nil)
		c.say(doc(64), wire.Token, []byte(token))
		if got := c.kinds(doc(64)); got[len(got)-1] != wire.Authenticated {
			t.Errorf("with a free place: %v, want Authenticated last", got)
		}
		c.leave()
	})
}
