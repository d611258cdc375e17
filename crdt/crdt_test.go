package crdt_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/lib0"
)

// network is a few replicas and the updates on their way between them.
type network struct {
	t    *testing.T
	rnd  *rand.Rand
	docs []*crdt.Doc
	sent [][]byte
}

func newNetwork(t *testing.T, seed uint64) *network {
	n := &network{t: t, rnd: rand.New(rand.NewPCG(seed, 1))}
	keep := n.rnd.IntN(3) == 0
	for i := range 2 + n.rnd.IntN(4) {
		n.docs = append(n.docs, crdt.New(crdt.Options{ClientID: uint64(i + 1), KeepDeleted: keep}))
	}
	return n
}

var words = []string{"a", "bc", "hello ", "é", "日本", "x", "\n"}

// edit makes one random change to a replica.
func (n *network) edit(d *crdt.Doc) []byte {
	return d.Transact(func(tx *crdt.Tx) {
		text, list, m := d.Text("text"), d.Array("list"), d.Map("map")
		key := string(rune('a' + n.rnd.IntN(4)))
		switch n.rnd.IntN(8) {
		case 0, 1, 2:
			text.Insert(tx, n.rnd.IntN(text.Len()+1), words[n.rnd.IntN(len(words))])
		case 3:
			if l := text.Len(); l > 0 {
				at := n.rnd.IntN(l)
				text.Delete(tx, at, 1+n.rnd.IntN(l-at))
			}
		case 4:
			list.Insert(tx, n.rnd.IntN(list.Len()+1), n.rnd.IntN(100), "v")
		case 5:
			if l := list.Len(); l > 0 {
				list.Delete(tx, n.rnd.IntN(l), 1)
			}
		case 6:
			m.Set(tx, key, crdt.NewMap(map[string]any{"n": n.rnd.IntN(9), "t": crdt.NewText("nested")}))
		case 7:
			if inner, ok := m.Get(key); ok && n.rnd.IntN(2) == 0 {
				inner.(crdt.Map).Set(tx, "n", n.rnd.IntN(9))
			} else {
				m.Delete(tx, key)
			}
		}
	})
}

// deliver applies updates in random order, some of them twice.
func (n *network) deliver(d *crdt.Doc, updates [][]byte) {
	order := n.rnd.Perm(len(updates))
	for _, i := range append(order, order[:len(order)/3]...) {
		if err := d.Apply(updates[i]); err != nil {
			n.t.Fatalf("Apply(%x): %v", updates[i], err)
		}
		if err := d.Check(); err != nil {
			n.t.Fatalf("after %x: %v", updates[i], err)
		}
	}
}

func TestReplicasThatSawTheSameAreEqual(t *testing.T) {
	for seed := range uint64(300) {
		n := newNetwork(t, seed)
		for range 40 {
			d := n.docs[n.rnd.IntN(len(n.docs))]
			if u := n.edit(d); u != nil {
				n.sent = append(n.sent, u)
			}
			if n.rnd.IntN(6) == 0 {
				n.deliver(d, n.sent)
			}
		}
		for _, d := range n.docs {
			n.deliver(d, n.sent)
		}
		first := n.docs[0]
		for _, d := range n.docs[1:] {
			if !reflect.DeepEqual(d.JSON(), first.JSON()) || !bytes.Equal(d.Encode(), first.Encode()) {
				t.Fatalf("seed %d: replicas differ:\n%v\n%v", seed, first.JSON(), d.JSON())
			}
			if d.Parked() {
				t.Fatalf("seed %d: something is still parked", seed)
			}
		}
		n.checkBytes(first, seed)
	}
}

// checkBytes: what is written can be read back, merged and diffed.
func (n *network) checkBytes(d *crdt.Doc, seed uint64) {
	state := d.Encode()
	merged, err := crdt.MergeUpdates(n.sent...)
	if err != nil {
		n.t.Fatalf("seed %d: MergeUpdates: %v", seed, err)
	}
	half := crdt.New(crdt.Options{ClientID: 99})
	for _, u := range n.sent[:len(n.sent)/2] {
		if err := half.Apply(u); err != nil {
			n.t.Fatalf("seed %d: %v", seed, err)
		}
	}
	diff, err := crdt.DiffUpdate(state, half.StateVector())
	if err != nil {
		n.t.Fatalf("seed %d: DiffUpdate: %v", seed, err)
	}
	if err := half.Apply(diff); err != nil {
		n.t.Fatalf("seed %d: applying a diff: %v", seed, err)
	}
	fromMerged := crdt.New(crdt.Options{ClientID: 98})
	if err := fromMerged.Apply(merged); err != nil {
		n.t.Fatalf("seed %d: applying the merged updates: %v", seed, err)
	}
	for _, other := range []*crdt.Doc{half, fromMerged} {
		other.Text("text")
		other.Array("list")
		other.Map("map")
		if !reflect.DeepEqual(other.JSON(), d.JSON()) {
			n.t.Fatalf("seed %d: %v, want %v", seed, other.JSON(), d.JSON())
		}
	}
}

