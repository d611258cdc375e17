package timeline_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// cases are those that the web client's projection runs, too.
const cases = "../../web/cases"

func TestDocumentsAreProjectedAsInTheBrowser(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(cases, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", cases, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c := readCase(t, file)
			doc := crdt.New(crdt.Options{})
			for _, u := range c.Updates {
				if err := doc.Apply(u); err != nil {
					t.Fatal(err)
				}
			}
			sameTimeline(t, timeline.Project(doc), c.Expected)
		})
	}
}

// projected is a document, and what the projection makes of it.
type projected struct {
	Updates  [][]byte
	Expected any
}

func readCase(t *testing.T, file string) (c projected) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sameTimeline compares through JSON, and names the first part that differs.
func sameTimeline(t *testing.T, got timeline.Timeline, want any) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	wantParts, _ := want.(map[string]any)
	for part, g := range plain.(map[string]any) {
		if w := wantParts[part]; !reflect.DeepEqual(g, w) {
			a, _ := json.Marshal(g)
			b, _ := json.Marshal(w)
			t.Errorf("%s\n     = %s\nwant %s", part, a, b)
		}
	}
}

func TestASeededProjectNeedsNoRepair(t *testing.T) {
	for name, update := range map[string][]byte{"seed": timeline.Seed("a"), "sample": timeline.Sample("b")} {
		p := timeline.Project(open(t, update))
		if len(p.Repairs) > 0 {
			t.Errorf("%s: %v", name, p.Repairs)
		}
		if p.Length == 0 || len(p.Tracks[0].Clips) == 0 {
			t.Errorf("%s: an empty timeline: %+v", name, p)
		}
	}
}
