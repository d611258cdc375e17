package interchange

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	// An event: its number, which may be missing, reel, channel, edit, times.
	edlLine = regexp.MustCompile(`^\s*(?:(\d{1,6})\s+)?([^\s*>#|].*?)\s+(\S+)\s+([A-Za-z]+\d*(?:\s+[BO])?)(?:\s+(\d{1,4}))?` + strings.Repeat(`\s+(\d{1,2}[:;.,]\d{1,2}[:;.,]\d{1,2}[:;.,]\d{1,3})`, 4) + `\s*$`)
	edlM2   = regexp.MustCompile(`^\s*M2\s+(\S+)\s+(-?[\d.]+)`)
	edlName = regexp.MustCompile(`(?i)^\*\s*(FROM CLIP NAME|TO CLIP NAME|CLIP NAME|SOURCE FILE|LOC|KEY CLIP NAME)\s*:\s*(.*)$`)
	edlLoc  = regexp.MustCompile(`^(\d{1,2}[:;.,]\d{1,2}[:;.,]\d{1,2}[:;.,]\d{1,3})\s+(\S+)\s*(.*)$`)
)

// edlReader reads an edit list line by line.
type edlReader struct {
	s      *Sequence
	r      Report
	drop   bool
	line   int
	clips  []edlClip
	last   []*edlClip // those of the event that was read last
	loc    []Marker
	origin int // the record's first hour
}

// edlClip is a clip of a channel, at frames of the record.
type edlClip struct {
	channel, edit string
	over          int
	clip          Clip
}

// readEDL reads a CMX3600 edit list. A list does not say its rate: it is that of
// the project, unless its numbers ask for another.
func readEDL(b []byte, o Options) (*Sequence, Report, error) {
	r := &edlReader{s: &Sequence{Rate: o.rate()}}
	text := decodeText(b, &r.r)
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
	r.guessRate(lines)
	for i, line := range lines {
		r.line = i + 1
		if err := r.read(strings.TrimSpace(line)); err != nil {
			return nil, Report{}, err
		}
	}
	if len(r.clips) == 0 {
		return nil, Report{}, fmt.Errorf("%w: there is no event in it", ErrMalformed)
	}
	r.finish()
	return r.s, r.r, nil
}

// guessRate takes the rate that the highest number of frames asks for.
func (r *edlReader) guessRate(lines []string) {
	most := 0
	for _, line := range lines {
		upper := strings.ToUpper(line)
		if strings.HasPrefix(strings.TrimSpace(upper), "FCM:") && strings.Contains(upper, "DROP") && !strings.Contains(upper, "NON") {
			r.s.Drop = true
		}
		if m := edlLine.FindStringSubmatch(line); m != nil {
			for _, tc := range m[6:] {
				f, _ := strconv.Atoi(tc[strings.LastIndexAny(tc, ":;.,")+1:])
				most = max(most, f)
				r.s.Drop = r.s.Drop || strings.Contains(tc, ";")
			}
		}
	}
	want := r.s.Rate
	switch {
	case r.s.Drop && !want.drops() && most < 30:
		want = Rate{30000, 1001}
	case r.s.Drop && !want.drops():
		want = Rate{60000, 1001}
	}
	for _, rate := range []Rate{{25, 1}, {30, 1}, {50, 1}, {60, 1}, {120, 1}} {
		if most >= want.nominal() && most < rate[0] {
			want = rate
		}
	}
	if want != r.s.Rate {
		r.r.changed("the list was read at %v frames a second, as its numbers ask for", want)
		r.s.Rate = want
	}
	r.drop = r.s.Drop
}

func (r *edlReader) malformed(err error) error { return fmt.Errorf("line %d: %w", r.line, err) }

