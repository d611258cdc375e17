package interchange

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// csvColumns are those of a storyboard, in their order.
var csvColumns = []string{"number", "title", "prompt", "notes", "frames", "seconds", "starts at", "color"}

// writeCSV writes the storyboard as a table (RFC 4180). Cells that a spreadsheet
// would take for a formula begin with an apostrophe.
func writeCSV(s *Sequence) ([]byte, Report, error) {
	var b bytes.Buffer
	var r Report
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	_ = w.Write(csvColumns) // a buffer takes all
	for i, scene := range s.Scenes {
		starts := ""
		if at := s.startOf(scene.ID); at >= 0 {
			starts = timecode(s.Start+at, s.Rate, s.Drop)
		}
		seconds, _ := s.Rate.seconds(scene.Length).Float64()
		_ = w.Write([]string{
			strconv.Itoa(i + 1), cell(scene.Title), cell(scene.Prompt), cell(scene.Notes), strconv.Itoa(scene.Length),
			strconv.FormatFloat(seconds, 'f', 3, 64), starts, scene.Color,
		})
	}
	w.Flush()
	r.lost("the cut: a table has scenes only")
	r.kept("%d scenes", len(s.Scenes))
	return b.Bytes(), r, w.Error()
}

// startOf is the frame at which a scene is first shown, or -1.
func (s *Sequence) startOf(scene string) int {
	if t := s.story(); t != nil {
		if i := slices.IndexFunc(t.Clips, func(c Clip) bool { return c.Scene == scene }); i >= 0 {
			return t.Clips[i].Start
		}
	}
	return -1
}

// formula is what spreadsheets take for the beginning of one.
const formula = "=+-@\t\r"

func cell(text string) string {
	if text != "" && (strings.ContainsRune(formula, rune(text[0])) || text[0] == '\'') {
		return "'" + text
	}
	return text
}

func uncell(text string) string {
	if len(text) > 1 && text[0] == '\'' && (strings.ContainsRune(formula, rune(text[1])) || text[1] == '\'') {
		return text[1:]
	}
	return text
}

// readCSV reads a storyboard from a table with a first row of names; of those it
// takes what it knows, also in other words.
func readCSV(b []byte, o Options) (*Sequence, Report, error) {
	s := &Sequence{Rate: o.rate()}
	var r Report
	text := decodeText(b, &r)
	rows := csv.NewReader(strings.NewReader(text))
	rows.FieldsPerRecord, rows.LazyQuotes, rows.TrimLeadingSpace = -1, true, true
	if first, _, _ := strings.Cut(text, "\n"); strings.Count(first, ";") > strings.Count(first, ",") {
		rows.Comma = ';'
	} else if strings.Count(first, "\t") > strings.Count(first, ",") {
		rows.Comma = '\t'
	}
	head, err := rows.Read()
	if err != nil {
		return nil, r, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	at := columns(head, &r)
	if at["title"] < 0 && at["prompt"] < 0 {
		return nil, r, fmt.Errorf("%w: a storyboard has a column called title or prompt", ErrMalformed)
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, r, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if len(s.Scenes) >= maxItems {
			return nil, r, fmt.Errorf("%w: more than %d scenes", ErrLimit, maxItems)
		}
		scene, err := sceneOf(row, at, s.Rate)
		if err != nil {
			line, _ := rows.FieldPos(0)
			return nil, r, fmt.Errorf("line %d: %w", line, err)
		}
		if scene.Title != "" || scene.Prompt != "" || scene.Notes != "" {
			s.Scenes = append(s.Scenes, scene)
		}
	}
	if len(s.Scenes) == 0 {
		return nil, r, fmt.Errorf("%w: there is no scene in it", ErrMalformed)
	}
	s.Tracks = []Track{{Kind: Story, Clips: clipsOf(s.Scenes)}}
	return s, r, nil
}

// columns finds the columns that are known: by name, where each is, or -1.
func columns(head []string, r *Report) map[string]int {
	words := map[string][]string{
		"title": {"title", "scene", "name", "scene title", "titel", "szene"}, "prompt": {"prompt", "text", "description", "beschreibung"},
		"notes": {"notes", "note", "comment", "comments", "notizen"}, "frames": {"frames", "length", "länge"},
		"seconds": {"seconds", "duration", "sekunden", "dauer"}, "color": {"color", "colour", "farbe"},
	}
	at := map[string]int{}
	for column, names := range words {
		at[column] = slices.IndexFunc(head, func(h string) bool { return slices.Contains(names, strings.ToLower(strings.TrimSpace(h))) })
	}
	for i, h := range head {
		known := slices.Contains([]string{"number", "starts at", ""}, strings.ToLower(strings.TrimSpace(h)))
		for _, n := range at {
			known = known || n == i
		}
		if !known {
			r.lost("the column %q", h)
		}
	}
	return at
}

func sceneOf(row []string, at map[string]int, rate Rate) (Scene, error) {
	get := func(column string) string {
		if i := at[column]; i >= 0 && i < len(row) {
			return uncell(row[i])
		}
		return ""
	}
	scene := Scene{Title: get("title"), Prompt: get("prompt"), Notes: get("notes"), Color: get("color")}
	if len(scene.Title)+len(scene.Prompt)+len(scene.Notes) > maxText {
		return scene, fmt.Errorf("%w: a scene of more than %d bytes", ErrLimit, maxText)
	}
	if _, _, _, ok := rgb(scene.Color); !ok {
		scene.Color = ""
	}
	if n, err := strconv.Atoi(strings.TrimSpace(get("frames"))); err == nil && n > 0 && n <= maxFrame {
		scene.Length = n
	} else if f, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(get("seconds")), ",", ".", 1), 64); err == nil && f > 0 && f < 1e6 {
		scene.Length = max(int(f*rate.Float()+0.5), 1)
	} else {
		scene.Length = 5 * rate.nominal()
	}
	return scene, nil
}

