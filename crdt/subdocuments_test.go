package crdt_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/soratoo/soratoo/crdt"
)

func TestSubdocumentsComeAndGo(t *testing.T) {
	d, other := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	var told []string
	stop := d.OnSubdocuments(func(c crdt.SubdocumentChange) {
		told = append(told, fmt.Sprintf("%v %v %v %v", guids(c.Added), guids(c.Removed), c.Origin, c.Local))
	})
	write := func(edit func(tx *crdt.Tx)) {
		t.Helper()
		apply(t, other, d.TransactAs("me", edit))
	}
	docs := d.Map("docs")
	write(func(tx *crdt.Tx) {
		docs.Set(tx, "a", crdt.Subdocument{GUID: "one"})
		docs.Set(tx, "b", crdt.NewMap(map[string]any{"in": crdt.Subdocument{GUID: "two"}}))
		docs.Set(tx, "c", crdt.Subdocument{GUID: "short-lived"})
		docs.Delete(tx, "c")
	})
	write(func(tx *crdt.Tx) { docs.Set(tx, "n", 1) })
	write(func(tx *crdt.Tx) {
		docs.Set(tx, "a", crdt.Subdocument{GUID: "three"})
		docs.Delete(tx, "b")
	})
	if err := d.ApplyAs("net", other.Transact(func(tx *crdt.Tx) { other.Map("docs").Delete(tx, "a") })); err != nil {
		t.Fatal(err)
	}
	write(func(tx *crdt.Tx) { docs.Set(tx, "d", crdt.Subdocument{GUID: "four"}) })
	stop()
	write(func(tx *crdt.Tx) { docs.Set(tx, "e", crdt.Subdocument{GUID: "five"}) })
	want := []string{"[one two] [] me true", "[three] [one two] me true", "[] [three] net false", "[four] [] me true"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	for name, doc := range map[string]*crdt.Doc{"own": d, "other": other} {
		if got := guids(slices.Collect(doc.Subdocuments())); !slices.Equal(got, []string{"five", "four"}) {
			t.Errorf("%s document has %v, want five and four", name, got)
		}
	}
}

func guids(subs []crdt.Subdocument) []string {
	out := make([]string, len(subs))
	for i, s := range subs {
		out[i] = s.GUID
	}
	slices.Sort(out)
	return out
}