func (r *edlReader) read(line string) error {
	upper := strings.ToUpper(line)
	switch {
	case line == "":
	case strings.HasPrefix(upper, "TITLE:"):
		r.s.Title = strings.TrimSpace(line[len("TITLE:"):])
	case strings.HasPrefix(upper, "FCM:"):
		r.drop = strings.Contains(upper, "DROP") && !strings.Contains(upper, "NON")
	case edlM2.MatchString(line):
		return r.motion(edlM2.FindStringSubmatch(line))
	case edlName.MatchString(line):
		m := edlName.FindStringSubmatch(line)
		return r.comment(strings.ToUpper(m[1]), strings.TrimSpace(m[2]))
	case edlLine.MatchString(line):
		return r.event(edlLine.FindStringSubmatch(line))
	case line[0] == '*' || line[0] == '>' || line[0] == '#':
		r.r.lost("comments of the list")
	case line[0] >= '0' && line[0] <= '9':
		return r.malformed(fmt.Errorf("%w: %.80q is no event", ErrMalformed, line))
	default:
		r.r.lost("line %d is not known here: %.60q", r.line, line)
	}
	return nil
}

// event reads number, reel, channel, edit, length of it, and four timecodes.
func (r *edlReader) event(m []string) error {
	var at [4]int
	for i, tc := range m[6:] {
		frame, err := parseTimecode(tc, r.s.Rate, r.drop)
		if err != nil {
			return r.malformed(err)
		}
		at[i] = frame
	}
	length := at[3] - at[2]
	over, _ := strconv.Atoi(m[5])
	edit := strings.ToUpper(m[4])
	if length < 0 || at[1] < at[0] && at[1]-at[0] != -length {
		return r.malformed(fmt.Errorf("%w: the event ends before it begins", ErrMalformed))
	}
	if strings.HasPrefix(edit, "K") {
		r.r.lost("line %d: keys are not known here", r.line)
		return nil
	}
	if len(r.clips) >= maxItems {
		return fmt.Errorf("%w: more than %d events", ErrLimit, maxItems)
	}
	if length == 0 {
		return nil // what a transition comes out of, which stands there already
	}
	r.last = nil
	for _, channel := range channels(m[3]) {
		r.clips = append(r.clips, edlClip{channel, edit, over, Clip{Start: at[2], Length: length, In: at[0], Speed: 1, Reel: m[2]}})
	}
	if len(channels(m[3])) == 0 {
		r.r.lost("line %d: there is no channel %q", r.line, m[3])
	}
	for i := len(r.clips) - len(channels(m[3])); i < len(r.clips); i++ {
		r.last = append(r.last, &r.clips[i])
	}
	return nil
}

// channels are those that an event is on: V, A, A2, AA, B, AA/V…
func channels(text string) (out []string) {
	for part := range strings.SplitSeq(strings.ToUpper(text), "/") {
		switch {
		case part == "B":
			out = append(out, "V", "A")
		case part == "AA":
			out = append(out, "A", "A2")
		case part == "V1", part == "A1":
			out = append(out, part[:1])
		case part != "" && strings.Trim(part[1:], "0123456789") == "" && (part[0] == 'V' || part[0] == 'A'):
			out = append(out, part)
		}
	}
	return out
}

// motion reads how fast the media of the event before runs.
func (r *edlReader) motion(m []string) error {
	fps, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return r.malformed(fmt.Errorf("%w: %q is no speed", ErrMalformed, m[2]))
	}
	for _, c := range r.last {
		if fps < 0 {
			r.r.lost("line %d: clips do not run backwards here", r.line)
			continue
		}
		c.clip.Speed = round(min(fps/r.s.Rate.Float(), maxSpeed), 1000)
	}
	return nil
}

func round(f float64, parts float64) float64 { return float64(int(f*parts+0.5)) / parts }

