package crdt_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/crdt"
)

// replicaOf is a replica that has a document's state.
func replicaOf(t *testing.T, client uint64, d *crdt.Doc) *crdt.Doc {
	t.Helper()
	out := crdt.New(crdt.Options{ClientID: client})
	if err := out.Apply(d.Encode()); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPreviewTellsOneIDWithTwoContents(t *testing.T) {
	base := crdt.New(crdt.Options{ClientID: 1})
	base.Transact(func(tx *crdt.Tx) {
		base.Text("t").Insert(tx, 0, "The quick fox")
		base.Map("m").Set(tx, "k", 1)
	})
	type write func(d *crdt.Doc, tx *crdt.Tx)
	text := func(at int, s string) write {
		return func(d *crdt.Doc, tx *crdt.Tx) { d.Text("t").Insert(tx, at, s) }
	}
	set := func(key string, v any) write {
		return func(d *crdt.Doc, tx *crdt.Tx) { d.Map("m").Set(tx, key, v) }
	}
	for _, test := range []struct {
		name        string
		here, comes write
		differs     bool
	}{
		{"the same text", text(4, "very "), text(4, "very "), false},
		{"more of the same text", text(4, "very"), text(4, "very very "), false},
		{"less of the same text", text(4, "very very "), text(4, "very"), false},
		{"another letter", text(4, "very "), text(4, "vary "), true},
		{"another place", text(4, "very "), text(5, "very "), true},
		{"another root", text(4, "v"), func(d *crdt.Doc, tx *crdt.Tx) { d.Text("u").Insert(tx, 0, "v") }, true},
		{"the same value", set("a", map[string]any{"x": 1}), set("a", map[string]any{"x": 1}), false},
		{"another value", set("a", map[string]any{"x": 1}), set("a", map[string]any{"x": 2}), true},
		{"another key", set("a", 1), set("b", 1), true},
		{"another kind", set("a", "x"), text(0, "x"), true},
		{"another type", set("a", crdt.NewText("")), set("a", crdt.NewMap(nil)), true},
		{"half a pair", text(4, "a🎬"), text(4, "a🎬b"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, a, b := replicaOf(t, 9, base), replicaOf(t, 2, base), replicaOf(t, 2, base)
			if err := server.Apply(a.Transact(func(tx *crdt.Tx) { test.here(a, tx) })); err != nil {
				t.Fatal(err)
			}
			update := b.Transact(func(tx *crdt.Tx) { test.comes(b, tx) })
			p, err := server.Preview(update)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(p.Differs) > 0; got != test.differs {
				t.Errorf("Preview differs at %v, want that it does: %v", p.Differs, test.differs)
			}
		})
	}
}

func TestWhatWasDeletedDiffersFromNothing(t *testing.T) {
	server, a := crdt.New(crdt.Options{ClientID: 9}), crdt.New(crdt.Options{ClientID: 2})
	first := a.Transact(func(tx *crdt.Tx) {
		a.Map("m").Set(tx, "scene", crdt.NewMap(map[string]any{"prompt": crdt.NewText("A street")}))
	})
	gone := a.Transact(func(tx *crdt.Tx) { a.Map("m").Delete(tx, "scene") })
	if err := errors.Join(server.Apply(first), server.Apply(gone)); err != nil {
		t.Fatal(err)
	}
	for name, update := range map[string][]byte{"the writing": first, "the state": a.Encode()} {
		if p, err := server.Preview(update); err != nil || len(p.Differs) > 0 {
			t.Errorf("%s of what is gone: %v, %v", name, p, err)
		}
	}
	// A replica that has it still hears that it was collected.
	late := crdt.New(crdt.Options{ClientID: 3})
	if err := late.Apply(first); err != nil {
		t.Fatal(err)
	}
	if p, err := late.Preview(a.Encode()); err != nil || len(p.Differs) > 0 {
		t.Errorf("what was collected elsewhere: %v, %v", p, err)
	}
}

func TestComparingIsBounded(t *testing.T) {
	a := crdt.New(crdt.Options{ClientID: 2})
	a.Transact(func(tx *crdt.Tx) { a.Text("t").Insert(tx, 0, strings.Repeat("ü", 200_000)) })
	server := crdt.New(crdt.Options{ClientID: 9})
	if err := server.Apply(a.Encode()); err != nil {
		t.Fatal(err)
	}
	// The same again as one unit at a time.
	b := crdt.New(crdt.Options{ClientID: 2})
	var updates [][]byte
	for i := range 2000 {
		updates = append(updates, b.Transact(func(tx *crdt.Tx) { b.Text("t").Insert(tx, i, "ü") }))
	}
	one, err := crdt.MergeUpdates(updates...)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := server.Preview(one); !errors.Is(err, crdt.ErrLimit) {
		t.Errorf("Preview compares %d bytes with %d: %v, %v", len(one), 400_000*2000, p, err)
	}
}

func TestDividedUpdatesHoldBackWhatBuildsOnIt(t *testing.T) {
	server := crdt.New(crdt.Options{ClientID: 9})
	bob, alice := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	thread := bob.Transact(func(tx *crdt.Tx) { bob.Map("threads").Set(tx, "of bob", crdt.NewMap(nil)) })
	if err := alice.Apply(thread); err != nil {
		t.Fatal(err)
	}
	alice.Transact(func(tx *crdt.Tx) { alice.Map("threads").Set(tx, "of alice", 1) })
	of, _ := alice.Map("threads").Get("of bob")
	alice.Transact(func(tx *crdt.Tx) { of.(crdt.Map).Set(tx, "reply", 2) })
	alice.Transact(func(tx *crdt.Tx) { alice.Map("threads").Set(tx, "later", 3) })

	p, err := server.Preview(alice.Encode())
	if err != nil || p.Missing() {
		t.Fatalf("Preview: missing %v, %v", p.Missing(), err)
	}
	now, rest := p.Divide(func(in crdt.PreviewInsert) bool { return in.Client == 1 })
	if err := server.Apply(now); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(server.JSON()); got != "map[threads:map[of alice:1]]" {
		t.Errorf("what can be taken is %s", got)
	}
	p, err = server.Preview(rest)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Clients()); got != "[1 2]" {
		t.Errorf("the rest is of %s", got)
	}
	if err := server.Apply(rest); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(server.JSON()); got != "map[threads:map[later:3 of alice:1 of bob:map[reply:2]]]" {
		t.Errorf("all of it is %s", got)
	}
}

func TestNeedsAreTheLastMissingUnits(t *testing.T) {
	a := crdt.New(crdt.Options{ClientID: 2})
	var updates [][]byte
	for i := range 4 {
		updates = append(updates, a.Transact(func(tx *crdt.Tx) { a.Map("m").Set(tx, fmt.Sprint(i), i) }))
	}
	server := crdt.New(crdt.Options{ClientID: 9})
	p, err := server.Preview(updates[3])
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Needs()); got != "[2:2]" {
		t.Errorf("it needs %s", got)
	}
}
