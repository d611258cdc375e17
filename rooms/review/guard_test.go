package review_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/review"
	"github.com/soratoo/soratoo/rooms/shape"
)

// stage is a review document as the server has it: ada opened "hers", to which
// ben replied and reacted; ben opened "his".
func stage(t *testing.T) *crdt.Doc {
	t.Helper()
	d := crdt.New(crdt.Options{ClientID: 1})
	d.Transact(func(tx *crdt.Tx) {
		d.Map("threads").Set(tx, "hers", thread("ada", map[string]any{
			"m1": message("ada", "too dark"), "m2": message("ben", "lighter now"),
		}, map[string]any{"ben:👍": true}))
		d.Map("threads").Set(tx, "his", thread("ben", map[string]any{"m3": message("ben", "cut here")}, nil))
		d.Map("approvals").Set(tx, "ada", map[string]any{"version": nil, "verdict": "approved", "at": 7})
	})
	return d
}

func thread(author string, messages, reactions map[string]any) *crdt.Nested {
	return crdt.NewMap(map[string]any{
		"author": author, "created": 1700000000000,
		"anchor":   map[string]any{"on": "timeline", "start": 3, "end": 3},
		"state":    map[string]any{"status": "open", "by": author, "at": 1700000000000},
		"messages": crdt.NewMap(messages), "reactions": crdt.NewMap(reactions),
	})
}

func message(author, body string) *crdt.Nested {
	return crdt.NewMap(map[string]any{"author": author, "created": 1700000000000, "body": crdt.NewText(body)})
}

// desk is a person's copy of the document, in a transaction.
type desk struct {
	t  *testing.T
	d  *crdt.Doc
	tx *crdt.Tx
}

// at is the map at the end of a way through maps.
func (w desk) at(root string, path ...string) crdt.Map {
	w.t.Helper()
	m := w.d.Map(root)
	for _, key := range path {
		v, _ := m.Get(key)
		next, ok := v.(crdt.Map)
		if !ok {
			w.t.Fatalf("%s %v holds %v at %s", root, path, v, key)
		}
		m = next
	}
	return m
}

func (w desk) set(v any, root string, path ...string) {
	w.t.Helper()
	last := len(path) - 1
	w.at(root, path[:last]...).Set(w.tx, path[last], v)
}

func (w desk) remove(root string, path ...string) {
	w.t.Helper()
	last := len(path) - 1
	w.at(root, path[:last]...).Delete(w.tx, path[last])
}

// body is the text of a message.
func (w desk) body(thread, id string) crdt.Text {
	w.t.Helper()
	v, _ := w.at("threads", thread, "messages", id).Get("body")
	text, ok := v.(crdt.Text)
	if !ok {
		w.t.Fatalf("the body of %s is %v", id, v)
	}
	return text
}

func state(status, by string) map[string]any {
	return map[string]any{"status": status, "by": by, "at": 1700000000001}
}

// judged is what the guard says of an edit, which must not touch the document,
// and what it says when the update tells nothing of what it overwrites.
func judged(t *testing.T, by review.Writer, edit func(w desk)) (whole, silent error) {
	t.Helper()
	server := stage(t)
	update := edited(t, server, edit)
	before := server.Encode()
	whole = guarded(t, server, by, update)
	silent = guarded(t, server, by, withoutDeletes(t, update))
	if !bytes.Equal(server.Encode(), before) {
		t.Error("the guard changed the document")
	}
	return whole, silent
}

// edited is an edit made in a copy, as an update.
func edited(t *testing.T, server *crdt.Doc, edit func(w desk)) []byte {
	t.Helper()
	copied := crdt.New(crdt.Options{ClientID: 77})
	if err := copied.Apply(server.Encode()); err != nil {
		t.Fatal(err)
	}
	return copied.Transact(func(tx *crdt.Tx) { edit(desk{t, copied, tx}) })
}

