// Package interchange carries a cut and its storyboard between our timelines and
// the files of other programs: OpenTimelineIO, CMX3600 edit lists, FCPXML, WebVTT
// and SubRip captions, and storyboards as CSV and JSON.
//
// Every format reads into and writes from a [Sequence], and says in a [Report]
// what it kept, changed and could not keep. Nothing here touches a network or a
// disk; input is bounded before it is read, and what is malformed ends with
// [ErrMalformed] that names the place.
package interchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The reasons for which a file is not read.
var (
	// ErrMalformed: the bytes are not of the format, or contradict it.
	ErrMalformed = errors.New("interchange: malformed file")
	// ErrLimit: the file is larger, deeper or longer than is read.
	ErrLimit = errors.New("interchange: file too large")
)

// Limits of what is read.
const (
	MaxBytes  = 32 << 20
	maxItems  = 50_000 // clips, gaps, markers, captions
	maxTracks = 200
	maxDepth  = 64
	maxFrame  = 1 << 30
	maxText   = 100_000 // bytes of one text
	maxSpeed  = 100     // times as fast as it was
)

// Sequence is a cut between two formats. Frames are of its rate and count from
// its beginning; tracks of a kind are in the order from bottom to top.
type Sequence struct {
	Title    string
	Rate     Rate
	Drop     bool // its timecode drops numbers
	Size     [2]int
	Start    int // the timecode of its first frame, as frames since midnight
	Scenes   []Scene
	Tracks   []Track
	Markers  []Marker
	Metadata json.RawMessage // of other programs, kept as it was
}

// Scene is a card of the storyboard.
type Scene struct {
	ID, Title, Prompt, Notes string
	Length                   int
	Color                    string
}

// The kinds of tracks.
const (
	Story   = "story"
	Video   = "video"
	Audio   = "audio"
	Caption = "caption"
)

// Track is clips that do not overlap, in the order of their starts, but on
// tracks of captions and sounds, where they may.
type Track struct {
	Kind, Name    string
	Muted, Hidden bool
	Clips         []Clip
	Metadata      json.RawMessage
}

// Clip is a piece of a track: a scene, media, or words.
type Clip struct {
	Start, Length   int
	In              int     // where it begins in its media, in frames of the sequence
	Available       int     // how long the media is; 0 when nobody knows
	Speed           float64 // 1 is as it was; 0 stands still
	Scene           string  // the id of the scene that it shows
	Asset           string  // the id of the media of ours that it shows
	Media           string  // the media's name or address, as the file has it
	Reel            string
	Label           string
	Text            string // of a title or caption
	Gain            float64
	FadeIn, FadeOut int
	Transition      *Transition // into the next one
	Metadata        json.RawMessage
}

// End is the frame behind the clip.
func (c *Clip) End() int { return c.Start + c.Length }

// Transition leads from a clip into the next: half of it before the cut.
type Transition struct {
	Kind   string // dissolve, wipe, fade
	Length int
}

// Marker is a named place.
type Marker struct {
	At, Length   int
	Label, Color string
}

// Length is the frame behind the last clip.
func (s *Sequence) Length() int {
	end := 0
	for _, t := range s.Tracks {
		for i := range t.Clips {
			end = max(end, t.Clips[i].End())
		}
	}
	return end
}

// scene finds a scene by its id.
func (s *Sequence) scene(id string) *Scene {
	if i := slices.IndexFunc(s.Scenes, func(c Scene) bool { return c.ID == id }); i >= 0 {
		return &s.Scenes[i]
	}
	return nil
}

// name is what people call a clip.
func (s *Sequence) name(c *Clip) string {
	if c.Label != "" {
		return c.Label
	}
	if scene := s.scene(c.Scene); scene != nil && scene.Title != "" {
		return scene.Title
	}
	if c.Media != "" {
		return baseName(c.Media)
	}
	if c.Text != "" {
		return firstLine(c.Text)
	}
	return "Clip"
}

// story is the track that the cut is told on: the first of its kind, else the
// first with pictures; nil without any.
func (s *Sequence) story() *Track {
	for _, kind := range []string{Story, Video} {
		if i := slices.IndexFunc(s.Tracks, func(t Track) bool { return t.Kind == kind }); i >= 0 {
			return &s.Tracks[i]
		}
	}
	return nil
}

// Report is what became of a file, in plain sentences.
type Report struct {
	Kept    []string `json:"kept"`
	Changed []string `json:"changed"`
	Lost    []string `json:"lost"`
}

const reportLines = 200 // of each list

func note(list *[]string, format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if len(*list) < reportLines && !slices.Contains(*list, line) {
		*list = append(*list, line)
	}
}

