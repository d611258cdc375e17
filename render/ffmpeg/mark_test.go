package ffmpeg_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/render/mark"
)

// marked renders a plan for a job of a kind.
func marked(t *testing.T, kind render.Kind, plan render.Plan) string {
	t.Helper()
	dir := t.TempDir()
	out, err := renderer(t).Render(t.Context(), render.Job{Kind: kind, Spec: plan.Spec()}, dir, func(float64) {})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, out.File)
}

func sourceOf(t *testing.T, file string) mark.Source {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f mark.Finder
	if _, err := io.Copy(&f, snippets{bytes.NewReader(b)}); err != nil {
		t.Fatal(err)
	}
	return f.Source()
}

// snippets reads in small pieces, which cut marks in two.
type snippets struct{ r io.Reader }

func (h snippets) Read(p []byte) (int, error) { return h.r.Read(p[:min(len(p), 37)]) }

// A take is marked as generated, and the film that shows it as made with it, in
// every format that can hold the mark, for ffprobe and for us; the files are whole.
func TestWhatWasGeneratedIsMarkedAndStaysSo(t *testing.T) {
	plan := base()
	plan.Frames, plan.Segments = 12, []render.Segment{{Frames: 12, Card: &render.Card{Text: "A lamp"}}}
	take := marked(t, render.Scene, plan)
	if got := sourceOf(t, take); got != mark.Generated {
		t.Fatalf("a take is marked as %q", got)
	}
	m, err := shelf()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(take)
	if err == nil {
		err = os.WriteFile(filepath.Join(m.dir, "take"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	film := base()
	film.Frames = 24
	film.Segments = []render.Segment{{Frames: 12, Media: of("take", 0)}, {Frames: 12, Media: of("blue", 0)}}
	film.Sounds = []render.Sound{{Frames: 24, Media: *of("tone", 0)}}
	for preset, told := range map[string]string{"h264": "xmp", "prores": "xmp", "webm": "DIGITALSOURCETYPE", "wav": "comment", "gif": "", "still": ""} {
		film.Preset, film.Still = preset, nil
		if preset == "still" {
			film.Still = new(int)
		}
		file := marked(t, render.Delivery, film)
		want := mark.Composite
		if preset == "still" { // which shows the take and nothing else
			want = mark.Generated
		}
		if got := sourceOf(t, file); got != want {
			t.Errorf("%s is marked as %q", preset, got)
		}
		if preset != "wav" && preset != "still" {
			if v := probe(t, file).Streams[0]; v.Frames != "24" {
				t.Errorf("%s has %s frames", preset, v.Frames)
			}
		}
		if told == "" {
			continue
		}
		args := []string{"-v", "error", "-show_format", "-of", "json"}
		if told == "xmp" {
			args = append(args, "-export_xmp", "1")
		}
		out, err := exec.Command("ffprobe", append(args, file)...).Output()
		var f struct {
			Format struct{ Tags map[string]string }
		}
		if err == nil {
			err = json.Unmarshal(out, &f)
		}
		if err != nil || !strings.Contains(f.Format.Tags[told], mark.Composite.URI()) {
			t.Errorf("ffprobe says of %s: %s, %v", preset, out, err)
		}
	}
	film.Preset, film.Still, film.Segments[0].Media = "h264", nil, of("red", 0)
	if got := sourceOf(t, marked(t, render.Delivery, film)); got != "" {
		t.Errorf("a film of what people have filmed is marked as %q", got)
	}
}
