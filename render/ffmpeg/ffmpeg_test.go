package ffmpeg_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/render/ffmpeg"
)

// media makes files with ffmpeg for the tests, once.
type media struct {
	dir   string
	types map[string]string
}

var shelf = sync.OnceValues(func() (media, error) {
	dir, err := os.MkdirTemp("", "soratoo-media-")
	m := media{dir, map[string]string{
		"red": "video/mp4", "blue": "video/mp4", "count": "video/mp4", "tone": "audio/wav", "still": "image/png",
		"white": "image/png", "take": "video/mp4", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif",
	}}
	for name, args := range map[string][]string{
		"red":  {"-f", "lavfi", "-i", "color=c=red:s=320x180:r=24:d=2", "-pix_fmt", "yuv420p", "-f", "mp4"},
		"blue": {"-f", "lavfi", "-i", "color=c=blue:s=180x320:r=30:d=2", "-pix_fmt", "yuv420p", "-f", "mp4"},
		// Each frame is as bright as its number.
		"count": {"-f", "lavfi", "-i", "color=c=black:s=320x180:r=24:d=4,format=yuv420p,geq=lum='2*N+16':cb=128:cr=128", "-c:v", "libx264", "-qp", "0", "-f", "mp4"},
		"tone":  {"-f", "lavfi", "-i", "sine=frequency=1000:sample_rate=48000:duration=3", "-ac", "2", "-f", "wav"},
		"still": {"-f", "lavfi", "-i", "testsrc=s=400x300", "-frames:v", "1", "-c:v", "png", "-f", "image2"},
		"white": {"-f", "lavfi", "-i", "color=c=white:s=400x300", "-frames:v", "1", "-c:v", "png", "-f", "image2"},
		"jpeg":  {"-f", "lavfi", "-i", "testsrc=s=400x300", "-frames:v", "1", "-c:v", "mjpeg", "-f", "image2"},
		"webp":  {"-f", "lavfi", "-i", "testsrc=s=400x300", "-frames:v", "1", "-c:v", "libwebp", "-f", "webp"},
		"gif":   {"-f", "lavfi", "-i", "testsrc=s=400x300:r=10:d=0.3", "-f", "gif"},
	} {
		all := append(append([]string{"-loglevel", "error", "-y"}, args...), filepath.Join(dir, name))
		if out, e := exec.Command("ffmpeg", all...).CombinedOutput(); e != nil && err == nil {
			err = fmt.Errorf("making %s: %w: %s", name, e, out)
		}
	}
	return m, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if s, err := shelf(); err == nil {
		_ = os.RemoveAll(s.dir)
	}
	os.Exit(code)
}

// renderer is one whose assets are those of the shelf.
func renderer(t *testing.T) *ffmpeg.Renderer {
	t.Helper()
	m, err := shelf()
	if err != nil {
		t.Fatal(err)
	}
	r, err := ffmpeg.New(ffmpeg.Config{Open: func(_ context.Context, _ render.Job, asset string) (io.ReadCloser, string, error) {
		f, err := os.Open(filepath.Join(m.dir, filepath.Base(asset)))
		return f, m.types[asset], err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// made renders a plan and returns the file.
func made(t *testing.T, plan render.Plan) (file string, out render.Output) {
	t.Helper()
	spec, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	dir, last := t.TempDir(), 0.0
	out, err = renderer(t).Render(t.Context(), render.Job{Spec: spec}, dir, func(far float64) {
		if far < last || far > 1 {
			t.Errorf("progress %v after %v", far, last)
		}
		last = far
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, out.File), out
}

// about is what ffprobe says of the streams of a file.
type about struct {
	Streams []struct {
		Kind   string `json:"codec_type"`
		Codec  string `json:"codec_name"`
		Width  int
		Height int
		Rate   string `json:"r_frame_rate"`
		Frames string `json:"nb_read_frames"`
		Length string `json:"duration"`
	}
}

func probe(t *testing.T, file string) (a about) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", file).Output()
	if err == nil {
		err = json.Unmarshal(out, &a)
	}
	if err != nil {
		t.Fatalf("ffprobe: %v", err)
	}
	return a
}

// pixels are the colours in the middle of each frame, at a tiny size.
func pixels(t *testing.T, file string) (rgb [][3]int) {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-vf", "crop=iw/8:ih/8,scale=1:1:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1").Output()
	if err != nil {
		t.Fatal(err)
	}
	for ; len(out) >= 3; out = out[3:] {
		rgb = append(rgb, [3]int{int(out[0]), int(out[1]), int(out[2])})
	}
	return rgb
}

func red(p [3]int) bool  { return p[0] > 200 && p[2] < 60 }
func blue(p [3]int) bool { return p[2] > 200 && p[0] < 60 }

func base() render.Plan {
	return render.Plan{Rate: [2]int{24, 1}, Size: [2]int{320, 180}, Preset: "h264"}
}

func of(asset string, in int) *render.Media { return &render.Media{Asset: asset, In: in} }

func TestACutHasExactlyItsFrames(t *testing.T) {
	for _, rate := range [][2]int{{24, 1}, {25, 1}, {24000, 1001}, {30000, 1001}, {60, 1}} {
		plan := base()
		plan.Rate, plan.Frames = rate, 101
		plan.Segments = []render.Segment{
			{Frames: 30, Media: of("red", 3), Transition: &render.Transition{Kind: "dissolve", Frames: 11}},
			{Frames: 20, Card: &render.Card{Number: 2, Title: "Harbour", Text: "Dawn over the harbour"}},
			{Frames: 7},
			{Frames: 44, Media: of("blue", 0)},
		}
		file, out := made(t, plan)
		v := probe(t, file).Streams[0]
		if v.Frames != "101" || v.Rate != fmt.Sprintf("%d/%d", rate[0], rate[1]) || v.Width != 320 || v.Height != 180 || out.Frames != 101 {
			t.Errorf("rate %v: %+v", rate, v)
		}
	}
}

func TestCutsAndTransitionsAreWhereThePlanHasThem(t *testing.T) {
	plan := base()
	plan.Frames = 60
	plan.Segments = []render.Segment{
		{Frames: 20, Media: of("red", 0)},
		{Frames: 20, Media: of("blue", 0), Transition: &render.Transition{Kind: "dissolve", Frames: 8}},
		{Frames: 20, Media: of("red", 0)},
	}
	file, _ := made(t, plan)
	got := pixels(t, file)
	for i, p := range got {
		switch {
		case i < 20 && !red(p), i >= 20 && i < 36 && !blue(p), i >= 44 && !red(p):
			t.Errorf("frame %d is %v", i, p)
		case i == 40 && (p[0] < 70 || p[0] > 190 || p[2] < 70 || p[2] > 190):
			t.Errorf("frame %d, in the middle of the dissolve, is %v", i, p)
		}
	}
	if len(got) != 60 {
		t.Errorf("%d frames", len(got))
	}
}

// The n-th picture of "count" is 2n brighter than the first.
func TestMediaBeginsAtItsFrame(t *testing.T) {
	for _, c := range []struct {
		in, frames int
		speed      float64
		want       func(i int) int // the frame of the source
	}{
		{0, 20, 1, func(i int) int { return i }},
		{13, 20, 1, func(i int) int { return 13 + i }},
		{50, 20, 1, func(i int) int { return 50 + i }},
		{10, 20, 2, func(i int) int { return 10 + 2*i }},
		{40, 20, 0.5, func(i int) int { return 40 + i/2 }},
		{86, 20, 1, func(i int) int { return min(86+i, 95) }}, // it ends before
	} {
		plan := base()
		plan.Frames = c.frames
		plan.Segments = []render.Segment{{Frames: c.frames, Media: &render.Media{Asset: "count", In: c.in, Speed: c.speed}}}
		file, _ := made(t, plan)
		first := -1
		for i, p := range pixels(t, file) {
			// Video levels 16 to 235 are colours 0 to 255.
			source := (float64(p[1])*219/255 + 16 - 16) / 2
			if first < 0 {
				first = i
			}
			if want := float64(c.want(i)); source < want-1.1 || source > want+1.1 {
				t.Errorf("in %d, speed %v: frame %d shows %.1f, want %v", c.in, c.speed, i, source, want)
			}
		}
	}
}

func TestSoundsAreMixedToTheSample(t *testing.T) {
	plan := base()
	plan.Preset, plan.Frames = "wav", 72
	plan.Segments = []render.Segment{{Frames: 72}}
	plan.Sounds = []render.Sound{
		{Start: 24, Frames: 24, Media: *of("tone", 0)},
		{Start: 60, Frames: 12, Media: *of("tone", 0), Gain: -20},
	}
	file, _ := made(t, plan)
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-f", "s16le", "-ac", "1", "pipe:1").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(out) / 2; got != 72*2000 {
		t.Errorf("%d samples, want %d", got, 72*2000)
	}
	loudest := func(from, to int) (most int) {
		for i := from; i < to; i++ {
			v := int(int16(uint16(out[2*i]) | uint16(out[2*i+1])<<8))
			most = max(most, v, -v)
		}
		return most
	}
	full := loudest(24*2000, 48*2000)
	for name, c := range map[string]struct{ from, to, low, high int }{
		"before": {0, 24 * 2000, 0, 0}, "tone": {24*2000 + 10, 48 * 2000, 2500, 5000}, "between": {48 * 2000, 60 * 2000, 0, 0},
		"softer": {60*2000 + 10, 72 * 2000, full / 11, full / 9},
	} {
		if got := loudest(c.from, c.to); got < c.low || got > c.high {
			t.Errorf("%s is %d loud, want %d to %d", name, got, c.low, c.high)
		}
	}
}

func TestOverlaysCaptionsAndSoundsAreThere(t *testing.T) {
	plan := base()
	plan.Frames = 48
	plan.Segments = []render.Segment{{Frames: 48, Media: of("red", 0)}}
	plan.Overlays = []render.Overlay{{Start: 12, Frames: 12, Media: of("blue", 0)}, {Start: 30, Frames: 10, Text: "Harbour"}}
	plan.Sounds = []render.Sound{{Frames: 48, Media: *of("tone", 0), FadeIn: 12, FadeOut: 12}}
	plan.Captions = []render.Caption{{Start: 6, Frames: 24, Text: "Good morning\n\n{\\b1}harbour"}}
	file, _ := made(t, plan)
	kinds := map[string]string{}
	for _, s := range probe(t, file).Streams {
		kinds[s.Kind] = s.Codec
	}
	if fmt.Sprint(kinds) != "map[audio:aac subtitle:mov_text video:h264]" {
		t.Errorf("the streams are %v", kinds)
	}
	for i, p := range pixels(t, file) {
		if over := i >= 12 && i < 24; over != blue(p) {
			t.Errorf("frame %d is %v", i, p)
		}
	}
	text, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-f", "srt", "pipe:1").Output()
	if err != nil || !strings.Contains(string(text), "00:00:00,250 --> 00:00:01,250") || !strings.Contains(string(text), "harbour") {
		t.Errorf("captions: %s, %v", text, err)
	}
}

func TestPresetsMakeWhatTheySay(t *testing.T) {
	for preset, want := range map[string]string{
		"preview": "h264", "prores": "prores", "webm": "vp9", "gif": "gif",
	} {
		plan := base()
		plan.Preset, plan.Frames, plan.Burn = preset, 12, true
		plan.Segments = []render.Segment{{Frames: 12, Card: &render.Card{Text: "A long shot", Picture: "still"}}}
		plan.Captions = []render.Caption{{Frames: 12, Text: "words"}}
		file, _ := made(t, plan)
		if v := probe(t, file).Streams[0]; v.Codec != want || v.Frames != "12" {
			t.Errorf("%s: %+v", preset, v)
		}
	}
}

func TestPlansThatCannotBeAreRefusedForGood(t *testing.T) {
	for name, change := range map[string]func(p *render.Plan){
		"nothing":        func(p *render.Plan) { p.Segments = nil },
		"wrong frames":   func(p *render.Plan) { p.Frames = 11 },
		"no frames":      func(p *render.Plan) { p.Segments[0].Frames = 0 },
		"a huge picture": func(p *render.Plan) { p.Size = [2]int{1 << 20, 1 << 20} },
		"no rate":        func(p *render.Plan) { p.Rate = [2]int{0, 0} },
		"no preset":      func(p *render.Plan) { p.Preset = "../x" },
		"lost media":     func(p *render.Plan) { p.Segments[0] = render.Segment{Frames: 10, Media: of("gone", 0)} },
	} {
		plan := base()
		plan.Frames, plan.Segments = 10, []render.Segment{{Frames: 10}}
		change(&plan)
		spec, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		_, err = renderer(t).Render(t.Context(), render.Job{Spec: spec}, t.TempDir(), func(float64) {})
		var f *render.Failure
		if !errors.As(err, &f) || f.Repeatable || f.Reason.Message == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCancelingLeavesNoProcess(t *testing.T) {
	plan := base()
	plan.Frames = 100_000
	plan.Segments = []render.Segment{{Frames: 100_000, Card: &render.Card{Text: "x"}}}
	spec, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	_, err = renderer(t).Render(ctx, render.Job{Spec: spec}, dir, func(far float64) {
		if far > 0 {
			cancel()
		}
	})
	if err == nil {
		t.Error("it was rendered to its end")
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		if line, err := os.ReadFile(p); err == nil && strings.Contains(string(line), dir) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(p)))
			t.Errorf("process %d goes on: %s", pid, line)
		}
	}
}

// A still is the frame that the film has there, in a transition and under an
// overlay, too.
func TestAStillIsItsFrame(t *testing.T) {
	film := base()
	film.Frames = 40
	film.Segments = []render.Segment{
		{Frames: 20, Media: of("count", 3), Transition: &render.Transition{Kind: "dissolve", Frames: 8}},
		{Frames: 20, Media: of("blue", 0)},
	}
	film.Overlays = []render.Overlay{{Start: 28, Frames: 8, Media: of("count", 20)}}
	file, _ := made(t, film)
	want := pixels(t, file)
	for _, frame := range []int{0, 9, 17, 20, 23, 31, 39} {
		still := film
		still.Preset, still.Still = "still", &frame
		file, out := made(t, still)
		got := pixels(t, file)
		if len(got) != 1 || out.Frames != 1 || out.Type != "image/png" {
			t.Fatalf("frame %d: %d pictures, %+v", frame, len(got), out)
		}
		for i := range got[0] {
			if d := got[0][i] - want[frame][i]; d < -6 || d > 6 {
				t.Errorf("frame %d is %v, in the film %v", frame, got[0], want[frame])
			}
		}
	}
}

func TestCaptionsAreFilesToo(t *testing.T) {
	plan := base()
	plan.Frames, plan.Segments = 48, []render.Segment{{Frames: 48}}
	plan.Captions = []render.Caption{{Start: 6, Frames: 24, Text: "Salt & <light>\n\nat dawn"}}
	for preset, want := range map[string]string{
		"vtt": "WEBVTT\n\n1\n00:00:00.250 --> 00:00:01.250\nSalt &amp; &lt;light&gt;\nat dawn\n\n",
		"srt": "1\n00:00:00,250 --> 00:00:01,250\nSalt & <light>\nat dawn\n\n",
	} {
		plan.Preset = preset
		file, _ := made(t, plan)
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", preset, got, err)
		}
	}
}

// The label stands in its corner from the first frame to the last, in stills too,
// and nothing stands there without it.
func TestALabelStandsInTheCornerAllTheTime(t *testing.T) {
	plan := base()
	plan.Frames, plan.Segments = 24, []render.Segment{{Frames: 24}}
	corner := func(p render.Plan) (bright []bool) {
		file, _ := made(t, p)
		out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-vf", "crop=106:22:iw-106:0", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1").Output()
		if err != nil {
			t.Fatal(err)
		}
		for picture := range slices.Chunk(out, 106*22) {
			bright = append(bright, slices.Max(picture) > 150)
		}
		return bright
	}
	if slices.Contains(corner(plan), true) {
		t.Error("there is something without a label")
	}
	plan.Label = true
	if got := corner(plan); len(got) != 24 || slices.Contains(got, false) {
		t.Errorf("the label is seen: %v", got)
	}
	last := 23
	plan.Preset, plan.Still = "still", &last
	if got := corner(plan); slices.Contains(got, false) {
		t.Errorf("the label of a still is seen: %v", got)
	}
}
