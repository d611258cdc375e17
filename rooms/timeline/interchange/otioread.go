package interchange

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// otioReader reads a Timeline.1 and all that it may hold.
type otioReader struct {
	s     *Sequence
	r     Report
	items int
}

// readOTIO reads OpenTimelineIO's JSON. Times of other rates are converted,
// compositions inside of others are laid out flat.
func readOTIO(b []byte, _ Options) (*Sequence, Report, error) {
	var root object
	if err := json.Unmarshal(b, &root); err != nil {
		return nil, Report{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	r := &otioReader{s: &Sequence{}}
	timeline, err := r.timeline(root)
	if err != nil {
		return nil, Report{}, err
	}
	stack := timeline.object("tracks")
	r.s.Title, r.s.Rate = timeline.text("name"), r.rateIn(timeline)
	r.ours(timeline)
	r.s.Start = max(r.frame(timeline["global_start_time"]), 0)
	r.s.Metadata = theirs(timeline)
	layers, err := r.layers(stack, 0)
	if err != nil {
		return nil, Report{}, err
	}
	for i := range layers {
		r.s.Tracks = append(r.s.Tracks, layers[i].Track)
	}
	r.nameStory()
	return r.s, r.r, nil
}

// timeline finds the one timeline of a file.
func (r *otioReader) timeline(root object) (object, error) {
	switch schema := root.schema(); schema {
	case "Timeline":
		return root, nil
	case "Stack", "Track":
		stack := root
		if schema == "Track" {
			stack = object{"OTIO_SCHEMA": "Stack.1", "children": []any{map[string]any(root)}}
		}
		return object{"OTIO_SCHEMA": "Timeline.1", "name": root.text("name"), "tracks": map[string]any(stack)}, nil
	case "SerializableCollection":
		for i, child := range root.objects("children") {
			if child.schema() == "Timeline" {
				if i > 0 || len(root.objects("children")) > 1 {
					r.r.lost("only the first timeline of the collection is read")
				}
				return child, nil
			}
		}
		return nil, fmt.Errorf("%w: the collection has no timeline", ErrMalformed)
	case "":
		return nil, fmt.Errorf("%w: this is no OpenTimelineIO file", ErrMalformed)
	default:
		return nil, fmt.Errorf("%w: a file of %.40q has no timeline", ErrMalformed, schema)
	}
}

// schema is the name of an object's schema without its version.
func (o object) schema() string {
	name, _, _ := strings.Cut(o.text("OTIO_SCHEMA"), ".")
	switch name {
	case "Sequence": // before 2017
		return "Track"
	case "Filler":
		return "Gap"
	}
	return name
}

func (o object) text(key string) string {
	s, _ := o[key].(string)
	return strings.ToValidUTF8(s[:min(len(s), maxText)], "")
}

func (o object) number(key string) (float64, bool) {
	f, ok := o[key].(float64)
	return f, ok && !math.IsNaN(f) && !math.IsInf(f, 0)
}

func (o object) object(key string) object {
	m, _ := o[key].(map[string]any)
	return m
}

func (o object) objects(key string) (out []object) {
	list, _ := o[key].([]any)
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// ourMetadata is what we wrote beside an object.
func (o object) ourMetadata() object { return o.object("metadata").object("soratoo") }

// theirs is the metadata of other programs, if there is any and it is not huge.
func theirs(o object) json.RawMessage {
	m := object{}
	for k, v := range o.object("metadata") {
		if k != "soratoo" {
			m[k] = v
		}
	}
	if len(m) == 0 {
		return nil
	}
	b, err := json.Marshal(m)
	if err != nil || len(b) > maxMetadata {
		return nil
	}
	return b
}

// maxMetadata is how many bytes of metadata a thing keeps.
const maxMetadata = 16 << 10

// rateIn is the rate of the first time that a timeline has.
func (r *otioReader) rateIn(o object) Rate {
	if pair, ok := o.ourMetadata()["rate"].([]any); ok && len(pair) == 2 {
		a, _ := pair[0].(float64)
		b, _ := pair[1].(float64)
		if rate := (Rate{int(a), int(b)}); rate.Valid() {
			return rate
		}
	}
	if rate, ok := findRate(map[string]any(o), 0); ok && rate.Valid() {
		return rate
	}
	return Rate{24, 1}
}

// findRate looks for a time in what has an order.
func findRate(v any, depth int) (Rate, bool) {
	if depth > 2*maxDepth {
		return Rate{}, false
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if rate, ok := findRate(e, depth+1); ok {
				return rate, true
			}
		}
	case map[string]any:
		if object(v).schema() == "RationalTime" {
			fps, _ := object(v).number("rate")
			return rateOf(fps)
		}
		for _, key := range []string{"global_start_time", "source_range", "start_time", "duration", "tracks", "children", "media_references", "DEFAULT_MEDIA", "media_reference", "available_range"} {
			if rate, ok := findRate(v[key], depth+1); ok {
				return rate, true
			}
		}
	}
	return Rate{}, false
}

// frame is a RationalTime as a frame of the sequence.
func (r *otioReader) frame(v any) int {
	o, _ := v.(map[string]any)
	value, okValue := object(o).number("value")
	fps, okRate := object(o).number("rate")
	if !okValue || !okRate || fps <= 0 || math.Abs(value) > maxFrame {
		return 0
	}
	frame := value
	if math.Abs(fps-r.s.Rate.Float()) > 1e-4 {
		frame = value / fps * r.s.Rate.Float()
		r.r.changed("times at %g frames a second were converted to %v", fps, r.s.Rate)
	}
	whole := math.Round(frame)
	if math.Abs(whole-frame) > 1e-3 {
		r.r.changed("times between two frames were rounded")
	}
	return clampFrame(int64(whole))
}

// span is a TimeRange.
func (r *otioReader) span(v any) (start, length int, ok bool) {
	o, ok := v.(map[string]any)
	if !ok {
		return 0, 0, false
	}
	return r.frame(o["start_time"]), max(r.frame(o["duration"]), 0), true
}

// ours reads what we wrote of the whole.
func (r *otioReader) ours(timeline object) {
	ours := timeline.ourMetadata()
	r.s.Drop, _ = ours["drop_frame"].(bool)
	if pair, ok := ours["size"].([]any); ok && len(pair) == 2 {
		w, _ := pair[0].(float64)
		h, _ := pair[1].(float64)
		if w >= 16 && h >= 16 && w <= 16384 && h <= 16384 {
			r.s.Size = [2]int{int(w), int(h)}
		}
	}
	for _, o := range ours.objects("scenes") {
		length, _ := o.number("length")
		r.s.Scenes = append(r.s.Scenes, Scene{
			ID: o.text("id"), Title: o.text("title"), Prompt: o.text("prompt"), Notes: o.text("notes"), Color: o.text("color"),
			Length: int(max(1, min(length, maxFrame))),
		})
	}
}

// nameStory makes the first track with pictures the story, unless we said which.
func (r *otioReader) nameStory() {
	for _, t := range r.s.Tracks {
		if t.Kind == Story {
			return
		}
	}
	if t := r.s.story(); t != nil {
		t.Kind = Story
	}
}
