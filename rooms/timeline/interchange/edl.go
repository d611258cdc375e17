package interchange

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

const (
	edlEvents = 999 // that a CMX 3600 takes
	reelBytes = 8
)

// edlWriter writes a CMX3600 edit decision list.
type edlWriter struct {
	s     *Sequence
	r     Report
	b     bytes.Buffer
	reels map[string]string // media → reel
	taken map[string]int    // reel → how many there are that begin so
	event int
}

// edlEvent is a clip on a channel.
type edlEvent struct {
	channel string
	clip    Clip
	before  *Clip // what it comes out of, by a transition
	over    int   // how long that is
}

// writeEDL writes an edit list. A list has a cut on one track of pictures; further
// tracks are written to channels that many programs read.
func writeEDL(s *Sequence) ([]byte, Report, error) {
	w := &edlWriter{s: s, reels: map[string]string{}, taken: map[string]int{"AX": 1, "BL": 1}}
	title := strings.Join(strings.Fields(s.Title), " ")
	fmt.Fprintf(&w.b, "TITLE: %s\r\n", cmp.Or(title, "Untitled"))
	if s.Drop && s.Rate.drops() {
		w.b.WriteString("FCM: DROP FRAME\r\n\r\n")
	} else {
		w.b.WriteString("FCM: NON-DROP FRAME\r\n\r\n")
	}
	for _, e := range w.events() {
		w.write(e)
	}
	for _, m := range s.Markers {
		fmt.Fprintf(&w.b, "* LOC: %s %-7s %s\r\n", w.record(m.At), otioColor(m.Color), firstLine(m.Label))
		if m.Length > 0 {
			w.r.changed("markers have no length in an edit list")
		}
	}
	if w.event > edlEvents {
		w.r.changed("the list has %d events; some programs read %d only", w.event, edlEvents)
	}
	if len(s.Scenes) > 0 {
		w.r.lost("prompts and notes of scenes: an edit list has names only")
	}
	w.r.counts(s)
	return w.b.Bytes(), w.r, nil
}

// events are the clips of all tracks, by where they are in the record.
func (w *edlWriter) events() (out []edlEvent) {
	counts := map[string]int{}
	for i := range w.s.Tracks {
		t := &w.s.Tracks[i]
		kind := "V"
		switch t.Kind {
		case Audio:
			kind = "A"
		case Caption:
			w.r.lost("captions: write them as WebVTT or SubRip")
			continue
		}
		counts[kind]++
		channel := kind
		if n := counts[kind]; n > 1 {
			channel = fmt.Sprint(kind, n)
			w.r.changed("track %q is channel %s", t.Name, channel)
		}
		for n := range t.Clips {
			e := edlEvent{channel: channel, clip: t.Clips[n]}
			if n > 0 {
				w.comeOut(&e, &t.Clips[n-1])
			}
			if x := e.clip.Transition; x != nil && n+1 < len(t.Clips) && t.Clips[n+1].Start == e.clip.End() {
				e.clip.Length -= w.lead(&e.clip, &t.Clips[n+1])
			}
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b edlEvent) int { return a.clip.Start - b.clip.Start })
	return out
}

// lead is how many frames before the cut a transition begins: half of it, or as
// many as the media of the next clip has before it begins.
func (w *edlWriter) lead(from, to *Clip) int {
	half := from.Transition.Length / 2
	if inMedia(half, to.Speed) <= to.In {
		return min(half, from.Length-1)
	}
	w.r.changed("the transition into %q begins later, where its media does", w.s.name(to))
	return min(half, int(float64(to.In)/to.Speed), from.Length-1)
}

// comeOut has a clip begin with the transition of the one before it.
func (w *edlWriter) comeOut(e *edlEvent, before *Clip) {
	if before.Transition == nil || before.End() != e.clip.Start {
		return
	}
	lead := w.lead(before, &e.clip)
	e.before, e.over = before, before.Transition.Length
	e.clip.Start, e.clip.In, e.clip.Length = e.clip.Start-lead, max(e.clip.In-inMedia(lead, e.clip.Speed), 0), e.clip.Length+lead
	e.over = min(e.over, e.clip.Length)
}

func (w *edlWriter) record(frame int) string {
	return timecode(w.s.Start+frame, w.s.Rate, w.s.Drop)
}

func (w *edlWriter) source(frame int) string { return timecode(frame, w.s.Rate, w.s.Drop) }

func (w *edlWriter) write(e edlEvent) {
	w.event++
	c := &e.clip
	reel := w.reel(c)
	line := func(reel, edit string, in, out, from, to int) {
		fmt.Fprintf(&w.b, "%03d  %-8s %-5s %-8s %s %s %s %s\r\n", w.event, reel, e.channel, edit, w.source(in), w.source(out), w.record(from), w.record(to))
	}
	edit := "C"
	if e.before != nil {
		end := e.before.In + inMedia(e.before.Length, e.before.Speed)
		line(w.reel(e.before), "C", end, end, c.Start, c.Start)
		edit = fmt.Sprintf("D    %03d", e.over)
		if e.before.Transition.Kind == "wipe" {
			edit = fmt.Sprintf("W001 %03d", e.over)
		}
	}
	line(reel, edit, c.In, c.In+inMedia(c.Length, c.Speed), c.Start, c.End())
	if c.Speed != 1 {
		fmt.Fprintf(&w.b, "M2   %-8s %05.1f                %s\r\n", reel, c.Speed*w.s.Rate.Float(), w.source(c.In))
	}
	if e.before != nil {
		fmt.Fprintf(&w.b, "* FROM CLIP NAME: %s\r\n* TO CLIP NAME: %s\r\n", firstLine(w.s.name(e.before)), firstLine(w.s.name(c)))
	} else {
		fmt.Fprintf(&w.b, "* FROM CLIP NAME: %s\r\n", firstLine(w.s.name(c)))
	}
	if c.Media != "" {
		fmt.Fprintf(&w.b, "* SOURCE FILE: %s\r\n", firstLine(c.Media))
	}
	if c.Gain != 0 || c.FadeIn > 0 || c.FadeOut > 0 {
		w.r.lost("levels and fades")
	}
	if c.Text != "" {
		w.r.changed("the title %q is a clip of that name", firstLine(c.Text))
	}
}

// reel is a name of eight letters and digits for a clip's media, no two the same.
func (w *edlWriter) reel(c *Clip) string {
	of := cmp.Or(c.Reel, c.Asset, c.Media, c.Scene)
	if of == "" {
		return "AX"
	}
	if reel, ok := w.reels[of]; ok {
		return reel
	}
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, cmp.Or(c.Reel, strings.TrimSuffix(baseName(c.Media), extension(c.Media)), w.s.name(c)))
	reel := cmp.Or(plain[:min(len(plain), reelBytes)], "REEL")
	for stem := reel; w.taken[reel] > 0; {
		w.taken[stem]++
		number := fmt.Sprint(w.taken[stem])
		reel = cmp.Or(plain[:min(len(plain), reelBytes-len(number))], "R") + number
	}
	w.taken[reel]++
	if reel != c.Reel && c.Reel != "" {
		w.r.changed("the reel %q is called %s", c.Reel, reel)
	}
	w.reels[of] = reel
	return reel
}

func extension(path string) string {
	name := baseName(path)
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[i:]
	}
	return ""
}
