package server_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/lib0"
	"github.com/soratoo/soratoo/crdt/wire"
)

// hidden is an update of 15 bytes which says of all that a client will ever write
// that it is gone.
func hidden(client uint64, clock uint32) []byte {
	b := lib0.AppendUint(lib0.AppendUint(lib0.AppendUint(lib0.AppendUint(nil, 1), 1), client), uint64(clock))
	return append(lib0.AppendUint(append(b, 0), 1<<31-2-uint64(clock)), 0)
}

// A guest with a comment link hides whatever Ada will write: it is refused, the
// guest is out, and what she wrote without a network is there when she returns.
func TestAGuestHidesNothingOfOthers(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		e.guard = guarded
		ada, studio := e.join("Ada")
		project := e.project(ada, studio)
		doc, me := project+"/review", e.do("GET", "/api/v1/me", ada, nil).text("id")
		_, link := e.share(ada, project, map[string]any{"capabilities": []string{"comment"}})

		hers := e.open("/collab")
		hers.say(doc, wire.Token, []byte(ada))
		mine := crdt.New(crdt.Options{ClientID: 5})
		first := comment(mine, me, "first")
		hers.say(doc, wire.Update, first)
		hers.settle()
		hers.leave()
		at := mine.Next(5)
		offline := comment(mine, me, "without a network")

		guest, _ := e.visit(link, doc)
		guest.say(doc, wire.Update, hidden(5, at))
		for _, m := range guest.settle() {
			if m.Kind == wire.SyncStatus && m.Applied {
				t.Error("what hides the rest is acknowledged")
			}
		}
		if guest.code() != 4403 {
			t.Errorf("the guest is closed with code %d", guest.code())
		}
		back := e.open("/collab")
		back.say(doc, wire.Token, []byte(ada))
		back.say(doc, wire.SyncStep2, offline)
		back.settle()
		if got := back.status(doc); back.code() != 0 {
			t.Errorf("Ada was answered %q, code %d", got, back.code())
		}
		state := e.state(ada, doc)
		for _, text := range []string{"first", "without a network"} {
			if !bytes.Contains(state, []byte(text)) {
				t.Errorf("the comment %q is gone", text)
			}
		}
		back.leave()
	})
}

// comment opens a thread in a document.
func comment(d *crdt.Doc, person, text string) []byte {
	other := crdt.New(crdt.Options{ClientID: 1})
	if err := other.Apply(commentBy(2, person)); err != nil {
		panic(err)
	}
	threads := other.Map("threads").JSON()
	return d.Transact(func(tx *crdt.Tx) {
		for id, thread := range threads {
			fields, _ := thread.(map[string]any)
			messages, _ := fields["messages"].(map[string]any)
			said := map[string]any{}
			for message, of := range messages {
				fields, _ := of.(map[string]any)
				fields["body"] = crdt.NewText(text)
				said[message] = crdt.NewMap(fields)
			}
			fields["messages"], fields["reactions"] = crdt.NewMap(said), crdt.NewMap(nil)
			d.Map("threads").Set(tx, id, crdt.NewMap(fields))
		}
	})
}

// An owner takes out all that a guest wrote, or begins anew; copies of before do not
// bring it back.
func TestOwnersResetDocuments(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, studio := e.join("Ada")
		project := e.project(ada, studio)
		doc := project + "/review"
		_, link := e.share(ada, project, map[string]any{"capabilities": []string{"comment"}})
		me := e.do("GET", "/api/v1/me", ada, nil).text("id")
		hers, his := crdt.New(crdt.Options{ClientID: 5}), crdt.New(crdt.Options{ClientID: 6})
		team := e.open("/collab")
		team.say(doc, wire.Token, []byte(ada))
		team.say(doc, wire.Update, comment(hers, me, "hers"))
		team.settle()
		guest, in := e.visit(link, doc)
		guest.say(doc, wire.Update, comment(his, in.text("guest", "id"), "rubbish"))
		if got := guest.status(doc); got == "" {
			t.Fatal("the guest's comment is not taken")
		}
		reset := func(document string, body map[string]any) {
			t.Helper()
			a := e.do("POST", "/api/v1/projects/"+project+"/documents/"+document+"/reset", ada, body)
			if a.status != http.StatusOK {
				t.Fatalf("resetting the %s: %d %s", document, a.status, a.raw)
			}
		}
		reset("review", map[string]any{"without": []string{in.text("guest", "id")}})
		if team.code() != 4409 || guest.code() != 4409 {
			t.Errorf("after the reset the codes are %d and %d", team.code(), guest.code())
		}
		if state := e.state(ada, doc); !bytes.Contains(state, []byte("hers")) || bytes.Contains(state, []byte("rubbish")) {
			t.Errorf("without the guest the review is %q", state)
		}
		again, _ := e.visit(link, doc)
		again.say(doc, wire.SyncStep2, his.Encode())
		if got := e.state(ada, doc); bytes.Contains(got, []byte("rubbish")) {
			t.Error("the guest's copy brings it back")
		}
		again.leave()

		reset("review", map[string]any{})
		back := e.open("/collab")
		back.say(doc, wire.Token, []byte(ada))
		back.say(doc, wire.SyncStep2, hers.Encode())
		if back.code() != 4409 {
			t.Errorf("a copy of before is answered with code %d", back.code())
		}
		if state := e.state(ada, doc); bytes.Contains(state, []byte("hers")) {
			t.Error("what was reset is back")
		}
	})
}