func TestUpdateThatComesBeforeItsCauseWaits(t *testing.T) {
	a := crdt.New(crdt.Options{ClientID: 1})
	first := a.Transact(func(tx *crdt.Tx) { a.Text("t").Insert(tx, 0, "one") })
	second := a.Transact(func(tx *crdt.Tx) { a.Text("t").Insert(tx, 3, " two") })
	third := a.Transact(func(tx *crdt.Tx) { a.Text("t").Delete(tx, 3, 1) })

	b := crdt.New(crdt.Options{ClientID: 2})
	for _, u := range [][]byte{third, second, second} {
		if err := b.Apply(u); err != nil {
			t.Fatal(err)
		}
	}
	if !b.Parked() || b.Text("t").String() != "" {
		t.Fatalf("text = %q, parked = %v; want it to wait", b.Text("t").String(), b.Parked())
	}

	// What waits is part of the state, so a third replica gets it too.
	c := crdt.New(crdt.Options{ClientID: 3})
	if err := c.Apply(b.Encode()); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*crdt.Doc{"b": b, "c": c} {
		if err := d.Apply(first); err != nil {
			t.Fatal(err)
		}
		if got := d.Text("t").String(); got != "onetwo" || d.Parked() {
			t.Errorf("%s: text = %q, parked = %v; want %q and nothing parked", name, got, d.Parked(), "onetwo")
		}
	}
}