// clipsOf shows scenes one after the other. Scenes without an id get one that is
// good in this sequence.
func clipsOf(scenes []Scene) (clips []Clip) {
	at := 0
	for i := range scenes {
		if scenes[i].ID == "" {
			scenes[i].ID = "scene " + strconv.Itoa(i+1)
		}
		clips = append(clips, Clip{Start: at, Length: scenes[i].Length, Speed: 1, Scene: scenes[i].ID})
		at += scenes[i].Length
	}
	return clips
}

// jsonSchema names the format that writeJSON writes.
const jsonSchema = "soratoo.sequence/1"

// jsonFile is a sequence as JSON, with the names of docs/interchange.md.
type jsonFile struct {
	Schema  string       `json:"schema"`
	Title   string       `json:"title"`
	Rate    Rate         `json:"rate"`
	Drop    bool         `json:"drop_frame"`
	Size    [2]int       `json:"size"`
	Start   int          `json:"start"`
	Scenes  []jsonScene  `json:"scenes"`
	Tracks  []jsonTrack  `json:"tracks"`
	Markers []jsonMarker `json:"markers"`
}

type jsonScene struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Prompt string `json:"prompt"`
	Notes  string `json:"notes"`
	Length int    `json:"length"`
	Color  string `json:"color,omitempty"`
}

type jsonTrack struct {
	Kind   string     `json:"kind"`
	Name   string     `json:"name"`
	Muted  bool       `json:"muted,omitempty"`
	Hidden bool       `json:"hidden,omitempty"`
	Clips  []jsonClip `json:"clips"`
}

