package timeline

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/soratoo/soratoo/crdt"
)

// Timeline is what a document shows: valid whatever was merged into it. Its
// JSON is that of the projection of the web client.
type Timeline struct {
	Schema     int      `json:"schema"`
	Title      string   `json:"title"`
	Rate       [2]int   `json:"rate"`
	Size       [2]int   `json:"size"`
	Background string   `json:"background"`
	Length     int      `json:"length"`
	Scenes     []Scene  `json:"scenes"`
	Tracks     []Track  `json:"tracks"`
	Markers    []Marker `json:"markers"`
	Repairs    []Repair `json:"repairs"`
}

// Scene is a card of the storyboard.
type Scene struct {
	ID     string  `json:"id"`
	Order  string  `json:"order"`
	Title  string  `json:"title"`
	Prompt string  `json:"prompt"`
	Notes  string  `json:"notes"`
	Length int     `json:"length"`
	Render Render  `json:"render"`
	Refs   []Ref   `json:"refs"`
	Take   *string `json:"take"`
	Color  *string `json:"color"`
}

// Render is what a scene asks of a render; nil fields take the workspace's
// default.
type Render struct {
	Backend *string  `json:"backend,omitempty"`
	Model   *string  `json:"model,omitempty"`
	Size    *[2]int  `json:"size,omitempty"`
	Seconds *float64 `json:"seconds,omitempty"`
	Seed    *int     `json:"seed,omitempty"`
	Style   *string  `json:"style,omitempty"`
}

// Ref is a reference image or clip of a scene.
type Ref struct {
	Asset string `json:"asset"`
	Role  string `json:"role"`
	Order string `json:"order"`
}

// Track is a track with its clips as they stand.
type Track struct {
	ID     string  `json:"id"`
	Order  string  `json:"order"`
	Kind   string  `json:"kind"`
	Name   string  `json:"name"`
	Locked bool    `json:"locked"`
	Muted  bool    `json:"muted"`
	Hidden bool    `json:"hidden"`
	Gain   float64 `json:"gain"`
	Length int     `json:"length"` // the end of its last clip
	Lanes  int     `json:"lanes"`  // at least 1
	Clips  []Clip  `json:"clips"`
}

// Clip is a clip as it stands: Start and Length in frames of the timeline, In
// and Span in frames of its source.
type Clip struct {
	ID         string      `json:"id"`
	Track      string      `json:"track"`
	Order      string      `json:"order"`
	Start      int         `json:"start"`
	Length     int         `json:"length"`
	In         int         `json:"in"`
	Span       int         `json:"span"`
	Lane       int         `json:"lane"`
	Gap        int         `json:"gap"`    // frames of nothing ahead of it, on a story track
	Anchor     *string     `json:"anchor"` // the story clip that it is tied to
	Offset     int         `json:"offset"`
	Source     Source      `json:"source"`
	Label      string      `json:"label"`
	Speed      float64     `json:"speed"`
	Gain       float64     `json:"gain"`
	Fade       Fade        `json:"fade"`
	Transition *Transition `json:"transition"`
	Text       *string     `json:"text"`
	Origin     *string     `json:"origin"`
}

// Source is what a clip shows.
type Source struct {
	Kind string // scene, asset or title
	Of   string // its id, or the title's kind
}

// MarshalJSON writes {"scene": id} and the like.
func (s Source) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]string{s.Kind: s.Of}) }

// Fade is how long a clip fades at its ends.
type Fade struct {
	In  int `json:"in"`
	Out int `json:"out"`
}

// Transition leads from a clip into the next.
type Transition struct {
	Kind   string `json:"kind"`
	Length int    `json:"length"`
}

// Marker is a named place.
type Marker struct {
	ID     string  `json:"id"`
	Start  int     `json:"start"`
	Length int     `json:"length"`
	Clip   *string `json:"clip"`
	Label  string  `json:"label"`
	Color  *string `json:"color"`
}

