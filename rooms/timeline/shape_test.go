package timeline_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/shape"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// check holds an update against the shape, before it is applied.
func check(t *testing.T, d *crdt.Doc, update []byte) error {
	t.Helper()
	p, err := d.Preview(update)
	if err != nil {
		t.Fatal(err)
	}
	if err := timeline.Shape.Check(d, p); err != nil {
		return err
	}
	return d.Apply(update)
}

func TestWhatTheProgramWritesHasTheShape(t *testing.T) {
	for name, update := range map[string][]byte{"seed": timeline.Seed("New"), "sample": timeline.Sample("Sample")} {
		if err := check(t, crdt.New(crdt.Options{}), update); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(cases, "random-*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", cases, err)
	}
	for _, file := range files {
		merged, err := crdt.MergeUpdates(readCase(t, file).Updates...)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(t, crdt.New(crdt.Options{}), merged); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
	}
}

func TestWhatHasNoPlaceInATimelineIsRefused(t *testing.T) {
	set := func(v any, root string, path ...string) func(d *crdt.Doc, tx *crdt.Tx) {
		return func(d *crdt.Doc, tx *crdt.Tx) {
			m := d.Map(root)
			for _, key := range path[:len(path)-1] {
				v, _ := m.Get(key)
				m = v.(crdt.Map)
			}
			m.Set(tx, path[len(path)-1], v)
		}
	}
	for name, edit := range map[string]func(d *crdt.Doc, tx *crdt.Tx){
		"a root":             set(1, "settings", "x"),
		"a text as root":     func(d *crdt.Doc, tx *crdt.Tx) { d.Text("prompt").Insert(tx, 0, "x") },
		"a clip that is not": set("x", "clips", "c9"),
		"a place":            set("start", "clips", "c1", "place"),
		"a track's number":   set(map[string]any{"track": 7}, "clips", "c1", "place"),
		"a span of words":    set(map[string]any{"in": "0", "length": "9"}, "clips", "c1", "span"),
		"a huge number":      set(1e300, "clips", "c1", "speed"),
		"a title as value":   set("x", "scenes", "s1", "title"),
		"a title as map":     set(crdt.NewMap(nil), "scenes", "s1", "title"),
		"a scene in a scene": set(crdt.NewMap(nil), "scenes", "s1", "inner"),
		"a rate":             set(24, "meta", "rate"),
		"a name":             set(crdt.NewMap(nil), "tracks", strings.Repeat("x", 65)),
		"a long label":       set(strings.Repeat("x", 2000), "clips", "c1", "label"),
	} {
		d := crdt.New(crdt.Options{ClientID: 5})
		d.Transact(func(tx *crdt.Tx) {
			d.Map("clips").Set(tx, "c1", crdt.NewMap(map[string]any{"label": "x"}))
			d.Map("scenes").Set(tx, "s1", crdt.NewMap(map[string]any{"title": crdt.NewText("x")}))
		})
		server := crdt.New(crdt.Options{})
		if err := check(t, server, d.Encode()); err != nil {
			t.Fatal(err)
		}
		update := d.Transact(func(tx *crdt.Tx) { edit(d, tx) })
		if err := check(t, server, update); !errors.Is(err, shape.ErrShape) {
			t.Errorf("%s: %v, want that it has no place", name, err)
		}
	}
}

// Somebody who has not heard that a scene is gone goes on writing in it.
func TestWritingInWhatIsGoneIsNotRefused(t *testing.T) {
	server, late := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	seed := timeline.Seed("New")
	for _, d := range []*crdt.Doc{server, late} {
		if err := d.Apply(seed); err != nil {
			t.Fatal(err)
		}
	}
	id := late.Map("scenes").Keys()[0]
	scene, _ := late.Map("scenes").Get(id)
	prompt, _ := scene.(crdt.Map).Get("prompt")
	late.Transact(func(tx *crdt.Tx) { prompt.(crdt.Text).Insert(tx, 0, "Da") })
	server.Transact(func(tx *crdt.Tx) { server.Map("scenes").Delete(tx, id) })
	late.Transact(func(tx *crdt.Tx) {
		prompt.(crdt.Text).Insert(tx, 2, "wn")
		scene.(crdt.Map).Set(tx, "length", 7)
		scene.(crdt.Map).Set(tx, "extra", crdt.NewMap(map[string]any{"x": 1}))
	})
	if err := check(t, server, late.Encode()); err != nil {
		t.Error(err)
	}
}

// A transaction that sets a key several times comes as one row of values when its
// writer keeps what was replaced, as those who can undo it do.
func TestAKeyMayBeSetSeveralTimesAtOnce(t *testing.T) {
	writer := crdt.New(crdt.Options{ClientID: 5, KeepDeleted: true})
	server := crdt.New(crdt.Options{})
	if err := check(t, server, writer.Transact(func(tx *crdt.Tx) {
		writer.Map("clips").Set(tx, "c1", crdt.NewMap(map[string]any{"label": "x"}))
	})); err != nil {
		t.Fatal(err)
	}
	set := func(values ...any) []byte {
		v, _ := writer.Map("clips").Get("c1")
		return writer.Transact(func(tx *crdt.Tx) {
			for _, value := range values {
				v.(crdt.Map).Set(tx, "gain", value)
			}
		})
	}
	if err := check(t, server, set(1, 2, 3, 4)); err != nil {
		t.Error(err)
	}
	if err := check(t, server, set("loud", 2, 3)); !errors.Is(err, shape.ErrShape) {
		t.Errorf("a row with a word: %v", err)
	}
}
