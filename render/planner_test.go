package render_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms/timeline"
)

var update = flag.Bool("update", false, "write what is planned into the cases; read what changed")

// things are the roots of a timeline document, as JSON.
type things struct {
	Meta                           map[string]any
	Scenes, Tracks, Clips, Markers map[string]map[string]any
}

// project is the projection of a document that holds these things.
func (d things) project(t *testing.T) timeline.Timeline {
	t.Helper()
	doc := crdt.New(crdt.Options{})
	doc.Transact(func(tx *crdt.Tx) {
		for key, v := range d.Meta {
			doc.Map(timeline.RootMeta).Set(tx, key, v)
		}
		for root, all := range map[string]map[string]map[string]any{
			timeline.RootScenes: d.Scenes, timeline.RootTracks: d.Tracks, timeline.RootClips: d.Clips, timeline.RootMarkers: d.Markers,
		} {
			for id, fields := range all {
				doc.Map(root).Set(tx, id, crdt.NewMap(typed(root, fields)))
			}
		}
	})
	return timeline.Project(doc)
}

// typed has the texts and maps of a thing as what they are in a document.
func typed(root string, fields map[string]any) map[string]any {
	out := map[string]any{}
	for key, v := range fields {
		text := root == timeline.RootScenes && (key == "title" || key == "prompt") || root == timeline.RootClips && key == "text"
		switch {
		case text:
			v = crdt.NewText(v.(string))
		case key == "render" || key == "refs":
			v = crdt.NewMap(v.(map[string]any))
		}
		out[key] = v
	}
	return out
}

type footage struct {
	Kind    string  `json:"kind"`
	Seconds float64 `json:"seconds,omitempty"`
	Sound   bool    `json:"sound,omitempty"`
}

// planned is a case: a document, and what is made of it.
type planned struct {
	About    string             `json:"about"`
	Make     string             `json:"make,omitempty"` // scene, preview; else a cut
	Scene    string             `json:"scene,omitempty"`
	Burn     bool               `json:"burn,omitempty"`
	Range    *[2]int            `json:"range,omitempty"`
	Takes    map[string]string  `json:"takes,omitempty"`
	Media    map[string]footage `json:"media,omitempty"`
	Doc      json.RawMessage    `json:"doc"`
	Plan     json.RawMessage    `json:"plan,omitempty"`
	Warnings []render.Warning   `json:"warnings,omitempty"`
	Error    string             `json:"error,omitempty"`
}

func (c planned) options() render.Options {
	o := render.Options{Preset: "h264", Burn: c.Burn, Range: c.Range, Media: map[string]render.Footage{}}
	for id, f := range c.Media {
		o.Media[id] = render.Footage{Kind: f.Kind, Length: time.Duration(f.Seconds * float64(time.Second)), Sound: f.Sound}
	}
	if c.Takes != nil {
		o.Take = func(s timeline.Scene) string { return c.Takes[s.ID] }
	}
	return o
}

// run plans what the case wants.
func (c planned) run(t *testing.T) (render.Plan, []render.Warning, error) {
	t.Helper()
	var d things
	if err := json.Unmarshal(c.Doc, &d); err != nil {
		t.Fatal(err)
	}
	cut := d.project(t)
	switch c.Make {
	case "scene":
		return render.PlanScene(cut, c.Scene, c.options())
	case "preview":
		return render.PlanPreview(cut, c.options())
	default:
		return render.PlanCut(cut, c.options())
	}
}

func TestCutsArePlannedAsTheCasesSay(t *testing.T) {
	files, err := filepath.Glob("testdata/plans/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c planned
			if err := json.Unmarshal(text, &c); err != nil {
				t.Fatal(err)
			}
			got := c
			got.Plan, got.Error = nil, ""
			plan, warnings, err := c.run(t)
			got.Warnings = warnings
			if err != nil {
				got.Error = err.Error()
				if !errors.Is(err, render.ErrPlan) {
					t.Errorf("%v is no ErrPlan", err)
				}
			} else {
				got.Plan = plan.Spec()
			}
			out := shown(t, got)
			if *update {
				if err := os.WriteFile(file, out, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if want := shown(t, c); !bytes.Equal(out, want) {
				t.Errorf("got\n%s\nwant\n%s", out, want)
			}
		})
	}
}

// shown is a case as it is in its file.
func shown(t *testing.T, c planned) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sample is the project that a demo begins with.
func sample(t *testing.T) timeline.Timeline {
	t.Helper()
	doc := crdt.New(crdt.Options{})
	if err := doc.Apply(timeline.Sample("The Last Turn")); err != nil {
		t.Fatal(err)
	}
	return timeline.Project(doc)
}
