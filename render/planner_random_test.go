package render_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// fit holds a plan against what every plan of so many frames is.
func fit(p render.Plan, frames int) error {
	if err := p.Check(); err != nil {
		return err
	}
	if p.Total() != frames || p.Frames != frames {
		return fmt.Errorf("%d frames in segments, %d of the plan, want %d", p.Total(), p.Frames, frames)
	}
	for i, s := range p.Segments {
		if s.Transition != nil && (i+1 == len(p.Segments) || s.Transition.Frames < 1 || 2*s.Transition.Frames > min(s.Frames, p.Segments[i+1].Frames)) {
			return fmt.Errorf("segment %d of %d frames has a transition of %d", i, s.Frames, s.Transition.Frames)
		}
	}
	inside := func(what string, start, n int) error {
		if start < 0 || n < 1 || start+n > frames {
			return fmt.Errorf("%s of %d frames from %d on in %d", what, n, start, frames)
		}
		return nil
	}
	for _, o := range p.Overlays {
		if err := inside("an overlay", o.Start, o.Frames); err != nil {
			return err
		}
	}
	for _, s := range p.Sounds {
		if err := inside("a sound", s.Start, s.Frames); err != nil {
			return err
		}
		if s.CrossIn+s.CrossOut > s.Frames || s.Media.In < 0 {
			return fmt.Errorf("a sound like %+v", s)
		}
	}
	for _, c := range p.Captions {
		if err := inside("a caption", c.Start, c.Frames); err != nil {
			return err
		}
	}
	return nil
}

// randomThings is some document, with all that a clip may be.
func randomThings(r *rand.Rand) things {
	rates := [][]any{{24.0, 1.0}, {24000.0, 1001.0}, {30000.0, 1001.0}, {25.0, 1.0}, {60.0, 1.0}}
	d := things{
		Meta:   map[string]any{"rate": rates[r.IntN(len(rates))], "size": []any{1080.0, 1920.0}},
		Tracks: map[string]map[string]any{}, Clips: map[string]map[string]any{}, Scenes: map[string]map[string]any{},
	}
	for i := range 3 {
		d.Scenes[fmt.Sprint("scene", i)] = map[string]any{
			"order": fmt.Sprint(i), "title": "T", "prompt": "P", "length": float64(20 + r.IntN(80)), "take": []any{"red", nil, "gone"}[i],
		}
	}
	kinds := []string{"story", "story", "video", "audio", "video", "caption", "story"}
	for i := range 1 + r.IntN(len(kinds)) {
		track := fmt.Sprint("t", i)
		d.Tracks[track] = map[string]any{"order": fmt.Sprint(r.IntN(9)), "kind": kinds[i], "hidden": r.IntN(6) == 0, "muted": r.IntN(6) == 0}
		for n := range r.IntN(12) {
			d.Clips[fmt.Sprintf("%s-%d", track, n)] = randomClip(r, track)
		}
	}
	return d
}

func randomClip(r *rand.Rand, track string) map[string]any {
	n := func(most int) float64 { return float64(r.IntN(most)) }
	sources := []map[string]any{
		{"asset": "red"},
		{"asset": "blue"},
		{"asset": "still"},
		{"asset": "tone"},
		{"asset": "gone"},
		{"title": "Title"},
		{"scene": "scene0"},
		{"scene": "scene1"},
		{"scene": "scene2"},
		{"scene": "never"},
	}
	c := map[string]any{
		"place":  map[string]any{"track": track, "order": fmt.Sprint(r.IntN(1000)), "gap": n(2) * n(30), "at": n(300)},
		"span":   map[string]any{"in": n(2) * n(90), "length": 1 + n(3)*n(60)},
		"source": sources[r.IntN(len(sources))],
		"speed":  []float64{1, 1, 1, 2, 0.5, 1.37, 9, 0.1}[r.IntN(8)],
		"fade":   map[string]any{"in": n(2) * n(20), "out": n(2) * n(20)},
		"label":  "L",
	}
	if r.IntN(2) == 0 {
		c["transition"] = map[string]any{"kind": []string{"dissolve", "wipe", "odd"}[r.IntN(3)], "length": 1 + n(30)}
	}
	return c
}

var stock = map[string]render.Footage{
	"red": {Kind: "video", Length: 4 * time.Second, Sound: true}, "blue": {Kind: "video"}, "still": {Kind: "image"}, "tone": {Kind: "audio", Length: 3 * time.Second},
}

// layer is a picture at a frame: of which asset, and which of its frames.
type layer struct {
	asset string
	at    int
}

// seen is what the viewer shows at a frame, from the lowest: the clips that are
// there, of the story tracks from the last to the first, then of the video tracks.
func seen(t timeline.Timeline, frame int) (out []layer) {
	for _, kind := range []string{timeline.TrackStory, timeline.TrackVideo} {
		tracks := slices.Clone(t.Tracks)
		if kind == timeline.TrackStory {
			slices.Reverse(tracks)
		}
		for _, track := range tracks {
			if track.Kind != kind || track.Hidden {
				continue
			}
			clips := slices.Clone(track.Clips)
			slices.SortStableFunc(clips, func(a, b timeline.Clip) int { return cmp.Compare(a.Lane, b.Lane) })
			for _, c := range clips {
				asset := c.Source.Of
				if c.Source.Kind == "scene" && asset == "scene0" {
					asset = "red"
				}
				f := stock[asset]
				if frame < c.Start || frame >= c.Start+c.Length || f.Kind != "image" && f.Kind != "video" {
					continue
				}
				l := layer{asset, 0}
				if f.Kind == "video" {
					l.at = c.In + int(math.Floor(float64(frame-c.Start)*c.Speed))
				}
				out = append(out, l)
			}
		}
	}
	return out
}

