package crdt_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/soratoo/soratoo/crdt"
)

// deleters knows who deleted each unit, the naive way.
type deleters map[crdt.ID]uint64

func (n deleters) add(ids crdt.IDs, author uint64) {
	for r := range ids.Ranges() {
		for clock := r.Clock; clock < r.End(); clock++ {
			i := crdt.ID{Client: r.Client, Clock: clock}
			if _, known := n[i]; !known {
				n[i] = author
			}
		}
	}
}

func (n deleters) expect(t *testing.T, a *crdt.Attribution) {
	t.Helper()
	for client := range uint64(4) {
		for clock := range uint32(700) {
			i := crdt.ID{Client: client, Clock: clock}
			author, known := a.DeletedBy(i)
			if want, wanted := n[i]; author != want || known != wanted {
				t.Fatalf("DeletedBy(%v) = %d, %v, want %d, %v", i, author, known, want, wanted)
			}
		}
	}
}

// strokes are many deletes of few units, whose order matters.
func strokes(r *rand.Rand, n int) (ids []crdt.IDs, authors []uint64) {
	for range n {
		var ranges []crdt.IDRange
		for range 1 + r.IntN(3) {
			ranges = append(ranges, crdt.IDRange{Client: uint64(1 + r.IntN(2)), Clock: uint32(r.IntN(600)), Len: uint32(1 + r.IntN(4)*r.IntN(10))})
		}
		ids, authors = append(ids, crdt.NewIDs(ranges...)), append(authors, 7+uint64(r.IntN(3))<<40)
	}
	return ids, authors
}

func TestWhoDeletedFirstHasDeleted(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 17))
		ids, authors := strokes(r, 10+r.IntN(900))
		var first, second crdt.Attribution
		all, late := deleters{}, deleters{}
		half := r.IntN(len(ids))
		for i := range ids {
			all.add(ids[i], authors[i])
			if i < half {
				first.AddDeletes(ids[i], authors[i])
			} else {
				second.AddDeletes(ids[i], authors[i])
				late.add(ids[i], authors[i])
			}
		}
		late.expect(t, &second)
		first.Merge(&second)
		all.expect(t, &first)
		first.Merge(&second)
		again, err := crdt.DecodeAttribution(first.Encode())
		if err != nil || !bytes.Equal(again.Encode(), first.Encode()) {
			t.Fatalf("seed %d: DecodeAttribution: %v, or other bytes", seed, err)
		}
		all.expect(t, again)
	}
}

func TestEqualKnowledgeIsEqualBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 17))
	for range 50 {
		var pieces []crdt.IDRange
		for clock := uint32(0); clock < 3000; clock += 1 + uint32(r.IntN(3)) {
			pieces = append(pieces, crdt.IDRange{Client: 1, Clock: clock, Len: 1})
		}
		encode := func() []byte {
			var a crdt.Attribution
			for _, i := range r.Perm(len(pieces)) {
				a.AddDeletes(crdt.NewIDs(pieces[i]), uint64(pieces[i].Clock/50%3))
				a.AddDeletes(crdt.NewIDs(pieces[i]), 99) // too late
			}
			return a.Encode()
		}
		if one, two := encode(), encode(); !bytes.Equal(one, two) {
			t.Fatalf("%x\n%x", one, two)
		}
	}
}

func TestMalformedAttributionsAreRefused(t *testing.T) {
	var a crdt.Attribution
	a.AddDeletes(crdt.NewIDs(crdt.IDRange{Client: 1, Clock: 2, Len: 3}, crdt.IDRange{Client: 300, Clock: 1, Len: 1}), 1<<50)
	good := a.Encode()
	for n := range good {
		if _, err := crdt.DecodeAttribution(good[:n]); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("DecodeAttribution(%x) = %v, want ErrMalformed", good[:n], err)
		}
	}
	for _, bad := range [][]byte{append(bytes.Clone(good), 0), {2, 5, 5, 0}, {1, 5, 1, 1, 1, 0, 0, 1}, {0, 1, 1, 1, 0, 0, 0}} {
		if _, err := crdt.DecodeAttribution(bad); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("DecodeAttribution(%x) = %v, want ErrMalformed", bad, err)
		}
	}
	if err := a.Add([]byte{1}, 1); !errors.Is(err, crdt.ErrMalformed) {
		t.Errorf("Add = %v, want ErrMalformed", err)
	}
}

func TestRunsTellWhoWroteAndWhoDeleted(t *testing.T) {
	d := crdt.New(crdt.Options{ClientID: 9})
	ada, ben := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	var a crdt.Attribution
	edit := func(by *crdt.Doc, fn func(tx *crdt.Tx, text crdt.Text)) {
		t.Helper()
		if err := by.Apply(d.Encode()); err != nil {
			t.Fatal(err)
		}
		u := by.Transact(func(tx *crdt.Tx) { fn(tx, by.Text("t")) })
		if err := errors.Join(a.Add(u, by.ClientID()), d.Apply(u)); err != nil {
			t.Fatal(err)
		}
	}
	edit(ada, func(tx *crdt.Tx, text crdt.Text) { text.Insert(tx, 0, "one two three") })
	edit(ben, func(tx *crdt.Tx, text crdt.Text) { text.Insert(tx, 3, ", and") })
	edit(ben, func(tx *crdt.Tx, text crdt.Text) { text.Delete(tx, 0, 4) })
	edit(ada, func(tx *crdt.Tx, text crdt.Text) { text.Delete(tx, text.Len()-2, 2) })
	edit(ada, func(tx *crdt.Tx, text crdt.Text) { text.Format(tx, 0, 2, crdt.Attributes{"bold": true}) })
	if got := d.Text("t").String(); got != " and two thr" {
		t.Fatalf("the text is %q", got)
	}
	for _, c := range []struct {
		from, to int
		want     []crdt.Run
	}{
		{0, 12, []crdt.Run{
			{Len: 3, InsertedBy: 1, Deleted: true, DeletedBy: 2},
			{Len: 1, InsertedBy: 2, Deleted: true, DeletedBy: 2},
			{From: 0, To: 4, Len: 4, InsertedBy: 2},
			{From: 4, To: 12, Len: 8, InsertedBy: 1},
			{From: 12, To: 12, Len: 2, InsertedBy: 1, Deleted: true, DeletedBy: 1},
		}},
		{1, 6, []crdt.Run{{From: 1, To: 4, Len: 3, InsertedBy: 2}, {From: 4, To: 6, Len: 2, InsertedBy: 1}}},
		{20, 30, nil},
	} {
		got := slices.Collect(a.Runs(d.Text("t"), c.from, c.to))
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("Runs(%d, %d)\n     = %+v\nwant %+v", c.from, c.to, got, c.want)
		}
	}
	var nobody crdt.Attribution
	for r := range nobody.Runs(d.Text("t"), 0, 12) {
		if !r.Deleted || r.DeletedBy != 0 || r.Len != 3 {
			t.Errorf("the first run is %+v", r)
		}
		break
	}
}
