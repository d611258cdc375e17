package crdttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/soratoo/soratoo/crdt"
)

// Twin is one seeded run of a document of ours and one of real Yjs that make the
// same edits under the same client id: each update, each state and each event
// has to be the same. Both hear a third replica and can take back what they did.
type Twin struct {
	seed     uint64
	peer     *Peer
	random   *rand.Rand
	name     string
	keep     bool // both keep what is deleted
	doc      *crdt.Doc
	undo     *crdt.UndoManager
	other    *crdt.Doc
	seen     []string // events of the running step
	ops      []any
	exercise string // what the step was, for the error
}

// RunTwin plays the run of a seed. The error says what differed first.
func RunTwin(peer *Peer, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 0x7717))
	t := &Twin{seed: seed, peer: peer, random: r, keep: r.IntN(4) == 0}
	t.begin()
	defer peer.Queue(nil, "free", t.name)
	for range 4 + t.random.IntN(24) {
		if err := t.step(); err != nil {
			return fmt.Errorf("seed %d: %s: %w", seed, t.exercise, err)
		}
	}
	return nil
}

var twinRoots = []string{"m", "a", "t", "x"}

func (t *Twin) root(name string) crdt.Shared {
	switch name {
	case "m":
		return t.doc.Map(name)
	case "a":
		return t.doc.Array(name)
	case "t":
		return t.doc.Text(name)
	default:
		return t.doc.XML(name)
	}
}

func (t *Twin) begin() {
	ids := t.random.Perm(len(clients))
	t.name = fmt.Sprintf("twin %d", t.seed)
	t.doc = crdt.New(crdt.Options{ClientID: clients[ids[0]], KeepDeleted: t.keep})
	t.other = crdt.New(crdt.Options{ClientID: clients[ids[1]], KeepDeleted: t.keep})
	var scope []crdt.Shared
	names := []string{}
	for _, name := range twinRoots {
		root := t.root(name)
		if t.random.IntN(2) == 0 {
			scope, names = append(scope, root), append(names, name)
		}
		crdt.Observe(root, func(e *crdt.Event) { t.saw("shallow", name, e) })
		crdt.ObserveDeep(root, func(events []*crdt.Event) {
			for _, e := range events {
				t.saw("deep", name, e)
			}
		})
	}
	t.doc.OnSubdocuments(func(c crdt.SubdocumentChange) {
		t.seen = append(t.seen, canonical([]any{"subdocuments", guids(c.Added), guids(c.Removed)}))
	})
	still := time.Unix(1_000_000, 0)
	t.undo = crdt.NewUndoManager(t.doc, crdt.UndoOptions{
		CaptureTimeout: time.Hour, Origins: []any{"me"}, Now: func() time.Time { return still },
	}, scope...)
	t.peer.Queue(nil, "new", t.name, t.doc.ClientID(), map[string]any{"keepDeleted": t.keep})
	t.peer.Queue(nil, "twin", t.name, names)
}

// saw notes an event as the peer tells its own.
func (t *Twin) saw(how, root string, e *crdt.Event) {
	type keyChange struct {
		Action crdt.Action `json:"action"`
		Old    any         `json:"old"`
	}
	keys := map[string]keyChange{}
	for k, c := range e.Keys {
		keys[k] = keyChange{c.Action, plain(c.Old)}
	}
	path := e.Path
	if path == nil {
		path = []any{}
	}
	t.seen = append(t.seen, canonical([]any{how, root, map[string]any{
		"path": path, "keys": keys, "delta": plainDelta(e.Delta),
	}}))
}

func guids(subs []crdt.Subdocument) []string {
	out := make([]string, len(subs))
	for i, s := range subs {
		out[i] = s.GUID
	}
	slices.Sort(out)
	return out
}

func plainDelta(delta []crdt.Op) []crdt.Op {
	out := make([]crdt.Op, len(delta))
	for i, op := range delta {
		op.Insert = plain(op.Insert)
		out[i] = op
	}
	return out
}

// plain is a value with its types as plain values, as peer.mjs has them.
func plain(v any) any {
	switch v := v.(type) {
	case crdt.Map:
		return v.JSON()
	case crdt.Array:
		return v.JSON()
	case crdt.Text:
		return v.String()
	case crdt.XML:
		if v.Kind() == "xml-hook" {
			return v.Attributes().JSON()
		}
		return v.String()
	case crdt.Undefined:
		return nil
	case crdt.Subdocument:
		return map[string]any{"guid": v.GUID}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	default:
		return v
	}
}