func TestMalformedUpdateChangesNothing(t *testing.T) {
	a := crdt.New(crdt.Options{ClientID: 1})
	good := a.Transact(func(tx *crdt.Tx) {
		a.Text("t").Insert(tx, 0, "héllo 😀")
		a.Map("m").Set(tx, "k", map[string]any{"a": []any{1, 2.5, nil}})
		a.Array("l").Push(tx, []byte{1, 2}, "x", crdt.NewText("y"))
	})
	d := crdt.New(crdt.Options{ClientID: 2})
	if err := d.Apply(good); err != nil {
		t.Fatal(err)
	}
	before := d.Encode()
	for n := range good {
		if err := d.Apply(good[:n]); !errors.Is(err, crdt.ErrMalformed) {
			t.Fatalf("Apply(first %d of %d bytes) = %v, want ErrMalformed", n, len(good), err)
		}
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 20000 {
		bad := bytes.Clone(good)
		for range 1 + rnd.IntN(3) {
			bad[rnd.IntN(len(bad))] ^= byte(1 << rnd.IntN(8))
		}
		fresh := crdt.New(crdt.Options{ClientID: 3})
		if err := fresh.Apply(bad); err != nil && len(fresh.Encode()) != 2 {
			t.Fatalf("Apply(%x) = %v, but the document changed", bad, err)
		}
		if err := fresh.Check(); err != nil {
			t.Fatalf("after %x: %v", bad, err)
		}
		_ = fresh.JSON()
	}
	if !bytes.Equal(d.Encode(), before) {
		t.Error("the document changed")
	}
}

func TestCountsBeyondTheInputCostNothing(t *testing.T) {
	huge := lib0.AppendUint(nil, 1<<62)
	shapes := map[string][]byte{
		"clients":     huge,
		"structs":     append([]byte{1}, huge...),
		"values":      append([]byte{1, 1, 1, 0, 8, 1, 1, 't'}, huge...),
		"text":        append([]byte{1, 1, 1, 0, 4, 1, 1, 't'}, huge...),
		"deletes":     append([]byte{0}, huge...),
		"ranges":      append([]byte{0, 1, 1}, huge...),
		"far clock":   append(append([]byte{1, 1, 1}, huge...), 0, 1, 0),
		"long range":  append(append([]byte{1, 1, 1, 0, 0}, lib0.AppendUint(nil, 1<<40)...), 0),
		"client id":   append(append([]byte{1, 1}, huge...), 0, 0, 1, 0),
		"own future":  {1, 1, 1, 0, 0x84, 1, 5, 1, 'x', 0},
		"no length":   {1, 1, 1, 0, 4, 1, 1, 't', 0, 0},
		"bad JSON":    {1, 1, 1, 0, 5, 1, 1, 't', 1, '{', 0},
		"bad type":    {1, 1, 1, 0, 7, 1, 1, 't', 9, 0},
		"bad content": {1, 1, 1, 0, 11, 1, 1, 't', 9, 0},
		"trailing":    {0, 0, 0},
	}
	for name, update := range shapes {
		allocated := testing.AllocsPerRun(1, func() {
			if err := crdt.Verify(update); !errors.Is(err, crdt.ErrMalformed) {
				t.Errorf("%s: Verify(%x) = %v, want ErrMalformed", name, update, err)
			}
		})
		if allocated > 20 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
}

func TestParentThatIsNotATypeIsCollected(t *testing.T) {
	// Client 2 writes into a map that is a text of client 1's.
	a := crdt.New(crdt.Options{ClientID: 1})
	text := a.Transact(func(tx *crdt.Tx) { a.Text("t").Insert(tx, 0, "abc") })
	d := crdt.New(crdt.Options{ClientID: 3})
	for _, u := range [][]byte{text, {1, 1, 2, 0, 0x28, 0, 1, 1, 1, 'k', 1, 126, 0}} {
		if err := d.Apply(u); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.JSON(); !reflect.DeepEqual(got, map[string]any{"t": "abc"}) {
		t.Errorf("JSON = %v", got)
	}
	if err := d.Check(); err != nil {
		t.Error(err)
	}
}

func TestReversedAndGappyStreamsStayCheap(t *testing.T) {
	a := crdt.New(crdt.Options{ClientID: 1})
	var updates [][]byte
	for i := range 20000 {
		updates = append(updates, a.Transact(func(tx *crdt.Tx) { a.Text("t").Insert(tx, i, "x") }))
	}
	d := crdt.New(crdt.Options{ClientID: 2})
	for i := len(updates) - 1; i >= 0; i-- {
		if err := d.Apply(updates[i]); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.Text("t").Len(); got != len(updates) || d.Parked() {
		t.Errorf("length %d, parked %v; want %d", got, d.Parked(), len(updates))
	}
}

func TestDeepNestingIsTakenAndShown(t *testing.T) {
	d := crdt.New(crdt.Options{ClientID: 1})
	d.Transact(func(tx *crdt.Tx) {
		m := d.Map("m")
		for range 3000 {
			m.Set(tx, "k", crdt.NewMap(nil))
			inner, _ := m.Get("k")
			m = inner.(crdt.Map)
		}
	})
	if got := fmt.Sprint(d.JSON()); !strings.HasPrefix(got, "map[m:map[k:map[k:") {
		t.Errorf("JSON = %.60s", got)
	}
	other := crdt.New(crdt.Options{ClientID: 2})
	if err := other.Apply(d.Encode()); err != nil {
		t.Fatal(err)
	}
	other.Transact(func(tx *crdt.Tx) { other.Map("m").Delete(tx, "k") })
	if err := other.Check(); err != nil {
		t.Error(err)
	}
	if n := other.Size().Structs; n > 3 {
		t.Errorf("%d structs left of a deleted tree, want it collected", n)
	}
}

func TestPreviewTellsWhatApplyDoes(t *testing.T) {
	for seed := range uint64(100) {
		n := newNetwork(t, seed+5000)
		server := crdt.New(crdt.Options{ClientID: 50})
		for range 40 {
			d := n.docs[n.rnd.IntN(len(n.docs))]
			u := n.edit(d)
			if u == nil {
				continue
			}
			n.sent = append(n.sent, u)
			u = n.sent[n.rnd.IntN(len(n.sent))]
			before := server.Encode()
			p, err := server.Preview(u)
			if err != nil || !bytes.Equal(server.Encode(), before) {
				t.Fatalf("seed %d: Preview: %v, or it changed the document", seed, err)
			}
			parked := server.Parked()
			if err := server.Apply(u); err != nil {
				t.Fatal(err)
			}
			if changed := !bytes.Equal(server.Encode(), before); changed && !p.New() {
				t.Fatalf("seed %d: Preview(%x) saw nothing new, but Apply changed the document", seed, u)
			}
			if !parked && server.Parked() != p.Missing() {
				t.Fatalf("seed %d: Missing = %v, parked = %v", seed, p.Missing(), server.Parked())
			}
			for _, i := range p.Inserts {
				if i.Where.Known && i.Where.Root == "" {
					t.Fatalf("seed %d: %+v has no root", seed, i)
				}
			}
		}
	}
}
