package main

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/soratoo/soratoo/crdt"
)

// growthTime is how long the making of one document may take.
const growthTime = 45 * time.Second

// maker makes a document in n steps, or a part of it when ctx ends.
type maker func(ctx context.Context, n int) *crdt.Doc

// growth shows what larger documents cost: ten times the size should take about
// ten times as long.
func (b *bench) growth(ctx context.Context) {
	say("measuring growth")
	t := b.book.add("How cost grows",
		"Documents of our engine, each ten times as large as the one before; the time for all of it, and the heap that it holds when it was loaded.",
		"document", "make", "load", "encode", "kept")
	for _, kind := range []struct {
		name  string
		make  maker
		sizes []int
	}{
		{"a text with %s inserts at random places", randomText, []int{1_000, 10_000, 100_000}},
		{"a map of %s keys", manyKeys, []int{1_000, 10_000, 100_000}},
		{"a text by %s clients", manyClients, []int{100, 1_000, 10_000}},
		{"a timeline of %s clips, each moved ten times", manyClips, []int{200, 2_000, 20_000}},
	} {
		for _, n := range kind.sizes {
			t.row(append([]string{fmt.Sprintf(kind.name, thousands(n))}, grown(ctx, kind.make, n)...)...)
		}
	}
}

func grown(ctx context.Context, make maker, n int) []string {
	ctx, cancel := context.WithTimeout(ctx, growthTime)
	defer cancel()
	var doc *crdt.Doc
	made := best(ctx, 1, func() { doc = make(ctx, n) })
	if ctx.Err() != nil {
		return []string{fmt.Sprintf("over %.0f s", growthTime.Seconds()), notMeasured, notMeasured, notMeasured}
	}
	whole := doc.Encode()
	load := func() *crdt.Doc { return replay([][]byte{whole}) }
	return []string{
		millis(made),
		millis(best(ctx, 3, func() { load() })),
		millis(best(ctx, 3, func() { doc.Encode() })),
		megabytes(keptBy(load)),
	}
}

// steps counts from 0 to n, unless ctx ends before.
func steps(ctx context.Context, n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < n && ctx.Err() == nil && yield(i); i++ {
		}
	}
}

func randomText(ctx context.Context, n int) *crdt.Doc {
	r := rand.New(rand.NewPCG(1, 1))
	d := crdt.New(crdt.Options{ClientID: 1})
	t := d.Text("text")
	for range steps(ctx, n) {
		d.Transact(func(tx *crdt.Tx) { t.Insert(tx, r.IntN(t.Len()+1), "ab") })
	}
	return d
}

func manyKeys(ctx context.Context, n int) *crdt.Doc {
	d := crdt.New(crdt.Options{ClientID: 1})
	m := d.Map("map")
	for i := range steps(ctx, n) {
		d.Transact(func(tx *crdt.Tx) { m.Set(tx, "key "+strconv.Itoa(i), i) })
	}
	return d
}

func manyClients(ctx context.Context, n int) *crdt.Doc {
	d := crdt.New(crdt.Options{ClientID: 1 << 30})
	for i := range steps(ctx, n) {
		one := crdt.New(crdt.Options{ClientID: uint64(i + 1)})
		must(d.Apply(one.Transact(func(tx *crdt.Tx) { one.Text("text").Insert(tx, 0, "hello ") })))
	}
	return d
}

func manyClips(ctx context.Context, n int) *crdt.Doc {
	r := rand.New(rand.NewPCG(1, 1))
	d := crdt.New(crdt.Options{ClientID: 1})
	clips := d.Map("clips")
	for i := range steps(ctx, n) {
		d.Transact(func(tx *crdt.Tx) {
			clips.Set(tx, strconv.Itoa(i), crdt.NewMap(map[string]any{"place": i, "prompt": crdt.NewText("a slow pan over the harbour")}))
		})
	}
	for range steps(ctx, n*10) {
		d.Transact(func(tx *crdt.Tx) {
			if clip, ok := clips.Get(strconv.Itoa(r.IntN(n))); ok {
				clip.(crdt.Map).Set(tx, "place", r.IntN(n))
			}
		})
	}
	return d
}
