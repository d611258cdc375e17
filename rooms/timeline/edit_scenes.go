package timeline

import "github.com/soratoo/soratoo/crdt"

// KeyMetadata is the register of a clip that keeps what another program said of it.
const KeyMetadata = "metadata"

// NewScene is what a scene begins with.
type NewScene struct {
	Title, Prompt, Notes string
	Length               int
	Color                string
}

// AddScenes puts scenes behind all others and returns their ids.
func (e Edit) AddScenes(scenes ...NewScene) ([]string, error) {
	last := ""
	for _, s := range e.shown().Scenes {
		last = s.Order
	}
	for _, s := range scenes {
		if s.Length < 1 || s.Length > maxFrames {
			return nil, ErrValue
		}
	}
	orders := e.chance().between(last, "", len(scenes))
	ids := make([]string, len(scenes))
	for i, s := range scenes {
		fields := map[string]any{
			"order": orders[i], "length": s.Length, "render": crdt.NewMap(nil), "refs": crdt.NewMap(nil),
			"title": crdt.NewText(s.Title), "prompt": crdt.NewText(s.Prompt), "notes": crdt.NewText(s.Notes),
		}
		if s.Color != "" {
			fields["color"] = s.Color
		}
		ids[i] = e.put(RootScenes, fields)
	}
	return ids, nil
}

// DeleteScene takes a scene away, but not the clips that show it.
func (e Edit) DeleteScene(id string) error {
	if _, ok := e.thing(RootScenes, id); !ok {
		return ErrGone
	}
	e.Doc.Map(RootScenes).Delete(e.Tx, id)
	return nil
}

// SetTake has a scene show an asset: the render that was chosen for it.
func (e Edit) SetTake(scene, asset string) error {
	m, ok := e.thing(RootScenes, scene)
	if !ok {
		return ErrGone
	}
	m.Set(e.Tx, "take", asset)
	return nil
}

// AddMarkers puts markers at frames, each tied to the story clip that is there.
func (e Edit) AddMarkers(markers ...Marker) error {
	for _, m := range markers {
		if m.Start < 0 || m.Length < 0 || max(m.Start, m.Length) > maxFrames {
			return ErrValue
		}
	}
	now := e.shown()
	for _, m := range markers {
		clip, offset, at := now.tie(m.Start)
		tie := map[string]any{"clip": orNil(clip), "offset": offset}
		if clip == nil {
			tie["offset"] = at
		}
		fields := map[string]any{"at": tie, "length": m.Length, "label": m.Label}
		if m.Color != nil {
			fields["color"] = *m.Color
		}
		e.put(RootMarkers, fields)
	}
	return nil
}
