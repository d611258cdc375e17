package timeline

import (
	"cmp"
	"math"

	"github.com/soratoo/soratoo/crdt"
)

// Insert puts clips side by side on a track and returns their ids; another batch
// never comes between them.
func (e Edit) Insert(at Spot, clips ...NewClip) ([]string, error) {
	t := e.shown()
	track, err := t.track(at.Track)
	if err != nil {
		return nil, err
	}
	for _, c := range clips {
		if c.Length < 1 || c.In < 0 || c.Gap < 0 || c.Start < 0 || max(c.In, c.Length, c.Gap, c.Start) > maxFrames {
			return nil, ErrValue
		}
	}
	var orders []string
	if track.Kind == TrackStory {
		if orders, err = e.orders(track.Clips, at.After, len(clips)); err != nil {
			return nil, err
		}
	}
	ids := make([]string, len(clips))
	for i, c := range clips {
		place := t.tiedPlace(track.ID, c.Start)
		if orders != nil {
			place = storyPlace(track.ID, orders[i], c.Gap)
		}
		ids[i] = e.put(RootClips, c.fields(place))
	}
	return ids, nil
}

func (c NewClip) fields(place map[string]any) map[string]any {
	fields := map[string]any{
		"place": place, "span": spanOf(c.In, c.Length), "source": map[string]any{c.Source.Kind: c.Source.Of},
	}
	if c.Label != "" {
		fields["label"] = c.Label
	}
	if c.Text != nil {
		fields["text"] = crdt.NewText(*c.Text)
	}
	if c.Speed > 0 {
		fields["speed"] = c.Speed
	}
	if c.Gain != 0 {
		fields["gain"] = c.Gain
	}
	if c.Fade != (Fade{}) {
		fields["fade"] = map[string]any{"in": c.Fade.In, "out": c.Fade.Out}
	}
	if x := c.Transition; x != nil {
		fields["transition"] = map[string]any{"kind": x.Kind, "length": x.Length}
	}
	if c.Metadata != "" {
		fields[KeyMetadata] = c.Metadata
	}
	return fields
}

// put adds a thing under a new id.
func (e Edit) put(root string, fields map[string]any) (id string) {
	id = e.chance().id()
	e.Doc.Map(root).Set(e.Tx, id, crdt.NewMap(fields))
	return id
}

// Move puts a clip somewhere else. On a track that is no story track it is tied
// to the story clip under its start.
func (e Edit) Move(clip string, to Spot) error {
	t := e.shown()
	h, err := t.clip(clip)
	if err != nil {
		return err
	}
	track, err := t.track(to.Track)
	if err != nil {
		return err
	}
	if to.After == clip || to.Gap < 0 || to.Start < 0 || max(to.Gap, to.Start) > maxFrames {
		return ErrPlace
	}
	rest := t.without(map[string]bool{clip: true})
	place := rest.tiedPlace(track.ID, to.Start)
	if track.Kind == TrackStory {
		at, _ := rest.track(track.ID)
		orders, err := e.orders(at.Clips, to.After, 1)
		if err != nil {
			return err
		}
		place = storyPlace(track.ID, orders[0], to.Gap)
	}
	e.settle(t, map[string]bool{clip: true})
	e.setClip(clip, "place", place)
	if h.track.Kind == TrackStory && track.Kind != TrackStory {
		e.retie(t, map[string]bool{clip: true})
	}
	return nil
}

// Delete takes clips away; on a story track what follows moves up.
func (e Edit) Delete(clips ...string) error {
	t := e.shown()
	gone := map[string]bool{}
	for _, id := range clips {
		if _, err := t.clip(id); err != nil {
			return err
		}
		gone[id] = true
	}
	e.remove(t, gone)
	return nil
}

func (e Edit) remove(before *Timeline, gone map[string]bool) {
	e.settle(before, gone)
	for _, track := range before.Tracks {
		for _, c := range track.Clips {
			if gone[c.ID] {
				e.Doc.Map(RootClips).Delete(e.Tx, c.ID)
			}
		}
	}
	e.retie(before, gone)
}

