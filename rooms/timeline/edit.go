package timeline

import (
	"errors"
	"slices"

	"github.com/soratoo/soratoo/crdt"
)

// What an edit was refused for. An edit checks everything before it writes: one
// that is refused has changed nothing.
var (
	ErrGone   = errors.New("timeline: no such thing")
	ErrLocked = errors.New("timeline: the track is locked")
	ErrPlace  = errors.New("timeline: it cannot stand there")
	ErrValue  = errors.New("timeline: a value out of bounds")
)

// Edit writes edits of a timeline into its document, in one transaction, as the
// commands of the web client do: positions are relations, what belongs together
// is one register, ids never move.
type Edit struct {
	Doc *crdt.Doc
	Tx  *crdt.Tx
	// Random gives a number below n, for new ids and orders; nil takes the system's.
	Random func(n uint64) uint64
}

// NewClip is what a clip begins with.
type NewClip struct {
	Source Source
	In     int
	Length int // frames of the source, at least 1
	Label  string
	Text   *string // for titles and captions
	Gap    int     // on a story track
	Start  int     // on any other track

	// What follows is not written when it is zero.
	Speed      float64
	Gain       float64
	Fade       Fade
	Transition *Transition
	Metadata   string // of another program, as JSON, kept for it
}

// Spot is where clips go: on a story track behind the clip After, "" for the
// start of it; on any other track to the frame Start.
type Spot struct {
	Track string
	After string
	Start int
	Gap   int
}

func (e Edit) chance() chance {
	if e.Random == nil {
		return random
	}
	return e.Random
}

// shown is the timeline as it stands now.
func (e Edit) shown() *Timeline {
	t := Project(e.Doc)
	return &t
}

// thing is the map of an id in a root.
func (e Edit) thing(root, id string) (crdt.Map, bool) {
	v, _ := e.Doc.Map(root).Get(id)
	m, ok := v.(crdt.Map)
	return m, ok
}

// setClip writes a register of a clip that is there.
func (e Edit) setClip(id, key string, value any) {
	if m, ok := e.thing(RootClips, id); ok {
		m.Set(e.Tx, key, value)
	}
}

// held is a clip as it is shown, with its track.
type held struct {
	Clip
	track *Track
	index int
}

// clip finds a clip on a track that is not locked.
func (t *Timeline) clip(id string) (held, error) {
	for i := range t.Tracks {
		track := &t.Tracks[i]
		for n, c := range track.Clips {
			switch {
			case c.ID != id:
			case track.Locked:
				return held{}, ErrLocked
			default:
				return held{c, track, n}, nil
			}
		}
	}
	return held{}, ErrGone
}

// track finds a track of the document that is not locked.
func (t *Timeline) track(id string) (*Track, error) {
	for i := range t.Tracks {
		switch track := &t.Tracks[i]; {
		case track.ID != id || id == Recovered:
		case track.Locked:
			return nil, ErrLocked
		default:
			return track, nil
		}
	}
	return nil, ErrGone
}

// story is the first story track, or nil.
func (t *Timeline) story() *Track {
	for i := range t.Tracks {
		if t.Tracks[i].Kind == TrackStory {
			return &t.Tracks[i]
		}
	}
	return nil
}

// tie is how a thing at a frame is tied to the story: to the clip under it, or
// else to the last one before it.
func (t *Timeline) tie(frame int) (clip *string, offset, at int) {
	at = max(0, frame)
	if story := t.story(); story != nil {
		for i := len(story.Clips) - 1; i >= 0; i-- {
			if c := &story.Clips[i]; c.Start <= at {
				return &c.ID, at - c.Start, at
			}
		}
	}
	return nil, 0, at
}

// tiedPlace is the register of a clip at a frame of a track that is no story track.
func (t *Timeline) tiedPlace(track string, frame int) map[string]any {
	clip, offset, at := t.tie(frame)
	return map[string]any{"track": track, "clip": orNil(clip), "offset": offset, "at": at}
}

