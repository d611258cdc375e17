package interchange_test

import (
	"slices"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/timeline"
	"github.com/soratoo/soratoo/rooms/timeline/interchange"
)

func document(t *testing.T, update []byte) *crdt.Doc {
	t.Helper()
	d := crdt.New(crdt.Options{ClientID: 7})
	if err := d.Apply(update); err != nil {
		t.Fatal(err)
	}
	return d
}

// into adds a sequence to a document.
func into(t *testing.T, d *crdt.Doc, s *interchange.Sequence, link interchange.Link) (r interchange.Report) {
	t.Helper()
	var err error
	d.Transact(func(tx *crdt.Tx) {
		err = interchange.IntoDocument(timeline.Edit{Doc: d, Tx: tx}, s, link, &r)
	})
	if err != nil {
		t.Fatal(err)
	}
	p := timeline.Project(d)
	for _, repair := range p.Repairs {
		if repair.Rule != 4 { // lanes are no defects
			t.Errorf("what was imported has to be mended: %+v", repair)
		}
	}
	// All of it is what a document may hold.
	fresh := crdt.New(crdt.Options{})
	preview, err := fresh.Preview(d.Encode())
	if err == nil {
		err = timeline.Shape.Check(fresh, preview)
	}
	if err != nil {
		t.Error(err)
	}
	return r
}

// A whole project goes out and comes back into a new one as it was.
func TestAProjectGoesOutAndComesBack(t *testing.T) {
	before := document(t, timeline.Sample("Lighthouse"))
	for _, name := range []string{"otio", "json"} {
		f, _ := interchange.Find(name, nil)
		b, _, err := f.Write(interchange.FromDocument(before, nil))
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := f.Parse(b, interchange.Options{})
		if err != nil {
			t.Fatal(err)
		}
		after := document(t, timeline.Seed("New"))
		into(t, after, s, nil)
		got, want := timeline.Project(after), timeline.Project(before)
		if got.Length != want.Length || got.Rate != want.Rate || got.Size != want.Size || len(got.Markers) != len(want.Markers) {
			t.Errorf("%s: %d frames at %v, %d markers, want %d at %v, %d", name, got.Length, got.Rate, len(got.Markers), want.Length, want.Rate, len(want.Markers))
		}
		if !slices.EqualFunc(got.Scenes, want.Scenes, func(a, b timeline.Scene) bool {
			return a.Title == b.Title && a.Prompt == b.Prompt && a.Notes == b.Notes && a.Length == b.Length
		}) {
			t.Errorf("%s: scenes %+v, want %+v", name, got.Scenes, want.Scenes)
		}
		for i, track := range want.Tracks {
			if !slices.EqualFunc(got.Tracks[i].Clips, track.Clips, func(a, b timeline.Clip) bool {
				return a.Start == b.Start && a.Length == b.Length && a.In == b.In && a.Speed == b.Speed && a.Source.Kind == b.Source.Kind &&
					(a.Text == nil) == (b.Text == nil) && (a.Transition == nil) == (b.Transition == nil)
			}) {
				t.Errorf("%s: track %d has %+v, want %+v", name, i, got.Tracks[i].Clips, track.Clips)
			}
		}
	}
}

// Behind a cut that is there, what comes keeps its shape, at the project's rate.
func TestAnImportGoesBehindWhatIsThere(t *testing.T) {
	d := document(t, timeline.Sample("Lighthouse"))
	before := timeline.Project(d)
	s := &interchange.Sequence{Rate: interchange.Rate{48, 1}, Tracks: []interchange.Track{
		{Kind: interchange.Story, Clips: []interchange.Clip{
			{Start: 24, Length: 48, In: 10, Speed: 1, Media: "/a/dawn.mov"}, {Start: 72, Length: 48, Speed: 2, Media: "noon.mov", Metadata: []byte(`{"x":1}`)},
		}},
		{Kind: interchange.Audio, Name: "Sea", Clips: []interchange.Clip{{Start: 30, Length: 60, Speed: 1, Media: "sea.wav", Gain: -6, FadeIn: 8}}},
		{Kind: interchange.Caption, Name: "EN", Clips: []interchange.Clip{{Start: 30, Length: 20, Speed: 1, Text: "Good morning"}}},
	}, Markers: []interchange.Marker{{At: 80, Label: "look"}}}
	r := into(t, d, s, func(_, name string) string {
		return map[string]string{"sea.wav": "asset1"}[name]
	})
	has(t, r.Changed, "converted to the project's 24")
	has(t, r.Changed, "\"dawn.mov\" is not in the project")
	after := timeline.Project(d)
	story := after.Tracks[0].Clips[len(before.Tracks[0].Clips):]
	at := before.Tracks[0].Length
	if len(story) != 2 || story[0].Start != at+12 || story[0].Length != 24 || story[0].In != 5 || story[1].Start != at+36 || story[1].Length != 24 || story[1].Span != 48 {
		t.Errorf("the story goes on with %+v at %d", story, at)
	}
	if n := len(after.Scenes) - len(before.Scenes); n != 2 || after.Scenes[len(after.Scenes)-1].Title != "noon.mov" {
		t.Errorf("%d scenes came", n)
	}
	sounds, words := after.Tracks[len(after.Tracks)-2], after.Tracks[len(after.Tracks)-1]
	if c := sounds.Clips[0]; sounds.Kind != "audio" || c.Source.Of != "asset1" || c.Start != at+15 || c.Length != 30 || c.Gain != -6 || c.Fade.In != 4 || c.Anchor == nil {
		t.Errorf("the sound is %+v", c)
	}
	if c := words.Clips[0]; words.Kind != "caption" || *c.Text != "Good morning" || c.Start != at+15 {
		t.Errorf("the caption is %+v", c)
	}
	if m := after.Markers[len(after.Markers)-1]; m.Label != "look" || m.Start != at+40 || m.Clip == nil {
		t.Errorf("the marker is %+v", m)
	}
	out := interchange.FromDocument(d, nil)
	clips := out.Tracks[0].Clips
	if got := string(clips[len(clips)-1].Metadata); got != `{"x":1}` {
		t.Errorf("the metadata is %q", got)
	}
}

// A storyboard of a table becomes scenes that are shown one after the other.
func TestATableBecomesAStoryboard(t *testing.T) {
	f, _ := interchange.Find("csv", nil)
	s, _, err := f.Parse([]byte("title,prompt,seconds\nDawn,Slow dolly,2\nNoon,,3\n"), interchange.Options{Rate: interchange.Rate{25, 1}})
	if err != nil {
		t.Fatal(err)
	}
	d := document(t, timeline.Seed("New"))
	into(t, d, s, nil)
	p := timeline.Project(d)
	if len(p.Scenes) != 2 || p.Scenes[0].Title != "Dawn" || p.Length != 125 || p.Rate != [2]int{25, 1} {
		t.Errorf("%d scenes, %d frames at %v", len(p.Scenes), p.Length, p.Rate)
	}
}
