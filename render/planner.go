package render

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/soratoo/soratoo/rooms/timeline"
)

const (
	maxLetters   = 2000 // of the words of a card, a title or a caption
	previewEdge  = 640  // pixels of the longer edge of a preview
	slowestSound = 0.25 // speeds beyond are not heard, as in the viewer
	fastestSound = 4
	missingColor = "#8c2f2f" // of cards in place of media
	leastPicture = 2         // seconds that a picture of a scene is seen
	mostPictures = 8         // of a scene
)

// Options say how a cut becomes a plan.
type Options struct {
	Preset string
	Burn   bool
	Label  bool // "AI-generated" in a corner of all pictures
	// Still is the frame of the cut that a still shows.
	Still int
	// Range is the part of the cut that is rendered, from a frame to another that is
	// not in it; nil is all. A fade that it cuts is left out.
	Range *[2]int
	// Take is the asset that shows a scene; nil takes that of the document.
	Take func(scene timeline.Scene) (asset string)
	// Media are the project's assets. What is not among them is missing.
	Media map[string]Footage
}

// Footage is what the planner has to know of an asset.
type Footage struct {
	Kind   string        // image, video or audio
	Length time.Duration // 0: not known
	Sound  bool          // of a video: it can be heard; one of unknown length may be
}

// Warning is something that the result will not be as somebody may expect.
type Warning struct {
	Code    string `json:"code"`
	Message string `json:"message"` // for people
	Clip    string `json:"clip,omitempty"`
	Frame   int    `json:"frame"` // where it is in the plan
}

// PlanCut is what to render of a cut, as the viewer shows it: exactly the frames of
// the projection. The error wraps [ErrPlan] and says why there is no plan.
func PlanCut(t timeline.Timeline, o Options) (Plan, []Warning, error) {
	if t.Length < 1 {
		return Plan{}, nil, unfit("there is nothing in it")
	}
	if o.Range != nil {
		from, to := o.Range[0], o.Range[1]
		if from < 0 || to <= from || to > t.Length {
			return Plan{}, nil, unfit("frames %d to %d are not in its %d", from, to, t.Length)
		}
		t = part(t, from, to)
	}
	p := newPlanner(t, o)
	p.plan.Frames = t.Length
	p.pictures()
	for i := range t.Tracks {
		p.sounds(&t.Tracks[i])
	}
	p.captions()
	slices.SortStableFunc(p.warnings, func(a, b Warning) int { return cmp.Compare(a.Frame, b.Frame) })
	switch {
	case o.Preset == "still":
		p.plan.Still = &o.Still
	case (o.Preset == "vtt" || o.Preset == "srt") && len(p.plan.Captions) == 0:
		return Plan{}, nil, unfit("there are no captions in it")
	}
	if err := p.plan.Check(); err != nil {
		return Plan{}, nil, err
	}
	return p.plan, p.warnings, nil
}

// PlanPreview is a cut in small pictures, quick to make.
func PlanPreview(t timeline.Timeline, o Options) (Plan, []Warning, error) {
	if longer := max(t.Size[0], t.Size[1]); longer > previewEdge {
		for i, edge := range t.Size {
			small := int(math.Round(float64(edge) * previewEdge / float64(longer)))
			t.Size[i] = max(small&^1, minEdge)
		}
	}
	o.Preset = "preview"
	return PlanCut(t, o)
}

// PlanScene is a take of a scene that nothing but its words and references is
// known of: its card over one picture after the other, as long as it is planned.
func PlanScene(t timeline.Timeline, scene string, o Options) (Plan, []Warning, error) {
	p := newPlanner(t, o)
	i, ok := p.scenes[scene]
	if !ok {
		return Plan{}, nil, unfit("the scene is not there any more")
	}
	p.plan.Frames = t.Scenes[i].Length
	p.animatic(i)
	if err := p.plan.Check(); err != nil {
		return Plan{}, nil, err
	}
	return p.plan, p.warnings, nil
}

// planner makes one plan.
type planner struct {
	t        timeline.Timeline
	o        Options
	scenes   map[string]int // their places, by id
	plan     Plan
	titles   []Overlay // they lie over all pictures
	warnings []Warning
}

