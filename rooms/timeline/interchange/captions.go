package interchange

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// captionsOf is all captions of a sequence, by their times.
func captionsOf(s *Sequence, r *Report) (out []Clip) {
	for _, t := range s.Tracks {
		if t.Kind != Caption {
			continue
		}
		for _, c := range t.Clips {
			if strings.TrimSpace(c.Text) != "" {
				out = append(out, c)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Clip) int { return cmp.Or(a.Start-b.Start, a.End()-b.End()) })
	if len(out) == 1 {
		r.kept("1 caption")
	} else {
		r.kept("%d captions", len(out))
	}
	return out
}

// clock is a frame as hh:mm:ss and milliseconds.
func clock(frame int, rate Rate, point string) string {
	ms := new(big.Rat).Mul(rate.seconds(frame), big.NewRat(1000, 1))
	f, _ := ms.Float64()
	n := int(f + 0.5)
	return fmt.Sprintf("%02d:%02d:%02d%s%03d", n/3_600_000, n/60_000%60, n/1000%60, point, n%1000)
}

// textLines are the lines of a caption; an empty one would end it.
func textLines(s string) []string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	return slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" })
}

// writeVTT writes WebVTT.
func writeVTT(s *Sequence) ([]byte, Report, error) {
	var b bytes.Buffer
	var r Report
	b.WriteString("WEBVTT\n")
	if title := firstLine(s.Title); title != "" && !strings.Contains(title, "-->") {
		fmt.Fprintf(&b, "\nNOTE %s\n", title)
	}
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	for i, c := range captionsOf(s, &r) {
		fmt.Fprintf(&b, "\n%d\n%s --> %s\n%s\n", i+1, clock(c.Start, s.Rate, "."), clock(c.End(), s.Rate, "."), escape.Replace(strings.Join(textLines(c.Text), "\n")))
	}
	return b.Bytes(), r, nil
}

// writeSRT writes SubRip.
func writeSRT(s *Sequence) ([]byte, Report, error) {
	var b bytes.Buffer
	var r Report
	for i, c := range captionsOf(s, &r) {
		fmt.Fprintf(&b, "%d\r\n%s --> %s\r\n%s\r\n\r\n", i+1, clock(c.Start, s.Rate, ","), clock(c.End(), s.Rate, ","), strings.Join(textLines(c.Text), "\r\n"))
	}
	return b.Bytes(), r, nil
}

// decodeText is bytes as text: UTF-8, UTF-16 by its mark, else Windows-1252.
func decodeText(b []byte, r *Report) string {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		b = b[3:]
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		units := make([]uint16, 0, len(b)/2)
		little := b[0] == 0xff
		for i := 2; i+1 < len(b); i += 2 {
			if little {
				units = append(units, uint16(b[i])|uint16(b[i+1])<<8)
			} else {
				units = append(units, uint16(b[i+1])|uint16(b[i])<<8)
			}
		}
		return string(utf16.Decode(units))
	}
	if utf8.Valid(b) {
		return string(b)
	}
	r.changed("the file is not UTF-8, and was read as Windows-1252")
	var out strings.Builder
	for _, c := range b {
		if c >= 0x80 && c < 0xa0 {
			out.WriteRune(windows1252[c-0x80])
		} else {
			out.WriteRune(rune(c))
		}
	}
	return out.String()
}

// windows1252 is where that code page differs from Latin-1.
var windows1252 = [32]rune{
	'€', '\ufffd', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\ufffd', 'Ž', '\ufffd',
	'\ufffd', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\ufffd', 'ž', 'Ÿ',
}

var (
	cueTime = regexp.MustCompile(`^\s*((?:\d+:)?\d{1,2}:\d{1,2}[.,]\d{1,3}|\d+:\d{1,2}:\d{1,2})\s*-->\s*((?:\d+:)?\d{1,2}:\d{1,2}[.,]\d{1,3}|\d+:\d{1,2}:\d{1,2})(.*)$`)
	cueTags = regexp.MustCompile(`</?[A-Za-z0-9][^<>]*>|\{\\[^{}]*\}`)
)

func readVTT(b []byte, o Options) (*Sequence, Report, error) {
	var r Report
	text := decodeText(b, &r)
	if !strings.HasPrefix(strings.TrimSpace(text), "WEBVTT") {
		return nil, Report{}, fmt.Errorf("%w: it does not begin with WEBVTT", ErrMalformed)
	}
	return readCues(text, o, true, r)
}

