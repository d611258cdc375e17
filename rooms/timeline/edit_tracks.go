package timeline

// Meta is what holds for the whole timeline; zero fields stay as they are.
type Meta struct {
	Title, Background string
	Rate, Size        [2]int
}

// SetMeta writes what holds for the whole timeline. Frames keep their numbers.
func (e Edit) SetMeta(meta Meta) error {
	rate, size := meta.Rate, meta.Size
	if min(rate[0], rate[1], size[0], size[1]) < 0 || max(rate[0], rate[1], size[0], size[1]) > maxFrames ||
		(rate[0] == 0) != (rate[1] == 0) || (size[0] == 0) != (size[1] == 0) {
		return ErrValue
	}
	m := e.Doc.Map(RootMeta)
	if meta.Title != "" {
		m.Set(e.Tx, "title", meta.Title)
	}
	if meta.Background != "" {
		m.Set(e.Tx, "background", meta.Background)
	}
	if rate[0] > 0 {
		m.Set(e.Tx, "rate", []any{rate[0], rate[1]})
	}
	if size[0] > 0 {
		m.Set(e.Tx, "size", []any{size[0], size[1]})
	}
	return nil
}

// AddTrack puts a track behind all others and returns its id.
func (e Edit) AddTrack(kind, name string) (string, error) {
	if _, ok := trackKind(kind); !ok {
		return "", ErrValue
	}
	last := ""
	for _, t := range e.shown().Tracks {
		if t.ID != Recovered {
			last = t.Order
		}
	}
	return e.put(RootTracks, map[string]any{
		"order": e.chance().between(last, "", 1)[0], "kind": kind, "name": name,
	}), nil
}

// DeleteTrack takes a track and its clips away. The last story track stays.
func (e Edit) DeleteTrack(id string) error {
	t := e.shown()
	track, err := t.track(id)
	if err != nil {
		return err
	}
	stories := 0
	for _, other := range t.Tracks {
		if other.Kind == TrackStory {
			stories++
		}
	}
	if track.Kind == TrackStory && stories == 1 {
		return ErrPlace
	}
	gone := map[string]bool{}
	for _, c := range track.Clips {
		gone[c.ID] = true
	}
	e.remove(t, gone)
	e.Doc.Map(RootTracks).Delete(e.Tx, id)
	return nil
}
