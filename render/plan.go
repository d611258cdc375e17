package render

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

// Segment is a piece of the story: media, a card, or nothing.
type Segment struct {
	Frames     int         `json:"frames"`
	Media      *Media      `json:"media,omitempty"`
	Card       *Card       `json:"card,omitempty"`
	Transition *Transition `json:"transition,omitempty"` // into the next one
}

// Media is a part of an asset.
type Media struct {
	Asset string  `json:"asset"`
	In    int     `json:"in,omitempty"` // frames of the plan's rate
	Speed float64 `json:"speed,omitempty"`
}

// Card is what a scene without a take shows.
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
	Kind   string `json:"kind"` // dissolve, fade, wipe
	Frames int    `json:"frames"`
}

// Overlay lies over the story.
type Overlay struct {
	Start  int    `json:"start"`
	Frames int    `json:"frames"`
	Media  *Media `json:"media,omitempty"`
	Text   string `json:"text,omitempty"` // a title
}

// Sound is heard with the story.
type Sound struct {
	Start   int     `json:"start"`
	Frames  int     `json:"frames"`
	Media   Media   `json:"media"`
	Gain    float64 `json:"gain,omitempty"` // dB
	FadeIn  int     `json:"fade_in,omitempty"`
	FadeOut int     `json:"fade_out,omitempty"`
}

// Caption is a line of words over the picture.
type Caption struct {
	Start  int    `json:"start"`
	Frames int    `json:"frames"`
	Text   string `json:"text"`
}