// laid is the same of a plan, without what is only there for a transition.
func laid(p render.Plan, frame int) (out []layer) {
	add := func(m *render.Media, start int) {
		l := layer{m.Asset, 0}
		if stock[m.Asset].Kind == "video" {
			l.at = m.In + int(math.Floor(float64(frame-start)*cmp.Or(m.Speed, 1)))
		}
		out = append(out, l)
	}
	start := 0
	for _, s := range p.Segments {
		if s.Media != nil && frame >= start && frame < start+s.Frames {
			add(s.Media, start)
		}
		start += s.Frames
	}
	for _, o := range p.Overlays {
		if o.Media != nil && frame >= o.Start && frame < o.Start+o.Frames {
			add(o.Media, o.Start)
		}
	}
	return out
}

func TestPlansShowWhatTheViewerShowsForExactlyItsFrames(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := randomThings(r)
		cut := d.project(t)
		o := render.Options{Preset: "h264", Media: stock}
		plan, _, err := render.PlanCut(cut, o)
		if cut.Length == 0 {
			if err == nil {
				t.Errorf("seed %d: an empty cut has a plan", seed)
			}
			continue
		}
		if err == nil {
			err = fit(plan, cut.Length)
		}
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		if again, _, _ := render.PlanCut(d.project(t), o); !bytes.Equal(plan.Spec(), again.Spec()) {
			t.Errorf("seed %d: two plans of one cut differ", seed)
		}
		// Transitions between overlays show two clips where one is: without them.
		for i := range cut.Tracks {
			for j := range cut.Tracks[i].Clips {
				cut.Tracks[i].Clips[j].Transition = nil
			}
		}
		if plan, _, err = render.PlanCut(cut, o); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for frame := range cut.Length {
			if got, want := laid(plan, frame), seen(cut, frame); !slices.Equal(got, want) {
				t.Fatalf("seed %d: frame %d shows %v, want %v", seed, frame, got, want)
			}
		}
	}
}

func TestAPartOfACutShowsWhatTheWholeShowsThere(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		cut := randomThings(r).project(t)
		if cut.Length < 2 {
			continue
		}
		from := r.IntN(cut.Length - 1)
		to := from + 1 + r.IntN(cut.Length-from)
		plan, _, err := render.PlanCut(cut, render.Options{Preset: "h264", Media: stock, Range: &[2]int{from, to}})
		if err == nil {
			err = fit(plan, to-from)
		}
		if err != nil {
			t.Errorf("seed %d, %d to %d: %v", seed, from, to, err)
			continue
		}
		whole, _, _ := render.PlanCut(cut, render.Options{Preset: "h264", Media: stock})
		for frame := range to - from {
			got, want := laid(plan, frame), laid(whole, from+frame)
			// A speed may round to the frame beside.
			same := len(got) <= len(want)
			for i := range got {
				same = same && slices.ContainsFunc(want, func(w layer) bool { return w.asset == got[i].asset && max(w.at-got[i].at, got[i].at-w.at) <= 1 })
			}
			if !same {
				t.Fatalf("seed %d, %d to %d: frame %d shows %v, want %v", seed, from, to, frame, got, want)
			}
		}
	}
}

func TestTheSampleIsPlannedWithoutAWarning(t *testing.T) {
	doc := sample(t)
	plan, warnings, err := render.PlanCut(doc, render.Options{Preset: "h264"})
	if err == nil {
		err = fit(plan, doc.Length)
	}
	if err != nil || len(warnings) > 0 || len(plan.Captions) != 3 || len(plan.Segments) != 13 {
		t.Errorf("%d captions, %d segments, warnings %v, %v", len(plan.Captions), len(plan.Segments), warnings, err)
	}
}

func TestAScenesPlanIsAsLongAsTheScene(t *testing.T) {
	media := map[string]render.Footage{}
	refs := []timeline.Ref{}
	for i := range 12 {
		id := fmt.Sprint("picture", i)
		media[id] = render.Footage{Kind: "image"}
		refs = append(refs, timeline.Ref{Asset: id})
	}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		length := 1 + r.IntN(1500)
		rate := [][2]int{{24, 1}, {24000, 1001}, {60, 1}, {1, 2}}[r.IntN(4)]
		cut := timeline.Timeline{
			Rate: rate, Size: [2]int{64, 64},
			Scenes: []timeline.Scene{{ID: "s", Length: length, Refs: refs[:r.IntN(len(refs)+1)]}},
		}
		plan, _, err := render.PlanScene(cut, "s", render.Options{Preset: "h264", Media: media})
		if err == nil {
			err = fit(plan, length)
		}
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}
