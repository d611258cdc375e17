package timeline

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/soratoo/soratoo/crdt"
)

// namedThings is how many things a change names; it counts them all.
const namedThings = 3

// nameRunes is how much of a name is told.
const nameRunes = 60

// Thing is something in which two documents differ.
type Thing struct {
	Root   string   `json:"root" enum:"meta,scenes,tracks,clips,markers"`
	ID     string   `json:"id"`
	Name   string   `json:"name" doc:"Its title, label or name; may be empty."`
	Number int      `json:"number,omitempty" doc:"Of a scene, or the scene that a clip shows: its place in the storyboard, from 1."`
	Is     ThingIs  `json:"is" enum:"added,deleted,changed"`
	Origin bool     `json:"split,omitempty" doc:"It was split off a clip."`
	Fields []Differ `json:"fields,omitempty"`
}

// ThingIs says which of two documents has a thing.
type ThingIs string

// How documents differ in a thing.
const (
	ThingAdded   ThingIs = "added"
	ThingDeleted ThingIs = "deleted"
	ThingChanged ThingIs = "changed"
)

// Differ is a field in which a thing differs: as values, or as text.
type Differ struct {
	Key  string  `json:"key"`
	From any     `json:"from,omitempty"`
	To   any     `json:"to,omitempty"`
	Text []Piece `json:"text,omitempty"`
}

// Change says in words what became of some things of one kind.
type Change struct {
	Kind  ChangeKind `json:"kind"`
	Count int        `json:"count"`
	Names []Named    `json:"names" doc:"The first of them."`
}

// Named is a thing by its name, as it was when it changed.
type Named struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Number int    `json:"number,omitempty"`
}

// ChangeKind is what was done.
type ChangeKind string

// What is done to a timeline, in the order in which it is told.
const (
	ScenesAdded     ChangeKind = "scenes-added"
	ScenesDeleted   ChangeKind = "scenes-deleted"
	ScenesMoved     ChangeKind = "scenes-moved"
	PromptsWritten  ChangeKind = "prompts-written"
	ScenesChanged   ChangeKind = "scenes-changed"
	TakesChosen     ChangeKind = "takes-chosen"
	TracksAdded     ChangeKind = "tracks-added"
	TracksDeleted   ChangeKind = "tracks-deleted"
	TracksChanged   ChangeKind = "tracks-changed"
	ClipsAdded      ChangeKind = "clips-added"
	ClipsSplit      ChangeKind = "clips-split"
	ClipsDeleted    ChangeKind = "clips-deleted"
	ClipsMoved      ChangeKind = "clips-moved"
	ClipsTrimmed    ChangeKind = "clips-trimmed"
	TextsWritten    ChangeKind = "texts-written"
	ClipsChanged    ChangeKind = "clips-changed"
	MarkersAdded    ChangeKind = "markers-added"
	MarkersDeleted  ChangeKind = "markers-deleted"
	MarkersChanged  ChangeKind = "markers-changed"
	SettingsChanged ChangeKind = "settings-changed"
)

// tellOrder is the order in which kinds are told.
var tellOrder = []ChangeKind{
	ScenesAdded, ScenesDeleted, ScenesMoved, PromptsWritten, ScenesChanged, TakesChosen,
	TracksAdded, TracksDeleted, TracksChanged,
	ClipsAdded, ClipsSplit, ClipsDeleted, ClipsMoved, ClipsTrimmed, TextsWritten, ClipsChanged,
	MarkersAdded, MarkersDeleted, MarkersChanged, SettingsChanged,
}

// whole are the kinds of things that came or went.
var whole = map[string]map[ThingIs]ChangeKind{
	RootScenes:  {ThingAdded: ScenesAdded, ThingDeleted: ScenesDeleted},
	RootTracks:  {ThingAdded: TracksAdded, ThingDeleted: TracksDeleted},
	RootClips:   {ThingAdded: ClipsAdded, ThingDeleted: ClipsDeleted},
	RootMarkers: {ThingAdded: MarkersAdded, ThingDeleted: MarkersDeleted},
}

// parts are the kinds of changes of single fields; "" is any other field.
var parts = map[string]map[string]ChangeKind{
	RootMeta:    {"": SettingsChanged},
	RootScenes:  {"order": ScenesMoved, "prompt": PromptsWritten, "take": TakesChosen, "": ScenesChanged},
	RootTracks:  {"": TracksChanged},
	RootClips:   {"place": ClipsMoved, "span": ClipsTrimmed, "text": TextsWritten, "": ClipsChanged},
	RootMarkers: {"": MarkersChanged},
}

