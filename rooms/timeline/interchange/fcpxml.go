package interchange

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// fcpxmlWriter writes FCPXML 1.8, which most programs read.
type fcpxmlWriter struct {
	xmlWriter
	s      *Sequence
	r      Report
	assets map[string]string // media → resource
	story  *Track
}

const (
	dissolveEffect = "FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265"
	titleEffect    = ".../Titles.localized/Build In:Out.localized/Basic Title.localized/Basic Title.moti"
)

func writeFCPXML(s *Sequence) ([]byte, Report, error) {
	w := &fcpxmlWriter{s: s, assets: map[string]string{}, story: s.story()}
	w.b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE fcpxml>\n\n")
	w.start("fcpxml", "version", "1.8")
	w.resources()
	w.start("library")
	w.start("event", "name", cmp.Or(s.Title, "Untitled"))
	w.start("project", "name", cmp.Or(s.Title, "Untitled"))
	format := "NDF"
	if s.Drop && s.Rate.drops() {
		format = "DF"
	}
	w.start("sequence", "format", "r1", "duration", w.time(s.Length()), "tcStart", w.time(s.Start), "tcFormat", format, "audioLayout", "stereo", "audioRate", "48k")
	w.start("spine")
	w.spine()
	for len(w.open) > 0 {
		w.end()
	}
	if len(s.Scenes) > 0 {
		w.r.changed("prompts of scenes are notes of their clips")
	}
	w.r.counts(s)
	return w.b.Bytes(), w.r, nil
}

// time is frames as seconds, as a fraction.
func (w *fcpxmlWriter) time(frames int) string {
	t := w.s.Rate.seconds(frames)
	if t.IsInt() {
		return t.Num().String() + "s"
	}
	// In frames of the rate, as programs that want whole frames expect.
	return fmt.Sprintf("%d/%ds", int64(frames)*int64(w.s.Rate[1]), w.s.Rate[0])
}

// behind is where in its media a clip ends, between two frames if need be.
func (w *fcpxmlWriter) behind(c *Clip) string {
	run, ok := new(big.Rat).SetString(strconv.FormatFloat(c.Speed, 'f', 6, 64))
	if !ok {
		return w.time(c.In)
	}
	t := run.Mul(run, w.s.Rate.seconds(c.Length))
	return t.Add(t, w.s.Rate.seconds(c.In)).RatString() + "s"
}

func (w *fcpxmlWriter) resources() {
	w.start("resources")
	size := w.s.Size
	if size[0] == 0 {
		size = [2]int{1920, 1080}
	}
	w.empty("format", "id", "r1", "frameDuration", fmt.Sprintf("%d/%ds", w.s.Rate[1], w.s.Rate[0]), "width", strconv.Itoa(size[0]), "height", strconv.Itoa(size[1]))
	w.empty("effect", "id", "r2", "name", "Cross Dissolve", "uid", dissolveEffect)
	w.empty("effect", "id", "r3", "name", "Basic Title", "uid", titleEffect)
	lengths := map[string]int{}
	for _, t := range w.s.Tracks {
		for i := range t.Clips {
			c := &t.Clips[i]
			key := mediaKey(c)
			lengths[key] = max(lengths[key], c.Available, c.In+inMedia(c.Length, max(c.Speed, 1)))
		}
	}
	for _, t := range w.s.Tracks {
		for i := range t.Clips {
			c := &t.Clips[i]
			key := mediaKey(c)
			if key == "" || w.assets[key] != "" {
				continue
			}
			id := "r" + strconv.Itoa(len(w.assets)+4)
			w.assets[key] = id
			picture, sound := "1", ""
			if t.Kind == Audio {
				picture, sound = "", "1"
			}
			format := ""
			if picture != "" {
				format = "r1"
			}
			w.empty("asset", "id", id, "name", w.mediaName(c), "src", w.address(c), "start", "0s", "duration", w.time(lengths[key]),
				"hasVideo", picture, "format", format, "hasAudio", sound)
		}
	}
	w.end()
}

// mediaKey tells the media of clips apart; "" for words.
func mediaKey(c *Clip) string {
	if c.Text != "" {
		return ""
	}
	return cmp.Or(c.Asset, c.Media, c.Scene, "nothing")
}

func (w *fcpxmlWriter) mediaName(c *Clip) string {
	if c.Media != "" {
		return baseName(c.Media)
	}
	return w.s.name(c)
}

// address is where the media is. What is only planned is named as it would be.
func (w *fcpxmlWriter) address(c *Clip) string {
	if strings.Contains(c.Media, "://") {
		return c.Media
	}
	name := cmp.Or(baseName(c.Media), "scene-"+cmp.Or(c.Scene, c.Asset, "none")+".mov")
	return "file:///media/" + strings.NewReplacer(" ", "%20", "%", "%25", "#", "%23", "?", "%3F").Replace(name)
}

