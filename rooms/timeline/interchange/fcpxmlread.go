package interchange

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// fcpxmlReader reads the first project of a file.
type fcpxmlReader struct {
	s         *Sequence
	r         Report
	resources map[string]*node
	tracks    map[string]*Track
	origin    *big.Rat // the time of the first frame
	items     int
}

// readFCPXML reads FCPXML 1.3 to 1.13.
func readFCPXML(b []byte, _ Options) (*Sequence, Report, error) {
	root, err := parseXML(b)
	if err != nil {
		return nil, Report{}, err
	}
	if root.name != "fcpxml" {
		return nil, Report{}, fmt.Errorf("%w: its root is <%s>, not <fcpxml>", ErrMalformed, root.name)
	}
	r := &fcpxmlReader{s: &Sequence{}, resources: map[string]*node{}, tracks: map[string]*Track{}}
	if resources := root.child("resources"); resources != nil {
		for _, c := range resources.children {
			r.resources[c.attrs["id"]] = c
		}
	}
	project := root.find("project")
	if project == nil || project.child("sequence") == nil {
		return nil, Report{}, fmt.Errorf("%w: there is no project with a sequence in it", ErrMalformed)
	}
	sequence := project.child("sequence")
	r.s.Title = project.attrs["name"]
	r.format(sequence)
	r.s.Drop = sequence.attrs["tcFormat"] == "DF"
	if r.origin, err = seconds(sequence.attrs["tcStart"]); err != nil {
		return nil, Report{}, err
	}
	r.s.Start = max(r.frame(r.origin), 0)
	if spine := sequence.child("spine"); spine != nil {
		if err := r.spine(spine, "0", r.origin, 0); err != nil {
			return nil, Report{}, err
		}
	}
	r.finish()
	return r.s, r.r, nil
}

// format reads rate and size.
func (r *fcpxmlReader) format(sequence *node) {
	r.s.Rate = Rate{24, 1}
	f := r.resources[sequence.attrs["format"]]
	if f == nil {
		r.r.changed("the sequence has no format and is read at 24 frames a second")
		return
	}
	if rate, ok := formatRate(f); ok {
		r.s.Rate = rate
	} else {
		r.r.changed("the format of the sequence says no rate, and it is read at 24 frames a second")
	}
	width, _ := strconv.Atoi(f.attrs["width"])
	height, _ := strconv.Atoi(f.attrs["height"])
	if width >= 16 && height >= 16 && max(width, height) <= 16384 {
		r.s.Size = [2]int{width, height}
	}
}

// formatName is how Final Cut calls its formats: FFVideoFormat1080p2398.
var formatName = regexp.MustCompile(`^FFVideoFormat.*[pi](\d{2})(\d{2})?$`)

// formatRate is the rate of a format, by its frames or by its name.
func formatRate(f *node) (Rate, bool) {
	if d, err := seconds(f.attrs["frameDuration"]); err == nil && d.Sign() > 0 {
		fps, _ := new(big.Rat).Inv(d).Float64()
		return rateOf(fps)
	}
	m := formatName.FindStringSubmatch(f.attrs["name"])
	if m == nil {
		return Rate{}, false
	}
	fps, _ := strconv.ParseFloat(m[1]+"."+m[2], 64)
	return rateOf(fps)
}

// seconds reads a time such as 1001/24000s; "" is 0.
func seconds(text string) (*big.Rat, error) {
	text = strings.TrimSuffix(strings.TrimSpace(text), "s")
	if text == "" {
		return new(big.Rat), nil
	}
	// Exponents would make numbers that are longer than any file.
	if len(text) > 40 || strings.Trim(text, "0123456789./-") != "" {
		return nil, fmt.Errorf("%w: %.40q is no time", ErrMalformed, text)
	}
	t, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%w: %.40q is no time", ErrMalformed, text)
	}
	return t, nil
}

