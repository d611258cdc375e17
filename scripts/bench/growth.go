package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/soratoo/soratoo/crdt"
)

// growth shows what larger documents cost: ten times the size should take about
// ten times as long.
func (b *bench) growth() {
	say("measuring growth")
	t := b.book.add("How cost grows", "Documents of growing size; time for all of it, and the heap that the document holds.",
		"document", "make", "load", "encode", "kept")
	sizes := []int{1_000, 10_000, 100_000}
	for _, n := range sizes {
		t.row(grown(fmt.Sprintf("a text with %s inserts at random places", thousands(n)), randomText(n))...)
	}
	for _, n := range sizes {
		t.row(grown(fmt.Sprintf("a map of %s keys", thousands(n)), manyKeys(n))...)
	}
	for _, n := range []int{100, 1_000, 10_000} {
		t.row(grown(fmt.Sprintf("a text by %s clients", thousands(n)), manyClients(n))...)
	}
	for _, n := range []int{200, 2_000, 20_000} {
		t.row(grown(fmt.Sprintf("a timeline of %s clips, each moved ten times", thousands(n)), manyClips(n))...)
	}
}

func grown(name string, make func() *crdt.Doc) []string {
	var doc *crdt.Doc
	made := best(1, func() { doc = make() })
	whole := doc.Encode()
	load := func() *crdt.Doc {
		d := crdt.New(crdt.Options{ClientID: 1 << 31})
		must(d.Apply(whole))
		return d
	}
	return []string{
		name, millis(made), millis(best(3, func() { load() })), millis(best(3, func() { doc.Encode() })), megabytes(keptBy(load)),
	}
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	if len(s) > 3 {
		s = s[:len(s)-3] + "," + s[len(s)-3:]
	}
	return s
}

func randomText(n int) func() *crdt.Doc {
	return func() *crdt.Doc {
		r := rand.New(rand.NewPCG(1, 1))
		d := crdt.New(crdt.Options{ClientID: 1})
		t := d.Text("text")
		for range n {
			d.Transact(func(tx *crdt.Tx) { t.Insert(tx, r.IntN(t.Len()+1), "ab") })
		}
		return d
	}
}

func manyKeys(n int) func() *crdt.Doc {
	return func() *crdt.Doc {
		d := crdt.New(crdt.Options{ClientID: 1})
		m := d.Map("map")
		for i := range n {
			d.Transact(func(tx *crdt.Tx) { m.Set(tx, "key "+strconv.Itoa(i), i) })
		}
		return d
	}
}

func manyClients(n int) func() *crdt.Doc {
	return func() *crdt.Doc {
		d := crdt.New(crdt.Options{ClientID: 1 << 30})
		for i := range n {
			one := crdt.New(crdt.Options{ClientID: uint64(i + 1)})
			must(d.Apply(one.Transact(func(tx *crdt.Tx) { one.Text("text").Insert(tx, 0, "hello ") })))
		}
		return d
	}
}

func manyClips(n int) func() *crdt.Doc {
	return func() *crdt.Doc {
		r := rand.New(rand.NewPCG(1, 1))
		d := crdt.New(crdt.Options{ClientID: 1})
		clips := d.Map("clips")
		for i := range n {
			d.Transact(func(tx *crdt.Tx) {
				clips.Set(tx, strconv.Itoa(i), crdt.NewMap(map[string]any{"place": i, "prompt": crdt.NewText("a slow pan over the harbour")}))
			})
		}
		for range n * 10 {
			d.Transact(func(tx *crdt.Tx) {
				clip, _ := clips.Get(strconv.Itoa(r.IntN(n)))
				clip.(crdt.Map).Set(tx, "place", r.IntN(n))
			})
		}
		return d
	}
}