// spine writes the story with what lies over and under it.
func (w *fcpxmlWriter) spine() {
	at := 0
	if w.story != nil {
		for i := range w.story.Clips {
			c := &w.story.Clips[i]
			if c.Start > at {
				w.gap(at, c.Start-at)
			}
			w.clip("", c, w.s.Start+c.Start)
			if x := c.Transition; x != nil && i+1 < len(w.story.Clips) && w.story.Clips[i+1].Start == c.End() {
				w.start("transition", "name", "Cross Dissolve", "offset", w.time(w.s.Start+c.End()-x.Length/2), "duration", w.time(x.Length))
				w.empty("filter-video", "ref", "r2", "name", "Cross Dissolve")
				w.end()
				if x.Kind != "dissolve" {
					w.r.changed("a %s is a cross dissolve", x.Kind)
				}
			}
			at = c.End()
		}
	}
	if end := w.s.Length(); end > at || at == 0 {
		w.gap(at, max(end-at, 1))
	}
}

// gapStart is where the time of a gap begins, as editors have it.
const gapHour = 3600

func (w *fcpxmlWriter) gap(at, length int) {
	start := gapHour * w.s.Rate.nominal()
	w.start("gap", "name", "Gap", "offset", w.time(w.s.Start+at), "start", w.time(start), "duration", w.time(length))
	w.connected(at, at+length, start)
	w.end()
}

// clip writes a clip at a frame of what is around it; lane is "" on the spine, where
// what begins over the clip is put inside of it.
func (w *fcpxmlWriter) clip(lane string, c *Clip, offset int) {
	at := w.time(offset)
	element, ref := "asset-clip", w.assets[mediaKey(c)]
	if c.Text != "" {
		element, ref = "title", "r3"
	}
	start := c.In
	if c.Speed != 1 && c.Speed > 0 && c.Text == "" {
		start = int(float64(c.In) / c.Speed) // in the time of the map below
	}
	w.start(element, "ref", ref, "lane", lane, "name", firstLine(w.s.name(c)), "offset", at, "start", w.time(start), "duration", w.time(c.Length))
	if scene := w.s.scene(c.Scene); scene != nil && scene.Prompt != "" {
		w.words("note", scene.Prompt)
	}
	if c.Text != "" {
		w.start("text")
		w.words("text-style", c.Text)
		w.end()
	}
	if c.Speed != 1 && c.Text == "" {
		w.start("timeMap")
		w.empty("timept", "time", w.time(start), "value", w.time(c.In), "interp", "linear")
		w.empty("timept", "time", w.time(start+c.Length), "value", w.behind(c), "interp", "linear")
		w.end()
	}
	if c.Gain != 0 {
		w.empty("adjust-volume", "amount", strconv.FormatFloat(c.Gain, 'f', -1, 64)+"dB")
	}
	if c.FadeIn > 0 || c.FadeOut > 0 {
		w.r.lost("fades")
	}
	if lane == "" {
		w.connected(c.Start, c.End(), start)
	}
	w.end()
}

// connected writes what begins between two frames on other tracks, and the markers
// there. Start is the first of the frames in the time of the element around them.
func (w *fcpxmlWriter) connected(from, to, start int) {
	above, below := 0, 0
	for i := range w.s.Tracks {
		t := &w.s.Tracks[i]
		if t == w.story {
			continue
		}
		lane := 0
		if t.Kind == Audio {
			below--
			lane = below
		} else {
			above++
			lane = above
		}
		for n := range t.Clips {
			c := &t.Clips[n]
			if c.Start < from || c.Start >= to {
				continue
			}
			if t.Kind == Caption {
				w.caption(c, lane, start+c.Start-from)
			} else {
				w.clip(strconv.Itoa(lane), c, start+c.Start-from)
			}
			if c.Transition != nil {
				w.r.lost("transitions on track %q", t.Name)
			}
		}
	}
	for _, m := range w.s.Markers {
		if m.At >= from && m.At < to {
			w.empty("marker", "start", w.time(start+m.At-from), "duration", w.time(max(m.Length, 1)), "value", cmp.Or(firstLine(m.Label), "Marker"))
		}
	}
}

func (w *fcpxmlWriter) caption(c *Clip, lane, offset int) {
	w.start("caption", "lane", strconv.Itoa(lane), "offset", w.time(offset), "name", firstLine(c.Text), "start", w.time(gapHour*w.s.Rate.nominal()),
		"duration", w.time(c.Length), "role", "iTT?captionFormat=ITT.en")
	w.start("text", "placement", "bottom")
	w.words("text-style", strings.Join(textLines(c.Text), "\n"))
	w.end()
	w.end()
}

// trackOrder puts lanes in order: captions last.
func trackOrder(a, b *Track) int {
	rank := func(t *Track) int { return slices.Index([]string{Story, Video, Audio, Caption}, t.Kind) }
	return rank(a) - rank(b)
}
