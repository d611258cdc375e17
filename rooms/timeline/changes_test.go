package timeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/timeline"
)

func openState(t testing.TB, state []byte) *crdt.Doc {
	t.Helper()
	doc, err := timeline.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// desk is a document that somebody edits.
type desk struct {
	t    testing.TB
	doc  *crdt.Doc
	rand *rand.Rand
}

func newDesk(t testing.TB, state []byte, seed uint64) *desk {
	return &desk{t, openState(t, state), rand.New(rand.NewPCG(seed, 7))}
}

// edit makes one edit; what is refused changes nothing.
func (d *desk) edit(what func(e timeline.Edit, tx *crdt.Tx)) []byte {
	return d.doc.Transact(func(tx *crdt.Tx) {
		what(timeline.Edit{Doc: d.doc, Tx: tx, Random: func(n uint64) uint64 { return d.rand.Uint64N(n) }}, tx)
	})
}

func (d *desk) apply(update []byte) {
	d.t.Helper()
	if update == nil {
		return
	}
	if err := d.doc.Apply(update); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) json() string {
	d.t.Helper()
	b, err := json.Marshal(timeline.Project(d.doc))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(b)
}

// clip is some clip as it stands, with the track that it is on.
func (d *desk) clip() (timeline.Clip, timeline.Track, bool) {
	t := timeline.Project(d.doc)
	for _, i := range d.rand.Perm(len(t.Tracks)) {
		if track := t.Tracks[i]; len(track.Clips) > 0 {
			return track.Clips[d.rand.IntN(len(track.Clips))], track, true
		}
	}
	return timeline.Clip{}, timeline.Track{}, false
}

// chance makes some edit.
func (d *desk) chance() []byte {
	return d.edit(func(e timeline.Edit, tx *crdt.Tx) {
		clip, track, ok := d.clip()
		n := d.rand.IntN
		switch n(8) {
		case 0:
			if ok {
				_ = e.Delete(clip.ID)
			}
		case 1:
			if ok {
				_ = e.Move(clip.ID, timeline.Spot{Track: track.ID, Start: n(500)})
			}
		case 2:
			if ok {
				_ = e.TrimTail(clip.ID, n(20)-10)
			}
		case 3:
			if ok {
				_, _ = e.Split(clip.ID, clip.Start+n(clip.Length)+1)
			}
		case 4:
			if ok {
				_, _ = e.Insert(timeline.Spot{Track: track.ID, Start: n(500)}, timeline.NewClip{
					Source: timeline.Source{Kind: "asset", Of: "0123456789ABCDEFGHIJKL"}, Length: 1 + n(90),
				})
			}
		case 5:
			d.removeSome(tx)
		default:
			d.write(tx)
		}
	})
}

// write changes a text of a scene, letters beyond the basic plane among them.
func (d *desk) write(tx *crdt.Tx) {
	scenes := d.doc.Map(timeline.RootScenes)
	keys := scenes.Keys()
	if len(keys) == 0 {
		return
	}
	v, _ := scenes.Get(keys[d.rand.IntN(len(keys))])
	scene, _ := v.(crdt.Map)
	v, _ = scene.Get([]string{"title", "prompt", "notes"}[d.rand.IntN(3)])
	text, _ := v.(crdt.Text)
	if n := text.Len(); n > 3 && d.rand.IntN(2) == 0 && !strings.ContainsRune(text.String(), '🎬') {
		text.Delete(tx, d.rand.IntN(n-2), 2)
	}
	if strings.ContainsRune(text.String(), '🎬') {
		text.Insert(tx, 0, "slowly ")
		return
	}
	text.Insert(tx, d.rand.IntN(text.Len()+1), []string{"a gull ", "🎬 cut", "fog, and ", "é"}[d.rand.IntN(4)])
}

// removeSome takes a scene, a marker or a key of the settings away.
func (d *desk) removeSome(tx *crdt.Tx) {
	root := d.doc.Map([]string{timeline.RootScenes, timeline.RootMarkers, timeline.RootMeta}[d.rand.IntN(3)])
	if keys := root.Keys(); len(keys) > 0 {
		root.Delete(tx, keys[d.rand.IntN(len(keys))])
	}
}

func TestARestoredDocumentIsWhatItWas(t *testing.T) {
	for seed := range uint64(60) {
		d := newDesk(t, timeline.Sample("Harbour"), seed)
		type moment struct {
			state []byte
			json  string
		}
		var moments []moment
		for range 30 {
			d.chance()
			moments = append(moments, moment{d.doc.Encode(), d.json()})
		}
		for range 5 {
			to := moments[d.rand.IntN(len(moments))]
			before, was := d.doc.Encode(), d.json()
			update, err := timeline.Restore(before, to.state)
			if err != nil {
				t.Fatal(err)
			}
			d.apply(update)
			if got := d.json(); got != to.json {
				t.Fatalf("seed %d: restored\n%s\nwant\n%s", seed, got, to.json)
			}
			if again, err := timeline.Restore(d.doc.Encode(), to.state); err != nil || again != nil {
				t.Fatalf("seed %d: restoring what is there already writes %x, %v", seed, again, err)
			}
			after := d.doc.Encode()
			update, err = timeline.Undo(before, after, after)
			if err != nil {
				t.Fatal(err)
			}
			d.apply(update)
			if got := d.json(); got != was {
				t.Fatalf("seed %d: taken back\n%s\nwant\n%s", seed, got, was)
			}
			d.chance()
		}
	}
}

// scene is a scene's map.
func (d *desk) scene(number int) crdt.Map {
	v, _ := d.doc.Map(timeline.RootScenes).Get(timeline.Project(d.doc).Scenes[number-1].ID)
	m, _ := v.(crdt.Map)
	return m
}

func (d *desk) text(number int, key string) crdt.Text {
	v, _ := d.scene(number).Get(key)
	text, _ := v.(crdt.Text)
	return text
}

// A restore is made while another, who has not heard of it, edits the same
// scenes; then it is taken back.
func TestOthersEditsOutliveARestoreAndItsUndo(t *testing.T) {
	d := newDesk(t, timeline.Sample("Harbour"), 1)
	version := d.doc.Encode()
	d.edit(func(e timeline.Edit, tx *crdt.Tx) {
		d.text(1, "prompt").Insert(tx, 0, "Later words. ")
		d.scene(2).Set(tx, "length", 77)
		d.doc.Map(timeline.RootMeta).Set(tx, "title", "Later")
		if _, err := e.Insert(timeline.Spot{Track: timeline.Project(d.doc).Tracks[0].ID}, timeline.NewClip{
			Source: timeline.Source{Kind: "asset", Of: "0123456789ABCDEFGHIJKL"}, Length: 9, Label: "Late clip",
		}); err != nil {
			t.Fatal(err)
		}
	})
	before := d.doc.Encode()
	other := newDesk(t, before, 2)
	typed := other.edit(func(_ timeline.Edit, tx *crdt.Tx) {
		prompt := other.text(1, "prompt")
		prompt.Insert(tx, prompt.Len(), " Others type here.")
		other.scene(3).Set(tx, "length", 55)
	})
	update, err := timeline.Restore(before, version)
	if err != nil {
		t.Fatal(err)
	}
	d.apply(update)
	after := d.doc.Encode()
	d.apply(typed)
	if got := d.text(1, "prompt").String(); strings.Contains(got, "Later words") || !strings.HasSuffix(got, " Others type here.") {
		t.Errorf("after the restore the prompt is %q", got)
	}
	if now := timeline.Project(d.doc); now.Title != "Harbour" || now.Scenes[1].Length == 77 || now.Scenes[2].Length != 55 {
		t.Errorf("after the restore: %q, lengths %d, %d", now.Title, now.Scenes[1].Length, now.Scenes[2].Length)
	}
	d.edit(func(_ timeline.Edit, tx *crdt.Tx) { d.doc.Map(timeline.RootMeta).Set(tx, "title", "Others' title") })
	if update, err = timeline.Undo(before, after, d.doc.Encode()); err != nil {
		t.Fatal(err)
	}
	d.apply(update)
	if got := d.text(1, "prompt").String(); !strings.HasPrefix(got, "Later words. ") || !strings.HasSuffix(got, " Others type here.") {
		t.Errorf("after the undo the prompt is %q", got)
	}
	now := timeline.Project(d.doc)
	if now.Title != "Others' title" || now.Scenes[1].Length != 77 || now.Scenes[2].Length != 55 || now.Tracks[0].Clips[0].Label != "Late clip" {
		t.Errorf("after the undo: %q, lengths %d, %d, first %q", now.Title, now.Scenes[1].Length, now.Scenes[2].Length, now.Tracks[0].Clips[0].Label)
	}
}

func TestChangesAreToldInWords(t *testing.T) {
	d := newDesk(t, timeline.Sample("Harbour"), 3)
	before := d.doc.Encode()
	story := timeline.Project(d.doc).Tracks[0]
	d.edit(func(e timeline.Edit, tx *crdt.Tx) {
		d.text(4, "prompt").Insert(tx, 0, "Rain. ")
		for _, c := range story.Clips[1:3] {
			if err := e.TrimTail(c.ID, -2); err != nil {
				t.Fatal(err)
			}
		}
		last := story.Clips[len(story.Clips)-1]
		if err := e.Move(last.ID, timeline.Spot{Track: story.ID}); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Split(story.Clips[3].ID, timeline.Project(d.doc).Tracks[0].Clips[4].Start+5); err != nil {
			t.Fatal(err)
		}
	})
	things := timeline.Compare(openState(t, before), d.doc)
	var told []string
	for _, c := range timeline.Changes(things) {
		told = append(told, fmt.Sprintf("%s %d", c.Kind, c.Count))
		if c.Kind == timeline.PromptsWritten && c.Names[0].Number != 4 {
			t.Errorf("the prompt of %+v was written, want that of scene 4", c.Names)
		}
	}
	if want := []string{"prompts-written 1", "clips-split 1", "clips-moved 1", "clips-trimmed 3"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	back := timeline.Compare(d.doc, openState(t, before))
	if len(back) != len(things) {
		t.Errorf("%d things differ one way, %d the other", len(things), len(back))
	}
	if none := timeline.Changes(timeline.Compare(d.doc, d.doc)); len(none) != 0 {
		t.Errorf("a document differs from itself: %v", none)
	}
}

func TestWordsLeadFromOneTextToTheOther(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	vocabulary := strings.Split("the a gull 🎬 fog, é; rain over harbour \n . again", " ")
	text := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(vocabulary[r.IntN(len(vocabulary))])
			if r.IntN(3) > 0 {
				b.WriteByte(' ')
			}
		}
		return b.String()
	}
	for i := range 2000 {
		from, to := text(r.IntN(12)), text(r.IntN(12))
		if i == 0 {
			from, to = text(3000), text(3000)
		}
		var was, is bytes.Buffer
		for _, p := range timeline.Words(from, to) {
			if p.In != timeline.InTo {
				was.WriteString(p.Text)
			}
			if p.In != timeline.InFrom {
				is.WriteString(p.Text)
			}
		}
		if was.String() != from || is.String() != to {
			t.Fatalf("Words(%q, %q) leads from %q to %q", from, to, &was, &is)
		}
	}
	got := fmt.Sprint(timeline.Words("The old red boat.", "The red boat sinks."))
	if want := "[{both The } {from old } {both red boat} {to  sinks} {both .}]"; got != want {
		t.Errorf("Words = %s, want %s", got, want)
	}
}