// Compare lists the things in which two documents differ, by root and place.
func Compare(from, to *crdt.Doc) []Thing {
	c := comparer{from: from, to: to, before: naming(from), after: naming(to)}
	for _, root := range roots {
		if root == RootMeta {
			c.thing(root, "", from.Map(root), to.Map(root))
			continue
		}
		for _, id := range c.ids(root) {
			a, _ := from.Map(root).Get(id)
			b, _ := to.Map(root).Get(id)
			was, _ := a.(crdt.Map)
			is, _ := b.(crdt.Map)
			c.thing(root, id, was, is)
		}
	}
	return c.things
}

// Changes sums up in words what Compare found.
func Changes(things []Thing) []Change {
	byKind := map[ChangeKind]*Change{}
	add := func(kind ChangeKind, t Thing) {
		c := byKind[kind]
		if c == nil {
			c = &Change{Kind: kind, Names: []Named{}}
			byKind[kind] = c
		}
		if c.Count++; len(c.Names) < namedThings {
			c.Names = append(c.Names, Named{t.ID, t.Name, t.Number})
		}
	}
	for _, t := range things {
		if t.Is != ThingChanged {
			kind := whole[t.Root][t.Is]
			if t.Origin && t.Is == ThingAdded {
				kind = ClipsSplit
			}
			add(kind, t)
			continue
		}
		told := map[ChangeKind]bool{}
		for _, f := range t.Fields {
			kind := cmp.Or(parts[t.Root][f.Key], parts[t.Root][""])
			if !told[kind] {
				told[kind] = true
				add(kind, t)
			}
		}
	}
	all := []Change{}
	for _, kind := range tellOrder {
		if c := byKind[kind]; c != nil {
			all = append(all, *c)
		}
	}
	return all
}

// comparer goes over two documents side by side.
type comparer struct {
	from, to      *crdt.Doc
	before, after names
	things        []Thing
}

// ids are the things of a root in either document, in the order of the later.
func (c *comparer) ids(root string) []string {
	all := map[string]bool{}
	for _, doc := range []*crdt.Doc{c.from, c.to} {
		for _, id := range doc.Map(root).Keys() {
			if v, _ := doc.Map(root).Get(id); isMap(v) {
				all[id] = true
			}
		}
	}
	place := func(id string) int { return cmp.Or(c.after[root][id].place, c.before[root][id].place) }
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	})
}

func isMap(v any) bool {
	_, ok := v.(crdt.Map)
	return ok
}

// thing adds a thing if it differs.
func (c *comparer) thing(root, id string, was, is crdt.Map) {
	none := crdt.Map{}
	n, ok := c.after[root][id]
	if !ok {
		n = c.before[root][id]
	}
	t := Thing{Root: root, ID: id, Name: short(n.name), Number: n.number, Is: ThingChanged}
	switch {
	case was == none:
		t.Is = ThingAdded
		v, _ := is.Get("origin")
		t.Origin = root == RootClips && v != nil
	case is == none:
		t.Is = ThingDeleted
	default:
		t.Fields = differences(was, is)
		if len(t.Fields) == 0 {
			return
		}
	}
	c.things = append(c.things, t)
}

// differences are the fields in which a thing differs, by their names.
func differences(was, is crdt.Map) (all []Differ) {
	keys := append(was.Keys(), is.Keys()...)
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		a, _ := was.Get(key)
		b, _ := is.Get(key)
		from, to := plain(a), plain(b)
		if reflect.DeepEqual(from, to) || key == "place" && reflect.DeepEqual(standing(from), standing(to)) {
			continue
		}
		d := Differ{Key: key, From: from, To: to}
		_, wasText := a.(crdt.Text)
		_, isText := b.(crdt.Text)
		if wasText || isText {
			before, _ := from.(string)
			after, _ := to.(string)
			d = Differ{Key: key, Text: Words(before, after)}
		}
		all = append(all, d)
	}
	return all
}

// standing is a place without what is only remembered: a tied clip's last start.
func standing(place any) any {
	m, ok := place.(map[string]any)
	if !ok || m["clip"] == nil {
		return place
	}
	m = maps.Clone(m)
	delete(m, "at")
	return m
}

// short is the beginning of a name.
func short(name string) string {
	if runes := []rune(name); len(runes) > nameRunes {
		return string(runes[:nameRunes]) + "…"
	}
	return name
}
