package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/soratoo/soratoo/render"
)

// encoder collects the arguments of the process that makes the result.
type encoder struct {
	args   []string
	inputs int
	graph  strings.Builder
	last   string // the label of the pictures so far
}

// input adds an input and returns its number.
func (e *encoder) input(args ...string) int {
	e.args = append(e.args, args...)
	e.inputs++
	return e.inputs - 1
}

// filter puts the pictures through a filter, of which %[1]s is the label of the
// pictures so far and %[2]s that of what comes out.
func (e *encoder) filter(format string) {
	next := "v" + strconv.Itoa(e.graph.Len())
	fmt.Fprintf(&e.graph, format+";", e.last, next)
	e.last = next
}

// encode makes the result: pictures come through a pipe, sound and captions from
// files in the job's directory.
func (w *work) encode(ctx context.Context, sound string) error {
	e := encoder{last: "0:v"}
	if w.preset.video != nil {
		e.input("-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", fmt.Sprintf("%dx%d", w.size[0], w.size[1]),
			"-framerate", w.rate(), "-i", "pipe:0")
	}
	var maps []string
	if sound != "" && w.preset.sound != nil {
		n := e.input("-f", "f32le", "-ar", strconv.Itoa(sampleRate), "-ac", "2", "-i", "file:"+sound)
		maps = append(maps, "-map", fmt.Sprintf("%d:a", n))
		maps = append(maps, w.preset.sound...)
	}
	captions, err := w.captions(&e)
	if err != nil {
		return err
	}
	maps = append(maps, captions...)
	if w.preset.video != nil {
		e.filter("[%[1]s]" + strings.Join(append(w.preset.filters(), "null"), ",") + "[%[2]s]")
		e.args = append(e.args, "-filter_complex", strings.TrimSuffix(e.graph.String(), ";"), "-map", "["+e.last+"]")
		e.args = append(e.args, w.preset.video...)
		e.args = append(e.args, "-frames:v", strconv.Itoa(w.frames()))
	}
	args := append(append(e.args, maps...), w.preset.container...)
	args = append(args, "-map_metadata", "-1")
	if s := w.source(); s != "" {
		args = append(args, "-metadata", "comment="+s.Words(), "-metadata", "DIGITALSOURCETYPE="+s.URI())
	}
	args = append(args, "file:"+w.path(w.file()))
	return w.feed(ctx, args)
}

// captions has the captions drawn on the pictures, or put beside them.
func (w *work) captions(e *encoder) (maps []string, err error) {
	burn := w.plan.Burn && w.preset.video != nil
	if w.preset.video != nil && (w.plan.Label || burn && len(w.plan.Captions) > 0) {
		if err := os.WriteFile(w.path("captions.ass"), w.styled(), 0o600); err != nil {
			return nil, err
		}
		if err := os.WriteFile(w.path("words.ttf"), wordsFont, 0o600); err != nil {
			return nil, err
		}
		at := "" // a still comes as if it were the first picture
		if w.plan.Still != nil {
			at = fmt.Sprintf("setpts=PTS+%s/TB,", number(w.seconds(float64(*w.plan.Still))))
		}
		e.filter("[%[1]s]" + at + "ass=captions.ass:fontsdir=.,setpts=PTS-STARTPTS[%[2]s]")
	}
	if burn || len(w.plan.Captions) == 0 || w.preset.text == "" {
		return nil, nil
	}
	if err := os.WriteFile(w.path("captions.srt"), w.subtitles(), 0o600); err != nil {
		return nil, err
	}
	n := e.input("-f", "srt", "-i", "file:"+w.path("captions.srt"))
	return []string{"-map", fmt.Sprintf("%d:s", n), "-c:s", w.preset.text}, nil
}

// feed runs the encoder and hands it the pictures of all pieces.
func (w *work) feed(ctx context.Context, args []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd, errs := w.command(ctx, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := w.begin(cmd); err != nil {
		return err
	}
	var shown error
	if w.preset.video != nil {
		size := w.size[0] * w.size[1] * 3 / 2
		over := newScreen(w, in)
		defer over.close()
		pieces, one := w.wanted()
		to := &pictures{last: make([]byte, size), next: make([]byte, size), show: func(p piece, i int, last []byte) error {
			if w.plan.Still != nil && i != one {
				return nil
			}
			w.glance(last)
			return over.put(ctx, last, w.seen(p, i))
		}}
		for _, p := range pieces {
			if shown = w.show(ctx, p, to); shown != nil {
				if !errors.Is(shown, syscall.EPIPE) { // it ends by itself, and says of what
					cancel()
				}
				break
			}
		}
	}
	_ = in.Close() // a process that is gone has closed it
	if err := cmd.Wait(); err != nil && (shown == nil || ctx.Err() == nil) {
		return fmt.Errorf("ffmpeg: %w: %s", err, errs)
	}
	return shown
}

var _ render.Renderer = (*Renderer)(nil)
