package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/soratoo/soratoo/render"
)

// rate is the plan's as ffmpeg takes it.
func (w *work) rate() string { return fmt.Sprintf("%d/%d", w.plan.Rate[0], w.plan.Rate[1]) }

// seconds is how long so many frames are.
func (w *work) seconds(frames float64) float64 {
	return frames * float64(w.plan.Rate[1]) / float64(w.plan.Rate[0])
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 9, 64) }

// source is where pictures come from: arguments that open it, and the filters
// that make frames of the plan of it.
type source struct {
	args    []string
	filters []string
}

// chain is the filters as one, from one label to another.
func (s source) chain(from, to string) string {
	return fmt.Sprintf("[%s]%s[%s]", from, strings.Join(s.filters, ","), to)
}

// lead is how many frames before the wanted one decoding begins, so that it
// begins at a picture that is there.
const lead = 24

// segment is n frames of a segment from its frame from on, which may lie before
// its beginning or behind its end: there media goes on as long as it has pictures.
func (w *work) segment(ctx context.Context, i, from, n int) (source, error) {
	s := &w.plan.Segments[i]
	switch {
	case s.Media != nil:
		return w.media(ctx, *s.Media, part{from, n}, w.fit())
	case s.Card != nil:
		return w.card(ctx, s.Card, part{from, s.Frames})
	}
	return source{
		args:    []string{"-f", "lavfi", "-i", fmt.Sprintf("color=c=%s:s=%dx%d:r=%s", w.background(), w.size[0], w.size[1], w.rate())},
		filters: []string{"setsar=1", "format=yuv420p"},
	}, nil
}

func (w *work) background() string {
	if b := w.plan.Background; len(b) == 7 && b[0] == '#' {
		if _, err := strconv.ParseUint(b[1:], 16, 32); err == nil {
			return "0x" + b[1:]
		}
	}
	return "black"
}

// part is frames of something, from one of them on.
type part struct{ from, frames int }

// media is frames of an asset, made as large as the plan's by filters.
func (w *work) media(ctx context.Context, m render.Media, p part, fit string) (source, error) {
	a, err := w.open(ctx, m.Asset)
	if err != nil {
		return source{}, err
	}
	switch {
	case a.mediaType == "image/gif": // it moves, for ever
		return source{args: input(a, "-ignore_loop", "0"), filters: []string{
			"fps=" + w.rate() + ":start_time=0", fit, fmt.Sprintf("trim=start_frame=%d", max(p.from, 0)), "setpts=PTS-STARTPTS",
		}}, nil
	case strings.HasPrefix(a.mediaType, "image/"):
		return source{
			args:    input(a, "-loop", "1", "-framerate", w.rate(), "-t", number(w.seconds(float64(p.frames+1)))),
			filters: []string{fit},
		}, nil
	}
	speed := m.Speed
	if speed <= 0 {
		speed = 1
	}
	// Where the first frame is in the media, in frames of the plan; what lies before
	// its beginning shows its first picture.
	first, missing := float64(m.In)+float64(p.from)*speed, 0
	if first < 0 {
		missing = int(-first/speed + 0.5)
		first = 0
	}
	before := min(lead, int(first/speed))
	seek := w.seconds(first - float64(before)*speed)
	filters := []string{
		fmt.Sprintf("setpts=PTS/%s", number(speed)), "fps=" + w.rate() + ":start_time=0", fit,
		fmt.Sprintf("trim=start_frame=%d", before), "setpts=PTS-STARTPTS",
	}
	if missing > 0 {
		filters = append(filters, fmt.Sprintf("tpad=start=%d:start_mode=clone", missing))
	}
	return source{args: input(a, "-an", "-sn", "-dn", "-ss", number(seek)), filters: filters}, nil
}

// fit makes pictures as large as the plan's, with bars where their shape differs.
func (w *work) fit() string {
	return fmt.Sprintf("scale=%d:%d:force_original_aspect_ratio=decrease:flags=bicubic,pad=%d:%d:(ow-iw)/2:(oh-ih)/2:%s,setsar=1,format=yuv420p",
		w.size[0], w.size[1], w.size[0], w.size[1], w.background())
}

