package timeline

import (
	"cmp"
	"math"
	"slices"
)

// piece is a clip on its way to its place, and the part of its source that is
// left of it; end is where that ended before rule 3.
type piece struct {
	raw      *rawClip
	start    int
	from, to int
	end      int
}

// layOut places all clips, rules 2 to 7. Story tracks come first, for the
// others are tied to their clips.
func (e *entries) layOut() []Track {
	tracks, members := e.gather()
	story := map[string]Clip{}
	for i := range tracks {
		if t := &tracks[i]; t.Kind == TrackStory {
			e.layStory(t, members[t.ID])
			for _, c := range t.Clips {
				story[c.ID] = c
			}
		}
	}
	for i := range tracks {
		if t := &tracks[i]; t.Kind != TrackStory {
			e.layTied(t, members[t.ID], story)
		}
	}
	for i := range tracks {
		e.limitTransitions(tracks[i].Clips)
		for _, c := range tracks[i].Clips {
			tracks[i].Length = max(tracks[i].Length, c.Start+c.Length)
		}
	}
	return tracks
}

// gather puts each clip on its track, its span clamped (rules 2 and 7).
func (e *entries) gather() ([]Track, map[string][]*piece) {
	tracks := make([]Track, 0, len(e.tracks)+1)
	for _, t := range e.tracks {
		tracks = append(tracks, t)
	}
	slices.SortFunc(tracks, func(a, b Track) int { return byOrder(a.Order, a.ID, b.Order, b.ID) })
	members := map[string][]*piece{}
	for id, raw := range e.clips {
		p := &piece{raw: raw}
		p.from, p.to = e.clamp(raw)
		p.end = p.to
		on := raw.place.track
		if _, ok := e.tracks[on]; !ok {
			e.report(RepairRecovered, RootClips, id, "place.track")
			on = Recovered
		}
		members[on] = append(members[on], p)
	}
	if len(members[Recovered]) > 0 {
		tracks = append(tracks, Track{ID: Recovered, Kind: TrackVideo})
	}
	return tracks, members
}

// clamp is the part of its source that a clip shows.
func (e *entries) clamp(raw *rawClip) (from, to int) {
	known := math.MaxInt
	if raw.Source.Kind == "scene" {
		if s, ok := e.scenes[raw.Source.Of]; ok {
			known = s.Length
		}
	}
	from = min(max(0, raw.in), known-1)
	wanted := defaultLength
	switch {
	case raw.span != nil:
		wanted = *raw.span
	case known != math.MaxInt:
		wanted = max(1, known-from)
	}
	length := min(max(1, wanted), known-from)
	if from != raw.in || length != wanted {
		e.report(RepairClamped, RootClips, raw.ID, "span")
	}
	return from, from + length
}

func (e *entries) layStory(t *Track, pieces []*piece) {
	slices.SortFunc(pieces, func(a, b *piece) int {
		return byOrder(a.raw.place.order, a.raw.ID, b.raw.place.order, b.raw.ID)
	})
	t.Clips, t.Lanes = []Clip{}, 1
	end := 0
	for _, p := range e.cutOverlaps(pieces) {
		p.start = end + p.raw.place.gap
		c := p.show(t.ID)
		c.Order, c.Gap = p.raw.place.order, p.raw.place.gap
		end = c.Start + c.Length
		t.Clips = append(t.Clips, c)
	}
}

func (e *entries) layTied(t *Track, pieces []*piece, story map[string]Clip) {
	for _, p := range pieces {
		p.start = p.raw.place.at
		if clip := p.raw.place.clip; clip != nil {
			if anchor, ok := story[*clip]; ok {
				p.start = anchor.Start + p.raw.place.offset
			} else {
				e.report(RepairUntied, RootClips, p.raw.ID, "place.clip")
			}
		}
		if p.start < 0 {
			e.report(RepairClamped, RootClips, p.raw.ID, "start")
			p.start = 0
		}
	}
	slices.SortFunc(pieces, func(a, b *piece) int {
		return cmp.Or(cmp.Compare(a.start, b.start), compareText(a.raw.ID, b.raw.ID))
	})
	t.Clips = []Clip{}
	for _, p := range e.cutOverlaps(pieces) {
		c := p.show(t.ID)
		if clip := p.raw.place.clip; clip != nil {
			if _, ok := story[*clip]; ok {
				c.Anchor, c.Offset = clip, p.raw.place.offset
			}
		}
		t.Clips = append(t.Clips, c)
	}
	t.Lanes = layLanes(t.Clips)
}

