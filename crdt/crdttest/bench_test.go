package crdttest_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/crdttest"
)

// typed is the trace, so many times over, as updates of client 1.
func typed(b *testing.B, times int) [][]byte {
	b.Helper()
	trace, err := crdttest.B4()
	if err != nil {
		b.Fatal(err)
	}
	doc := crdt.New(crdt.Options{ClientID: 1})
	text := doc.Text("text")
	var updates [][]byte
	for range times {
		from := text.Len()
		for _, k := range trace {
			k.At += from
			updates = append(updates, k.Type(doc, text))
		}
	}
	return updates
}

// mixed is what 20 clients write on 200 clips in 2,500 rounds: places, trims, and
// letters of prompts.
func mixed() [][]byte {
	r := rand.New(rand.NewPCG(7, 7))
	server := crdt.New(crdt.Options{ClientID: 1})
	var docs []*crdt.Doc
	for i := range 20 {
		docs = append(docs, crdt.New(crdt.Options{ClientID: uint64(1000 + i)}))
	}
	updates := [][]byte{server.Transact(func(tx *crdt.Tx) {
		for i := range 200 {
			server.Map("clips").Set(tx, "clip"+strconv.Itoa(i), crdt.NewMap(map[string]any{
				"place": map[string]any{"track": "story", "at": i}, "trim": map[string]any{"in": 0, "out": 48}, "prompt": crdt.NewText(""),
			}))
		}
	})}
	heard := 0
	for range 2500 {
		for _, d := range docs {
			for _, u := range updates[heard:] {
				mustApply(d, u)
			}
		}
		heard = len(updates)
		for _, d := range docs {
			updates = append(updates, d.Transact(func(tx *crdt.Tx) { editClip(d, tx, r) }))
		}
	}
	return updates
}

func editClip(d *crdt.Doc, tx *crdt.Tx, r *rand.Rand) {
	clip, _ := d.Map("clips").Get("clip" + strconv.Itoa(r.IntN(200)))
	fields := clip.(crdt.Map)
	switch r.IntN(4) {
	case 0, 1:
		fields.Set(tx, "place", map[string]any{"track": "story", "at": r.IntN(10000)})
	case 2:
		fields.Set(tx, "trim", map[string]any{"in": r.IntN(24), "out": 24 + r.IntN(240)})
	default:
		prompt, _ := fields.Get("prompt")
		text := prompt.(crdt.Text)
		text.Insert(tx, r.IntN(text.Len()+1), string(rune('a'+r.IntN(26))))
	}
}

func mustApply(d *crdt.Doc, update []byte) {
	if err := d.Apply(update); err != nil {
		panic(err)
	}
}

func applied(updates ...[]byte) *crdt.Doc {
	d := crdt.New(crdt.Options{ClientID: 99})
	for _, u := range updates {
		mustApply(d, u)
	}
	return d
}

// measure runs work b.N times, and tells what the document that it makes keeps.
func measure(b *testing.B, work func() *crdt.Doc) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	doc := work()
	runtime.GC()
	runtime.ReadMemStats(&after)
	kept := float64(after.HeapAlloc) - float64(before.HeapAlloc)
	runtime.KeepAlive(doc)
	b.ReportAllocs()
	for b.Loop() {
		work()
	}
	b.ReportMetric(kept/1e6, "MB-kept")
}

