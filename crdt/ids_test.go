package crdt_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/soratoo/soratoo/crdt"
)

// unitSet is a set of units the naive way.
type unitSet map[crdt.ID]bool

func randomIDs(r *rand.Rand) (crdt.IDs, unitSet) {
	var ranges []crdt.IDRange
	units := unitSet{}
	for range r.IntN(8) {
		at := crdt.IDRange{Client: uint64(1 + r.IntN(3)), Clock: uint32(r.IntN(30)), Len: uint32(r.IntN(9))}
		ranges = append(ranges, at)
		for clock := at.Clock; clock < at.End(); clock++ {
			units[crdt.ID{Client: at.Client, Clock: clock}] = true
		}
	}
	return crdt.NewIDs(ranges...), units
}

// expect holds a set against the naive one.
func (u unitSet) expect(t *testing.T, what string, s crdt.IDs) {
	t.Helper()
	if s.Len() != uint64(len(u)) || s.Empty() != (len(u) == 0) {
		t.Fatalf("%s has %d units, want %d", what, s.Len(), len(u))
	}
	last := crdt.IDRange{Client: 99}
	for r := range s.Ranges() {
		if r.Len == 0 || r.Client > last.Client || r.Client == last.Client && r.Clock <= last.End() {
			t.Fatalf("%s: range %v after %v", what, r, last)
		}
		last = r
	}
	for client := range uint64(5) {
		for clock := range uint32(45) {
			i := crdt.ID{Client: client, Clock: clock}
			if s.Contains(i) != u[i] {
				t.Fatalf("%s: Contains(%v) = %v, want %v", what, i, s.Contains(i), u[i])
			}
		}
	}
}

func TestSetsOfIDsAreSets(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 3000 {
		a, inA := randomIDs(r)
		b, inB := randomIDs(r)
		union, both, less := unitSet{}, unitSet{}, unitSet{}
		for i := range inA {
			union[i] = true
			if inB[i] {
				both[i] = true
			} else {
				less[i] = true
			}
		}
		for i := range inB {
			union[i] = true
		}
		inA.expect(t, "the set", a)
		union.expect(t, "the union", a.Union(b))
		both.expect(t, "the intersection", a.Intersect(b))
		less.expect(t, "the difference", a.Subtract(b))
		inA.expect(t, "the set, after all,", a)
		again, err := crdt.DecodeIDs(a.Encode())
		if err != nil || !again.Equal(a) || !bytes.Equal(again.Encode(), a.Encode()) {
			t.Fatalf("DecodeIDs(%x) = %v, %v, want %v", a.Encode(), again, err, a)
		}
	}
}

func TestIDsBeyondAllClocksAreNoUnits(t *testing.T) {
	s := crdt.NewIDs(crdt.IDRange{Client: 1, Clock: 1<<31 - 3, Len: 1<<32 - 1}, crdt.IDRange{Client: 1, Clock: 1<<32 - 1, Len: 1})
	if s.Len() != 2 || s.Contains(crdt.ID{Client: 1, Clock: 1<<32 - 1}) {
		t.Errorf("%d units: %v", s.Len(), slices.Collect(s.Ranges()))
	}
	for _, bad := range [][]byte{{}, {1}, {1, 1, 1, 0}, {0, 0}} {
		if _, err := crdt.DecodeIDs(bad); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("DecodeIDs(%x) = %v, want ErrMalformed", bad, err)
		}
	}
}

// parts divides a set of ids in two at random, inside structs too.
func parts(r *rand.Rand, all crdt.IDs) (first, second crdt.IDs) {
	var some []crdt.IDRange
	for at := range all.Ranges() {
		for at.Len > 0 {
			n := min(at.Len, uint32(1+r.IntN(9)))
			if r.IntN(2) == 0 {
				some = append(some, crdt.IDRange{Client: at.Client, Clock: at.Clock, Len: n})
			}
			at.Clock, at.Len = at.Clock+n, at.Len-n
		}
	}
	first = crdt.NewIDs(some...)
	return first, all.Subtract(first)
}

func TestPartsOfAnUpdateMakeTheWhole(t *testing.T) {
	for seed := range uint64(200) {
		n := newNetwork(t, seed+9000)
		d := n.docs[0]
		for range 30 {
			if u := n.edit(n.docs[n.rnd.IntN(len(n.docs))]); u != nil {
				n.sent = append(n.sent, u)
			}
		}
		n.deliver(d, n.sent)
		whole := d.Encode()
		inserts, err1 := crdt.InsertsOf(whole)
		deletes, err2 := crdt.DeletesOf(whole)
		if err1 != nil || err2 != nil || !inserts.Equal(d.Inserts()) || !deletes.Equal(d.Deletes()) {
			t.Fatalf("seed %d: the update says %v and %v, the document %v and %v", seed, inserts, deletes, d.Inserts(), d.Deletes())
		}
		got := crdt.New(crdt.Options{ClientID: 77})
		firstIn, secondIn := parts(n.rnd, inserts)
		firstOut, secondOut := parts(n.rnd, deletes)
		for _, part := range [][2]crdt.IDs{{firstIn, firstOut}, {secondIn, secondOut}} {
			u, err := crdt.IntersectUpdate(whole, part[0], part[1])
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			hasIn, _ := crdt.InsertsOf(u)
			hasOut, _ := crdt.DeletesOf(u)
			if !hasIn.Equal(part[0]) || !hasOut.Equal(part[1]) {
				t.Fatalf("seed %d: the part has %v and %v, want %v and %v", seed, hasIn, hasOut, part[0], part[1])
			}
			if err := got.Apply(u); err != nil {
				t.Fatalf("seed %d: Apply(%x): %v", seed, u, err)
			}
		}
		want := crdt.New(crdt.Options{ClientID: 78})
		if err := want.Apply(whole); err != nil {
			t.Fatal(err)
		}
		if got.Parked() || !bytes.Equal(got.Encode(), want.Encode()) {
			t.Fatalf("seed %d: the parts make\n     %x\nwant %x", seed, got.Encode(), want.Encode())
		}
	}
}
