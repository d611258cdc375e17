package main_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/render/mark"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// The demo has a take from its beginning, and its film leaves the house as it was
// cut: frames, rate, size, captions, the mark of what was generated, and pictures
// that become one another at the transitions.
func TestTheDemoIsDelivered(t *testing.T) {
	data := "SORATOO_DATA_DIR=" + filepath.Join(t.TempDir(), "data")
	demo := runProgram(t, []string{data}, "demo")
	project := demoLink.FindStringSubmatch(demo.stdout)
	person := demoPerson.FindStringSubmatch(demo.stdout)
	if project == nil || person == nil {
		t.Fatalf("the demo printed %q %q", demo.stdout, demo.stderr)
	}
	r := serve(t, data)
	token := r.signIn(person[2], person[3])
	doc := crdt.New(crdt.Options{})
	if err := doc.Apply(r.download(token, "/api/v1/projects/"+project[1]+"/documents/timeline/state")); err != nil {
		t.Fatal(err)
	}
	cut, takes := timeline.Project(doc), 0
	for _, s := range cut.Scenes {
		if s.Take != nil {
			takes++
		}
	}
	if takes != 1 {
		t.Errorf("%d scenes of the demo have takes", takes)
	}
	id := r.ask(token, project[1], map[string]any{"kind": "delivery", "preset": "preview", "settings": map[string]any{"label": true}})
	result, _ := r.until(token, id, "done")["result"].(map[string]any)
	content := r.download(token, fmt.Sprintf("/api/v1/assets/%v/content?download=true", result["asset"]))
	_, asset := r.call("GET", fmt.Sprintf("/api/v1/assets/%v", result["asset"]), token, nil)
	if sum := sha256.Sum256(content); asset["sha256"] != hex.EncodeToString(sum[:]) {
		t.Errorf("the film is not what the list says: %v", asset)
	}
	captions := false
	for _, track := range cut.Tracks {
		captions = captions || track.Kind == timeline.TrackCaption && len(track.Clips) > 0
	}
	f := probe(t, content, "film.mp4")
	video := f.Streams[0]
	if video.Codec != "h264" || video.Width != 640 || video.Height != 360 || video.Rate != fmt.Sprintf("%d/%d", cut.Rate[0], cut.Rate[1]) ||
		video.Frames != fmt.Sprint(cut.Length) || captions != (len(f.Streams) == 2 && f.Streams[1].Codec == "mov_text") {
		t.Errorf("the film of %d frames is %+v", cut.Length, f)
	}
	var found mark.Finder
	if _, err := found.Write(content); err != nil || found.Source() != mark.Composite {
		t.Errorf("the film is marked as %q", found.Source())
	}
	frames := pictures(t, content)
	seen := 0
	clips := cut.Tracks[0].Clips
	for i, clip := range clips {
		// A transition into a gap is none.
		if clip.Transition == nil || clip.Transition.Length < 2 || i+1 == len(clips) || clips[i+1].Start != clip.Start+clip.Length {
			continue
		}
		seen++
		at, half := clip.Start+clip.Length, clip.Transition.Length/2
		before, middle, after := frames[at-half-1], frames[at], frames[at+half]
		if apart, mixed := distance(before, after), distance(middle, mean(before, after)); apart < 4 || mixed > apart/3 {
			t.Errorf("at frame %d pictures are %.1f apart, and the middle is %.1f from between them", at, apart, mixed)
		}
	}
	if seen == 0 {
		t.Errorf("%d transitions were looked at", seen)
	}
}

const tiny = 64 * 36 // pixels

// pictures are the frames of a film, small and grey.
func pictures(t *testing.T, content []byte) (frames [][]byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", path, "-vf", "scale=64:36:flags=area", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1").Output()
	if err != nil {
		t.Fatal(err)
	}
	for ; len(out) >= tiny; out = out[tiny:] {
		frames = append(frames, out[:tiny])
	}
	return frames
}

// distance is how much two pictures differ, in the mean of their pixels.
func distance(a, b []byte) float64 {
	sum := 0
	for i := range a {
		sum += max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return float64(sum) / float64(len(a))
}

func mean(a, b []byte) []byte {
	out := make([]byte, len(a))
	for i := range a {
		out[i] = byte((int(a[i]) + int(b[i])) / 2)
	}
	return out
}