type jsonClip struct {
	Start      int             `json:"start"`
	Length     int             `json:"length"`
	In         int             `json:"in,omitempty"`
	Speed      *float64        `json:"speed,omitempty"`
	Scene      string          `json:"scene,omitempty"`
	Asset      string          `json:"asset,omitempty"`
	Media      string          `json:"media,omitempty"`
	Label      string          `json:"label,omitempty"`
	Text       string          `json:"text,omitempty"`
	Gain       float64         `json:"gain,omitempty"`
	Fade       *[2]int         `json:"fade,omitempty"`
	Transition *jsonTransition `json:"transition,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

type jsonTransition struct {
	Kind   string `json:"kind"`
	Length int    `json:"length"`
}

type jsonMarker struct {
	At     int    `json:"at"`
	Length int    `json:"length,omitempty"`
	Label  string `json:"label"`
	Color  string `json:"color,omitempty"`
}

func writeJSON(s *Sequence) ([]byte, Report, error) {
	f := jsonFile{
		Schema: jsonSchema, Title: s.Title, Rate: s.Rate, Drop: s.Drop, Size: s.Size, Start: s.Start,
		Scenes: []jsonScene{}, Tracks: []jsonTrack{}, Markers: []jsonMarker{},
	}
	for _, c := range s.Scenes {
		f.Scenes = append(f.Scenes, jsonScene(c))
	}
	for _, t := range s.Tracks {
		track := jsonTrack{Kind: t.Kind, Name: t.Name, Muted: t.Muted, Hidden: t.Hidden, Clips: []jsonClip{}}
		for _, c := range t.Clips {
			out := jsonClip{
				Start: c.Start, Length: c.Length, In: c.In, Scene: c.Scene, Asset: c.Asset, Media: c.Media, Label: c.Label,
				Text: c.Text, Gain: c.Gain, Metadata: c.Metadata,
			}
			if c.Speed != 1 {
				out.Speed = &c.Speed
			}
			if c.FadeIn > 0 || c.FadeOut > 0 {
				out.Fade = &[2]int{c.FadeIn, c.FadeOut}
			}
			if x := c.Transition; x != nil {
				out.Transition = &jsonTransition{x.Kind, x.Length}
			}
			track.Clips = append(track.Clips, out)
		}
		f.Tracks = append(f.Tracks, track)
	}
	for _, m := range s.Markers {
		f.Markers = append(f.Markers, jsonMarker(m))
	}
	var r Report
	r.counts(s)
	b, err := json.MarshalIndent(f, "", "  ")
	return append(b, '\n'), r, err
}

func readJSON(b []byte, o Options) (*Sequence, Report, error) {
	var f jsonFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, Report{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if f.Schema != jsonSchema {
		return nil, Report{}, fmt.Errorf("%w: its schema is %.40q, not %q", ErrMalformed, f.Schema, jsonSchema)
	}
	s := &Sequence{Title: f.Title, Rate: f.Rate, Drop: f.Drop, Size: f.Size, Start: f.Start}
	if !s.Rate.Valid() {
		s.Rate = o.rate()
	}
	for _, c := range f.Scenes {
		c.Length = max(1, min(c.Length, maxFrame))
		s.Scenes = append(s.Scenes, Scene(c))
	}
	for _, t := range f.Tracks {
		track := Track{Kind: t.Kind, Name: t.Name, Muted: t.Muted, Hidden: t.Hidden}
		if !slices.Contains([]string{Story, Video, Audio, Caption}, t.Kind) {
			return nil, Report{}, fmt.Errorf("%w: there are no tracks of kind %.20q", ErrMalformed, t.Kind)
		}
		for _, c := range t.Clips {
			track.Clips = append(track.Clips, c.clip())
		}
		s.Tracks = append(s.Tracks, track)
	}
	for _, m := range f.Markers {
		m.At, m.Length = max(0, min(m.At, maxFrame)), max(0, min(m.Length, maxFrame))
		s.Markers = append(s.Markers, Marker(m))
	}
	return s, Report{}, nil
}

func (c jsonClip) clip() Clip {
	out := Clip{
		Start: c.Start, Length: c.Length, In: c.In, Speed: 1, Scene: c.Scene, Asset: c.Asset, Media: c.Media, Label: c.Label,
		Text: c.Text, Gain: c.Gain, Metadata: c.Metadata,
	}
	if c.Speed != nil {
		out.Speed = *c.Speed
	}
	if c.Fade != nil {
		out.FadeIn, out.FadeOut = max(c.Fade[0], 0), max(c.Fade[1], 0)
	}
	if x := c.Transition; x != nil && x.Length > 0 {
		out.Transition = &Transition{x.Kind, x.Length}
	}
	return out
}
