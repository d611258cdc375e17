package interchange_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/rooms/timeline"
	"github.com/soratoo/soratoo/rooms/timeline/interchange"
)

// into holds the document against its shape.
func TestWhatIsLongerThanADocumentHoldsIsCutAndTold(t *testing.T) {
	long := "é" + strings.Repeat("日", 2_000)
	note := json.RawMessage(`{"resolve": {"note": "` + strings.Repeat("x", 70_000) + `"}}`)
	d := document(t, timeline.Seed(""))
	r := into(t, d, &interchange.Sequence{
		Rate: interchange.Rate{24, 1}, Size: [2]int{1920, 1080},
		Scenes: []interchange.Scene{{ID: "a", Title: long, Prompt: "\xff short", Length: 48, Color: long}},
		Tracks: []interchange.Track{
			{Kind: interchange.Story, Name: long, Clips: []interchange.Clip{
				{Length: 24, Speed: 1, Scene: "a", Label: long, Metadata: note, Transition: &interchange.Transition{Kind: long, Length: 4}},
				{Start: 24, Length: 24, Speed: 1, Scene: "a"},
			}},
			{Kind: interchange.Caption, Name: long, Clips: []interchange.Clip{{Length: 24, Speed: 1, Text: strings.Repeat(long, 50)}}},
		},
		Markers: []interchange.Marker{{Label: long, Color: long}},
	}, nil)
	for _, words := range []string{"title", "colour", "track's name", "clip's name", "transition", "a text", "marker's name"} {
		has(t, r.Changed, words)
	}
	has(t, r.Lost, "another program")
	p := timeline.Project(d)
	scene := p.Scenes[0]
	if n := len(scene.Title); n > 1_000 || n < 990 || !strings.HasPrefix(long, scene.Title) || scene.Prompt != "\ufffd short" {
		t.Errorf("the scene's title has %d bytes, its prompt is %q", n, scene.Prompt)
	}
}
