package ffmpeg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/soratoo/soratoo/render"
)

// screen lays overlays over the pictures of the story and hands them on. Each
// overlay is decoded while it is seen and no longer, so that a cut may have many.
type screen struct {
	work    *work
	to      io.Writer
	picture []byte // what is handed on, where it is not the story's
	ground  [3]byte
	waiting []int // overlays, the first to be seen at the end
	seen    []*layer
	shown   int // frames
}

func newScreen(w *work, to io.Writer) *screen {
	s := &screen{work: w, to: to, picture: make([]byte, w.size[0]*w.size[1]*3/2), ground: w.ground()}
	if w.plan.Still != nil {
		s.shown = *w.plan.Still
	}
	for i, o := range w.plan.Overlays {
		if o.Start >= 0 && o.Start < w.plan.Frames && o.Start+o.Frames > s.shown && o.Frames > 0 {
			s.waiting = append(s.waiting, i)
		}
	}
	slices.SortStableFunc(s.waiting, func(a, b int) int {
		return cmp.Compare(w.plan.Overlays[b].Start, w.plan.Overlays[a].Start)
	})
	return s
}

// put hands on the next picture of the story, of which a part is seen; the rest is
// the background.
func (s *screen) put(ctx context.Context, story []byte, part float64) error {
	for n := len(s.waiting) - 1; n >= 0 && s.work.plan.Overlays[s.waiting[n]].Start <= s.shown; n-- {
		l, err := s.work.layer(ctx, s.waiting[n])
		if err != nil {
			return err
		}
		s.waiting = s.waiting[:n]
		s.seen = append(s.seen, l)
		for range s.shown - l.over.Start { // a still begins in its middle
			if err := l.next(); err != nil {
				return err
			}
		}
		slices.SortFunc(s.seen, func(a, b *layer) int { return cmp.Compare(a.index, b.index) })
	}
	out := story
	if part < 1 || len(s.seen) > 0 {
		out = s.picture
		copy(out, story)
	}
	if part < 1 {
		s.dim(out, part)
	}
	for _, l := range s.seen {
		i := s.shown - l.over.Start
		if err := l.next(); err != nil {
			return err
		}
		lay(out, l.picture, s.work.size, fade(i, l.over.Frames, l.over.FadeIn, l.over.FadeOut))
	}
	s.shown++
	s.seen = slices.DeleteFunc(s.seen, func(l *layer) bool {
		over := s.shown >= l.over.Start+l.over.Frames
		if over {
			l.close()
		}
		return over
	})
	if _, err := s.to.Write(out); err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	far := float64(s.shown) / float64(s.work.plan.Frames+1) // the encoder needs a moment more
	s.work.report(s.work.mixed + (1-s.work.mixed)*far)
	return nil
}

// close ends what is still decoding.
func (s *screen) close() {
	for _, l := range s.seen {
		l.close()
	}
}

// dim leaves a part of a picture, over the background.
func (s *screen) dim(picture []byte, part float64) {
	pixels := s.work.size[0] * s.work.size[1]
	from := 0
	for plane, to := range [3]int{pixels, pixels * 5 / 4, pixels * 3 / 2} {
		var table [256]byte
		for v := range table {
			table[v] = byte(math.Round(float64(s.ground[plane]) + part*(float64(v)-float64(s.ground[plane]))))
		}
		for i, v := range picture[from:to] {
			picture[from+i] = table[v]
		}
		from = to
	}
}

// ground is the background as ffmpeg has it in pictures.
func (w *work) ground() [3]byte {
	n := uint64(0)
	if b := w.background(); b != "black" {
		n, _ = strconv.ParseUint(b[2:], 16, 32)
	}
	r, g, b := float64(n>>16)/255, float64(n>>8&255)/255, float64(n&255)/255
	return [3]byte{
		byte(math.Round(16 + 65.481*r + 128.553*g + 24.966*b)),
		byte(math.Round(128 - 37.797*r - 74.203*g + 112*b)),
		byte(math.Round(128 + 112*r - 93.786*g - 18.214*b)),
	}
}