// TrimHead moves the start of a clip in its source by frames of the timeline,
// later or, below 0, earlier; TrimTail its end. Both stop at the ends of the
// source and where a neighbouring piece of the same clip begins.
func (e Edit) TrimHead(clip string, by int) error { return e.trim(clip, by, 0) }

// TrimTail moves the end of a clip, see [Edit.TrimHead].
func (e Edit) TrimTail(clip string, by int) error { return e.trim(clip, 0, by) }

func (e Edit) trim(clip string, head, tail int) error {
	t := e.shown()
	h, err := t.clip(clip)
	if err != nil {
		return err
	}
	if max(head, tail) > maxFrames || min(head, tail) < -maxFrames {
		return ErrValue
	}
	least, most := t.bounds(h)
	from, end := h.In, h.In+h.Span
	if head != 0 {
		from = clampTo(from+inSource(head, h.Speed), least, end-1)
	}
	if tail != 0 {
		end = clampTo(end+inSource(tail, h.Speed), from+1, most)
	}
	if from == h.In && end == h.In+h.Span {
		return nil
	}
	e.settle(t, map[string]bool{clip: true})
	e.setClip(clip, "span", spanOf(from, end-from))
	if h.track.Kind == TrackStory || from == h.In {
		return nil
	}
	// What is left of a tied clip stays where it was.
	by, offset := onTimeline(from-h.In, h.Speed), 0
	if h.Anchor != nil {
		offset = h.Offset + by
	}
	e.setClip(clip, "place", map[string]any{
		"track": h.track.ID, "clip": orNil(h.Anchor), "offset": offset, "at": h.Start + by,
	})
	return nil
}

// bounds are the frames of its source that a clip may use: those that the source
// has, less those that neighbouring pieces of the same clip show.
func (t *Timeline) bounds(h held) (least, most int) {
	most = math.MaxInt
	for _, s := range t.Scenes {
		if h.Source == (Source{"scene", s.ID}) {
			most = s.Length
		}
	}
	if h.index > 0 {
		if before := h.track.Clips[h.index-1]; before.lineage() == h.lineage() && before.Source == h.Source && before.In+before.Span <= h.In {
			least = before.In + before.Span
		}
	}
	if h.index+1 < len(h.track.Clips) {
		if after := h.track.Clips[h.index+1]; after.lineage() == h.lineage() && after.Source == h.Source && after.In >= h.In+h.Span {
			most = min(most, after.In)
		}
	}
	return least, most
}

// lineage is the clip that a piece was first split off.
func (c Clip) lineage() string {
	if c.Origin != nil {
		return *c.Origin
	}
	return c.ID
}

// Split cuts a clip at a frame of the timeline, and returns the id of the new
// piece.
func (e Edit) Split(clip string, at int) (string, error) {
	t := e.shown()
	h, err := t.clip(clip)
	if err != nil {
		return "", err
	}
	if at <= h.Start || at >= h.Start+h.Length || h.Span < 2 {
		return "", ErrPlace
	}
	if len(h.Order)+chunkWidth > longestOrder {
		return "", ErrPlace
	}
	m, _ := e.thing(RootClips, clip)
	frame := clampTo(h.In+inSource(at-h.Start, h.Speed), h.In+1, h.In+h.Span-1)
	fields := copyFields(m)
	fields["origin"], fields["span"] = h.lineage(), spanOf(frame, h.In+h.Span-frame)
	fields["place"] = piecePlace(h, at, frame)
	if h.Fade.In > 0 {
		fields["fade"] = map[string]any{"in": 0, "out": h.Fade.Out}
	}
	id := e.put(RootClips, fields)
	m.Set(e.Tx, "span", spanOf(h.In, frame-h.In))
	if h.Fade.Out > 0 {
		m.Set(e.Tx, "fade", map[string]any{"in": h.Fade.In, "out": 0})
	}
	// The transition leads into the next clip, so it goes with the last piece.
	m.Delete(e.Tx, "transition")
	e.passOn(t, clip, id, at)
	return id, nil
}

