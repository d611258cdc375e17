package render

import (
	"cmp"
	"math"
	"strings"

	"github.com/soratoo/soratoo/rooms/timeline"
)

// show is what a clip shows: media, a card, on a video track a title, or nothing.
func (p *planner) show(c *timeline.Clip, track string) Overlay {
	if c.Source.Kind == "title" {
		words := brief(titleOf(c))
		switch {
		case words == "":
			return Overlay{}
		case track == timeline.TrackStory:
			return Overlay{Card: &Card{Text: words}}
		}
		return Overlay{Text: words}
	}
	asset := p.assetOf(c)
	f, known := p.o.Media[asset]
	switch {
	case !known:
		return Overlay{Card: p.instead(c, asset)}
	case f.Kind == "audio":
		return Overlay{}
	case f.Kind == "image":
		return Overlay{Media: &Media{Asset: asset}}
	}
	m := media(asset, c)
	if has := p.frames(f.Length); f.Length > 0 {
		if over := c.Length - int(math.Ceil(float64(has-c.In)/c.Speed)); over > 0 {
			p.warn("short", c, "The media of %s end early: for %d of %d frames their last picture stands.",
				clipName(c), min(over, c.Length), c.Length)
		}
	}
	return Overlay{Media: &m}
}

// assetOf is the asset that a clip shows, or that its scene has as its take; "" when
// there is none.
func (p *planner) assetOf(c *timeline.Clip) string {
	switch i, ok := p.scenes[c.Source.Of]; {
	case c.Source.Kind == "asset":
		return c.Source.Of
	case c.Source.Kind != "scene" || !ok:
		return ""
	case p.o.Take != nil:
		return p.o.Take(p.t.Scenes[i])
	case p.t.Scenes[i].Take != nil:
		return *p.t.Scenes[i].Take
	}
	return ""
}

// instead is the card of a clip whose media are not there: that of its scene, or
// one that says so.
func (p *planner) instead(c *timeline.Clip, asset string) *Card {
	if c.Source.Kind == "asset" {
		p.warn("missing", c, "The media of %s are missing; a card says so in their place.", clipName(c))
		return &Card{Title: "Missing media", Text: brief(cmp.Or(strings.TrimSpace(c.Label), asset)), Color: missingColor}
	}
	i, ok := p.scenes[c.Source.Of]
	if !ok {
		p.warn("missing", c, "The scene of %s is not there any more; a card says so in its place.", clipName(c))
		return &Card{Title: "Missing scene", Text: brief(c.Label), Color: missingColor}
	}
	if asset != "" {
		p.warn("missing", c, "The take of scene %d is missing; its card is shown.", i+1)
	}
	card := p.sceneCard(i)
	if card.Text == "" && c.Text != nil {
		card.Text = brief(*c.Text)
	}
	return card
}

// sceneCard is the words of a scene over the first picture that it refers to.
func (p *planner) sceneCard(i int) *Card {
	s := &p.t.Scenes[i]
	card := &Card{Number: i + 1, Title: brief(s.Title), Text: brief(s.Prompt)}
	if s.Color != nil {
		card.Color = *s.Color
	}
	if pictures := p.references(s); len(pictures) > 0 {
		card.Picture = pictures[0]
	}
	return card
}

// references are the pictures that a scene refers to.
func (p *planner) references(s *timeline.Scene) (assets []string) {
	for _, ref := range s.Refs {
		if p.o.Media[ref.Asset].Kind == "image" {
			assets = append(assets, ref.Asset)
		}
	}
	return assets
}

// animatic is a scene's card over its pictures, which dissolve into each other.
func (p *planner) animatic(i int) {
	s := &p.t.Scenes[i]
	second := max(p.t.Rate[0]/max(p.t.Rate[1], 1), 1)
	pictures := p.references(s)
	n := max(min(len(pictures), mostPictures, s.Length/(leastPicture*second)), 1)
	for j := range n {
		card := p.sceneCard(i)
		if j > 0 {
			card.Picture = pictures[j]
		}
		piece := Segment{Frames: (j+1)*s.Length/n - j*s.Length/n, Card: card}
		if j+1 < n {
			piece.Transition = &Transition{"dissolve", max(second/2, 1)}
		}
		p.plan.Segments = append(p.plan.Segments, piece)
	}
}

// media is the part of an asset that a clip plays.
func media(asset string, c *timeline.Clip) Media {
	m := Media{Asset: asset, In: c.In}
	if c.Speed != 1 {
		m.Speed = c.Speed
	}
	return m
}

// source is how many frames of a source are played in frames of the cut.
func source(frames int, speed float64) int { return int(math.Round(float64(frames) * speed)) }

// titleOf is the words of a title.
func titleOf(c *timeline.Clip) string {
	if c.Text != nil && strings.TrimSpace(*c.Text) != "" {
		return *c.Text
	}
	if strings.TrimSpace(c.Source.Of) != "" {
		return c.Source.Of
	}
	return c.Label
}

// clipName is what a clip is called in words to people.
func clipName(c *timeline.Clip) string {
	if label := strings.TrimSpace(c.Label); label != "" {
		return "“" + brief(label) + "”"
	}
	return "an unnamed clip"
}

// brief is words without space around them, and no more than can be read at once.
func brief(words string) string {
	words = strings.TrimSpace(words)
	n := 0
	for i := range words {
		if n++; n > maxLetters {
			return strings.TrimRight(words[:i], " ") + " …"
		}
	}
	return words
}

// part is a timeline of the frames from one to another of a timeline.
func part(t timeline.Timeline, from, to int) timeline.Timeline {
	t.Length = to - from
	tracks := make([]timeline.Track, len(t.Tracks))
	for i, track := range t.Tracks {
		all := track.Clips
		track.Clips = nil
		for _, c := range all {
			if c.Start < to && c.Start+c.Length > from {
				track.Clips = append(track.Clips, within(c, from, to))
			}
		}
		tracks[i] = track
	}
	t.Tracks = tracks
	return t
}

// within is what of a clip is in a part of the cut.
func within(c timeline.Clip, from, to int) timeline.Clip {
	if head := from - c.Start; head > 0 {
		c.Start, c.Length, c.In, c.Fade.In = from, c.Length-head, c.In+source(head, c.Speed), 0
	}
	if over := c.Start + c.Length - to; over > 0 {
		c.Length, c.Fade.Out, c.Transition = c.Length-over, 0, nil
	}
	c.Start -= from
	return c
}