// canonical is a value as JSON with sorted keys.
func canonical(v any) string {
	first, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	var generic any
	if err := json.Unmarshal(first, &generic); err != nil {
		return err.Error()
	}
	out, _ := json.Marshal(generic)
	return string(out)
}

// outcome is what the peer tells about a step.
type outcome struct {
	Update []byte
	Events []any
	State  []byte
	Delta  json.RawMessage
	XML    string
	Tidied [][]byte
}

func (t *Twin) step() error {
	t.seen = nil
	switch n := t.random.IntN(100); {
	case n < 55:
		return t.edit()
	case n < 60:
		t.exercise = "stop"
		t.undo.StopCapturing()
		t.peer.Queue(nil, "stop", t.name)
		return nil
	case n < 72:
		t.exercise = "undo"
		return t.compare(t.undo.Undo(), "undo", t.name)
	case n < 80:
		t.exercise = "redo"
		return t.compare(t.undo.Redo(), "redo", t.name)
	default:
		return t.hear()
	}
}

func (t *Twin) edit() error {
	t.ops = nil
	update := t.doc.TransactAs("me", func(tx *crdt.Tx) {
		for range 1 + t.random.IntN(4) {
			t.ops = append(t.ops, twinEdit(t.doc, tx, t.random))
		}
	})
	t.exercise = "edit " + canonical(t.ops)
	return t.compare(update, "step", t.name, t.ops)
}

// hear lets the third replica edit, with or without having heard this one, and
// takes what it wrote.
func (t *Twin) hear() error {
	if t.random.IntN(2) == 0 {
		if err := t.other.Apply(t.doc.Encode()); err != nil {
			return err
		}
	}
	update := t.other.Transact(func(tx *crdt.Tx) {
		for range 1 + t.random.IntN(3) {
			twinEdit(t.other, tx, t.random)
		}
	})
	if update == nil {
		return nil
	}
	t.exercise = fmt.Sprintf("hear %x", update)
	if err := t.doc.ApplyAs("remote", update); err != nil {
		return err
	}
	var want outcome
	t.peer.Into(&want, "hear", t.name, update)
	if err := t.compareEvents(want); err != nil {
		return err
	}
	for _, tidied := range want.Tidied {
		if err := t.doc.ApplyAs("remote", tidied); err != nil {
			return err
		}
	}
	return t.compareState(want)
}

func (t *Twin) compare(update []byte, call ...any) error {
	var want outcome
	t.peer.Into(&want, call...)
	if !bytes.Equal(update, want.Update) {
		return fmt.Errorf("update\n     %s\nwant %s", Explain(update), Explain(want.Update))
	}
	if err := t.compareEvents(want); err != nil {
		return err
	}
	return t.compareState(want)
}

func (t *Twin) compareEvents(want outcome) error {
	var events []string
	for _, e := range want.Events {
		events = append(events, canonical(e))
	}
	slices.Sort(events)
	slices.Sort(t.seen)
	if !reflect.DeepEqual(t.seen, events) {
		return fmt.Errorf("events\n     %s\nwant %s", strings.Join(t.seen, "\n     "), strings.Join(events, "\n     "))
	}
	return nil
}

func (t *Twin) compareState(want outcome) error {
	if err := t.doc.Check(); err != nil {
		return err
	}
	if got := t.doc.Encode(); !bytes.Equal(got, want.State) {
		return fmt.Errorf("state\n     %s\nwant %s", Explain(got), Explain(want.State))
	}
	if got, want := canonical(plainDelta(t.doc.Text("t").Delta())), canonical(want.Delta); got != want {
		return fmt.Errorf("delta\n     %s\nwant %s", got, want)
	}
	if got := t.doc.XML("x").String(); got != want.XML {
		return fmt.Errorf("XML\n     %s\nwant %s", got, want.XML)
	}
	return nil
}

// Explain is an update for people.
func Explain(update []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%x", update)
	for s, err := range crdt.Structs(update) {
		fmt.Fprintf(&b, "\n  %v %s %v %v %s %s %v %v", s.IDRange, s.Kind, s.Origin, s.RightOrigin, s.Parent, s.Key, s.Content, err)
	}
	return b.String()
}
