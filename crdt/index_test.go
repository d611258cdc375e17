package crdt_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/soratoo/soratoo/crdt"
)

// Two replicas edit one long text at random places, locally and by hearing each
// other; each keeps the text as a plain slice beside it, which its positions are
// held against.
func TestLongListsFindTheirPositions(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 14))
	a, b := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	text := a.Text("text")
	var plain []uint16
	write := func(tx *crdt.Tx, at int, s string) {
		text.Insert(tx, at, s)
		units := utf16.Encode([]rune(s))
		plain = append(plain[:at:at], append(units, plain[at:]...)...)
	}
	for round := range 120 {
		for range 40 {
			a.Transact(func(tx *crdt.Tx) {
				at := r.IntN(len(plain) + 1)
				switch n := r.IntN(10); {
				case n < 7 || len(plain) < 3000:
					write(tx, at, []string{"ab", "日", "x", strings.Repeat("long words ", 20)}[r.IntN(4)])
				case n < 9:
					n := min(len(plain)-at, r.IntN(90))
					text.Delete(tx, at, n)
					plain = append(plain[:at], plain[at+n:]...)
				default: // type on
					for i := range 5 {
						write(tx, at+i, "t")
					}
				}
			})
		}
		if round%10 == 9 { // hear what somebody else has done
			if err := b.Apply(a.Encode()); err != nil {
				t.Fatal(err)
			}
			other := b.Text("text")
			for range 30 {
				at := r.IntN(other.Len())
				update := b.Transact(func(tx *crdt.Tx) {
					if r.IntN(2) == 0 {
						other.Insert(tx, at, "zz")
					} else {
						other.Delete(tx, at, min(other.Len()-at, 20))
					}
				})
				if err := a.Apply(update); err != nil {
					t.Fatal(err)
				}
			}
			plain = utf16.Encode([]rune(text.String()))
		}
		if err := a.Check(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if got, want := text.String(), string(utf16.Decode(plain)); got != want {
			t.Fatalf("round %d: the text of %d units is not the one of %d", round, text.Len(), len(plain))
		}
	}
}

func TestLongArraysAreReadByIndex(t *testing.T) {
	d := crdt.New(crdt.Options{ClientID: 1})
	list := d.Array("list")
	r := rand.New(rand.NewPCG(1, 5))
	var plain []int
	insert := func(at int) {
		d.Transact(func(tx *crdt.Tx) { list.Insert(tx, at, len(plain)) })
		plain = append(plain[:at:at], append([]int{len(plain)}, plain[at:]...)...)
	}
	for range 4000 {
		at := r.IntN(len(plain) + 1)
		insert(at)
		if r.IntN(3) == 0 {
			insert(at + 1) // which joins the one before
		}
		if i := r.IntN(len(plain)); list.Get(i) != int64(plain[i]) {
			t.Fatalf("element %d is %v, want %d", i, list.Get(i), plain[i])
		}
		if err := d.Check(); len(plain)%50 == 0 && err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
}

// Elements that are types cannot be joined until they are deleted: then a long
// list becomes a short one at once, and the tree over it with it.
func TestAnIndexShrinksWithItsList(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 7))
	d := crdt.New(crdt.Options{ClientID: 1})
	for range 20 {
		d.Transact(func(tx *crdt.Tx) {
			d.Map("map").Set(tx, "list", crdt.NewArray())
			list := at[crdt.Array](t, d.Map("map"), "list")
			for i := range 3000 {
				list.Insert(tx, i, crdt.NewMap(nil))
			}
		})
		list := at[crdt.Array](t, d.Map("map"), "list")
		for list.Len() > 10 {
			n := r.IntN(min(list.Len(), 500))
			from := r.IntN(list.Len() - n)
			d.Transact(func(tx *crdt.Tx) { list.Delete(tx, from, n) })
			d.Transact(func(tx *crdt.Tx) { list.Insert(tx, r.IntN(list.Len()+1), crdt.NewMap(nil)) })
			if err := d.Check(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// at is what a map holds at a key.
func at[T any](t *testing.T, m crdt.Map, key string) T {
	t.Helper()
	v, _ := m.Get(key)
	got, ok := v.(T)
	if !ok {
		t.Fatalf("%s holds %v", key, v)
	}
	return got
}

// A deleted range begins and ends inside of items, however full the list of the
// client's items is.
func TestRangesAreCutAnywhere(t *testing.T) {
	for items := 240; items < 280; items++ {
		a, b := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
		for range items {
			apply(t, b, a.Transact(func(tx *crdt.Tx) { a.Text("text").Insert(tx, 0, "abc") }))
		}
		for n := range 40 {
			text := b.Text("text")
			apply(t, a, b.Transact(func(tx *crdt.Tx) { text.Delete(tx, text.Len()/40*n/2, 8) }))
			if err := a.Check(); err != nil {
				t.Fatal(err)
			}
			if got, want := a.Text("text").String(), text.String(); got != want {
				t.Fatalf("%d items, deletion %d: %q, want %q", items, n, got, want)
			}
		}
	}
}

// Maps come and go inside a map that stays; what is known of their keys goes too.
func TestKeysOfMapsThatAreGoneAreForgotten(t *testing.T) {
	d := crdt.New(crdt.Options{ClientID: 1})
	want := map[string]any{"n": int64(39)}
	for n := range 40 {
		d.Transact(func(tx *crdt.Tx) {
			clip := map[string]any{}
			for i := range 200 {
				clip[fmt.Sprint(n%3, i)] = i
			}
			d.Map("map").Set(tx, "clip", crdt.NewMap(clip))
			d.Map("map").Set(tx, "n", n)
			d.Map("map").Set(tx, fmt.Sprint("kept", n), n)
			want[fmt.Sprint("kept", n)] = int64(n)
		})
	}
	for i := range 200 {
		if v, ok := at[crdt.Map](t, d.Map("map"), "clip").Get(fmt.Sprint(0, i)); v != int64(i) || !ok {
			t.Fatalf("key %d of the last clip holds %v", i, v)
		}
	}
	d.Transact(func(tx *crdt.Tx) { d.Map("map").Delete(tx, "clip") })
	if got := d.Map("map").JSON(); !reflect.DeepEqual(got, want) {
		t.Fatalf("the map is %v, want %v", got, want)
	}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
}

func apply(t *testing.T, d *crdt.Doc, update []byte) {
	t.Helper()
	if err := d.Apply(update); err != nil {
		t.Fatal(err)
	}
}
