package crdt_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/crdt"
)

func TestPositionStaysWithItsNeighbour(t *testing.T) {
	d := crdt.New(crdt.Options{ClientID: 1})
	text := d.Text("t")
	edit := func(fn func(*crdt.Tx)) { d.Transact(fn) }
	edit(func(tx *crdt.Tx) { text.Insert(tx, 0, "abcdef") })
	right, left := text.Position(3, 0), text.Position(3, -1)
	start, end := text.Position(0, -1), text.Position(6, 0)
	for _, step := range []struct {
		edit                    func(*crdt.Tx)
		right, left, start, end int
	}{
		{func(*crdt.Tx) {}, 3, 3, 0, 6},
		{func(tx *crdt.Tx) { text.Insert(tx, 3, "--") }, 5, 3, 0, 8},
		{func(tx *crdt.Tx) { text.Insert(tx, 0, "+") }, 6, 4, 0, 9},
		{func(tx *crdt.Tx) { text.Delete(tx, 6, 1) }, 6, 4, 0, 8}, // the right neighbour
		{func(tx *crdt.Tx) { text.Delete(tx, 2, 3) }, 3, 2, 0, 5}, // the left one, too
		{func(tx *crdt.Tx) { text.Delete(tx, 0, 5) }, 0, 0, 0, 0},
		{func(tx *crdt.Tx) { text.Insert(tx, 0, "new") }, 0, 0, 0, 3},
	} {
		edit(step.edit)
		for _, c := range []struct {
			name string
			p    crdt.Position
			want int
		}{{"right", right, step.right}, {"left", left, step.left}, {"start", start, step.start}, {"end", end, step.end}} {
			in, got, ok := d.Resolve(c.p)
			if !ok || got != c.want && text.String() != "new" || in != crdt.Shared(text) {
				t.Errorf("in %q %s is %d, %v, want %d", text.String(), c.name, got, ok, c.want)
			}
		}
	}
}

func TestPositionOfWhatIsNotHereIsNowhere(t *testing.T) {
	a, b := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	a.Transact(func(tx *crdt.Tx) { a.Map("m").Set(tx, "inner", crdt.NewText("text")) })
	inner, _ := a.Map("m").Get("inner")
	atUnit, atEnd := inner.(crdt.Text).Position(1, 0), inner.(crdt.Text).Position(4, 0)
	for _, p := range []crdt.Position{{}, atUnit, atEnd} {
		if in, index, ok := b.Resolve(p); ok {
			t.Errorf("Resolve(%x) = %v %d in an empty document", p.Encode(), in, index)
		}
	}
	a.Transact(func(tx *crdt.Tx) { a.Map("m").Delete(tx, "inner") })
	for _, p := range []crdt.Position{atUnit, atEnd} { // with its type collected
		if in, index, ok := a.Resolve(p); ok {
			t.Errorf("Resolve(%x) = %v %d in a collected type", p.Encode(), in, index)
		}
	}
	var zero crdt.Position
	if text, err := json.Marshal(zero); err != nil || string(text) != "null" || zero.Encode() != nil {
		t.Errorf("the zero Position is %s, %v, %x", text, err, zero.Encode())
	}
	if err := json.Unmarshal([]byte("null"), &zero); err != nil || zero != (crdt.Position{}) {
		t.Errorf("null is %v, %v", zero, err)
	}
}

func TestPositionMeansTheSameEverywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 8))
	for round := range 300 {
		a, b := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
		a.Transact(func(tx *crdt.Tx) { a.Text("t").Insert(tx, 0, strings.Repeat("abc", 5)) })
		if err := b.Apply(a.Encode()); err != nil {
			t.Fatal(err)
		}
		at, assoc := r.IntN(16), r.IntN(2)-1
		p := a.Text("t").Position(at, assoc)
		for range 6 {
			d := []*crdt.Doc{a, b}[r.IntN(2)]
			d.Transact(func(tx *crdt.Tx) {
				if n := d.Text("t").Len(); n > 0 && r.IntN(2) == 0 {
					d.Text("t").Delete(tx, r.IntN(n), 1)
				} else {
					d.Text("t").Insert(tx, r.IntN(n+1), "x")
				}
			})
		}
		for from, to := range map[*crdt.Doc]*crdt.Doc{a: b, b: a} {
			if err := to.Apply(from.Encode()); err != nil {
				t.Fatal(err)
			}
		}
		read, err := crdt.DecodePosition(p.Encode())
		_, inA, okA := a.Resolve(p)
		_, inB, okB := b.Resolve(read)
		if err != nil || !okA || !okB || inA != inB {
			t.Fatalf("round %d: position %d %d is %d %v here and %d %v there, %v", round, at, assoc, inA, okA, inB, okB, err)
		}
	}
}
