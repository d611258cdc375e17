// Package ffmpeg renders plans into video with the ffmpeg program and nothing
// else: scenes without a take become cards of their words, segments are joined
// with transitions, overlays and captions are laid over them, sounds are mixed.
//
// Frames go through this package one by one: each piece of the plan is decoded by
// a process of its own into plain pictures, of which exactly as many are handed
// to the encoder as the plan says. So the result has its frames to the last one,
// whatever is inside the media.
package ffmpeg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/render/mark"
)

// Config is what the renderer works with.
type Config struct {
	// Open opens an asset of the job's project, and tells its media type as it was
	// found out when it came in.
	Open func(ctx context.Context, job render.Job, asset string) (content io.ReadCloser, mediaType string, err error)
	// Program is the path of ffmpeg; "" looks for it.
	Program string
	Limits  Limits
	Logger  *slog.Logger
}

// Renderer is the embedded renderer. It may be used by several workers at once.
type Renderer struct {
	config  Config
	program string
	limits  Limits
}

// New makes a renderer. The error says what to install when there is no ffmpeg.
func New(c Config) (*Renderer, error) {
	program := c.Program
	if program == "" {
		program = "ffmpeg"
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, fmt.Errorf("%w; install ffmpeg (Debian: apt-get install ffmpeg) to render", err)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Renderer{config: c, program: path, limits: c.Limits.orUsual()}, nil
}

// work is the rendering of one plan.
type work struct {
	*Renderer
	job     render.Job
	plan    render.Plan
	preset  preset
	dir     string
	report  func(float64)
	size    [2]int    // of the result; even
	glanced time.Time // when a picture was last left to look at
	mixed   float64   // how much of the work the mix was
	opened  map[string]asset
	cards   map[render.Card]string // their files, without the ending
}

// Render makes a file of the job's plan.
func (r *Renderer) Render(ctx context.Context, job render.Job, dir string, report func(float64)) (render.Output, error) {
	began := time.Now()
	w := work{Renderer: r, job: job, dir: dir, report: report, opened: map[string]asset{}, cards: map[render.Card]string{}}
	if err := w.read(); err != nil {
		return render.Output{}, err
	}
	working, stop := w.bounded(ctx)
	err := w.make(working)
	stop()
	if err != nil {
		if f := why(working, err); f != nil && ctx.Err() == nil {
			return render.Output{}, f
		}
		return render.Output{}, broken(ctx, err)
	}
	return render.Output{
		File: w.file(), Type: w.preset.mediaType, Frames: w.frames(), Seconds: time.Since(began).Seconds(),
	}, nil
}

// make makes the result.
func (w *work) make(ctx context.Context) error {
	if w.preset.words != nil {
		return os.WriteFile(w.path(w.file()), w.preset.words(w), 0o600)
	}
	if w.plan.Still == nil { // a still opens what it shows
		if err := w.gather(ctx); err != nil {
			return err
		}
	}
	sound, err := w.mix(ctx)
	if err != nil {
		return err
	}
	if err := w.encode(ctx, sound); err != nil {
		return err
	}
	return mark.Write(w.path(w.file()), w.preset.mediaType, w.source())
}

// frames is how many pictures the result has.
func (w *work) frames() int {
	if w.plan.Still != nil {
		return 1
	}
	return w.plan.Frames
}

// file is the result's name in the job's directory.
func (w *work) file() string { return "result." + w.preset.extension }

func (w *work) path(name string) string { return filepath.Join(w.dir, name) }

// asset is a file of the job's directory.
type asset struct {
	path, mediaType string
	source          mark.Source
}

// open brings an asset into the job's directory, once.
func (w *work) open(ctx context.Context, id string) (a asset, err error) {
	if a, ok := w.opened[id]; ok {
		return a, nil
	}
	content, mediaType, err := w.config.Open(ctx, w.job, id)
	if err != nil {
		return asset{}, &render.Failure{Reason: render.Reason{Code: "media", Message: "media of the cut is missing"}, Err: err}
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	if demuxers[mediaType] == "" {
		return asset{}, &render.Failure{Reason: render.Reason{Code: "media", Message: "media of the cut is no picture, video or sound"}}
	}
	path := w.path(fmt.Sprintf("asset-%d", len(w.opened)))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return asset{}, err
	}
	var marks mark.Finder
	_, err = io.Copy(io.MultiWriter(f, &marks), content)
	if err = errors.Join(err, f.Close()); err != nil {
		return asset{}, err
	}
	a = asset{path, mediaType, marks.Source()}
	if err := w.seeable(ctx, a); err != nil {
		return asset{}, err
	}
	w.opened[id] = a
	return a, nil
}

// seeable looks at a picture once: one that cannot be decoded would be shown again
// and again for ever, in the hope for a first frame.
func (w *work) seeable(ctx context.Context, a asset) error {
	if !strings.HasPrefix(a.mediaType, "image/") {
		return nil
	}
	args := append(input(a), "-frames:v", "1", "-vf", "scale=2:2", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
	err := w.stream(ctx, args, func(r io.Reader) error {
		_, err := io.ReadFull(r, make([]byte, 4))
		return err
	})
	if err != nil && ctx.Err() == nil {
		return &render.Failure{Reason: render.Reason{Code: "media", Message: "a picture of the cut cannot be read"}, Err: err}
	}
	return err
}

// gather opens all that the plan shows, so that the encoder can be told what of it
// was generated.
func (w *work) gather(ctx context.Context) error {
	for _, id := range w.plan.Assets() {
		if _, err := w.open(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// source is what the result has to be marked as: a take is generated, and a film is
// where something in it is.
func (w *work) source() mark.Source {
	if w.job.Kind == render.Scene {
		return mark.Generated
	}
	generated, all := false, len(w.opened) > 0
	for _, a := range w.opened {
		generated = generated || a.source != ""
		all = all && a.source == mark.Generated
	}
	for _, s := range w.plan.Segments {
		all = all && s.Card == nil
	}
	switch {
	case all:
		return mark.Generated
	case generated:
		return mark.Composite
	}
	return ""
}

// broken turns an error into what people are told.
func broken(ctx context.Context, err error) error {
	var f *render.Failure
	if errors.As(err, &f) || ctx.Err() != nil {
		return err
	}
	return &render.Failure{Reason: render.Reason{Code: "ffmpeg", Message: "ffmpeg could not make the video"}, Repeatable: true, Err: err}
}

// invalid is the failure of a plan that cannot be rendered, ever.
func invalid(format string, args ...any) error {
	return &render.Failure{Reason: render.Reason{Code: "plan", Message: fmt.Sprintf(format, args...)}}
}

// read decodes the plan and holds it against the limits.
func (w *work) read() error {
	p := &w.plan
	if err := json.Unmarshal(w.job.Spec, p); err != nil {
		return invalid("the plan cannot be read: %v", err)
	}
	var ok bool
	if w.preset, ok = presets[p.Preset]; !ok {
		return invalid("there is no preset %.40q", p.Preset)
	}
	if err := p.Check(); err != nil {
		return invalid("%v", err)
	}
	w.size = w.preset.fit(p.Size)
	return nil
}