func newPlanner(t timeline.Timeline, o Options) *planner {
	p := &planner{t: t, o: o, scenes: map[string]int{}}
	for i, s := range t.Scenes {
		p.scenes[s.ID] = i
	}
	p.plan = Plan{Rate: t.Rate, Size: t.Size, Background: t.Background, Preset: o.Preset, Burn: o.Burn, Label: o.Label}
	return p
}

func (p *planner) warn(code string, c *timeline.Clip, format string, args ...any) {
	p.warnings = append(p.warnings, Warning{code, fmt.Sprintf(format, args...), c.ID, c.Start})
}

// pictures makes segments of the lowest story track, and overlays of all that lies
// over it: other story tracks, the first on top, and then the video tracks.
func (p *planner) pictures() {
	var rows []*timeline.Track // from the lowest to the highest
	stories := 0
	for i := range p.t.Tracks {
		switch t := &p.t.Tracks[i]; {
		case t.Hidden:
		case t.Kind == timeline.TrackStory:
			rows = slices.Insert(rows, 0, t)
			stories++
		case t.Kind == timeline.TrackVideo:
			rows = append(rows, t)
		}
	}
	if stories > 0 {
		p.story(rows[0])
		rows = rows[1:]
	} else {
		p.gap(p.t.Length)
	}
	for _, t := range rows {
		p.overlays(t)
	}
	p.plan.Overlays = append(p.plan.Overlays, p.titles...)
}

// story makes segments of a track, one after the other up to the end of the cut.
func (p *planner) story(t *timeline.Track) {
	at, blends := 0, transitions(t)
	for i := range t.Clips {
		c := &t.Clips[i]
		p.gap(c.Start - at)
		shown := p.show(c, t.Kind)
		s := Segment{Frames: c.Length, Media: shown.Media, Card: shown.Card, FadeIn: c.Fade.In, FadeOut: c.Fade.Out}
		if i > 0 && blends[i-1] > 0 {
			s.FadeIn = 0 // the transition takes its place
		}
		if n := blends[i]; n > 0 {
			s.FadeOut, s.Transition = 0, &Transition{p.transition(c), n}
		}
		if s.Media == nil && s.Card == nil {
			s.FadeIn, s.FadeOut = 0, 0
		}
		p.plan.Segments = append(p.plan.Segments, s)
		at = c.Start + c.Length
	}
	p.gap(p.t.Length - at)
}

// gap is frames of the background.
func (p *planner) gap(frames int) {
	if frames > 0 {
		p.plan.Segments = append(p.plan.Segments, Segment{Frames: frames})
	}
}

// transition is the kind of a clip's transition, by our names.
func (p *planner) transition(c *timeline.Clip) string {
	switch kind := c.Transition.Kind; kind {
	case "dissolve", "fade", "wipe", "slide", "circle":
		return kind
	default:
		p.warn("transition", c, "There is no transition %.40q here; it is a dissolve.", kind)
		return "dissolve"
	}
}

// overlays lays the clips of a track over what there is, the higher lanes on top.
// A transition is the next clip coming up over the one before, which stays.
func (p *planner) overlays(t *timeline.Track) {
	blends := transitions(t)
	order := make([]int, len(t.Clips))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.Clips[a].Lane, t.Clips[b].Lane) })
	for _, i := range order {
		c := &t.Clips[i]
		o := p.show(c, t.Kind)
		if o.Media == nil && o.Card == nil && o.Text == "" {
			continue
		}
		o.Start, o.Frames, o.FadeIn, o.FadeOut = c.Start, c.Length, c.Fade.In, c.Fade.Out
		if i > 0 && blends[i-1] > 0 {
			lead := blends[i-1] / 2
			o.Start, o.Frames, o.FadeIn = o.Start-lead, o.Frames+lead, blends[i-1]
			if o.Media != nil && p.o.Media[o.Media.Asset].Kind != "image" {
				o.Media.In -= source(lead, c.Speed)
			}
		}
		if n := blends[i]; n > 0 {
			o.Frames, o.FadeOut = o.Frames+n-n/2, 0
		}
		if o.Text != "" {
			p.titles = append(p.titles, o)
		} else {
			p.plan.Overlays = append(p.plan.Overlays, o)
		}
	}
}