func (r *Report) kept(format string, args ...any)    { note(&r.Kept, format, args...) }
func (r *Report) changed(format string, args ...any) { note(&r.Changed, format, args...) }
func (r *Report) lost(format string, args ...any)    { note(&r.Lost, format, args...) }

// counts says what was kept, by numbers.
func (r *Report) counts(s *Sequence) {
	clips, captions := 0, 0
	for _, t := range s.Tracks {
		if t.Kind == Caption {
			captions += len(t.Clips)
		} else {
			clips += len(t.Clips)
		}
	}
	for _, c := range []struct {
		n         int
		one, many string
	}{
		{len(s.Scenes), "scene", "scenes"}, {clips, "clip", "clips"}, {captions, "caption", "captions"}, {len(s.Markers), "marker", "markers"},
	} {
		if c.n == 1 {
			r.kept("1 %s", c.one)
		} else if c.n > 1 {
			r.kept("%d %s", c.n, c.many)
		}
	}
}

// Format is a kind of file.
type Format struct {
	Name      string // as in ?format=
	Extension string
	MIME      string
	Write     func(s *Sequence) ([]byte, Report, error)
	Read      func(b []byte, o Options) (*Sequence, Report, error)
}

// Options say what a file may leave open.
type Options struct {
	Rate Rate // of a file that does not say its own; 24 when there is none
}

func (o Options) rate() Rate {
	if o.Rate.Valid() {
		return o.Rate
	}
	return Rate{24, 1}
}

// Formats are all that there are, by name.
var Formats = []Format{
	{"otio", ".otio", "application/json", writeOTIO, readOTIO},
	{"edl", ".edl", "text/plain; charset=utf-8", writeEDL, readEDL},
	{"fcpxml", ".fcpxml", "application/xml", writeFCPXML, readFCPXML},
	{"vtt", ".vtt", "text/vtt; charset=utf-8", writeVTT, readVTT},
	{"srt", ".srt", "application/x-subrip; charset=utf-8", writeSRT, readSRT},
	{"csv", ".csv", "text/csv; charset=utf-8", writeCSV, readCSV},
	{"json", ".json", "application/json", writeJSON, readJSON},
}

// Find returns the format of a name, or of a file's name or beginning.
func Find(name string, head []byte) (Format, bool) {
	name = strings.ToLower(name)
	for _, f := range Formats {
		if f.Name == name || strings.HasSuffix(name, f.Extension) {
			return f, true
		}
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(head[:min(len(head), 4096)]), "\ufeff"))
	for _, c := range []struct{ format, sign string }{
		{"vtt", "WEBVTT"}, {"fcpxml", "<fcpxml"}, {"otio", "\"OTIO_SCHEMA\""}, {"edl", "TITLE:"}, {"srt", " --> "}, {"json", "\"" + jsonSchema + "\""},
	} {
		if strings.HasPrefix(text, c.sign) || strings.Contains(text, c.sign) && c.format != "vtt" && c.format != "edl" {
			return Find(c.format, nil)
		}
	}
	return Format{}, false
}

// Parse reads a file of a format, within the limits.
func (f Format) Parse(b []byte, o Options) (*Sequence, Report, error) {
	if len(b) > MaxBytes {
		return nil, Report{}, fmt.Errorf("%w: more than %d MB", ErrLimit, MaxBytes>>20)
	}
	s, r, err := f.Read(b, o)
	if err != nil {
		return nil, Report{}, err
	}
	if err := s.check(); err != nil {
		return nil, Report{}, err
	}
	r.counts(s)
	return s, r, nil
}

// check holds what was read against the limits.
func (s *Sequence) check() error {
	items := len(s.Scenes) + len(s.Markers)
	for _, t := range s.Tracks {
		items += len(t.Clips)
		for i := range t.Clips {
			c := &t.Clips[i]
			if c.Start < 0 || c.Length < 1 || c.In < 0 || max(c.Start, c.Length, c.In) > maxFrame {
				return fmt.Errorf("%w: a clip at frame %d with %d frames", ErrMalformed, c.Start, c.Length)
			}
		}
	}
	if items > maxItems || len(s.Tracks) > maxTracks {
		return fmt.Errorf("%w: %d things on %d tracks", ErrLimit, items, len(s.Tracks))
	}
	return nil
}

func baseName(path string) string {
	path = strings.TrimRight(path, "/\\")
	return path[strings.LastIndexAny(path, "/\\")+1:]
}

func firstLine(s string) string {
	s = strings.TrimSpace(s)
	if end := strings.IndexAny(s, "\r\n"); end >= 0 {
		s = s[:end]
	}
	return s
}
