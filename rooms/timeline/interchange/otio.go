package interchange

import (
	"encoding/json"
	"maps"
)

// object is an object of OpenTimelineIO: its schema, such as Clip.2, and fields.
type object map[string]any

func otio(schema string, fields object) object {
	o := object{"OTIO_SCHEMA": schema, "metadata": object{}, "name": ""}
	maps.Copy(o, fields)
	return o
}

// composed is an object that stands in a composition.
func composed(schema string, fields object) object {
	o := otio(schema, object{"source_range": nil, "effects": []any{}, "markers": []any{}, "enabled": true})
	maps.Copy(o, fields)
	return o
}

// otioWriter writes a sequence as a Timeline.1.
type otioWriter struct {
	s *Sequence
	r Report
}

// writeOTIO writes OpenTimelineIO's JSON. What has no place there is in metadata
// under "soratoo", and read again by us.
func writeOTIO(s *Sequence) ([]byte, Report, error) {
	w := otioWriter{s: s}
	var tracks, markers []any
	for i := range s.Tracks {
		tracks = append(tracks, w.track(&s.Tracks[i]))
	}
	for _, m := range s.Markers {
		markers = append(markers, otio("Marker.2", object{
			"name": m.Label, "color": otioColor(m.Color), "marked_range": w.span(m.At, m.Length), "comment": "",
			"metadata": object{"soratoo": object{"color": m.Color}},
		}))
	}
	stack := composed("Stack.1", object{"name": "tracks", "children": list(tracks), "markers": list(markers)})
	ours := object{"rate": s.Rate, "size": s.Size, "drop_frame": s.Drop, "scenes": list(sceneObjects(s.Scenes))}
	timeline := otio("Timeline.1", object{
		"name": s.Title, "global_start_time": w.time(s.Start), "tracks": stack, "metadata": withOurs(s.Metadata, ours),
	})
	w.r.counts(s)
	b, err := json.MarshalIndent(timeline, "", "  ")
	return append(b, '\n'), w.r, err
}

func list(values []any) []any {
	if values == nil {
		return []any{}
	}
	return values
}

func sceneObjects(scenes []Scene) (out []any) {
	for _, s := range scenes {
		out = append(out, object{
			"id": s.ID, "title": s.Title, "prompt": s.Prompt, "notes": s.Notes, "length": s.Length, "color": s.Color,
		})
	}
	return out
}

// withOurs is metadata of other programs with ours beside it.
func withOurs(theirs json.RawMessage, ours object) object {
	out := object{}
	if len(theirs) > 0 {
		_ = json.Unmarshal(theirs, &out) // it was an object when it came
	}
	if len(ours) > 0 {
		out["soratoo"] = ours
	}
	return out
}

func (w *otioWriter) time(frame int) object {
	return object{"OTIO_SCHEMA": "RationalTime.1", "rate": w.s.Rate.Float(), "value": float64(frame)}
}

func (w *otioWriter) span(start, length int) object {
	return object{"OTIO_SCHEMA": "TimeRange.1", "start_time": w.time(start), "duration": w.time(length)}
}

// track writes a track. Clips that overlap, as captions may, are moved apart.
func (w *otioWriter) track(t *Track) object {
	var children []any
	at := 0
	for i := range t.Clips {
		c := t.Clips[i]
		if c.Start < at {
			cut := at - c.Start
			if c.Length <= cut {
				w.r.lost("%q on track %q lies under another", w.s.name(&c), t.Name)
				continue
			}
			w.r.changed("%q on track %q begins where the one before it ends", w.s.name(&c), t.Name)
			c.Start, c.Length, c.In = at, c.Length-cut, c.In+cut
		}
		if c.Start > at {
			children = append(children, composed("Gap.1", object{"source_range": w.span(0, c.Start-at)}))
		}
		children = append(children, w.clip(&c))
		if x := c.Transition; x != nil && i+1 < len(t.Clips) { // a gap may follow it, too
			children = append(children, otio("Transition.1", object{
				"transition_type": otioTransition(x.Kind), "in_offset": w.time(x.Length / 2), "out_offset": w.time(x.Length - x.Length/2),
				"metadata": object{"soratoo": object{"kind": x.Kind}},
			}))
		}
		at = c.End()
	}
	kind := "Video"
	if t.Kind == Audio {
		kind = "Audio"
	}
	return composed("Track.1", object{
		"name": t.Name, "kind": kind, "children": list(children), "enabled": !t.Muted && !t.Hidden,
		"metadata": withOurs(t.Metadata, object{"kind": t.Kind}),
	})
}

func (w *otioWriter) clip(c *Clip) object {
	var effects []any
	switch {
	case c.Speed == 0:
		effects = append(effects, otio("FreezeFrame.1", object{"effect_name": "FreezeFrame", "time_scalar": 0.0}))
	case c.Speed != 1:
		effects = append(effects, otio("LinearTimeWarp.1", object{"effect_name": "LinearTimeWarp", "time_scalar": c.Speed}))
	}
	return composed("Clip.2", object{
		"name": w.s.name(c), "source_range": w.span(c.In, c.Length), "effects": list(effects),
		"media_references": object{"DEFAULT_MEDIA": w.reference(c)}, "active_media_reference_key": "DEFAULT_MEDIA",
		"metadata": withOurs(c.Metadata, clipObject(c)),
	})
}

// clipObject is what of a clip only we know.
func clipObject(c *Clip) object {
	o := object{}
	for key, v := range map[string]string{"scene": c.Scene, "asset": c.Asset, "text": c.Text, "label": c.Label, "reel": c.Reel} {
		if v != "" {
			o[key] = v
		}
	}
	if c.Gain != 0 {
		o["gain"] = c.Gain
	}
	if c.FadeIn > 0 || c.FadeOut > 0 {
		o["fade"] = []int{c.FadeIn, c.FadeOut}
	}
	return o
}

func (w *otioWriter) reference(c *Clip) object {
	var available any
	if c.Available > 0 {
		available = w.span(0, c.Available)
	}
	fields := object{"available_range": available, "available_image_bounds": nil}
	switch {
	case c.Text != "" && c.Media == "":
		fields["generator_kind"], fields["parameters"] = "text", object{"text": c.Text}
		return otio("GeneratorReference.1", fields)
	case c.Media == "":
		return otio("MissingReference.1", fields)
	}
	fields["target_url"], fields["name"] = c.Media, baseName(c.Media)
	return otio("ExternalReference.1", fields)
}

func otioTransition(kind string) string {
	if kind == "dissolve" {
		return "SMPTE_Dissolve"
	}
	return "Custom_Transition"
}

// otioColors are the names of OpenTimelineIO's marker colours.
var otioColors = map[string]string{
	"PINK": "#ff79c6", "RED": "#e5484d", "ORANGE": "#f76b15", "YELLOW": "#ffe629", "GREEN": "#46a758", "CYAN": "#00a2c7",
	"BLUE": "#3e63dd", "PURPLE": "#8e4ec6", "MAGENTA": "#d6409f", "BLACK": "#111113", "WHITE": "#fcfcfd",
}

func otioColor(hex string) string {
	name := nearest(hex, otioColors)
	if name == "" {
		return "RED"
	}
	return name
}