// transitions are how long the transition out of each clip of a track is. There is
// none over a gap, nor where a third clip is at that time.
func transitions(t *timeline.Track) []int {
	lengths := make([]int, len(t.Clips))
	for i := range max(len(t.Clips)-1, 0) {
		c, next := &t.Clips[i], &t.Clips[i+1]
		cut := c.Start + c.Length
		if c.Transition == nil || next.Start != cut || next.Lane != c.Lane {
			continue
		}
		n := min(c.Transition.Length, c.Length/2, next.Length/2)
		from, to := cut-n/2, cut+n-n/2
		alone := t.Lanes <= 1 || !slices.ContainsFunc(t.Clips, func(o timeline.Clip) bool {
			return o.ID != c.ID && o.ID != next.ID && o.Start < to && o.Start+o.Length > from
		})
		if n > 0 && alone {
			lengths[i] = n
		}
	}
	return lengths
}

// sounds adds what is heard of a track. Where pictures blend, their sounds cross.
func (p *planner) sounds(t *timeline.Track) {
	if t.Muted || t.Kind == timeline.TrackCaption {
		return
	}
	blends := transitions(t)
	for i := range t.Clips {
		c := &t.Clips[i]
		asset, ok := p.heard(c, t)
		if !ok {
			continue
		}
		s := Sound{
			Start: c.Start, Frames: c.Length, Media: media(asset, c),
			Gain: t.Gain + c.Gain, FadeIn: c.Fade.In, FadeOut: c.Fade.Out,
		}
		if i > 0 && blends[i-1] > 0 {
			// Ahead of its beginning a medium has no sound.
			n := blends[i-1]
			lead := min(n/2, int(float64(c.In)/c.Speed))
			s.Start, s.Frames, s.Media.In = s.Start-lead, s.Frames+lead, s.Media.In-source(lead, c.Speed)
			s.FadeIn, s.CrossIn = 0, n-n/2+lead
		}
		if n := blends[i]; n > 0 {
			s.Frames += n - n/2
			s.FadeOut, s.CrossOut = 0, n
		}
		p.plan.Sounds = append(p.plan.Sounds, s)
	}
}

// heard is the asset of a clip that is heard.
func (p *planner) heard(c *timeline.Clip, t *timeline.Track) (asset string, ok bool) {
	asset = p.assetOf(c)
	f, known := p.o.Media[asset]
	switch {
	case !known:
		// Where it would be seen, too, a card says so.
		if (t.Hidden || t.Kind == timeline.TrackAudio) && c.Source.Kind == "asset" {
			p.warn("missing", c, "The sound of %s is missing; nothing is heard there.", clipName(c))
		}
		return "", false
	case f.Kind != "audio" && (f.Kind != "video" || !f.Sound && f.Length > 0):
		return "", false
	case f.Length > 0 && c.In >= p.frames(f.Length):
		return "", false
	case c.Speed < slowestSound || c.Speed > fastestSound:
		p.warn("speed", c, "The sound of %s is left out: it plays %g times as fast.", clipName(c), c.Speed)
		return "", false
	}
	return asset, true
}

// frames is how many frames of the cut a medium has, at least begun.
func (p *planner) frames(d time.Duration) int {
	return int(math.Ceil(d.Seconds()*float64(p.t.Rate[0])/float64(p.t.Rate[1]) - 1e-6))
}

// captions are the clips of caption tracks, by when they begin.
func (p *planner) captions() {
	for _, t := range p.t.Tracks {
		if t.Kind != timeline.TrackCaption || t.Hidden {
			continue
		}
		for _, c := range t.Clips {
			text := c.Label
			if c.Text != nil {
				text = *c.Text
			}
			if strings.TrimSpace(text) != "" {
				p.plan.Captions = append(p.plan.Captions, Caption{c.Start, c.Length, brief(text)})
			}
		}
	}
	slices.SortStableFunc(p.plan.Captions, func(a, b Caption) int { return cmp.Compare(a.Start, b.Start) })
}