func (r *fcpxmlReader) frame(t *big.Rat) int {
	n, exact := fromSeconds(t, r.s.Rate)
	if !exact {
		r.r.changed("times between two frames were rounded")
	}
	return n
}

// attr is an attribute as a time.
func (n *node) time(name string, otherwise *big.Rat) (*big.Rat, error) {
	if text, ok := n.attrs[name]; ok {
		return seconds(text)
	}
	return otherwise, nil
}

// stands is where an element is: in the sequence, in its own time, and how long.
type stands struct{ at, start, duration *big.Rat }

// spine reads elements that follow each other, from a time of the sequence on.
func (r *fcpxmlReader) spine(spine *node, lane string, at *big.Rat, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: storylines are nested too deeply", ErrLimit)
	}
	for _, e := range spine.children {
		if e.name == "transition" {
			if err := r.transition(e, lane); err != nil {
				return err
			}
			continue
		}
		offset, err := e.time("offset", at)
		if err != nil {
			return err
		}
		if lane != "0" {
			offset = at // a storyline's own time begins with it
		}
		next, err := r.element(e, lane, offset, depth)
		if err != nil {
			return err
		}
		at = next
	}
	return nil
}

// element reads one element that stands at a time, with what is connected to it,
// and returns the time behind it.
func (r *fcpxmlReader) element(e *node, lane string, at *big.Rat, depth int) (*big.Rat, error) {
	if r.items++; r.items > maxItems || depth > maxDepth {
		return nil, fmt.Errorf("%w: more than %d things, or too deep", ErrLimit, maxItems)
	}
	if e.name == "audition" && len(e.children) > 0 {
		r.r.lost("all but the first of the clips to choose from")
		return r.element(e.children[0], lane, at, depth+1)
	}
	start, err := e.time("start", new(big.Rat))
	if err != nil {
		return nil, err
	}
	duration, err := e.time("duration", r.mediaLength(e))
	if err != nil {
		return nil, err
	}
	s := stands{at, start, duration}
	switch e.name {
	case "gap":
	case "asset-clip", "clip", "video", "audio", "ref-clip", "sync-clip", "mc-clip", "title", "caption":
		if err := r.clip(e, lane, s); err != nil {
			return nil, err
		}
	default:
		r.r.lost("<%s> is not known here", e.name)
		return at, nil
	}
	if err := r.connected(e, s, depth); err != nil {
		return nil, err
	}
	return new(big.Rat).Add(at, duration), nil
}

// mediaLength is how long an element is that does not say so.
func (r *fcpxmlReader) mediaLength(e *node) *big.Rat {
	if ref := r.resources[e.attrs["ref"]]; ref != nil {
		if d, err := seconds(ref.attrs["duration"]); err == nil {
			return d
		}
	}
	return new(big.Rat)
}