// seen is how much of the story is seen at a frame of a piece; all in a transition.
func (w *work) seen(p piece, i int) float64 {
	if p.transition != nil {
		return 1
	}
	s := &w.plan.Segments[p.segment]
	return fade(p.from+i, s.Frames, s.FadeIn, s.FadeOut)
}

// fade is how much of something is seen at one of its frames.
func fade(i, frames, in, out int) float64 {
	seen := 1.0
	if i < in {
		seen = (float64(i) + 0.5) / float64(in)
	}
	if left := frames - i; left <= out {
		seen = min(seen, (float64(left)-0.5)/float64(out))
	}
	return seen
}

// layer is an overlay that is seen.
type layer struct {
	index   int
	over    *render.Overlay
	process *process // nil when it has ended
	picture []byte   // with alpha
	still   bool     // there are no more pictures
	any     bool     // there was one
}

// layer begins an overlay.
func (w *work) layer(ctx context.Context, i int) (*layer, error) {
	o := &w.plan.Overlays[i]
	frames := min(o.Frames, w.plan.Frames-o.Start)
	var src source
	var err error
	switch {
	case o.Media != nil:
		src, err = w.media(ctx, *o.Media, part{0, frames}, w.fitClear())
		if err == nil && w.stands(o.Media.Asset) {
			frames = 1 // the others are like it
		}
	case o.Card != nil:
		src, err = w.card(ctx, o.Card, part{0, o.Frames})
	default:
		src, err = w.title(i, o.Text)
	}
	if err != nil {
		return nil, err
	}
	src.filters = append(src.filters, "format=yuva420p")
	args := append(src.args, "-filter_complex", src.chain("0:v:0", "out"), "-map", "[out]", "-frames:v", strconv.Itoa(frames),
		"-f", "rawvideo", "-pix_fmt", "yuva420p", "pipe:1")
	p, err := w.start(ctx, args)
	if err != nil {
		return nil, err
	}
	return &layer{index: i, over: o, process: p, picture: make([]byte, w.size[0]*w.size[1]*5/2)}, nil
}

// stands tells whether an opened asset is one picture.
func (w *work) stands(id string) bool {
	t := w.opened[id].mediaType
	return strings.HasPrefix(t, "image/") && t != "image/gif"
}

// fitClear makes pictures as large as the plan's, with nothing beside them.
func (w *work) fitClear() string {
	return fmt.Sprintf("format=yuva420p,scale=%d:%d:force_original_aspect_ratio=decrease:flags=bicubic,pad=%d:%d:(ow-iw)/2:(oh-ih)/2:black@0,setsar=1",
		w.size[0], w.size[1], w.size[0], w.size[1])
}

// next reads a picture; behind the last one that stays.
func (l *layer) next() error {
	if l.still {
		return nil
	}
	_, err := io.ReadFull(l.process, l.picture)
	switch {
	case err == nil:
		l.any = true
		return nil
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	l.still = true
	err = l.process.wait()
	l.process = nil
	if err == nil && !l.any {
		clear(l.picture)
	}
	return err
}

func (l *layer) close() {
	if l.process != nil {
		l.process.stop()
		l.process = nil
	}
}

// lay lays a picture with alpha over another, so much of it.
func lay(under, over []byte, size [2]int, seen float64) {
	var weights [256]uint32 // of 1<<16
	for alpha := range weights {
		weights[alpha] = uint32(math.Round(float64(alpha) / 255 * seen * (1 << 16)))
	}
	mix := func(i int, w uint32) {
		under[i] = byte((uint32(under[i])*(1<<16-w) + uint32(over[i])*w + 1<<15) >> 16)
	}
	width, pixels := size[0], size[0]*size[1]
	alpha := over[pixels*3/2:]
	for i, a := range alpha {
		if w := weights[a]; w > 0 {
			mix(i, w)
		}
	}
	half := width / 2
	for y := range size[1] / 2 {
		row := alpha[2*y*width:]
		for x := range half {
			w := (weights[row[2*x]] + weights[row[2*x+1]] + weights[row[2*x+width]] + weights[row[2*x+width+1]]) / 4
			if w > 0 {
				i := pixels + y*half + x
				mix(i, w)
				mix(i+pixels/4, w)
			}
		}
	}
}
