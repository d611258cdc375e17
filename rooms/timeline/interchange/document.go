package interchange

import (
	"cmp"
	"encoding/json"
	"strconv"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// Media tells what is known of an asset: the name of its file, and how many frames
// it has at the project's rate, 0 when nobody knows. It may be nil.
type Media func(asset string) (name string, frames int)

// firstHour is where timecode begins that nobody has chosen.
const firstHour = 1

// FromDocument is the cut and the storyboard of a document, as they are shown.
func FromDocument(d *crdt.Doc, media Media) *Sequence {
	t := timeline.Project(d)
	s := &Sequence{Title: t.Title, Rate: Rate(t.Rate), Size: t.Size}
	s.Drop = s.Rate.drops()
	s.Start, _ = parseTimecode("0"+strconv.Itoa(firstHour)+":00:00:00", s.Rate, s.Drop) // there is one at each rate
	for _, c := range t.Scenes {
		scene := Scene{ID: c.ID, Title: c.Title, Prompt: c.Prompt, Notes: c.Notes, Length: c.Length}
		if c.Color != nil {
			scene.Color = *c.Color
		}
		s.Scenes = append(s.Scenes, scene)
	}
	for _, track := range t.Tracks {
		s.Tracks = append(s.Tracks, tracksOf(d, track, media)...)
	}
	for _, m := range t.Markers {
		marker := Marker{At: m.Start, Length: m.Length, Label: m.Label}
		if m.Color != nil {
			marker.Color = *m.Color
		}
		s.Markers = append(s.Markers, marker)
	}
	return s
}

// tracksOf is a track, with one for each of its lanes.
func tracksOf(d *crdt.Doc, t timeline.Track, media Media) []Track {
	out := make([]Track, max(t.Lanes, 1))
	for i := range out {
		out[i] = Track{Kind: t.Kind, Name: t.Name, Muted: t.Muted, Hidden: t.Hidden}
		if i > 0 {
			out[i].Name += " " + strconv.Itoa(i+1)
		}
	}
	for _, c := range t.Clips {
		out[c.Lane].Clips = append(out[c.Lane].Clips, clipOf(d, c, media))
	}
	return out
}

func clipOf(d *crdt.Doc, c timeline.Clip, media Media) Clip {
	out := Clip{
		Start: c.Start, Length: c.Length, In: c.In, Speed: c.Speed, Label: c.Label,
		Gain: c.Gain, FadeIn: c.Fade.In, FadeOut: c.Fade.Out,
	}
	switch c.Source.Kind {
	case "scene":
		out.Scene = c.Source.Of
	case "asset":
		out.Asset = c.Source.Of
		if media != nil {
			out.Media, out.Available = media(c.Source.Of)
		}
	}
	if c.Text != nil {
		out.Text = *c.Text
	}
	if x := c.Transition; x != nil {
		out.Transition = &Transition{x.Kind, x.Length}
	}
	if v, _ := d.Map(timeline.RootClips).Get(c.ID); v != nil {
		if m, ok := v.(crdt.Map); ok {
			if text, _ := m.Get(timeline.KeyMetadata); text != nil {
				if text, ok := text.(string); ok && json.Valid([]byte(text)) {
					out.Metadata = json.RawMessage(text)
				}
			}
		}
	}
	return out
}

// Link finds the asset of the project that a file means: by the id that we wrote
// into it, or by the name of the media. It returns "" for none, and may be nil.
type Link func(asset, name string) (id string)

// IntoDocument adds a sequence to a document, in one transaction: behind what is
// there, or in place of the empty scene of a new project, which also takes the
// file's rate and size. Media that the project does not have becomes scenes of its
// name, to be filled. The report goes on.
func IntoDocument(e timeline.Edit, s *Sequence, link Link, r *Report) error {
	in := importer{edit: e, s: s, link: link, r: r, scenes: map[string]string{}}
	s.bound(r)
	now := timeline.Project(e.Doc)
	if empty(&now) {
		if err := in.begin(&now); err != nil {
			return err
		}
	} else {
		in.fit(Rate(now.Rate))
	}
	for _, step := range []func() error{in.storyboard, in.story, in.others, in.markers} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// empty tells whether a project is as it was made.
func empty(t *timeline.Timeline) bool {
	clips := 0
	for _, track := range t.Tracks {
		clips += len(track.Clips)
	}
	if len(t.Markers) > 0 || clips > 1 || len(t.Scenes) > 1 {
		return false
	}
	for _, c := range t.Scenes {
		if c.Title+c.Prompt+c.Notes != "" || c.Take != nil || len(c.Refs) > 0 {
			return false
		}
	}
	return true
}

// importer adds a sequence to a document.
type importer struct {
	edit   timeline.Edit
	s      *Sequence
	link   Link
	r      *Report
	scenes map[string]string // ids of the file, and names of media → ids of the document
	base   int               // the frame at which the sequence begins
}

// begin clears a new project and takes over rate and size.
func (in *importer) begin(t *timeline.Timeline) error {
	for _, track := range t.Tracks {
		for _, c := range track.Clips {
			if err := in.edit.Delete(c.ID); err != nil {
				return err
			}
		}
	}
	for _, c := range t.Scenes {
		if err := in.edit.DeleteScene(c.ID); err != nil {
			return err
		}
	}
	return in.edit.SetMeta(timeline.Meta{Rate: in.s.Rate, Size: in.s.Size})
}

// fit converts the sequence to the project's rate.
func (in *importer) fit(to Rate) {
	from := in.s.Rate
	in.s.Rate = to
	if from == to {
		return
	}
	in.r.changed("the file has %v frames a second and was converted to the project's %v", from, to)
	frame := func(n int) int {
		n, _ = convert(n, from, to)
		return n
	}
	for i := range in.s.Scenes {
		in.s.Scenes[i].Length = max(frame(in.s.Scenes[i].Length), 1)
	}
	for _, t := range in.s.Tracks {
		for i := range t.Clips {
			c := &t.Clips[i]
			end := frame(c.End())
			c.Start = frame(c.Start)
			c.Length, c.In, c.Available, c.FadeIn, c.FadeOut = max(end-c.Start, 1), frame(c.In), frame(c.Available), frame(c.FadeIn), frame(c.FadeOut)
			if c.Transition != nil {
				c.Transition.Length = max(frame(c.Transition.Length), 1)
			}
		}
	}
	for i := range in.s.Markers {
		in.s.Markers[i].At, in.s.Markers[i].Length = frame(in.s.Markers[i].At), frame(in.s.Markers[i].Length)
	}
}

// storyboard adds the scenes that the document does not have.
func (in *importer) storyboard() error {
	var fresh []timeline.NewScene
	var ids []string
	for _, c := range in.s.Scenes {
		if v, _ := in.edit.Doc.Map(timeline.RootScenes).Get(c.ID); v != nil {
			in.scenes[c.ID] = c.ID
			continue
		}
		ids = append(ids, c.ID)
		fresh = append(fresh, timeline.NewScene{Title: c.Title, Prompt: c.Prompt, Notes: c.Notes, Length: c.Length, Color: c.Color})
	}
	for _, t := range in.s.Tracks {
		for i := range t.Clips {
			c := &t.Clips[i]
			if t.Kind == Caption || c.Text != "" || c.Scene != "" || in.asset(c) != "" {
				continue
			}
			c.Scene = "media " + cmp.Or(c.Media, c.Asset, c.Label)
			if in.s.scene(c.Scene) == nil {
				in.s.Scenes = append(in.s.Scenes, Scene{ID: c.Scene})
				ids = append(ids, c.Scene)
				fresh = append(fresh, timeline.NewScene{
					Title: in.s.name(&Clip{Label: c.Label, Media: c.Media}), Length: max(c.Available, c.In+inMedia(c.Length, c.Speed), 1),
					Notes: c.Media,
				})
				in.r.changed("%q is not in the project and is a scene of that name", in.s.name(c))
			}
		}
	}
	made, err := in.edit.AddScenes(fresh...)
	if err != nil {
		return err
	}
	for i, id := range made {
		in.scenes[ids[i]] = id
	}
	return nil
}

// asset is the project's asset that a clip shows, or "".
func (in *importer) asset(c *Clip) string {
	if in.link == nil || c.Asset == "" && c.Media == "" {
		return ""
	}
	return in.link(c.Asset, baseName(c.Media))
}

// newClip is a clip as it is written.
func (in *importer) newClip(c *Clip, kind string) timeline.NewClip {
	out := timeline.NewClip{
		In: c.In, Length: max(inMedia(c.Length, c.Speed), 1), Label: c.Label, Gain: c.Gain, Fade: timeline.Fade{In: c.FadeIn, Out: c.FadeOut},
		Metadata: string(c.Metadata),
	}
	switch {
	case c.Speed == 0:
		in.r.changed("%q stood still and runs here", in.s.name(c))
		out.Length = c.Length
	case c.Speed != 1:
		out.Speed = c.Speed
	}
	switch asset := in.asset(c); {
	case c.Text != "":
		words := "title"
		if kind == Caption {
			words = "caption"
		}
		out.Source, out.Text, out.In = timeline.Source{Kind: "title", Of: words}, &c.Text, 0
	case asset != "":
		out.Source = timeline.Source{Kind: "asset", Of: asset}
	default:
		out.Source = timeline.Source{Kind: "scene", Of: in.scenes[c.Scene]}
	}
	if x := c.Transition; x != nil {
		out.Transition = &timeline.Transition{Kind: x.Kind, Length: x.Length}
	}
	return out
}

// story puts the story's clips behind those that are there.
func (in *importer) story() error {
	now := timeline.Project(in.edit.Doc)
	spot := timeline.Spot{}
	for _, t := range now.Tracks {
		if t.Kind == timeline.TrackStory {
			spot.Track, in.base = t.ID, t.Length
			if n := len(t.Clips); n > 0 {
				spot.After = t.Clips[n-1].ID
			}
			break
		}
	}
	t := in.s.story()
	if t == nil || t.Kind != Story {
		return nil
	}
	if spot.Track == "" {
		id, err := in.edit.AddTrack(timeline.TrackStory, cmp.Or(t.Name, "Story"))
		if err != nil {
			return err
		}
		spot.Track = id
	}
	var clips []timeline.NewClip
	at := 0
	for i := range t.Clips {
		c := &t.Clips[i]
		fresh := in.newClip(c, Story)
		fresh.Gap = max(c.Start-at, 0)
		clips = append(clips, fresh)
		at = c.End()
	}
	if len(clips) == 0 {
		return nil
	}
	_, err := in.edit.Insert(spot, clips...)
	return err
}

// others adds the other tracks, tied to the story.
func (in *importer) others() error {
	story := in.s.story()
	for i := range in.s.Tracks {
		t := &in.s.Tracks[i]
		if t == story && t.Kind == Story || len(t.Clips) == 0 {
			continue
		}
		kind := t.Kind
		if kind == Story {
			kind = Video
			in.r.changed("the track %q is a track of pictures over the story", t.Name)
		}
		id, err := in.edit.AddTrack(kind, t.Name)
		if err != nil {
			return err
		}
		var clips []timeline.NewClip
		for n := range t.Clips {
			fresh := in.newClip(&t.Clips[n], t.Kind)
			fresh.Start = in.base + t.Clips[n].Start
			clips = append(clips, fresh)
		}
		if _, err := in.edit.Insert(timeline.Spot{Track: id}, clips...); err != nil {
			return err
		}
	}
	return nil
}

func (in *importer) markers() error {
	var markers []timeline.Marker
	for _, m := range in.s.Markers {
		marker := timeline.Marker{Start: in.base + m.At, Length: m.Length, Label: m.Label}
		if m.Color != "" {
			marker.Color = &m.Color
		}
		markers = append(markers, marker)
	}
	return in.edit.AddMarkers(markers...)
}
