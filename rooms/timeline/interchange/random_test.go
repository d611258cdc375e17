package interchange_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/soratoo/soratoo/rooms/timeline/interchange"
)

var rates = []interchange.Rate{{24000, 1001}, {24, 1}, {25, 1}, {30000, 1001}, {30, 1}, {48, 1}, {50, 1}, {60000, 1001}, {60, 1}}

// random makes a sequence that a format can hold: what is beyond it is left out.
func random(r *rand.Rand, format string) *interchange.Sequence {
	s := &interchange.Sequence{Title: "Harbour & <light>", Rate: rates[r.IntN(len(rates))], Size: [2]int{1920, 1080}}
	s.Drop = s.Rate[1] == 1001 && s.Rate[0] > 24000 && r.IntN(2) == 0
	rich := format == "otio" || format == "json"
	if rich {
		for i := range r.IntN(4) {
			s.Scenes = append(s.Scenes, interchange.Scene{
				ID: fmt.Sprint("scene", i), Title: fmt.Sprint("Dawn ", i), Prompt: "Slow dolly, “brass”\nand salt", Length: 1 + r.IntN(200), Color: "#c8553d",
			})
		}
	}
	kinds := []string{interchange.Story, interchange.Video, interchange.Audio}
	for n := range 1 + r.IntN(3) {
		t := interchange.Track{Kind: kinds[n], Name: []string{"Story", "Lane 1", "Lane -1"}[n]}
		if format == "edl" {
			t.Name = []string{"V", "V2", "A"}[n]
		}
		at := r.IntN(2) * r.IntN(50)
		for i := range 1 + r.IntN(6) {
			c := interchange.Clip{Start: at, Length: 10 + r.IntN(200), In: 20 + r.IntN(100), Speed: 1, Media: fmt.Sprintf("file:///media/A%d%d.mov", n, i)}
			if rich && r.IntN(3) == 0 {
				c.Speed = []float64{0.5, 2, 1.25}[r.IntN(3)]
			}
			if rich && len(s.Scenes) > 0 && n == 0 && r.IntN(2) == 0 {
				c.Media, c.Scene = "", s.Scenes[r.IntN(len(s.Scenes))].ID
			}
			if rich {
				c.Gain, c.FadeIn = float64(r.IntN(3)), r.IntN(5)
			}
			t.Clips = append(t.Clips, c)
			at = c.End() + r.IntN(2)*r.IntN(40)
		}
		for i := range t.Clips[:len(t.Clips)-1] {
			if (n == 0 || rich) && t.Clips[i].End() == t.Clips[i+1].Start && r.IntN(2) == 0 {
				t.Clips[i].Transition = &interchange.Transition{Kind: "dissolve", Length: 2 + 2*r.IntN(4)}
			}
		}
		s.Tracks = append(s.Tracks, t)
	}
	for range r.IntN(3) {
		s.Markers = append(s.Markers, interchange.Marker{At: r.IntN(10), Label: "Here", Color: ""})
	}
	slices.SortStableFunc(s.Markers, func(a, b interchange.Marker) int { return a.At - b.At })
	return s
}

// What a format can hold comes back as it went, to the frame, at every rate.
func TestSequencesComeBackAsTheyWent(t *testing.T) {
	for _, name := range []string{"otio", "json", "edl", "fcpxml"} {
		f, ok := interchange.Find(name, nil)
		if !ok {
			t.Fatal(name)
		}
		for seed := range uint64(300) {
			r := rand.New(rand.NewPCG(seed, 4))
			want := random(r, name)
			b, _, err := f.Write(want)
			if err != nil {
				t.Fatal(err)
			}
			got, report, err := f.Parse(b, interchange.Options{Rate: want.Rate})
			if err != nil {
				t.Fatalf("%s, seed %d: %v\n%s", name, seed, err, b)
			}
			if g, w := simple(got, name), simple(want, name); !reflect.DeepEqual(g, w) {
				t.Fatalf("%s, seed %d, rate %v, %+v:\ngot  %s\nwant %s\n%s", name, seed, want.Rate, report, g, w, b)
			}
			again, _, err := f.Write(got)
			if err != nil || name != "edl" && !bytes.Equal(again, b) {
				t.Fatalf("%s, seed %d: written again it is\n%s\nnot\n%s", name, seed, again, b)
			}
		}
	}
}

// simple is a sequence as text, without what a format does not say.
func simple(s *interchange.Sequence, format string) string {
	copied := *s
	copied.Start = 0
	if format == "edl" {
		copied.Size, copied.Markers, copied.Title = [2]int{}, nil, ""
	}
	copied.Tracks = nil
	for _, t := range s.Tracks {
		track := t
		track.Clips = nil
		for _, c := range t.Clips {
			c.Available, c.Label, c.Reel = 0, "", ""
			track.Clips = append(track.Clips, c)
		}
		copied.Tracks = append(copied.Tracks, track)
	}
	if len(copied.Markers) == 0 {
		copied.Markers = nil
	}
	for i := range copied.Markers {
		copied.Markers[i].Color = ""
	}
	if format == "fcpxml" {
		copied.Drop = s.Drop && s.Rate[1] == 1001
	}
	b, err := json.MarshalIndent(copied, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}
