package interchange

import (
	"cmp"
	"fmt"
	"slices"
)

// layer is a track as it is put together from what lies inside of it.
type layer struct {
	Track
	length int
}

// layers lays a stack out flat: its children from bottom to top, each from the
// stack's beginning.
func (r *otioReader) layers(stack object, depth int) ([]layer, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: compositions are nested too deeply", ErrLimit)
	}
	var out []layer
	for _, child := range stack.objects("children") {
		var inside []layer
		var err error
		switch child.schema() {
		case "Track":
			inside, err = r.track(child, depth+1)
		case "Stack":
			inside, err = r.layers(child, depth+1)
		default: // a clip by itself
			inside, err = r.track(object{"OTIO_SCHEMA": "Track.1", "children": []any{map[string]any(child)}}, depth+1)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, inside...)
		if len(out) > maxTracks {
			return nil, fmt.Errorf("%w: more than %d tracks", ErrLimit, maxTracks)
		}
	}
	r.markers(stack, 0, 0)
	r.trim(stack, out)
	return out, nil
}

// trim cuts layers to the part of a composition that its source range shows.
func (r *otioReader) trim(o object, layers []layer) {
	start, length, ok := r.span(o["source_range"])
	if !ok {
		return
	}
	for i := range layers {
		layers[i].Clips = window(layers[i].Clips, start, length)
		layers[i].length = length
	}
}

// window is the clips of a part of a track, which begins the track then.
func window(clips []Clip, start, length int) (out []Clip) {
	for _, c := range clips {
		if c.End() <= start || c.Start >= start+length {
			continue
		}
		if cut := start - c.Start; cut > 0 {
			c.Start, c.Length, c.In = start, c.Length-cut, c.In+inMedia(cut, c.Speed)
		}
		if over := c.End() - start - length; over > 0 {
			c.Length -= over
			c.Transition = nil
		}
		c.Start -= start
		out = append(out, c)
	}
	return out
}

// inMedia is how many frames of media so many of the cut are.
func inMedia(frames int, speed float64) int { return int(float64(frames)*speed + 0.5) }

// track lays the children of a track one behind the other. What a composition
// among them has over its first layer becomes layers of its own.
func (r *otioReader) track(o object, depth int) ([]layer, error) {
	own := layer{Track: Track{Kind: Video, Name: o.text("name"), Metadata: theirs(o)}}
	if o.text("kind") == "Audio" {
		own.Kind = Audio
	}
	if enabled, ok := o["enabled"].(bool); ok && !enabled {
		own.Muted, own.Hidden = own.Kind == Audio, own.Kind != Audio
	}
	if kind := o.ourMetadata().text("kind"); slices.Contains([]string{Story, Video, Audio, Caption}, kind) {
		own.Kind = kind
	}
	var over []layer
	children := o.objects("children")
	for i, child := range children {
		if r.items++; r.items > maxItems {
			return nil, fmt.Errorf("%w: more than %d things", ErrLimit, maxItems)
		}
		switch schema := child.schema(); schema {
		case "Clip":
			r.clip(&own, child)
		case "Gap":
			_, length, _ := r.span(child["source_range"])
			r.markers(child, own.length, 0)
			own.length += length
		case "Transition":
			r.transition(&own, child, i > 0 && i+1 < len(children))
		case "Stack", "Track":
			more, err := r.nested(&own, child, depth)
			if err != nil {
				return nil, err
			}
			over = append(over, more...)
		default:
			r.r.lost("a %q on track %q is not known here", schema, own.Name)
			_, length, _ := r.span(child["source_range"])
			own.length += length
		}
	}
	r.markers(o, 0, 0)
	all := append([]layer{own}, over...)
	r.trim(o, all)
	return all, nil
}

// nested lays a composition that stands on a track out on it.
func (r *otioReader) nested(own *layer, child object, depth int) (over []layer, err error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: compositions are nested too deeply", ErrLimit)
	}
	var inside []layer
	if child.schema() == "Stack" {
		inside, err = r.layers(child, depth+1)
	} else {
		inside, err = r.track(child, depth+1)
	}
	if err != nil {
		return nil, err
	}
	r.r.changed("%q was a composition of its own and is laid out flat", child.text("name"))
	length := 0
	for _, l := range inside {
		length = max(length, l.length)
	}
	first := slices.IndexFunc(inside, func(l layer) bool { return (l.Kind == Audio) == (own.Kind == Audio) })
	for i, l := range inside {
		for n := range l.Clips {
			l.Clips[n].Start += own.length
		}
		if i == first {
			own.Clips = append(own.Clips, l.Clips...)
			continue
		}
		l.length += own.length
		over = append(over, l)
	}
	own.length += length
	return over, nil
}