// Repair is something that the projection had to mend, with the number of its
// rule.
type Repair struct {
	Rule  int        `json:"rule"`
	Kind  RepairKind `json:"kind"`
	Root  string     `json:"root"`
	ID    string     `json:"id"`
	Field string     `json:"field"` // what was mended, or what happened to the thing as a whole
}

// RepairKind says what the projection did.
type RepairKind string

// The kinds of repairs.
const (
	RepairMalformed RepairKind = "malformed" // a register took its default
	RepairIgnored   RepairKind = "ignored"   // an entry was not read
	RepairRecovered RepairKind = "recovered" // a clip without its track went to [Recovered]
	RepairCut       RepairKind = "cut"       // a piece ends where another shows the same
	RepairHidden    RepairKind = "hidden"    // a piece of which nothing is left
	RepairShortened RepairKind = "shortened" // a transition too long for its neighbours
	RepairDropped   RepairKind = "dropped"   // a transition with no room at all
	RepairUntied    RepairKind = "untied"    // the anchor is gone
	RepairClamped   RepairKind = "clamped"   // a number was brought into its bounds
)

// rules are the numbers of the rules that the repairs obey.
var rules = map[RepairKind]int{
	RepairMalformed: 1, RepairIgnored: 1, RepairRecovered: 2, RepairCut: 3, RepairHidden: 3,
	RepairShortened: 5, RepairDropped: 5, RepairUntied: 6, RepairClamped: 7,
}

// Recovered is the track that shows clips whose own track does not exist.
const Recovered = "recovered"

// Project reads a document as a timeline. It changes nothing, and never fails:
// what is missing or malformed takes its default, and is reported.
//
//  1. Order is (order, id). Unknown keys are ignored.
//  2. A clip on a track that does not exist goes to the track [Recovered].
//  3. Pieces of one origin, next to each other, never show a source frame twice.
//  4. Clips that overlap on a track other than a story track are laid in lanes.
//  5. A transition is at most half of either neighbour; the last one has none.
//  6. A tied clip whose anchor is gone stands where it was last seen.
//  7. No negative start, no length below 1, no span beyond a known source.
func Project(doc *crdt.Doc) Timeline {
	e := readEntries(doc)
	tracks := e.layOut()
	t := e.meta
	t.Tracks = tracks
	for i := range tracks {
		t.Length = max(t.Length, tracks[i].Length)
	}
	t.Scenes = make([]Scene, 0, len(e.scenes))
	for _, s := range e.scenes {
		t.Scenes = append(t.Scenes, s)
	}
	slices.SortFunc(t.Scenes, func(a, b Scene) int { return byOrder(a.Order, a.ID, b.Order, b.ID) })
	t.Markers = e.layMarkers(tracks)
	t.Repairs = slices.Clip(append([]Repair{}, e.repairs...))
	slices.SortStableFunc(t.Repairs, func(a, b Repair) int {
		return cmp.Or(
			cmp.Compare(a.Rule, b.Rule), compareText(a.Root, b.Root), compareText(a.ID, b.ID), compareText(a.Field, b.Field),
		)
	})
	return t
}

// byOrder compares by (order, id), the order of everything.
func byOrder(orderA, idA, orderB, idB string) int {
	return cmp.Or(compareText(orderA, orderB), compareText(idA, idB))
}

// compareText compares as JavaScript does, by UTF-16 units: characters beyond
// 16 bits, which are pairs there, come before those from U+E000 on.
func compareText(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return cmp.Compare(unitRank(a[i]), unitRank(b[i]))
		}
	}
	return cmp.Compare(len(a), len(b))
}

// unitRank orders the first bytes of characters in UTF-8 as their first units in
// UTF-16; 0xee and 0xef begin those from U+E000 on.
func unitRank(b byte) int {
	if b == 0xee || b == 0xef {
		return 0x100 + int(b)
	}
	return int(b)
}
