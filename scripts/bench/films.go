package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/render/ffmpeg"
)

// filmFrames is how long each of the two halves of the film is.
const filmFrames = 480

// films measures the embedded renderer beside ffmpeg that does the same work alone:
// two videos of 1280 × 720 as one H.264, with a dissolve between them.
func (b *bench) films(ctx context.Context) error {
	say("films")
	source := filepath.Join(b.dir, "film.mp4")
	frames := filmFrames
	if b.quick {
		frames /= 8
	}
	seconds := frames / 24
	err := plainFFmpeg(ctx, "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=1280x720:r=24:d=%d", seconds+1), "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", source)
	if err != nil {
		return err
	}
	r, err := ffmpeg.New(ffmpeg.Config{Open: func(context.Context, render.Job, string) (io.ReadCloser, string, error) {
		f, err := os.Open(source)
		return f, "video/mp4", err
	}})
	if err != nil {
		return err
	}
	half := render.Segment{Frames: frames, Media: &render.Media{Asset: "film"}}
	first := half
	first.Transition = &render.Transition{Kind: "dissolve", Frames: 24}
	plan := render.Plan{Rate: [2]int{24, 1}, Size: [2]int{1280, 720}, Frames: 2 * frames, Segments: []render.Segment{first, half}, Preset: "h264"}
	dir := filepath.Join(b.dir, "render")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	began := time.Now()
	if _, err := r.Render(ctx, render.Job{Spec: plan.Spec()}, dir, func(float64) {}); err != nil {
		return err
	}
	ours := time.Since(began)
	began = time.Now()
	err = plainFFmpeg(ctx, "-i", source, "-i", source, "-filter_complex",
		fmt.Sprintf("[0:v][1:v]xfade=transition=fade:duration=1:offset=%d", seconds-1), "-frames:v", fmt.Sprint(2*frames),
		"-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-movflags", "+faststart", filepath.Join(b.dir, "plain.mp4"))
	if err != nil {
		return err
	}
	plain := time.Since(began)
	t := b.book.add("Films", "Two videos of 1280 × 720 at 24 frames a second become one H.264 with a dissolve between them, by the embedded renderer and by one "+
		"ffmpeg with the same encoder. Ours hands each picture over itself, so that films have exactly their frames.", "work", "SoraToo", "ffmpeg alone")
	t.row(fmt.Sprintf("%d frames", 2*frames), fmt.Sprintf("%.1f s", ours.Seconds()), fmt.Sprintf("%.1f s", plain.Seconds()))
	t.row("frames a second (more is better)", fmt.Sprintf("%.0f", float64(2*frames)/ours.Seconds()), fmt.Sprintf("%.0f", float64(2*frames)/plain.Seconds()))
	return nil
}

// plainFFmpeg runs ffmpeg.
func plainFFmpeg(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "ffmpeg", append([]string{"-v", "error", "-y"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, out)
	}
	return nil
}
