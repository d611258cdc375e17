package render

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ErrPlan: this cannot be rendered, ever. The words behind it are for people.
var ErrPlan = errors.New("the cut cannot be rendered")

// Limits of a plan.
const (
	maxFrames = 24 * 60 * 60 * 60 // a day at 60 frames a second
	maxPieces = 20_000            // segments, overlays, sounds and captions together
	maxEdge   = 4096              // pixels
	minEdge   = 16                // pixels
	maxRate   = 240               // frames a second
	maxDepth  = 32                // overlays at once
)

// What a spec says, for renderers that make video of it. Lengths are frames of
// the plan's rate, positions of pictures fractions of the frame.

// Plan is a cut to be rendered, with exactly Frames frames.
type Plan struct {
	Rate       [2]int    `json:"rate"` // frames in so many seconds
	Size       [2]int    `json:"size"`
	Background string    `json:"background,omitempty"` // #rrggbb; black
	Frames     int       `json:"frames"`
	Segments   []Segment `json:"segments"` // one after the other
	Overlays   []Overlay `json:"overlays,omitempty"`
	Sounds     []Sound   `json:"sounds,omitempty"`
	Captions   []Caption `json:"captions,omitempty"`
	Preset     string    `json:"preset"` // one of those of the renderer
	Burn       bool      `json:"burn,omitempty"`
	Label      bool      `json:"label,omitempty"`  // "AI-generated" in a corner of all pictures
	Still      *int      `json:"still,omitempty"`  // only this frame is made
	Papers     []Paper   `json:"papers,omitempty"` // that go into a package
}

// Paper is a file of text about the cut, as it was when a render was asked for.
type Paper struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Total is how many frames the segments have, or -1 when one has none.
func (p *Plan) Total() int {
	total := 0
	for _, s := range p.Segments {
		if s.Frames < 1 {
			return -1
		}
		total += s.Frames
	}
	return total
}

// Assets are all that it shows or has heard, each once, in the order of the plan.
func (p *Plan) Assets() (ids []string) {
	known := map[string]bool{"": true}
	add := func(id string) {
		if !known[id] {
			known[id] = true
			ids = append(ids, id)
		}
	}
	show := func(m *Media, c *Card) {
		if m != nil {
			add(m.Asset)
		}
		if c != nil {
			add(c.Picture)
		}
	}
	for _, s := range p.Segments {
		show(s.Media, s.Card)
	}
	for _, o := range p.Overlays {
		show(o.Media, o.Card)
	}
	for _, s := range p.Sounds {
		add(s.Media.Asset)
	}
	return ids
}

// Check holds a plan against what any renderer can do; the error wraps [ErrPlan].
func (p *Plan) Check() error {
	pieces := len(p.Segments) + len(p.Overlays) + len(p.Sounds) + len(p.Captions)
	switch total := p.Total(); {
	case p.Rate[0] < 1 || p.Rate[1] < 1 || p.Rate[0] > maxRate*p.Rate[1]:
		return unfit("%d/%d is no rate of frames", p.Rate[0], p.Rate[1])
	case min(p.Size[0], p.Size[1]) < minEdge || max(p.Size[0], p.Size[1]) > maxEdge:
		return unfit("pictures of %d × %d cannot be made, only of %d to %d a side", p.Size[0], p.Size[1], minEdge, maxEdge)
	case len(p.Segments) == 0:
		return unfit("there is nothing in it")
	case total < 1:
		return unfit("a segment has no frames")
	case total > maxFrames:
		return unfit("it is longer than a day")
	case pieces > maxPieces:
		return unfit("it has %d pieces, more than %d", pieces, maxPieces)
	case p.Still != nil && (*p.Still < 0 || *p.Still >= total):
		return unfit("frame %d is not in its %d", *p.Still, total)
	case total != p.Frames:
		return unfit("its segments have %d frames, the plan says %d", total, p.Frames)
	}
	if n := p.depth(); n > maxDepth {
		return unfit("%d pictures lie over each other, more than %d", n, maxDepth)
	}
	return nil
}

// depth is how many overlays there are at once, at most.
func (p *Plan) depth() (most int) {
	type edge struct{ at, by int }
	edges := make([]edge, 0, 2*len(p.Overlays))
	for _, o := range p.Overlays {
		edges = append(edges, edge{o.Start, 1}, edge{o.Start + o.Frames, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.by, b.by)) })
	now := 0
	for _, e := range edges {
		now += e.by
		most = max(most, now)
	}
	return most
}

func unfit(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrPlan, fmt.Sprintf(format, args...))
}

// Spec is the plan as a job pins it. Equal plans have equal bytes, so that
// [Queue.Ask] finds out that a result is there already.
func (p *Plan) Spec() []byte {
	b, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("render: a plan without JSON: %v", err)) // a number that is none
	}
	return b
}

// Segment is a piece of the story: media, a card, or nothing. It comes out of
// the background and goes back into it where it fades: of n frames of a fade
// frame i is seen by (i+½)/n.
type Segment struct {
	Frames     int         `json:"frames"`
	Media      *Media      `json:"media,omitempty"`
	Card       *Card       `json:"card,omitempty"`
	FadeIn     int         `json:"fade_in,omitempty"`
	FadeOut    int         `json:"fade_out,omitempty"`
	Transition *Transition `json:"transition,omitempty"` // into the next one
}

// Media is a part of an asset. Where it has no pictures, ahead of its beginning or
// behind its end, its first or last one stands.
type Media struct {
	Asset string  `json:"asset"`
	In    int     `json:"in,omitempty"`    // frames of the plan's rate
	Speed float64 `json:"speed,omitempty"` // 0 is 1
}

// Card is what a scene without a take shows, or what is said in place of media
// that are missing.
type Card struct {
	Number  int    `json:"number,omitempty"` // of the scene, from 1
	Title   string `json:"title,omitempty"`
	Text    string `json:"text,omitempty"`
	Color   string `json:"color,omitempty"`
	Picture string `json:"picture,omitempty"` // an asset
}

// Transition is how one segment becomes the next: half of it before the cut,
// half behind.
type Transition struct {
	Kind   string `json:"kind"` // dissolve, fade, wipe, slide, circle
	Frames int    `json:"frames"`
}

// Overlay lies over the story, and over the overlays ahead of it in the list.
// Media do not hide what is beside them.
type Overlay struct {
	Start   int    `json:"start"`
	Frames  int    `json:"frames"`
	Media   *Media `json:"media,omitempty"`
	Card    *Card  `json:"card,omitempty"`
	Text    string `json:"text,omitempty"` // a title
	FadeIn  int    `json:"fade_in,omitempty"`
	FadeOut int    `json:"fade_out,omitempty"`
}

// Sound is heard with the story. Two that cross are together as loud as one.
type Sound struct {
	Start    int     `json:"start"`
	Frames   int     `json:"frames"`
	Media    Media   `json:"media"`
	Gain     float64 `json:"gain,omitempty"` // dB
	FadeIn   int     `json:"fade_in,omitempty"`
	FadeOut  int     `json:"fade_out,omitempty"`
	CrossIn  int     `json:"cross_in,omitempty"` // frames in which it comes out of another
	CrossOut int     `json:"cross_out,omitempty"`
}

// Caption is a line of words over the picture.
type Caption struct {
	Start  int    `json:"start"`
	Frames int    `json:"frames"`
	Text   string `json:"text"`
}
