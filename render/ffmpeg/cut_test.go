package ffmpeg_test

import (
	"math"
	"testing"
	"time"

	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// clip is one of a track, at speed 1.
func clip(id, asset string, start, length int) timeline.Clip {
	return timeline.Clip{ID: id, Start: start, Length: length, Span: length, Speed: 1, Source: timeline.Source{Kind: "asset", Of: asset}}
}

// A cut as people make it: a card, media of other rates, a speed, a dissolve, an
// overlay of 9:16, a title, captions that are burnt in, a gap and what is missing.
func TestACutIsRenderedAsItIsPlanned(t *testing.T) {
	fast := clip("c", "count", 50, 20)
	fast.Speed, fast.Span, fast.Transition = 2, 40, &timeline.Transition{Kind: "dissolve", Length: 10}
	scene := clip("a", "one", 0, 30)
	scene.Source.Kind, scene.Fade = "scene", timeline.Fade{In: 10}
	title := clip("t", "Harbour", 35, 12)
	title.Source.Kind = "title"
	words := "Good morning"
	caption := timeline.Clip{ID: "w", Start: 5, Length: 20, Speed: 1, Source: timeline.Source{Kind: "title", Of: "caption"}, Text: &words}
	cut := timeline.Timeline{
		Rate: [2]int{24000, 1001}, Size: [2]int{180, 320}, Background: "#000000", Length: 125,
		Scenes: []timeline.Scene{{ID: "one", Title: "Harbour", Prompt: "Dawn", Length: 30}},
		Tracks: []timeline.Track{
			{ID: "s", Kind: timeline.TrackStory, Lanes: 1, Clips: []timeline.Clip{scene, clip("b", "red", 30, 20), fast, clip("d", "red", 70, 30), clip("e", "lost", 105, 20)}},
			{ID: "v", Kind: timeline.TrackVideo, Lanes: 1, Clips: []timeline.Clip{title, clip("o", "blue", 80, 10)}},
			{ID: "m", Kind: timeline.TrackAudio, Lanes: 1, Clips: []timeline.Clip{clip("m", "tone", 10, 40)}},
			{ID: "w", Kind: timeline.TrackCaption, Lanes: 1, Clips: []timeline.Clip{caption}},
		},
	}
	media := map[string]render.Footage{
		"red": {Kind: "video", Length: 2 * time.Second}, "blue": {Kind: "video", Length: 2 * time.Second},
		"count": {Kind: "video", Length: 4 * time.Second}, "tone": {Kind: "audio", Length: 3 * time.Second},
	}
	plan, warnings, err := render.PlanCut(cut, render.Options{Preset: "h264", Burn: true, Media: media})
	if err != nil || len(warnings) != 1 {
		t.Fatalf("warnings %v, %v", warnings, err)
	}
	file, _ := made(t, plan)
	streams := probe(t, file).Streams
	if v := streams[0]; v.Frames != "125" || v.Rate != "24000/1001" || v.Width != 180 || v.Height != 320 || len(streams) != 2 {
		t.Errorf("the streams are %+v", streams)
	}
	for i, p := range spot(t, file, 0.5, 0.46) {
		ok := true
		switch {
		case i == 0, i >= 100 && i < 105:
			ok = max(p[0], p[1], p[2]) < 12
		case i >= 30 && i < 35, i >= 47 && i < 50, i >= 76 && i < 80, i >= 90 && i < 100:
			ok = red(p)
		case i >= 50 && i < 65: // its pictures are of 24 frames a second
			ok = p[0] == p[1] && math.Abs(float64(p[1])*219/255/2-2*float64(i-50)) < 1.6
		case i >= 80 && i < 90:
			ok = blue(p)
		case i >= 106:
			ok = p[0] > p[2]+10 // the card of what is missing
		}
		if !ok {
			t.Errorf("frame %d is %v", i, p)
		}
	}
}