// copyFields is what a clip says, also in keys that we do not know.
func copyFields(m crdt.Map) map[string]any {
	fields := map[string]any{}
	for _, key := range m.Keys() {
		switch v, _ := m.Get(key); v := v.(type) {
		case crdt.Text:
			fields[key] = crdt.NewText(v.String())
		case crdt.Map:
			fields[key] = crdt.NewMap(copyFields(v))
		default:
			fields[key] = v
		}
	}
	return fields
}

func piecePlace(h held, at, frame int) map[string]any {
	if h.track.Kind == TrackStory {
		return storyPlace(h.track.ID, orderOfPiece(h, frame), 0)
	}
	offset := 0
	if h.Anchor != nil {
		offset = h.Offset + at - h.Start
	}
	return map[string]any{"track": h.track.ID, "clip": orNil(h.Anchor), "offset": offset, "at": at}
}

// orderOfPiece keys a piece by its source frame, behind a key that does not
// depend on the frame, so that all cuts of a clip, and of what comes of it, come
// out in source order however they merge: what its own key or that of the next
// piece was made of, when the clip fits in there; else its own; else the one
// between both that everybody finds.
func orderOfPiece(h held, frame int) string {
	var next Clip
	for _, c := range h.track.Clips[h.index+1:] {
		if c.Order > h.Order {
			next = c
			break
		}
	}
	fits := func(order string) bool { return order > h.Order && (next.Order == "" || order < next.Order) }
	var bases []string
	if h.Origin != nil {
		bases = append(bases, orderOfFirst(h.Order))
	}
	if next.lineage() == h.lineage() {
		bases = append(bases, orderOfFirst(next.Order))
	}
	for _, base := range append(bases, h.Order) {
		if fits(pieceOrder(base, h.In+1)) && fits(pieceOrder(base, h.In+h.Span-1)) {
			return pieceOrder(base, frame)
		}
	}
	first := chance(func(uint64) uint64 { return 0 })
	return pieceOrder(first.between(h.Order, next.Order, 1)[0], frame)
}

// passOn ties what stands on the second piece of a clip that was cut to it.
func (e Edit) passOn(before *Timeline, from, to string, at int) {
	for _, track := range before.Tracks {
		for _, c := range track.Clips {
			if c.Anchor != nil && *c.Anchor == from && c.Start >= at {
				e.setClip(c.ID, "place", map[string]any{"track": track.ID, "clip": to, "offset": c.Start - at, "at": c.Start})
			}
		}
	}
	for _, marker := range before.Markers {
		if m, ok := e.thing(RootMarkers, marker.ID); ok && marker.Clip != nil && *marker.Clip == from && marker.Start >= at {
			m.Set(e.Tx, "at", map[string]any{"clip": to, "offset": marker.Start - at})
		}
	}
}

// SetTransition leads a clip into the next, by at most half of either; nil makes
// it a plain cut.
func (e Edit) SetTransition(clip string, transition *Transition) error {
	t := e.shown()
	h, err := t.clip(clip)
	if err != nil {
		return err
	}
	m, _ := e.thing(RootClips, clip)
	if transition == nil {
		m.Delete(e.Tx, "transition")
		return nil
	}
	if h.index+1 == len(h.track.Clips) {
		return ErrPlace
	}
	length := min(transition.Length, h.Length/2, h.track.Clips[h.index+1].Length/2)
	if length < 1 {
		return ErrPlace
	}
	m.Set(e.Tx, "transition", map[string]any{"kind": transition.Kind, "length": length})
	return nil
}

// inSource is how many frames of the source a number of timeline frames takes.
func inSource(frames int, speed float64) int {
	if speed == 1 {
		return frames
	}
	return int(math.Floor(float64(frames)*speed + 0.5))
}

// onTimeline is the reverse of inSource, at least 1 frame for any.
func onTimeline(frames int, speed float64) int {
	switch {
	case speed == 1 || frames == 0:
		return frames
	case frames < 0:
		return -onTimeline(-frames, speed)
	default:
		return max(1, int(math.Floor(float64(frames)/speed+0.5)))
	}
}

func clampTo[T cmp.Ordered](v, least, most T) T { return max(least, min(most, v)) }
