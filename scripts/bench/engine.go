package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/crdttest"
)

// engineRows are what is measured of an engine: milliseconds, except what is
// kept or allocated, which is bytes.
var engineRows = []struct{ name, words string }{
	{"b4 apply", "text: apply all updates one by one"},
	{"b4 type", "text: make the same edits locally, each update encoded"},
	{"b4 load", "text: load the final document"},
	{"b4 encode", "text: encode it"},
	{"b4 merge 10000", "text: merge the first 10,000 updates without a document"},
	{"b4 merge 20000", "text: merge the first 20,000 updates without a document"},
	{"b4 merge", "text: merge all updates without a document"},
	{"mix apply", "timeline: apply all updates one by one"},
	{"mix load", "timeline: load the final document"},
	{"mix encode", "timeline: encode it"},
	{"mix merge", "timeline: merge all updates without a document"},
}

var memoryRows = []struct{ name, words string }{
	{"b4 apply kept", "text: kept after all updates were applied"},
	{"b4 load kept", "text: kept after it was loaded"},
	{"b4 apply allocated", "text: allocated while all updates are applied"},
	{"mix apply kept", "timeline: kept after all updates were applied"},
	{"mix load kept", "timeline: kept after it was loaded"},
	{"mix apply allocated", "timeline: allocated while all updates are applied"},
}

// numbers are what was measured of one engine.
type numbers map[string]float64

// stream is a history of updates.
type stream struct {
	name    string
	updates [][]byte
	root    func(*crdt.Doc) // tells a document what its root is
}

// engines measures the engines on a text and on a timeline.
func (b *bench) engines(ctx context.Context) error {
	say("making the data")
	text := stream{"b4", typeTrace(b.trace), func(d *crdt.Doc) { d.Text("text") }}
	mix := stream{"mix", timelineMix(), func(d *crdt.Doc) { d.Map("clips") }}
	runs := 3
	if b.quick {
		runs = 1
	}
	ours := numbers{}
	for _, s := range []stream{text, mix} {
		if err := b.writeUpdates(s); err != nil {
			return err
		}
		say("measuring our engine on %s", s.name)
		ours.measure(ctx, s, runs)
	}
	ours["b4 type"] = best(ctx, runs, func() { typeTrace(b.trace) })
	for _, n := range []int{10_000, 20_000} {
		ours[fmt.Sprintf("b4 merge %d", n)] = best(ctx, runs, func() { merge(text.updates[:n]) })
	}
	var theirs []numbers
	for _, peer := range []string{"yjs", "ywasm"} {
		say("measuring %s", peer)
		result, err := b.measurePeer(ctx, peer, runs)
		if err != nil {
			say("%s is not measured: %v", peer, err)
		} else if err := b.compare(peer, text, mix); err != nil {
			return err
		}
		theirs = append(theirs, result)
	}
	b.engineTables(len(mix.updates), ours, theirs)
	b.growth(ctx)
	return nil
}

func (b *bench) engineTables(updates int, ours numbers, theirs []numbers) {
	columns := []string{"work", "SoraToo", b.version("Yjs", "yjs"), b.version("ywasm", "ywasm")}
	t := b.book.add("The engine: time", fmt.Sprintf(
		"The B4 editing trace of crdt-benchmarks (%s keystrokes, each an update of its own) and a timeline that %d clients edit (%d clips, %s "+
			"updates of registers and prompts). The best of several runs; ywasm types once, because that takes long. Yjs merges no more "+
			"than 20,000 updates, because its time grows much faster than their number; ywasm has no merge. All engines end with the same content.",
		thousands(len(b.trace)), mixClients, mixClips, thousands(updates)), columns...)
	for _, r := range engineRows {
		cells := []string{r.words, millis(ours[r.name])}
		for _, peer := range theirs {
			cells = append(cells, beside(peer[r.name], ours[r.name]))
		}
		t.row(cells...)
	}
	t = b.book.add("The engine: memory",
		"What a document holds after a collection: of Go its heap, of V8 its heap and what lies outside it, and so the memory of WebAssembly, which "+
			"never shrinks and is counted at its peak. Allocated is all that was ever asked for, most of it garbage soon; Node does not tell that.", columns...)
	for _, r := range memoryRows {
		cells := []string{r.words, megabytes(ours[r.name])}
		for _, peer := range theirs {
			cells = append(cells, megabytes(peer[r.name]))
		}
		t.row(cells...)
	}
}

