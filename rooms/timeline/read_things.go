package timeline

import (
	"math"
	"slices"

	"github.com/soratoo/soratoo/crdt"
)

var (
	gain    = within(-120, 60) // decibels: 0 leaves the sound as it is
	speed   = within(0.01, 100)
	seconds = within(math.SmallestNonzeroFloat64, maxFrames)
)

func (e *entries) readMeta(m crdt.Map) {
	f := e.fieldsOf(RootMeta, "", m)
	e.meta = Timeline{
		Schema:     field(f, "schema", positive, Schema),
		Title:      field(f, "title", text, ""),
		Rate:       field(f, "rate", pair, [2]int{24, 1}),
		Size:       field(f, "size", pair, [2]int{1920, 1080}),
		Background: field(f, "background", text, "#000000"),
	}
}

func (e *entries) readScene(id string, m crdt.Map) Scene {
	f := e.fieldsOf(RootScenes, id, m)
	length := field(f, "length", integer, defaultLength)
	if length < 1 {
		e.report(RepairClamped, RootScenes, id, "length")
	}
	return Scene{
		ID:     id,
		Order:  field(f, "order", order, ""),
		Title:  field(f, "title", shared, ""),
		Prompt: field(f, "prompt", shared, ""),
		Notes:  field(f, "notes", shared, ""),
		Length: max(1, length),
		Render: readRender(f),
		Refs:   readRefs(f),
		Take:   maybe(f, "take", text),
		Color:  maybe(f, "color", text),
	}
}

// mapIn is the map that a register holds; nil when it is absent or, which is
// reported, something else.
func (f fields) mapIn(key string) *crdt.Map {
	return maybe(f, key, func(v any) (crdt.Map, bool) {
		m, ok := v.(crdt.Map)
		return m, ok
	})
}

func readRender(f fields) Render {
	m := f.mapIn("render")
	if m == nil {
		return Render{}
	}
	in := f.fieldsOf(f.root, f.id, *m)
	in.prefix = "render."
	return Render{
		Backend: maybe(in, "backend", text),
		Model:   maybe(in, "model", text),
		Size:    maybe(in, "size", pair),
		Seconds: maybe(in, "seconds", seconds),
		Seed:    maybe(in, "seed", integer),
		Style:   maybe(in, "style", text),
	}
}

func readRefs(f fields) []Ref {
	refs := []Ref{}
	m := f.mapIn("refs")
	if m == nil {
		return refs
	}
	all := f.fieldsOf(f.root, f.id, *m)
	all.prefix = "refs."
	for _, asset := range m.Keys() {
		in := all.inside(asset)
		refs = append(refs, Ref{asset, field(in, "role", text, ""), field(in, "order", order, "")})
	}
	slices.SortFunc(refs, func(a, b Ref) int { return byOrder(a.Order, a.Asset, b.Order, b.Asset) })
	return refs
}

func (e *entries) readTrack(id string, m crdt.Map) Track {
	f := e.fieldsOf(RootTracks, id, m)
	return Track{
		ID:     id,
		Order:  field(f, "order", order, ""),
		Kind:   field(f, "kind", trackKind, TrackVideo),
		Name:   field(f, "name", text, ""),
		Locked: field(f, "locked", flag, false),
		Muted:  field(f, "muted", flag, false),
		Hidden: field(f, "hidden", flag, false),
		Gain:   field(f, "gain", gain, 0),
	}
}

func (e *entries) readClip(id string, m crdt.Map) *rawClip {
	f := e.fieldsOf(RootClips, id, m)
	in, span := f.inside("place"), f.inside("span")
	if isAbsent(f.get("source")) {
		e.report(RepairMalformed, RootClips, id, "source")
	}
	return &rawClip{
		Clip: Clip{
			ID:         id,
			Source:     field(f, "source", source, Source{Kind: "title"}),
			Label:      field(f, "label", text, ""),
			Speed:      field(f, "speed", speed, 1),
			Gain:       field(f, "gain", gain, 0),
			Fade:       field(f, "fade", fade, Fade{}),
			Transition: maybe(f, "transition", transition),
			Text:       maybe(f, "text", shared),
			Origin:     maybe(f, "origin", text),
		},
		place: place{
			track:  field(in, "track", text, ""),
			order:  field(in, "order", order, ""),
			gap:    field(in, "gap", count, 0),
			clip:   maybe(in, "clip", text),
			offset: field(in, "offset", integer, 0),
			at:     field(in, "at", integer, 0),
		},
		in:   field(span, "in", integer, 0),
		span: maybe(span, "length", integer),
	}
}

func (e *entries) readMarker(id string, m crdt.Map) rawMarker {
	f := e.fieldsOf(RootMarkers, id, m)
	at := f.inside("at")
	return rawMarker{
		Marker: Marker{
			ID:     id,
			Length: field(f, "length", count, 0),
			Label:  field(f, "label", text, ""),
			Color:  maybe(f, "color", text),
		},
		clip:   maybe(at, "clip", text),
		offset: field(at, "offset", integer, 0),
	}
}