// clip puts a clip behind what is on a track.
func (r *otioReader) clip(own *layer, o object) {
	ref := o.object("media_reference")
	if refs := o.object("media_references"); refs != nil {
		key := o.text("active_media_reference_key")
		if key == "" {
			key = "DEFAULT_MEDIA"
		}
		ref = refs.object(key)
		if len(refs) > 1 {
			r.r.lost("%q has several media; only the one in use is kept", o.text("name"))
		}
	}
	from, available, known := r.span(ref["available_range"])
	in, length, ok := r.span(o["source_range"])
	if !ok {
		in, length = from, available
	}
	if length == 0 {
		if !ok && !known {
			r.r.lost("nobody knows how long %q is", o.text("name"))
		} else {
			r.r.lost("%q has no frames", o.text("name"))
		}
		return
	}
	ours := o.ourMetadata()
	c := Clip{
		Start: own.length, Length: length, In: in - from, Available: available, Speed: 1, Metadata: theirs(o),
		Scene: ours.text("scene"), Asset: ours.text("asset"), Text: ours.text("text"), Label: ours.text("label"), Reel: ours.text("reel"),
	}
	if c.In < 0 {
		r.r.changed("%q began before its media and begins with it now", o.text("name"))
		c.In = 0
	}
	if enabled, ok := o["enabled"].(bool); ok && !enabled {
		r.r.lost("%q was switched off, which clips are not here", o.text("name"))
	}
	r.media(&c, o, ref)
	r.effects(&c, o)
	c.Gain, _ = ours.number("gain")
	if pair, ok := ours["fade"].([]any); ok && len(pair) == 2 {
		fadeIn, _ := pair[0].(float64)
		fadeOut, _ := pair[1].(float64)
		c.FadeIn, c.FadeOut = int(max(0, min(fadeIn, maxFrame))), int(max(0, min(fadeOut, maxFrame)))
	}
	r.markers(o, own.length, in)
	own.Clips = append(own.Clips, c)
	own.length += length
}

// media reads what a clip shows.
func (r *otioReader) media(c *Clip, o, ref object) {
	name := o.text("name")
	switch ref.schema() {
	case "ExternalReference":
		c.Media = ref.text("target_url")
	case "ImageSequenceReference":
		c.Media = ref.text("target_url_base") + ref.text("name_prefix") + "%" + ref.text("name_suffix")
		r.r.changed("%q is a sequence of images and is linked by its name", name)
	case "GeneratorReference":
		if text := ref.object("parameters").text("text"); text != "" && c.Text == "" {
			c.Text = text
		} else if c.Text == "" {
			r.r.lost("the generator %q of %q", ref.text("generator_kind"), name)
		}
	}
	if c.Media == "" && c.Scene == "" && c.Asset == "" && c.Text == "" {
		c.Media = cmp.Or(ref.text("name"), name)
	}
	if c.Label == "" && name != "" && name != baseName(c.Media) && c.Scene == "" && c.Text == "" {
		c.Label = name
	}
}

func (r *otioReader) effects(c *Clip, o object) {
	for _, e := range o.objects("effects") {
		switch e.schema() {
		case "FreezeFrame":
			c.Speed = 0
		case "LinearTimeWarp":
			scalar, ok := e.number("time_scalar")
			switch {
			case !ok || scalar < 0:
				r.r.lost("%q runs backwards, which clips do not here", o.text("name"))
			default:
				c.Speed *= scalar
			}
		default:
			r.r.lost("the effect %q of %q", cmp.Or(e.text("effect_name"), e.text("name"), e.schema()), o.text("name"))
		}
	}
}

// transition puts a transition on the clip before it.
func (r *otioReader) transition(own *layer, o object, inside bool) {
	in, out := max(r.frame(o["in_offset"]), 0), max(r.frame(o["out_offset"]), 0)
	if !inside || len(own.Clips) == 0 || own.Clips[len(own.Clips)-1].End() != own.length {
		r.r.lost("a transition at the edge of track %q", own.Name)
		return
	}
	if in+out == 0 {
		return
	}
	if in != out && in != out-1 {
		r.r.changed("a transition on track %q stands in the middle of its cut now", own.Name)
	}
	kind := o.ourMetadata().text("kind")
	if kind == "" {
		kind = "dissolve"
		if t := o.text("transition_type"); t != "SMPTE_Dissolve" {
			r.r.changed("the transition %q is a dissolve here", cmp.Or(o.text("name"), t))
		}
	}
	own.Clips[len(own.Clips)-1].Transition = &Transition{Kind: kind, Length: in + out}
}

// markers reads the markers of something that begins at a frame of the sequence,
// and at a frame of its own media.
func (r *otioReader) markers(o object, start, in int) {
	for _, m := range o.objects("markers") {
		at, length, ok := r.span(m["marked_range"])
		if !ok || r.items > maxItems {
			continue
		}
		r.items++
		color := m.ourMetadata().text("color")
		if color == "" {
			color = otioColors[m.text("color")]
		}
		label := m.text("name")
		if comment := m.text("comment"); comment != "" {
			if label != "" {
				label += ": "
			}
			label += comment
		}
		r.s.Markers = append(r.s.Markers, Marker{At: max(start+at-in, 0), Length: length, Label: label, Color: color})
	}
}