// piece is frames that stand together: some of a segment, or of one that becomes
// the next.
type piece struct {
	segment, from, frames int
	transition            *render.Transition
}

// pieces divides the plan. A transition takes half of its frames from the end of
// its segment and the rest from the beginning of the next; where a segment is too
// short for it, it is shorter.
func (w *work) pieces() []piece {
	var out []piece
	from := 0 // of the segment, behind the transition into it
	for i, s := range w.plan.Segments {
		end, over := s.Frames, 0
		if s.Transition != nil && i+1 < len(w.plan.Segments) {
			over = min(s.Transition.Frames, 2*(s.Frames-from), w.plan.Segments[i+1].Frames)
			over = max(over, 0)
			end -= over / 2
		}
		if end > from {
			out = append(out, piece{segment: i, from: from, frames: end - from})
		}
		from = 0
		if over > 0 {
			out = append(out, piece{segment: i, from: end, frames: over, transition: s.Transition})
			from = over - over/2
		}
	}
	return out
}

// wanted is the pieces of which pictures are made, and which picture of its only
// piece a still is. A piece is opened at that frame; what a transition was on its
// way to is known only from its beginning.
func (w *work) wanted() (pieces []piece, one int) {
	pieces = w.pieces()
	if w.plan.Still == nil {
		return pieces, 0
	}
	at := *w.plan.Still
	for _, p := range pieces {
		if at < p.frames {
			if p.transition != nil {
				return []piece{p}, at
			}
			return []piece{{segment: p.segment, from: p.from + at, frames: 1}}, 0
		}
		at -= p.frames
	}
	panic("ffmpeg: a still that is not in its plan") // Plan.Check has looked
}

// transitions are those that there are, by ffmpeg's names.
var transitions = map[string]string{
	"dissolve": "fade", "fade": "fadeblack", "wipe": "wipeleft", "slide": "slideleft", "circle": "circleopen",
}

// show writes the pictures of a piece, exactly as many as it has frames.
func (w *work) show(ctx context.Context, p piece, to *pictures) error {
	a, err := w.segment(ctx, p.segment, p.from, p.frames)
	if err != nil {
		return err
	}
	args, graph := a.args, a.chain("0:v:0", "out")
	if p.transition != nil {
		b, err := w.segment(ctx, p.segment+1, -(p.frames / 2), p.frames)
		if err != nil {
			return err
		}
		kind := transitions[p.transition.Kind]
		if kind == "" {
			kind = "fade"
		}
		// Both are padded, so that the transition has all of its frames and its last one
		// is not the end. Of twice as many every second is taken, which is half a frame
		// ahead: frame i of n is (i+½)/n on its way.
		most := p.frames + 2
		pad := fmt.Sprintf("tpad=stop=%d:stop_mode=clone,trim=end_frame=%d,settb=AVTB,fps=%d/%d", most, most, 2*w.plan.Rate[0], w.plan.Rate[1])
		a.filters, b.filters = append(a.filters, pad), append(b.filters, pad)
		args = append(args, b.args...)
		graph = a.chain("0:v:0", "a") + ";" + b.chain("1:v:0", "b") +
			fmt.Sprintf(";[a][b]xfade=transition=%s:duration=%s:offset=0,trim=start_frame=1,setpts=PTS-STARTPTS,framestep=2[out]",
				kind, number(w.seconds(float64(p.frames))))
	}
	args = append(args, "-filter_complex", graph, "-map", "[out]", "-frames:v", strconv.Itoa(p.frames),
		"-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1")
	return w.stream(ctx, args, func(r io.Reader) error { return to.take(r, p) })
}

// pictures hands plain pictures on, as many as are asked for.
type pictures struct {
	last, next []byte                                  // a picture each
	show       func(p piece, i int, last []byte) error // the i-th of a piece
}

// take hands on the pictures of a piece. Where r has fewer, the last is shown again;
// without any, the one before.
func (to *pictures) take(r io.Reader, p piece) error {
	over := false
	for i := range p.frames {
		if !over {
			_, err := io.ReadFull(r, to.next)
			switch {
			case err == nil:
				to.last, to.next = to.next, to.last
			case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
				over = true
			default:
				return err
			}
		}
		if err := to.show(p, i, to.last); err != nil {
			return err
		}
	}
	return nil
}