func (r *edlReader) comment(what, value string) error {
	switch what {
	case "LOC":
		m := edlLoc.FindStringSubmatch(value)
		if m == nil {
			return nil
		}
		at, err := parseTimecode(m[1], r.s.Rate, r.drop)
		if err != nil {
			return r.malformed(err)
		}
		r.loc = append(r.loc, Marker{At: at, Label: m[3], Color: otioColors[strings.ToUpper(m[2])]})
		return nil
	case "FROM CLIP NAME":
		for _, c := range r.last {
			if c.edit == "C" {
				c.clip.Label = value
			}
		}
		return nil
	}
	for _, c := range r.last {
		if what == "SOURCE FILE" {
			c.clip.Media = value
		} else if what != "KEY CLIP NAME" {
			c.clip.Label = value
		}
	}
	return nil
}

// finish puts the events on tracks and turns transitions into ours.
func (r *edlReader) finish() {
	first := r.clips[0].clip.Start
	for _, c := range r.clips {
		first = min(first, c.clip.Start)
	}
	hour := r.s.Rate.nominal() * 3600
	if r.s.Drop {
		hour, _ = parseTimecode("01:00:00:00", r.s.Rate, true)
	}
	r.origin = first / hour * hour
	r.s.Start = r.origin
	tracks := map[string]*Track{}
	var names []string
	slices.SortStableFunc(r.clips, func(a, b edlClip) int { return a.clip.Start - b.clip.Start })
	for _, c := range r.clips {
		t := tracks[c.channel]
		if t == nil {
			t = &Track{Kind: map[byte]string{'V': Video, 'A': Audio}[c.channel[0]], Name: c.channel}
			tracks[c.channel] = t
			names = append(names, c.channel)
		}
		c.clip.Start -= r.origin
		r.put(t, c)
	}
	slices.SortFunc(names, func(a, b string) int {
		if a[0] != b[0] {
			return int(b[0]) - int(a[0]) // pictures before sounds
		}
		return len(a)*100 - len(b)*100 + strings.Compare(a, b)
	})
	for _, name := range names {
		r.s.Tracks = append(r.s.Tracks, *tracks[name])
	}
	for i := range r.s.Tracks {
		if r.s.Tracks[i].Kind == Video {
			r.s.Tracks[i].Kind = Story
			break
		}
	}
	for _, m := range r.loc {
		m.At = max(m.At-r.origin, 0)
		r.s.Markers = append(r.s.Markers, m)
	}
}

// put puts a clip behind those of a track.
func (r *edlReader) put(t *Track, e edlClip) {
	c := e.clip
	if c.Media == "" && c.Reel != "AX" {
		c.Media = c.Reel
	}
	var before *Clip
	if n := len(t.Clips); n > 0 && t.Clips[n-1].End() == c.Start {
		before = &t.Clips[n-1]
	}
	black := strings.EqualFold(c.Reel, "BL") || strings.EqualFold(c.Reel, "BLACK")
	over := min(e.over, c.Length)
	switch {
	case e.edit == "C" || over == 0:
	case black && before != nil:
		before.Length, before.FadeOut = before.Length+over, over // it goes on while it fades
	case before == nil || isBlack(before):
		c.FadeIn = over
	default:
		half := min(over/2, c.Length-1)
		before.Length += half
		c.Start, c.In, c.Length = c.Start+half, c.In+inMedia(half, c.Speed), c.Length-half
		before.Transition = &Transition{Kind: "dissolve", Length: over}
		if strings.HasPrefix(e.edit, "W") {
			before.Transition.Kind = "wipe"
			r.r.changed("wipes go from the right to the left")
		}
	}
	if black {
		return
	}
	if n := len(t.Clips); n > 0 && t.Clips[n-1].End() > c.Start {
		r.r.changed("an event of channel %s at %s lies over the one before, which is shorter now", e.channel, timecode(r.origin+c.Start, r.s.Rate, r.s.Drop))
		t.Clips[n-1].Length = c.Start - t.Clips[n-1].Start
		if t.Clips[n-1].Length < 1 {
			t.Clips = t.Clips[:n-1]
		}
	}
	t.Clips = append(t.Clips, c)
}

func isBlack(c *Clip) bool { return strings.EqualFold(c.Reel, "BL") }