// beside is a time of a peer with its ratio to ours.
func beside(theirs, ours float64) string {
	if theirs <= 0 || ours <= 0 {
		return notMeasured
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

// writeUpdates puts updates where the peers read them.
func (b *bench) writeUpdates(s stream) error {
	var all []byte
	for _, u := range s.updates {
		all = append(binary.BigEndian.AppendUint32(all, uint32(len(u))), u...)
	}
	return os.WriteFile(filepath.Join(b.dir, s.name+".updates"), all, 0o600)
}

// measurePeer times and weighs another engine.
func (b *bench) measurePeer(ctx context.Context, peer string, runs int) (numbers, error) {
	result := numbers{}
	if err := b.node(ctx, &result, "engine.mjs", peer, b.dir, strconv.Itoa(runs)); err != nil {
		return nil, err
	}
	for _, name := range []string{"b4", "mix"} {
		for _, work := range []string{"apply", "load"} {
			var bytes float64
			if err := b.node(ctx, &bytes, "memory.mjs", peer, b.dir, name, work); err != nil {
				return nil, err
			}
			result[name+" "+work+" kept"] = bytes
		}
	}
	return result, nil
}

// compare holds what a peer ended with, and has written, against ours: the same
// edits and the same content. Bytes may differ, as yrs orders the keys of values
// its own way.
func (b *bench) compare(peer string, streams ...stream) error {
	for _, s := range streams {
		state, err := os.ReadFile(filepath.Join(b.dir, peer+"-"+s.name+".state"))
		if err != nil {
			return err
		}
		theirs, ours := replay([][]byte{state}), replay(s.updates)
		for _, d := range []*crdt.Doc{theirs, ours} {
			s.root(d)
		}
		if !bytes.Equal(theirs.StateVector(), ours.StateVector()) || !reflect.DeepEqual(theirs.JSON(), ours.JSON()) {
			return fmt.Errorf("%s: %s ends with another document than we do", s.name, peer)
		}
	}
	return nil
}

// measure times our engine as engine.mjs times the others.
func (n numbers) measure(ctx context.Context, s stream, runs int) {
	apply := func() *crdt.Doc { return replay(s.updates) }
	n[s.name+" apply"] = best(ctx, runs, func() { apply() })
	n[s.name+" apply kept"] = keptBy(apply)
	n[s.name+" apply allocated"] = allocatedBy(func() { apply() })
	doc := apply()
	whole := doc.Encode()
	load := func() *crdt.Doc { return replay([][]byte{whole}) }
	n[s.name+" encode"] = best(ctx, runs*3, func() { doc.Encode() })
	n[s.name+" load"] = best(ctx, runs*3, func() { load() })
	n[s.name+" load kept"] = keptBy(load)
	n[s.name+" merge"] = best(ctx, runs, func() { merge(s.updates) })
}

// replay applies updates to a new document.
func replay(updates [][]byte) *crdt.Doc {
	doc := crdt.New(crdt.Options{ClientID: 99})
	for _, u := range updates {
		must(doc.Apply(u))
	}
	return doc
}

func merge(updates [][]byte) {
	_, err := crdt.MergeUpdates(updates...)
	must(err)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// best is the shortest of several runs, in milliseconds; 0 when ctx ended
// before the first.
func best(ctx context.Context, runs int, run func()) float64 {
	var shortest time.Duration
	for i := 0; i < runs && ctx.Err() == nil; i++ {
		runtime.GC()
		began := time.Now()
		run()
		if took := time.Since(began); i == 0 || took < shortest {
			shortest = took
		}
	}
	return float64(shortest) / 1e6
}

// keptBy is the heap that a document holds, in bytes.
func keptBy(make func() *crdt.Doc) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	doc := make()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(doc)
	return float64(after.HeapAlloc) - float64(before.HeapAlloc)
}

// allocatedBy is all that run asks for, in bytes.
func allocatedBy(run func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}