// connected reads what is connected to an element, and its markers.
func (r *fcpxmlReader) connected(e *node, s stands, depth int) error {
	for _, c := range e.children {
		lane := c.attrs["lane"]
		isMarker := c.name == "marker" || c.name == "chapter-marker"
		if lane == "" && !isMarker {
			continue
		}
		key := "offset"
		if isMarker {
			key = "start"
		}
		offset, err := c.time(key, s.start)
		if err != nil {
			return err
		}
		at := new(big.Rat).Sub(offset, s.start)
		at.Add(at, s.at)
		switch {
		case isMarker:
			err = r.marker(c, at)
		case c.name == "spine":
			err = r.spine(c, lane, at, depth+1)
		default:
			_, err = r.element(c, lane, at, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *fcpxmlReader) marker(e *node, at *big.Rat) error {
	length, err := e.time("duration", new(big.Rat))
	if err != nil {
		return err
	}
	n := r.frame(length)
	if n <= 1 {
		n = 0 // a marker of one frame is at a frame
	}
	r.s.Markers = append(r.s.Markers, Marker{At: max(r.frame(at)-r.s.Start, 0), Length: max(n, 0), Label: e.attrs["value"]})
	return nil
}

// track is the track of a lane for clips of a kind.
func (r *fcpxmlReader) track(lane, kind string) *Track {
	if lane == "0" && kind == Video {
		kind = Story
	}
	key := kind + " " + lane
	t := r.tracks[key]
	if t == nil {
		t = &Track{Kind: kind, Name: "Lane " + lane}
		if kind == Story {
			t.Name = "Story"
		}
		r.tracks[key] = t
	}
	return t
}

func (r *fcpxmlReader) clip(e *node, lane string, s stands) error {
	c := Clip{Start: r.frame(s.at) - r.s.Start, Speed: 1, Label: e.attrs["name"]}
	c.Length = r.frame(new(big.Rat).Add(s.at, s.duration)) - r.s.Start - c.Start
	if c.Length < 1 {
		r.r.lost("%q is shorter than a frame", c.Label)
		return nil
	}
	if c.Start < 0 {
		r.r.changed("%q began before the sequence does", c.Label)
		cut := -c.Start
		if c.Start, c.Length = 0, c.Length-cut; c.Length < 1 {
			return nil
		}
	}
	kind := Video
	switch e.name {
	case "title", "caption":
		c.Text = r.text(e)
		if e.name == "caption" {
			kind = Caption
		}
		c.Label = ""
	default:
		start, err := r.speed(&c, e.child("timeMap"), s.start)
		if err != nil {
			return err
		}
		if kind, err = r.media(&c, e, start); err != nil {
			return err
		}
	}
	if e.attrs["enabled"] == "0" {
		r.r.changed("%q was switched off, and is on", cmp.Or(c.Label, c.Text, c.Media))
	}
	if n, _ := strconv.Atoi(lane); n < 0 && kind == Video && e.child("video") == nil {
		kind = Audio
	}
	r.adjust(&c, e)
	t := r.track(lane, kind)
	t.Clips = append(t.Clips, c)
	return nil
}

func (r *fcpxmlReader) text(e *node) string {
	text := e.child("text")
	if text == nil {
		return e.attrs["name"]
	}
	if len(text.children) > 1 {
		r.r.lost("styles inside of titles and captions")
	}
	return cmp.Or(text.words(), e.attrs["name"])
}

// media reads what a clip shows and where it begins in it.
func (r *fcpxmlReader) media(c *Clip, e *node, start *big.Rat) (kind string, err error) {
	kind = Video
	inner := e
	if e.name == "clip" || e.name == "sync-clip" {
		for _, name := range []string{"video", "audio", "asset-clip"} {
			if found := e.find(name); found != nil && found.attrs["ref"] != "" {
				inner = found
				break
			}
		}
	}
	if inner.name == "audio" {
		kind = Audio
	}
	ref := r.resources[inner.attrs["ref"]]
	if ref == nil {
		c.Media = e.attrs["name"]
		c.In = max(r.frame(start), 0)
		return kind, nil
	}
	first, err := seconds(ref.attrs["start"])
	if err != nil {
		return kind, err
	}
	c.In = max(r.frame(new(big.Rat).Sub(start, first)), 0)
	if length, err := seconds(ref.attrs["duration"]); err == nil {
		c.Available = max(r.frame(length), 0)
	}
	switch ref.name {
	case "asset":
		c.Media = ref.attrs["src"]
		if rep := ref.child("media-rep"); rep != nil {
			c.Media = rep.attrs["src"]
		}
		if ref.attrs["hasVideo"] != "1" && ref.attrs["hasAudio"] == "1" {
			kind = Audio
		}
	case "media":
		r.r.changed("%q is a clip of clips, and one clip here", e.attrs["name"])
	}
	c.Media = cmp.Or(c.Media, ref.attrs["name"], e.attrs["name"])
	if c.Label == baseName(c.Media) {
		c.Label = ""
	}
	return kind, nil
}

// adjust reads the level.
func (r *fcpxmlReader) adjust(c *Clip, e *node) {
	for _, child := range e.children {
		switch child.name {
		case "adjust-volume":
			db, err := strconv.ParseFloat(strings.TrimSuffix(child.attrs["amount"], "dB"), 64)
			if err == nil && db >= -100 && db <= 24 {
				c.Gain = db
			}
		case "filter-video", "filter-audio", "filter-video-mask", "adjust-transform", "adjust-crop", "adjust-blend", "adjust-colorConform":
			r.r.lost("effects and adjustments of clips")
		case "keyword", "rating", "metadata", "note":
			r.r.lost("keywords, ratings and notes of clips")
		}
	}
}

// speed reads how fast a clip runs, and where in its media it begins: a clip with a
// map of times begins in the time that the map leads from.
func (r *fcpxmlReader) speed(c *Clip, timeMap *node, start *big.Rat) (*big.Rat, error) {
	if timeMap == nil {
		return start, nil
	}
	var t, v []*big.Rat
	for _, p := range timeMap.children {
		time, err := seconds(p.attrs["time"])
		if err != nil {
			return nil, err
		}
		value, err := seconds(p.attrs["value"])
		if err != nil {
			return nil, err
		}
		t, v = append(t, time), append(v, value)
	}
	if len(t) != 2 {
		r.r.lost("the changing speed of %q", c.Label)
		return start, nil
	}
	dt, dv := new(big.Rat).Sub(t[1], t[0]), new(big.Rat).Sub(v[1], v[0])
	if dt.Sign() <= 0 || dv.Sign() < 0 {
		r.r.lost("%q runs backwards, which clips do not here", c.Label)
		return start, nil
	}
	dv.Quo(dv, dt)
	speed, _ := dv.Float64()
	c.Speed = round(min(speed, maxSpeed), 1e6)
	in := new(big.Rat).Sub(start, t[0])
	return in.Add(in.Mul(in, dv), v[0]), nil
}

// transition puts a transition on the clip before it.
func (r *fcpxmlReader) transition(e *node, lane string) error {
	length, err := e.time("duration", new(big.Rat))
	if err != nil {
		return err
	}
	offset, err := e.time("offset", new(big.Rat))
	if err != nil {
		return err
	}
	t := r.tracks[Story+" "+lane]
	if t == nil {
		t = r.tracks[Video+" "+lane]
	}
	n := r.frame(length)
	if t == nil || len(t.Clips) == 0 || n < 1 {
		r.r.lost("a transition at the edge of a track")
		return nil
	}
	last := &t.Clips[len(t.Clips)-1]
	if lane == "0" && last.End() <= r.frame(offset)-r.s.Start {
		r.r.lost("a transition that stands between nothing")
		return nil
	}
	name := strings.ToLower(e.attrs["name"])
	kind := "dissolve"
	switch {
	case strings.Contains(name, "wipe"):
		kind = "wipe"
	case strings.Contains(name, "fade"):
		kind = "fade"
	case !strings.Contains(name, "dissolve") && name != "":
		r.r.changed("the transition %q is a dissolve here", e.attrs["name"])
	}
	last.Transition = &Transition{Kind: kind, Length: n}
	return nil
}

// finish puts the tracks in their order.
func (r *fcpxmlReader) finish() {
	for _, t := range r.tracks {
		slices.SortStableFunc(t.Clips, func(a, b Clip) int { return a.Start - b.Start })
		for i := range t.Clips { // a transition needs somebody to lead to
			if c := &t.Clips[i]; c.Transition != nil && (i+1 == len(t.Clips) || t.Clips[i+1].Start != c.End()) {
				c.Transition = nil
				r.r.lost("a transition at the edge of a track")
			}
		}
		r.s.Tracks = append(r.s.Tracks, *t)
	}
	slices.SortFunc(r.s.Tracks, func(a, b Track) int {
		return cmp.Or(trackOrder(&a, &b), len(a.Name)-len(b.Name), strings.Compare(a.Name, b.Name))
	})
	slices.SortStableFunc(r.s.Markers, func(a, b Marker) int { return a.At - b.At })
}