func readSRT(b []byte, o Options) (*Sequence, Report, error) {
	var r Report
	return readCues(decodeText(b, &r), o, false, r)
}

// readCues reads what both formats have in common: blocks between empty lines, of
// which those with an arrow in their first two lines are captions.
func readCues(text string, o Options, vtt bool, r Report) (*Sequence, Report, error) {
	s := &Sequence{Rate: o.rate()}
	track := Track{Kind: Caption, Name: "Captions"}
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		m := cueTime.FindStringSubmatch(lines[i])
		if m == nil {
			if strings.Contains(lines[i], "-->") {
				return nil, r, fmt.Errorf("line %d: %w: %.60q are no times", i+1, ErrMalformed, lines[i])
			}
			if word, _, _ := strings.Cut(lines[i], " "); vtt && (word == "STYLE" || word == "REGION" || strings.HasPrefix(word, "X-TIMESTAMP-MAP")) {
				r.lost("styles and regions")
			}
			if text := strings.TrimSpace(lines[i]); !vtt && text != "" && len(track.Clips) > 0 && !followed(lines, i) {
				goOn(&track.Clips[len(track.Clips)-1], text, &r)
			}
			continue
		}
		from, to := cueClock(m[1]), cueClock(m[2])
		if strings.TrimSpace(m[3]) != "" {
			r.lost("where on the picture captions stand")
		}
		var words []string
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != ""; i++ {
			if cueTime.MatchString(lines[i]) { // there was no empty line
				words = words[:max(len(words)-1, 0)]
				i--
				break
			}
			words = append(words, lines[i])
		}
		c, err := cue{from, to, words}.caption(s.Rate, &r)
		if err != nil {
			return nil, r, fmt.Errorf("line %d: %w", i+1, err)
		}
		if c.Text != "" {
			track.Clips = append(track.Clips, c)
		}
		if len(track.Clips) > maxItems {
			return nil, r, fmt.Errorf("%w: more than %d captions", ErrLimit, maxItems)
		}
	}
	if len(track.Clips) == 0 {
		return nil, r, fmt.Errorf("%w: there is no caption in it", ErrMalformed)
	}
	slices.SortStableFunc(track.Clips, func(a, b Clip) int { return a.Start - b.Start })
	s.Tracks = []Track{track}
	return s, r, nil
}

// followed tells whether the times of a caption stand on the line behind one, so
// that it is the caption's number.
func followed(lines []string, i int) bool {
	return i+1 < len(lines) && cueTime.MatchString(lines[i+1])
}

const maxGoOn = 1000 // bytes of a caption that goes on behind an empty line

// goOn adds a line to a caption, as long as there is room.
func goOn(c *Clip, line string, r *Report) {
	line = html.UnescapeString(cueTags.ReplaceAllString(line, ""))
	if len(c.Text)+len(line) > maxGoOn {
		r.lost("text that belongs to no caption")
		return
	}
	c.Text += "\n" + line
	r.changed("captions with empty lines in them have none")
}

// cue is a caption as it stands in a file.
type cue struct {
	from, to *big.Rat
	words    []string
}

func (c cue) caption(rate Rate, r *Report) (Clip, error) {
	start, exactStart := fromSeconds(c.from, rate)
	end, exactEnd := fromSeconds(c.to, rate)
	if c.to.Cmp(c.from) < 0 {
		return Clip{}, fmt.Errorf("%w: a caption ends before it begins", ErrMalformed)
	}
	if !exactStart || !exactEnd {
		r.changed("times are rounded to whole frames at %v a second", rate)
	}
	text := strings.Join(c.words, "\n")
	if plain := cueTags.ReplaceAllString(text, ""); plain != text {
		r.lost("italics, colours and voices of captions")
		text = plain
	}
	text = strings.TrimSpace(html.UnescapeString(text))
	if len(text) > maxText {
		return Clip{}, fmt.Errorf("%w: a caption of %d bytes", ErrLimit, len(text))
	}
	return Clip{Start: start, Length: max(end-start, 1), Speed: 1, Text: text}, nil
}

// cueClock is a time of the form that cueTime found.
func cueClock(text string) *big.Rat {
	text = strings.Replace(text, ",", ".", 1)
	out := new(big.Rat)
	for part := range strings.SplitSeq(text, ":") {
		n, ok := new(big.Rat).SetString(part)
		if !ok || len(part) > 12 {
			n = new(big.Rat)
		}
		out.Add(out.Mul(out, big.NewRat(60, 1)), n)
	}
	return out
}
