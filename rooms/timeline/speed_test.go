package timeline_test

import (
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// longCut is a cut of 2,000 clips: half of them the story, the others sound and
// words that are tied to it. The page's twin is web/src/model/testing/speed.ts.
func longCut(b *testing.B) *crdt.Doc {
	b.Helper()
	doc := crdt.New(crdt.Options{})
	if err := doc.Apply(timeline.Seed("long")); err != nil {
		b.Fatal(err)
	}
	doc.Transact(func(tx *crdt.Tx) {
		e := timeline.Edit{Doc: doc, Tx: tx}
		story := timeline.Project(doc).Tracks[0].ID
		rows := map[string]int{story: 1000}
		for _, kind := range []string{timeline.TrackAudio, timeline.TrackCaption} {
			id, err := e.AddTrack(kind, kind)
			if err != nil {
				b.Fatal(err)
			}
			rows[id] = 500
		}
		for _, track := range timeline.Project(doc).Tracks {
			clips := make([]timeline.NewClip, rows[track.ID])
			for i := range clips {
				clips[i] = timeline.NewClip{Source: timeline.Source{Kind: "asset", Of: "a"}, Length: 20 + i%80, Start: 100 * i}
			}
			if _, err := e.Insert(timeline.Spot{Track: track.ID}, clips...); err != nil {
				b.Fatal(err)
			}
		}
	})
	return doc
}

func BenchmarkProjectionOf2000Clips(b *testing.B) {
	doc := longCut(b)
	b.ReportAllocs()
	for b.Loop() {
		if t := timeline.Project(doc); len(t.Tracks) != 3 {
			b.Fatal("tracks are missing")
		}
	}
}
