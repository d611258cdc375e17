package timeline

import (
	"math"

	"github.com/soratoo/soratoo/crdt"
)

const (
	defaultLength = 120 // of a scene, or a clip of unknown source, that says nothing of it
	maxFrames     = 1<<31 - 1
)

// entries are the things of a document, each read by itself, with its defects
// replaced by defaults (rule 1).
type entries struct {
	meta    Timeline
	scenes  map[string]Scene
	tracks  map[string]Track
	clips   map[string]*rawClip
	markers map[string]rawMarker
	repairs []Repair
}

// rawClip is a clip before it has a place in time.
type rawClip struct {
	Clip
	place place
	in    int
	span  *int // nil: as much as the source has
}

type place struct {
	track, order string
	gap          int
	clip         *string
	offset, at   int
}

type rawMarker struct {
	Marker
	clip   *string
	offset int
}

func (e *entries) report(kind RepairKind, root, id, field string) {
	e.repairs = append(e.repairs, Repair{rules[kind], kind, root, id, field})
}

func readEntries(doc *crdt.Doc) *entries {
	e := &entries{
		scenes: map[string]Scene{}, tracks: map[string]Track{}, clips: map[string]*rawClip{}, markers: map[string]rawMarker{},
	}
	e.readMeta(doc.Map(RootMeta))
	for id, m := range e.things(doc, RootScenes) {
		e.scenes[id] = e.readScene(id, m)
	}
	for id, m := range e.things(doc, RootTracks) {
		e.tracks[id] = e.readTrack(id, m)
	}
	for id, m := range e.things(doc, RootClips) {
		e.clips[id] = e.readClip(id, m)
	}
	for id, m := range e.things(doc, RootMarkers) {
		e.markers[id] = e.readMarker(id, m)
	}
	return e
}

// things are the maps under a root; what is no map is ignored, and so is a
// track that takes the name of [Recovered].
func (e *entries) things(doc *crdt.Doc, root string) map[string]crdt.Map {
	out := map[string]crdt.Map{}
	all := doc.Map(root)
	for _, id := range all.Keys() {
		v, _ := all.Get(id)
		m, ok := v.(crdt.Map)
		if !ok || root == RootTracks && id == Recovered {
			e.report(RepairIgnored, root, id, "ignored")
			continue
		}
		out[id] = m
	}
	return out
}

// fields reads the registers of one thing.
type fields struct {
	*entries
	root, id, prefix string
	get              func(key string) any
}

func (e *entries) fieldsOf(root, id string, m crdt.Map) fields {
	return fields{e, root, id, "", func(key string) any {
		v, _ := m.Get(key)
		return v
	}}
}

// inside reads the fields of a register that must hold an object.
func (f fields) inside(key string) fields {
	object, ok := f.get(key).(map[string]any)
	if !ok {
		f.report(RepairMalformed, f.root, f.id, f.prefix+key)
	}
	return fields{f.entries, f.root, f.id, f.prefix + key + ".", func(key string) any { return object[key] }}
}

// maybe is the value of a register, or nil when it is absent or, which is
// reported, does not pass its check.
func maybe[T any](f fields, key string, check func(any) (T, bool)) *T {
	v := f.get(key)
	if isAbsent(v) {
		return nil
	}
	if t, ok := check(v); ok {
		return &t
	}
	f.report(RepairMalformed, f.root, f.id, f.prefix+key)
	return nil
}

// field is the value of a register, or else its default.
func field[T any](f fields, key string, check func(any) (T, bool), fallback T) T {
	if v := maybe(f, key, check); v != nil {
		return *v
	}
	return fallback
}

func isAbsent(v any) bool {
	if v == nil {
		return true
	}
	_, undefined := v.(crdt.Undefined)
	return undefined
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	default:
		return 0, false
	}
}

func integer(v any) (int, bool) {
	n, ok := number(v)
	return int(n), ok && n == math.Trunc(n) && math.Abs(n) <= maxFrames
}

func count(v any) (int, bool) {
	n, ok := integer(v)
	return n, ok && n >= 0
}

func positive(v any) (int, bool) {
	n, ok := integer(v)
	return n, ok && n >= 1
}

// within checks that a number is from low to high.
func within(low, high float64) func(any) (float64, bool) {
	return func(v any) (float64, bool) {
		n, ok := number(v)
		return n, ok && n >= low && n <= high
	}
}

func text(v any) (string, bool) {
	s, ok := v.(string)
	return s, ok
}

func flag(v any) (bool, bool) {
	b, ok := v.(bool)
	return b, ok
}

func shared(v any) (string, bool) {
	t, ok := v.(crdt.Text)
	if !ok {
		return "", false
	}
	return t.String(), true
}

func order(v any) (string, bool) {
	s, _ := v.(string)
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return "", false
		}
	}
	return s, s != ""
}

func trackKind(v any) (string, bool) {
	switch v {
	case TrackStory, TrackVideo, TrackAudio, TrackCaption:
		return v.(string), true
	}
	return "", false
}

func pair(v any) ([2]int, bool) {
	list, ok := v.([]any)
	if !ok || len(list) != 2 {
		return [2]int{}, false
	}
	a, okA := positive(list[0])
	b, okB := positive(list[1])
	return [2]int{a, b}, okA && okB
}

func source(v any) (Source, bool) {
	object, _ := v.(map[string]any)
	for _, kind := range []string{"scene", "asset", "title"} {
		if of, ok := object[kind].(string); ok {
			return Source{kind, of}, true
		}
	}
	return Source{}, false
}

func transition(v any) (Transition, bool) {
	object, ok := v.(map[string]any)
	kind, okKind := object["kind"].(string)
	length, okLength := positive(object["length"])
	return Transition{kind, length}, ok && okKind && okLength
}

func fade(v any) (Fade, bool) {
	object, ok := v.(map[string]any)
	in, okIn := fadeEnd(object["in"])
	out, okOut := fadeEnd(object["out"])
	return Fade{in, out}, ok && okIn && okOut
}

func fadeEnd(v any) (int, bool) {
	if isAbsent(v) {
		return 0, true
	}
	return count(v)
}
