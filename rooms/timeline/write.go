package timeline

import "github.com/soratoo/soratoo/crdt"

// writer collects the things of a document that is made from nothing.
type writer struct {
	meta   map[string]any
	roots  map[string]map[string]map[string]any // root → id → fields
	tracks []string                             // ids, in order
	scenes []string
	shots  []placed
	at     int // where the story ends
}

// placed is a shot that stands on the story track.
type placed struct {
	id, order string
	start     int
}

func newWriter(title string) *writer {
	return &writer{
		meta: map[string]any{
			"schema": Schema, "title": title, "rate": []any{24, 1}, "size": []any{1920, 1080}, "background": "#000000",
		},
		roots: map[string]map[string]map[string]any{RootScenes: {}, RootTracks: {}, RootClips: {}, RootMarkers: {}},
	}
}

// put adds a thing under a new id.
func (w *writer) put(root string, fields map[string]any) (id string) {
	id = newID()
	w.roots[root][id] = fields
	return id
}

func (w *writer) track(kind, name string) {
	w.tracks = append(w.tracks, w.put(RootTracks, map[string]any{
		"order": chunk(uint64(len(w.tracks)+1)<<32) + chunk(1+random(chunkFull-1)), "kind": kind, "name": name,
		"locked": false, "muted": false, "hidden": false, "gain": 0,
	}))
}

func (w *writer) scene(s scene) {
	fields := map[string]any{
		"title": crdt.NewText(s.title), "prompt": crdt.NewText(s.prompt), "notes": crdt.NewText(s.notes),
		"length": s.length, "render": crdt.NewMap(nil), "refs": crdt.NewMap(nil),
	}
	if s.color != "" {
		fields["color"] = s.color
	}
	if s.style != "" {
		fields["render"] = crdt.NewMap(map[string]any{"style": s.style})
	}
	w.scenes = append(w.scenes, w.put(RootScenes, fields))
}

// cut lays shots on the first track, one after the other.
func (w *writer) cut(shots []shot) {
	for i, order := range batch(len(w.scenes)) {
		w.roots[RootScenes][w.scenes[i]]["order"] = order
	}
	orders := batch(len(shots))
	origin := 0
	for i, s := range shots {
		fields := map[string]any{
			"span":   map[string]any{"in": s.in, "length": s.length},
			"source": map[string]any{"scene": w.scenes[s.scene]},
		}
		if s.label != "" {
			fields["label"] = s.label
		}
		if s.dissolve > 0 {
			fields["transition"] = map[string]any{"kind": "dissolve", "length": s.dissolve}
		}
		order := orders[i]
		if s.piece {
			order = pieceOrder(w.shots[origin].order, s.in)
			fields["origin"] = w.shots[origin].id
		} else {
			origin = i
		}
		fields["place"] = map[string]any{"track": w.tracks[0], "order": order, "gap": s.gap}
		w.at += s.gap
		w.shots = append(w.shots, placed{w.put(RootClips, fields), order, w.at})
		w.at += s.length
	}
}

// caption ties a text to a shot, on the last track.
func (w *writer) caption(c caption) {
	anchor := w.shots[c.shot]
	w.put(RootClips, map[string]any{
		"place": map[string]any{
			"track": w.tracks[len(w.tracks)-1], "clip": anchor.id, "offset": c.offset, "at": anchor.start + c.offset,
		},
		"span":   map[string]any{"in": 0, "length": c.length},
		"source": map[string]any{"title": "caption"},
		"text":   crdt.NewText(c.text),
		"fade":   map[string]any{"in": 12, "out": 12},
	})
}

func (w *writer) marker(m marker) {
	w.put(RootMarkers, map[string]any{
		"at":     map[string]any{"clip": w.shots[m.shot].id, "offset": m.offset},
		"length": m.length, "label": m.label, "color": m.color,
	})
}

// update writes the document, in one transaction.
func (w *writer) update() []byte {
	doc := crdt.New(crdt.Options{})
	return doc.Transact(func(tx *crdt.Tx) {
		meta := doc.Map(RootMeta)
		for _, key := range []string{"schema", "title", "rate", "size", "background"} {
			meta.Set(tx, key, w.meta[key])
		}
		for _, root := range []string{RootTracks, RootScenes, RootClips, RootMarkers} {
			for id, fields := range w.roots[root] {
				doc.Map(root).Set(tx, id, crdt.NewMap(fields))
			}
		}
	})
}