// BenchmarkDocument applies the updates of a document one by one, loads it at
// once, and encodes it.
func BenchmarkDocument(b *testing.B) {
	for _, of := range []struct {
		name    string
		updates func(b *testing.B) [][]byte
	}{
		{"b4", func(b *testing.B) [][]byte { return typed(b, 1) }},
		{"b4x10", func(b *testing.B) [][]byte { return typed(b, 10) }},
		{"mix", func(*testing.B) [][]byte { return mixed() }},
	} {
		b.Run(of.name, func(b *testing.B) {
			updates := of.updates(b)
			doc := applied(updates...)
			whole, has := doc.Encode(), applied(updates[:len(updates)-10]...).StateVector()
			b.Run("apply", func(b *testing.B) { measure(b, func() *crdt.Doc { return applied(updates...) }) })
			b.Run("load", func(b *testing.B) { measure(b, func() *crdt.Doc { return applied(whole) }) })
			run := func(name string, work func() ([]byte, error)) {
				b.Run(name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if _, err := work(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			run("encode", func() ([]byte, error) { return doc.Encode(), nil })
			run("diff", func() ([]byte, error) { return doc.Diff(has) })
			run("merge", func() ([]byte, error) { return crdt.MergeUpdates(updates...) })
			run("relayed-diff", func() ([]byte, error) { return crdt.DiffUpdate(whole, has) })
			run("relayed-state", func() ([]byte, error) { return crdt.StateVectorFromUpdate(whole) })
		})
	}
}

func BenchmarkTypeB4(b *testing.B) {
	for b.Loop() {
		typed(b, 1)
	}
}

// randomText is a text made by n inserts at random places.
func randomText(n int) (*crdt.Doc, *rand.Rand) {
	r := rand.New(rand.NewPCG(1, 1))
	d := crdt.New(crdt.Options{ClientID: 1})
	text := d.Text("text")
	for range n {
		d.Transact(func(tx *crdt.Tx) { text.Insert(tx, r.IntN(text.Len()+1), "ab") })
	}
	return d, r
}

// BenchmarkRandomPlace edits and reads at random places of long lists.
func BenchmarkRandomPlace(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("make/%d", n), func(b *testing.B) {
			for b.Loop() {
				randomText(n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/insert")
		})
		b.Run(fmt.Sprintf("edit/%d", n), func(b *testing.B) {
			d, r := randomText(n)
			text := d.Text("text")
			for b.Loop() {
				d.Transact(func(tx *crdt.Tx) { text.Insert(tx, r.IntN(text.Len()+1), "c") })
				d.Transact(func(tx *crdt.Tx) { text.Delete(tx, r.IntN(text.Len()), 1) })
			}
		})
		b.Run(fmt.Sprintf("get/%d", n), func(b *testing.B) {
			d, r := crdt.New(crdt.Options{ClientID: 1}), rand.New(rand.NewPCG(2, 2))
			list := d.Array("list")
			d.Transact(func(tx *crdt.Tx) {
				for i := range n {
					list.Insert(tx, r.IntN(list.Len()+1), i)
				}
			})
			for b.Loop() {
				list.Get(r.IntN(n))
			}
		})
	}
}

// BenchmarkManyClients makes a text by n clients who each write at the beginning,
// and loads it.
func BenchmarkManyClients(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000, 100_000} {
		updates := make([][]byte, n)
		for i := range updates {
			one := crdt.New(crdt.Options{ClientID: uint64(i + 1)})
			updates[i] = one.Transact(func(tx *crdt.Tx) { one.Text("text").Insert(tx, 0, "hello ") })
		}
		b.Run(fmt.Sprintf("apply/%d", n), func(b *testing.B) { measure(b, func() *crdt.Doc { return applied(updates...) }) })
		whole := applied(updates...).Encode()
		b.Run(fmt.Sprintf("load/%d", n), func(b *testing.B) { measure(b, func() *crdt.Doc { return applied(whole) }) })
	}
}

// BenchmarkManyKeys sets n keys of a map one by one, and loads the map.
func BenchmarkManyKeys(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		make := func() *crdt.Doc {
			d := crdt.New(crdt.Options{ClientID: 1})
			for i := range n {
				d.Transact(func(tx *crdt.Tx) { d.Map("map").Set(tx, "key "+strconv.Itoa(i), i) })
			}
			return d
		}
		b.Run(fmt.Sprintf("make/%d", n), func(b *testing.B) { measure(b, make) })
		whole := make().Encode()
		b.Run(fmt.Sprintf("load/%d", n), func(b *testing.B) { measure(b, func() *crdt.Doc { return applied(whole) }) })
	}
}
