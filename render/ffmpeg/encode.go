package ffmpeg

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

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
		if err := w.overlay(ctx, &e); err != nil {
			return err
		}
		e.filter("[%[1]s]" + strings.Join(append(w.preset.filters(), "null"), ",") + "[%[2]s]")
		e.args = append(e.args, "-filter_complex", strings.TrimSuffix(e.graph.String(), ";"), "-map", "["+e.last+"]")
		e.args = append(e.args, w.preset.video...)
		e.args = append(e.args, "-frames:v", strconv.Itoa(w.plan.Frames))
	}
	args := append(append(e.args, maps...), w.preset.container...)
	args = append(args, "-map_metadata", "-1", "-fs", fileBytes, "file:"+w.path(w.file()))
	return w.feed(ctx, args)
}

// captions has the captions drawn on the pictures, or put beside them.
func (w *work) captions(e *encoder) (maps []string, err error) {
	switch {
	case len(w.plan.Captions) == 0:
		return nil, nil
	case w.plan.Burn && w.preset.video != nil:
		if err := os.WriteFile(w.path("captions.ass"), w.styled(), 0o600); err != nil {
			return nil, err
		}
		if err := os.WriteFile(w.path("words.ttf"), wordsFont, 0o600); err != nil {
			return nil, err
		}
		e.filter("[%[1]s]ass=captions.ass:fontsdir=.[%[2]s]")
		return nil, nil
	case w.preset.text == "":
		return nil, nil
	}
	if err := os.WriteFile(w.path("captions.srt"), w.subtitles(), 0o600); err != nil {
		return nil, err
	}
	n := e.input("-f", "srt", "-i", "file:"+w.path("captions.srt"))
	return []string{"-map", fmt.Sprintf("%d:s", n), "-c:s", w.preset.text}, nil
}

// overlay lays media and titles over the story.
func (w *work) overlay(ctx context.Context, e *encoder) error {
	for i, o := range w.plan.Overlays {
		frames := min(o.Frames, w.plan.Frames-o.Start)
		if o.Start < 0 || frames < 1 {
			continue
		}
		var s source
		var err error
		if o.Media != nil {
			s, err = w.media(ctx, *o.Media, 0, frames)
		} else {
			s, err = w.title(i, o.Text)
		}
		if err != nil {
			return err
		}
		n := e.input(s.args...)
		label := "o" + strconv.Itoa(i)
		filters := append(s.filters, fmt.Sprintf("trim=end_frame=%d", frames), fmt.Sprintf("setpts=PTS-STARTPTS+%s/TB", number(w.seconds(float64(o.Start)))))
		fmt.Fprintf(&e.graph, "[%d:v:0]%s[%s];", n, strings.Join(filters, ","), label)
		// By time, as ffmpeg numbers the frames of both inputs apart.
		from, to := w.seconds(float64(o.Start)-0.5), w.seconds(float64(o.Start+frames)-0.5)
		e.filter("[%[1]s][" + label + "]overlay=eof_action=repeat:format=auto:enable='between(t," + number(from) + "," + number(to) + ")'[%[2]s]")
	}
	return nil
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
	if err := cmd.Start(); err != nil {
		return err
	}
	var shown error
	if w.preset.video != nil {
		size := w.size[0] * w.size[1] * 3 / 2
		to := &pictures{to: in, last: make([]byte, size), next: make([]byte, size), report: func(n int) {
			far := float64(n) / float64(w.plan.Frames+1) // the encoder needs a moment more
			w.report(w.mixed + (1-w.mixed)*far)
		}}
		for _, p := range w.pieces() {
			if shown = w.show(ctx, p, to); shown != nil {
				cancel()
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