// withoutDeletes is an update that puts new values in front of old ones without
// saying that the old ones go, which every replica finds out by itself.
func withoutDeletes(t *testing.T, update []byte) []byte {
	t.Helper()
	inserts, err := crdt.InsertsOf(update)
	if err != nil {
		t.Fatal(err)
	}
	out, err := crdt.IntersectUpdate(update, inserts, crdt.IDs{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func guarded(t *testing.T, server *crdt.Doc, by review.Writer, update []byte) error {
	t.Helper()
	p, err := server.Preview(update)
	if err != nil {
		t.Fatal(err)
	}
	if !p.New() {
		return errNothing
	}
	return review.Guard(server, p, by)
}

var errNothing = errors.New("nothing new")

// then is when it all happens.
var then = time.UnixMilli(1_700_000_000_000)

var ben, moderator = review.Writer{Person: "ben", Now: then}, review.Writer{Person: "mia", Moderates: true, Now: then}

func TestPeopleWriteInTheirOwnName(t *testing.T) {
	for name, c := range map[string]struct {
		by   review.Writer
		edit func(w desk)
	}{
		"a thread": {ben, func(w desk) {
			w.set(thread("ben", map[string]any{"n": message("ben", "hm")}, nil), "threads", "new")
		}},
		"a reply": {ben, func(w desk) { w.set(message("ben", "yes"), "threads", "hers", "messages", "n") }},
		"an edit of their own": {ben, func(w desk) {
			w.body("hers", "m2").Insert(w.tx, 0, "much ")
			w.set(1700000000009, "threads", "hers", "messages", "m2", "edited")
		}},
		"their message goes":    {ben, func(w desk) { w.remove("threads", "hers", "messages", "m2") }},
		"their thread goes":     {ben, func(w desk) { w.remove("threads", "his") }},
		"their thread resolved": {ben, func(w desk) { w.set(state("resolved", "ben"), "threads", "his", "state") }},
		"their anchor": {ben, func(w desk) {
			w.set(map[string]any{"on": "scene", "id": "s1", "start": 0, "end": 9}, "threads", "his", "anchor")
		}},
		"a reaction":          {ben, func(w desk) { w.set(true, "threads", "hers", "reactions", "ben:🎬") }},
		"a reaction goes":     {ben, func(w desk) { w.remove("threads", "hers", "reactions", "ben:👍") }},
		"a verdict":           {ben, func(w desk) { w.set(map[string]any{"verdict": "changes", "at": 1700000000003}, "approvals", "ben") }},
		"moderation resolves": {moderator, func(w desk) { w.set(state("resolved", "mia"), "threads", "hers", "state") }},
		"moderation removes":  {moderator, func(w desk) { w.remove("threads", "hers", "messages", "m1"); w.remove("threads", "his") }},
	} {
		whole, silent := judged(t, c.by, c.edit)
		if whole != nil || silent != nil && !errors.Is(silent, errNothing) {
			t.Errorf("%s: %v, %v", name, whole, silent)
		}
	}
}

func TestNobodyWritesForAnother(t *testing.T) {
	for name, c := range map[string]struct {
		by   review.Writer
		edit func(w desk)
	}{
		"a thread by another": {ben, func(w desk) { w.set(thread("ada", nil, nil), "threads", "new") }},
		"a thread by nobody":  {ben, func(w desk) { w.set(crdt.NewMap(map[string]any{"created": 1700000000000}), "threads", "new") }},
		"a thread with another inside": {ben, func(w desk) {
			w.set(thread("ben", map[string]any{"n": message("ada", "I agree")}, nil), "threads", "new")
		}},
		"a thread another reacts to": {ben, func(w desk) { w.set(thread("ben", nil, map[string]any{"ada:👍": true}), "threads", "new") }},
		"a thread another resolved": {ben, func(w desk) {
			w.set(thread("ben", nil, nil), "threads", "new")
			w.set(state("resolved", "ada"), "threads", "new", "state")
		}},
		"a reply by another": {ben, func(w desk) { w.set(message("ada", "yes"), "threads", "hers", "messages", "n") }},
		"a reply by nobody": {ben, func(w desk) {
			w.set(crdt.NewMap(map[string]any{"body": crdt.NewText("x")}), "threads", "hers", "messages", "n")
		}},
		"another author":             {ben, func(w desk) { w.set("ben", "threads", "hers", "author") }},
		"no author":                  {ben, func(w desk) { w.remove("threads", "his", "author") }},
		"another time":               {ben, func(w desk) { w.set(1700000000000, "threads", "his", "created") }},
		"another author of a reply":  {ben, func(w desk) { w.set("ben", "threads", "hers", "messages", "m1", "author") }},
		"another time of their own":  {ben, func(w desk) { w.set(1700000000000, "threads", "hers", "messages", "m2", "created") }},
		"an edit of another's":       {ben, func(w desk) { w.body("hers", "m1").Insert(w.tx, 0, "not ") }},
		"a cut in another's":         {ben, func(w desk) { w.body("hers", "m1").Delete(w.tx, 0, 3) }},
		"another's message goes":     {ben, func(w desk) { w.remove("threads", "hers", "messages", "m1") }},
		"another's thread goes":      {ben, func(w desk) { w.remove("threads", "hers") }},
		"another's message replaced": {ben, func(w desk) { w.set(message("ben", "mine"), "threads", "hers", "messages", "m1") }},
		"another's thread replaced":  {ben, func(w desk) { w.set(thread("ben", nil, nil), "threads", "hers") }},
		"all messages replaced":      {ben, func(w desk) { w.set(crdt.NewMap(nil), "threads", "hers", "messages") }},
		"all messages go":            {ben, func(w desk) { w.remove("threads", "his", "messages") }},
		"all reactions go":           {ben, func(w desk) { w.remove("threads", "hers", "reactions") }},
		"another's thread resolved":  {ben, func(w desk) { w.set(state("resolved", "ben"), "threads", "hers", "state") }},
		"resolved by another":        {ben, func(w desk) { w.set(state("resolved", "ada"), "threads", "his", "state") }},
		"another's anchor": {ben, func(w desk) {
			w.set(map[string]any{"on": "timeline", "start": 0, "end": 0}, "threads", "hers", "anchor")
		}},
		"another's reaction":        {ben, func(w desk) { w.set(true, "threads", "hers", "reactions", "ada:👍") }},
		"another's verdict":         {ben, func(w desk) { w.set(map[string]any{"verdict": "approved", "at": 1700000000003}, "approvals", "ada") }},
		"another's verdict goes":    {ben, func(w desk) { w.remove("approvals", "ada") }},
		"moderation speaks for ada": {moderator, func(w desk) { w.set(message("ada", "x"), "threads", "hers", "messages", "n") }},
		"moderation edits":          {moderator, func(w desk) { w.body("hers", "m1").Insert(w.tx, 0, "not ") }},
		"moderation as another":     {moderator, func(w desk) { w.set(state("resolved", "ada"), "threads", "hers", "state") }},
	} {
		whole, silent := judged(t, c.by, c.edit)
		if !errors.Is(whole, review.ErrOthers) || !errors.Is(silent, review.ErrOthers) && !errors.Is(silent, errNothing) {
			t.Errorf("%s: %v, and silently %v, want that it is not theirs", name, whole, silent)
		}
	}
}

// What somebody did and took back without a network comes as one update, in which
// only traces are left.
func TestWhatWasTakenBackOfflineIsNoOffence(t *testing.T) {
	steps := []func(w desk){
		func(w desk) { w.set(message("ben", "hm"), "threads", "hers", "messages", "n") },
		func(w desk) { w.remove("threads", "hers", "messages", "n") },
		func(w desk) { w.set(state("resolved", "ben"), "threads", "his", "state") },
		func(w desk) { w.set(state("open", "ben"), "threads", "his", "state") },
		func(w desk) { w.set(thread("ben", map[string]any{"n": message("ben", "hm")}, nil), "threads", "new") },
		func(w desk) { w.remove("threads", "new") },
		func(w desk) { w.set(true, "threads", "hers", "reactions", "ben:🎬") },
		func(w desk) { w.remove("threads", "hers", "reactions", "ben:🎬") },
		func(w desk) { w.set(map[string]any{"verdict": "approved", "at": 1700000000003}, "approvals", "ben") },
		func(w desk) { w.remove("approvals", "ben") },
		func(w desk) { w.body("hers", "m2").Insert(w.tx, 0, "much ") },
		func(w desk) { w.body("hers", "m2").Delete(w.tx, 0, 5) },
	}
	server := stage(t)
	offline := crdt.New(crdt.Options{ClientID: 77})
	if err := offline.Apply(server.Encode()); err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		offline.Transact(func(tx *crdt.Tx) { step(desk{t, offline, tx}) })
	}
	update, err := offline.Diff(server.StateVector())
	if err != nil {
		t.Fatal(err)
	}
	if err := guarded(t, server, ben, update); err != nil {
		t.Error(err)
	}
}

// The last to write in a thread may not take it away with what others said.
func TestAThreadStaysWhileOthersSpeakInIt(t *testing.T) {
	ada := review.Writer{Person: "ada", Now: then}
	if err, _ := judged(t, ada, func(w desk) { w.remove("threads", "hers") }); !errors.Is(err, review.ErrOthers) {
		t.Errorf("ada's thread with ben's reply: %v", err)
	}
}

func TestReviewsHaveTheirShape(t *testing.T) {
	for name, edit := range map[string]func(w desk){
		"another root":      func(w desk) { w.d.Map("more").Set(w.tx, "x", 1) },
		"a list in a root":  func(w desk) { w.d.Array("threads").Push(w.tx, 1) },
		"a text as thread":  func(w desk) { w.set(crdt.NewText("x"), "threads", "new") },
		"a value as thread": func(w desk) { w.set("x", "threads", "new") },
		"a thread's name":   func(w desk) { w.set(thread("ben", nil, nil), "threads", "../new") },
		"a wrong anchor":    func(w desk) { w.set(map[string]any{"on": "moon", "start": 0, "end": 0}, "threads", "his", "anchor") },
		"a long body":       func(w desk) { w.body("hers", "m2").Insert(w.tx, 0, strings.Repeat("long ", 4000)) },
		"a picture in it":   func(w desk) { w.body("hers", "m2").InsertEmbed(w.tx, 0, map[string]any{"image": "x"}, nil) },
		"a format in it":    func(w desk) { w.body("hers", "m2").Format(w.tx, 0, 3, crdt.Attributes{"bold": true}) },
		"bytes":             func(w desk) { w.set([]byte{1}, "threads", "his", "extra") },
		"a type beside":     func(w desk) { w.set(crdt.NewMap(nil), "threads", "his", "extra") },
		"a document":        func(w desk) { w.set(crdt.Subdocument{GUID: "x"}, "threads", "his", "extra") },
		"much beside":       func(w desk) { w.set(strings.Repeat("x", 70_000), "threads", "his", "extra") },
		"a verdict":         func(w desk) { w.set(map[string]any{"verdict": "maybe", "at": 1700000000003}, "approvals", "ben") },
		"an emoji that is none": func(w desk) {
			w.set(true, "threads", "hers", "reactions", "ben:"+strings.Repeat("👍", 20))
		},
	} {
		if err, _ := judged(t, ben, edit); !errors.Is(err, shape.ErrShape) {
			t.Errorf("%s: %v, want that it has no place", name, err)
		}
	}
	if err, _ := judged(t, ben, func(w desk) { w.set("kept", "threads", "his", "x-later") }); err != nil {
		t.Errorf("a field of a later version: %v", err)
	}
}