func orNil(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

func storyPlace(track, order string, gap int) map[string]any {
	return map[string]any{"track": track, "order": order, "gap": gap}
}

func spanOf(in, length int) map[string]any { return map[string]any{"in": in, "length": length} }

// orders makes n keys behind a clip of a list, "" for its start.
func (e Edit) orders(list []Clip, after string, n int) ([]string, error) {
	at := 0
	if after != "" {
		at = 1 + slices.IndexFunc(list, func(c Clip) bool { return c.ID == after })
		if at == 0 {
			return nil, ErrPlace
		}
	}
	before := ""
	if at > 0 {
		before = list[at-1].Order
	}
	keys := e.chance().between(before, nextOrder(list[at:], before), n)
	if len(keys) > 0 && len(keys[0]) > longestOrder {
		return nil, ErrPlace
	}
	return keys, nil
}

// nextOrder is the first order of a list that is larger; equal ones happen, when
// two pieces are cut at one frame.
func nextOrder(list []Clip, order string) string {
	for _, c := range list {
		if c.Order > order {
			return c.Order
		}
	}
	return ""
}

// without is the timeline without some clips, the story closed up.
func (t *Timeline) without(gone map[string]bool) *Timeline {
	out := *t
	out.Tracks = slices.Clone(t.Tracks)
	for i := range out.Tracks {
		track := &out.Tracks[i]
		track.Clips = slices.DeleteFunc(slices.Clone(track.Clips), func(c Clip) bool { return gone[c.ID] })
		if track.Kind != TrackStory {
			continue
		}
		end := 0
		for n := range track.Clips {
			c := &track.Clips[n]
			c.Start = end + c.Gap
			end = c.Start + c.Length
		}
	}
	return &out
}

// retie ties what was tied to story clips that are gone to what stands under it
// now, so that it stays where it was seen.
func (e Edit) retie(before *Timeline, gone map[string]bool) {
	now := before.without(gone)
	for _, track := range before.Tracks {
		for _, c := range track.Clips {
			if c.Anchor != nil && gone[*c.Anchor] && !gone[c.ID] {
				e.setClip(c.ID, "place", now.tiedPlace(track.ID, c.Start))
			}
		}
	}
	for _, marker := range before.Markers {
		if marker.Clip != nil && gone[*marker.Clip] {
			e.tieMarker(now, marker)
		}
	}
}

func (e Edit) tieMarker(now *Timeline, marker Marker) {
	m, ok := e.thing(RootMarkers, marker.ID)
	if !ok {
		return
	}
	clip, offset, at := now.tie(marker.Start)
	if clip == nil {
		offset = at
	}
	m.Set(e.Tx, "at", map[string]any{"clip": orNil(clip), "offset": offset})
}

// settle writes down what rule 3 makes of the pieces of some clips, so that
// taking one away or moving it does not bring back what it covered.
func (e Edit) settle(before *Timeline, ids map[string]bool) {
	lineage := func(id string) string {
		if m, ok := e.thing(RootClips, id); ok {
			if v, _ := m.Get("origin"); v != nil {
				if origin, ok := v.(string); ok {
					return origin
				}
			}
		}
		return id
	}
	lineages := map[string]bool{}
	for id := range ids {
		lineages[lineage(id)] = true
	}
	for _, r := range before.Repairs {
		if r.Kind != RepairHidden && r.Kind != RepairCut || !lineages[lineage(r.ID)] {
			continue
		}
		if r.Kind == RepairHidden {
			e.Doc.Map(RootClips).Delete(e.Tx, r.ID)
			continue
		}
		for _, track := range before.Tracks {
			for _, c := range track.Clips {
				if c.ID == r.ID {
					e.setClip(c.ID, "span", spanOf(c.In, c.Span))
				}
			}
		}
	}
}