// cutOverlaps obeys rule 3, from the last piece to the first. A piece that was
// moved ahead of an earlier part of its source begins where that part ends,
// instead of ending where it begins: no frame is lost, none shown twice.
func (e *entries) cutOverlaps(sorted []*piece) []*piece {
	var shown []*piece
	for _, p := range slices.Backward(sorted) {
		if n := len(shown); n > 0 && p.overlaps(shown[n-1]) {
			next := shown[n-1]
			if p.from <= next.from {
				p.to = next.from
			} else {
				p.from = next.end
			}
			if p.from >= p.to {
				e.report(RepairHidden, RootClips, p.raw.ID, "hidden")
				continue
			}
			e.report(RepairCut, RootClips, p.raw.ID, "span")
		}
		shown = append(shown, p)
	}
	slices.Reverse(shown)
	return shown
}

// overlaps tells whether p shows a frame of the piece behind it, of one clip.
func (p *piece) overlaps(other *piece) bool {
	return p.raw.lineage() == other.raw.lineage() && p.raw.Source == other.raw.Source &&
		p.from < other.end && other.from < p.to
}

// show is the clip as it stands.
func (p *piece) show(track string) Clip {
	c := p.raw.Clip
	c.Track, c.Start = track, p.start
	c.In, c.Span = p.from, p.to-p.from
	c.Length = onTimeline(c.Span, c.Speed)
	return c
}

// layLanes puts a clip above every clip that it overlaps and that started
// before it (rule 4), and returns how many lanes that takes.
func layLanes(clips []Clip) int {
	lanes := 1
	var playing []*Clip
	for i := range clips {
		c := &clips[i]
		playing = slices.DeleteFunc(playing, func(o *Clip) bool { return o.Start+o.Length <= c.Start })
		for _, o := range playing {
			c.Lane = max(c.Lane, o.Lane+1)
		}
		lanes = max(lanes, c.Lane+1)
		playing = append(playing, c)
	}
	return lanes
}

// limitTransitions obeys rule 5.
func (e *entries) limitTransitions(clips []Clip) {
	for i := range clips {
		c := &clips[i]
		if c.Transition == nil {
			continue
		}
		most := 0
		if i+1 < len(clips) {
			most = min(c.Length, clips[i+1].Length) / 2
		}
		if c.Transition.Length <= most {
			continue
		}
		if most > 0 {
			e.report(RepairShortened, RootClips, c.ID, "transition")
			c.Transition = &Transition{c.Transition.Kind, most}
		} else {
			e.report(RepairDropped, RootClips, c.ID, "transition")
			c.Transition = nil
		}
	}
}

// layMarkers places the markers, each at its clip or counted from zero.
func (e *entries) layMarkers(tracks []Track) []Marker {
	starts := map[string]int{}
	for i := range tracks {
		for _, c := range tracks[i].Clips {
			starts[c.ID] = c.Start
		}
	}
	markers := make([]Marker, 0, len(e.markers))
	for id, raw := range e.markers {
		m, start := raw.Marker, raw.offset
		if raw.clip != nil {
			if base, ok := starts[*raw.clip]; ok {
				start += base
				m.Clip = raw.clip
			} else {
				e.report(RepairUntied, RootMarkers, id, "at.clip")
			}
		}
		if start < 0 {
			e.report(RepairClamped, RootMarkers, id, "start")
		}
		m.Start = max(0, start)
		markers = append(markers, m)
	}
	slices.SortFunc(markers, func(a, b Marker) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), compareText(a.ID, b.ID))
	})
	return markers
}
