package timeline_test

import (
	"cmp"
	"regexp"
	"slices"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/timeline"
)

var idPattern = regexp.MustCompile(`^[0-9A-Za-z]{22}$`)

func open(t *testing.T, update []byte) *crdt.Doc {
	t.Helper()
	doc := crdt.New(crdt.Options{})
	if err := doc.Apply(update); err != nil {
		t.Fatal(err)
	}
	return doc
}

func things(t *testing.T, doc *crdt.Doc, root string) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for id, v := range doc.Map(root).JSON() {
		fields, ok := v.(map[string]any)
		if !ok || !idPattern.MatchString(id) {
			t.Errorf("%s has %q: %v", root, id, v)
		}
		out[id] = fields
	}
	return out
}

func TestANewProjectHasOneEmptySceneOnOneTrack(t *testing.T) {
	doc := open(t, timeline.Seed("Harbour"))
	meta := doc.Map(timeline.RootMeta).JSON()
	if meta["title"] != "Harbour" || meta["schema"] != int64(timeline.Schema) {
		t.Errorf("meta is %v", meta)
	}
	scenes, tracks, clips := things(t, doc, timeline.RootScenes), things(t, doc, timeline.RootTracks), things(t, doc, timeline.RootClips)
	if len(scenes) != 1 || len(tracks) != 1 || len(clips) != 1 || doc.Map(timeline.RootMarkers).Len() != 0 {
		t.Fatalf("%d scenes, %d tracks, %d clips", len(scenes), len(tracks), len(clips))
	}
	for _, s := range scenes {
		if s["prompt"] != "" || s["length"] != int64(timeline.EmptySceneLength) {
			t.Errorf("the scene is %v", s)
		}
	}
	for id := range scenes {
		for _, field := range []string{"title", "prompt", "notes"} {
			scene, _ := doc.Map(timeline.RootScenes).Get(id)
			v, _ := scene.(crdt.Map).Get(field)
			if _, ok := v.(crdt.Text); !ok {
				t.Errorf("%s is a %T, want a shared text", field, v)
			}
		}
	}
}

func TestTwoSeedsShareNothing(t *testing.T) {
	doc := open(t, timeline.Seed("one"))
	if err := doc.Apply(timeline.Seed("two")); err != nil {
		t.Fatal(err)
	}
	if n := len(things(t, doc, timeline.RootScenes)); n != 2 {
		t.Errorf("%d scenes, want 2", n)
	}
}

// The sample is held to the rules of the document: clips show existing scenes,
// stay inside them, and stand in the order in which they are meant.
func TestTheSampleIsWhole(t *testing.T) {
	doc := open(t, timeline.Sample("The Last Turn"))
	scenes, tracks, clips := things(t, doc, timeline.RootScenes), things(t, doc, timeline.RootTracks), things(t, doc, timeline.RootClips)
	if len(scenes) != 8 || len(tracks) != 2 || len(clips) != 15 {
		t.Errorf("%d scenes, %d tracks, %d clips", len(scenes), len(tracks), len(clips))
	}
	orders := map[any]bool{}
	var story []map[string]any
	for id, c := range clips {
		place, span := c["place"].(map[string]any), c["span"].(map[string]any)
		track := tracks[place["track"].(string)]
		if track == nil {
			t.Errorf("clip %s is on no track: %v", id, place)
			continue
		}
		if track["kind"] != timeline.TrackStory {
			if clips[place["clip"].(string)] == nil {
				t.Errorf("clip %s is tied to nothing: %v", id, place)
			}
			continue
		}
		scene := scenes[c["source"].(map[string]any)["scene"].(string)]
		if scene == nil || span["in"].(int64)+span["length"].(int64) > scene["length"].(int64) {
			t.Errorf("clip %s shows %v of %v", id, span, scene)
		}
		if orders[place["order"]] {
			t.Errorf("order %v is taken twice", place["order"])
		}
		orders[place["order"]] = true
		story = append(story, c)
	}
	inSourceOrder(t, story)
	for id, m := range things(t, doc, timeline.RootMarkers) {
		if clips[m["at"].(map[string]any)["clip"].(string)] == nil {
			t.Errorf("marker %s is tied to nothing", id)
		}
	}
}

// inSourceOrder checks that each piece goes on where the clip before it ends.
func inSourceOrder(t *testing.T, story []map[string]any) {
	t.Helper()
	order := func(c map[string]any) string { return c["place"].(map[string]any)["order"].(string) }
	slices.SortFunc(story, func(a, b map[string]any) int { return cmp.Compare(order(a), order(b)) })
	pieces := 0
	for i, c := range story {
		if c["origin"] == nil {
			continue
		}
		pieces++
		span, before := c["span"].(map[string]any), story[i-1]["span"].(map[string]any)
		if before["in"].(int64)+before["length"].(int64) != span["in"].(int64) {
			t.Errorf("piece %v does not go on from %v", span, before)
		}
	}
	if pieces != 3 {
		t.Errorf("%d pieces, want 3", pieces)
	}
}
