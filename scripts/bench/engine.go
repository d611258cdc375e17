package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/crdttest"
)

// engines measures the engines on a text and on a timeline.
func (b *bench) engines() error {
	say("making the data")
	trace := b.trace
	text, mix := typeTrace(trace), timelineMix()
	if err := b.writeUpdates(text, mix); err != nil {
		return err
	}
	runs := 3
	if b.quick {
		runs = 1
	}
	say("measuring our engine")
	ours := measure(trace, text, mix, runs)
	theirs := map[string]map[string]float64{}
	for _, peer := range []string{"yjs", "ywasm"} {
		say("measuring %s", peer)
		result := map[string]float64{}
		if err := b.node(&result, "engine.mjs", peer, b.dir, strconv.Itoa(runs)); err != nil {
			say("%s is not measured: %v", peer, err)
		}
		theirs[peer] = result
	}
	t := b.book.add("The engine", fmt.Sprintf(
		"The B4 editing trace (%d keystrokes, each an update of its own) and a timeline that 20 clients edit (200 clips, %d updates). "+
			"The best of several runs; kept is the heap that the document holds after a collection.", len(trace), len(mix)),
		"work", "SoraToo", b.version("yjs"), b.version("ywasm"), "kept by SoraToo")
	for _, r := range []struct{ name, words string }{
		{"b4 apply", "text: apply all updates one by one"},
		{"b4 type", "text: make the same edits locally, each update encoded"},
		{"b4 load", "text: load the final document"},
		{"b4 encode", "text: encode it"},
		{"b4 merge 10000", "text: merge the first 10,000 updates without a document"},
		{"b4 merge", "text: merge all updates without a document"},
		{"mix apply", "timeline: apply all updates one by one"},
		{"mix load", "timeline: load the final document"},
		{"mix encode", "timeline: encode it"},
	} {
		kept := ""
		if n := ours[r.name+" kept"]; n > 0 {
			kept = megabytes(n)
		}
		t.row(r.words, millis(ours[r.name]), beside(theirs["yjs"][r.name], ours[r.name]), beside(theirs["ywasm"][r.name], ours[r.name]), kept)
	}
	b.growth()
	return nil
}

// beside is a time of a peer with its ratio to ours.
func beside(theirs, ours float64) string {
	if theirs <= 0 || ours <= 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%.1f×)", millis(theirs), theirs/ours)
}

// typeTrace is the trace as updates of client 1.
func typeTrace(trace []crdttest.Keystroke) [][]byte {
	doc := crdt.New(crdt.Options{ClientID: 1})
	text := doc.Text("text")
	updates := make([][]byte, len(trace))
	for i, k := range trace {
		updates[i] = k.Type(doc, text)
	}
	return updates
}

// timelineMix is what 20 clients write in 2,500 rounds on 200 clips: places,
// trims, and letters of prompts.
func timelineMix() [][]byte {
	r := rand.New(rand.NewPCG(7, 7))
	var docs []*crdt.Doc
	for i := range 20 {
		docs = append(docs, crdt.New(crdt.Options{ClientID: uint64(1000 + i)}))
	}
	clip := func(i int) string { return "clip" + strconv.Itoa(i) }
	updates := [][]byte{docs[0].Transact(func(tx *crdt.Tx) {
		for i := range 200 {
			docs[0].Map("clips").Set(tx, clip(i), crdt.NewMap(map[string]any{
				"place": map[string]any{"track": "story", "at": i}, "trim": map[string]any{"in": 0, "out": 48}, "prompt": crdt.NewText(""),
			}))
		}
	})}
	from := 0
	for range 2500 {
		for ; from < len(updates); from++ {
			for i, d := range docs {
				if i == (from+19)%20 && from > 0 || from == 0 && i == 0 {
					continue // its own
				}
				if err := d.Apply(updates[from]); err != nil {
					panic(err)
				}
			}
		}
		for _, d := range docs {
			updates = append(updates, d.Transact(func(tx *crdt.Tx) { editClip(d, tx, clip(r.IntN(200)), r) }))
		}
	}
	return updates
}

func editClip(d *crdt.Doc, tx *crdt.Tx, id string, r *rand.Rand) {
	v, _ := d.Map("clips").Get(id)
	c := v.(crdt.Map)
	switch r.IntN(4) {
	case 0, 1:
		c.Set(tx, "place", map[string]any{"track": "story", "at": r.IntN(10000)})
	case 2:
		c.Set(tx, "trim", map[string]any{"in": r.IntN(24), "out": 24 + r.IntN(240)})
	default:
		v, _ := c.Get("prompt")
		prompt := v.(crdt.Text)
		prompt.Insert(tx, r.IntN(prompt.Len()+1), string(rune('a'+r.IntN(26))))
	}
}

// writeTrace reads the trace and puts it where the peers read it.
func (b *bench) writeTrace() (err error) {
	if b.trace, err = crdttest.B4(); err != nil {
		return err
	}
	keys, err := json.Marshal(b.trace)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.dir, "b4.trace"), keys, 0o600)
}

// writeUpdates puts the updates where the peers read them.
func (b *bench) writeUpdates(text, mix [][]byte) error {
	for name, updates := range map[string][][]byte{"b4": text, "mix": mix} {
		var all []byte
		for _, u := range updates {
			all = append(binary.BigEndian.AppendUint32(all, uint32(len(u))), u...)
		}
		if err := os.WriteFile(filepath.Join(b.dir, name+".updates"), all, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// measure times our engine as engine.mjs times the others.
func measure(trace []crdttest.Keystroke, text, mix [][]byte, runs int) map[string]float64 {
	out := map[string]float64{}
	for name, updates := range map[string][][]byte{"b4": text, "mix": mix} {
		apply := func() *crdt.Doc {
			doc := crdt.New(crdt.Options{ClientID: 99})
			for _, u := range updates {
				must(doc.Apply(u))
			}
			return doc
		}
		var doc *crdt.Doc
		out[name+" apply"] = best(runs, func() { doc = apply() })
		out[name+" apply kept"] = keptBy(apply)
		whole := doc.Encode()
		load := func() *crdt.Doc {
			doc := crdt.New(crdt.Options{ClientID: 99})
			must(doc.Apply(whole))
			return doc
		}
		out[name+" encode"] = best(runs*3, func() { doc.Encode() })
		out[name+" load"] = best(runs*3, func() { load() })
		out[name+" load kept"] = keptBy(load)
	}
	merge := func(updates [][]byte) {
		_, err := crdt.MergeUpdates(updates...)
		must(err)
	}
	out["b4 type"] = best(runs, func() { typeTrace(trace) })
	out["b4 merge 10000"] = best(runs, func() { merge(text[:10_000]) })
	out["b4 merge"] = best(runs, func() { merge(text) })
	return out
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// best is the shortest of several runs, in milliseconds.
func best(runs int, run func()) float64 {
	shortest := time.Duration(1 << 62)
	for range runs {
		runtime.GC()
		began := time.Now()
		run()
		shortest = min(shortest, time.Since(began))
	}
	return float64(shortest) / 1e6
}

// keptBy is the heap that a document holds, in bytes.
func keptBy(make func() *crdt.Doc) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	doc := make()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(doc)
	return float64(after.HeapAlloc) - float64(before.HeapAlloc)
}
