package main_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
)

const renderPatience = 3 * time.Minute // of a render on a slow machine

// until looks again and again until a render is in a state.
func (r *running) until(token, id, state string) map[string]any {
	r.t.Helper()
	deadline := time.Now().Add(renderPatience)
	for {
		status, got := r.call("GET", "/api/v1/renders/"+id, token, nil)
		switch {
		case got["state"] == state:
			return got
		case status != http.StatusOK || got["state"] == "failed" || got["state"] == "canceled" || time.Now().After(deadline):
			r.t.Fatalf("the render is %v, want %s", got, state)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// ask queues a render.
func (r *running) ask(token, project string, body map[string]any) (id string) {
	r.t.Helper()
	status, got := r.call("POST", "/api/v1/projects/"+project+"/renders", token, body)
	id, _ = got["id"].(string)
	if status != http.StatusCreated || id == "" {
		r.t.Fatalf("asking for %v: %d %v", body, status, got)
	}
	return id
}

// download gets the bytes of an answer.
func (r *running) download(token, path string) []byte {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %d, %v", path, response.StatusCode, err)
	}
	return b
}

// film is what ffprobe finds in a file.
type film struct {
	Streams []struct {
		Type   string `json:"codec_type"`
		Codec  string `json:"codec_name"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
		Rate   string `json:"r_frame_rate"`
		Frames string `json:"nb_read_frames"`
	} `json:"streams"`
}

func probe(t *testing.T, content []byte, name string) (f film) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ffprobe", "-v", "error", "-count_frames", "-show_entries",
		"stream=codec_type,codec_name,width,height,r_frame_rate,nb_read_frames", "-of", "json", path).Output()
	if err == nil {
		err = json.Unmarshal(out, &f)
	}
	if err != nil {
		t.Fatalf("probing %s: %v", name, err)
	}
	return f
}

// small makes a project of one short scene of small pictures.
func (r *running) small() (token, project, scene string) {
	r.t.Helper()
	token, timeline := r.start()
	project, _, _ = strings.Cut(timeline, "/")
	doc := crdt.New(crdt.Options{})
	if err := doc.Apply(r.download(token, "/api/v1/projects/"+project+"/documents/timeline/state")); err != nil {
		r.t.Fatal(err)
	}
	scene = doc.Map("scenes").Keys()[0]
	r.edit(token, timeline, doc.Transact(func(tx *crdt.Tx) { doc.Map("meta").Set(tx, "size", []any{320, 180}) }))
	r.lengthen(token, project, scene, 37)
	return token, project, scene
}

// sound puts a second of a tone on a track of its own.
func (r *running) sound(token, project string) {
	r.t.Helper()
	const rate = 8000
	tone := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	tone = binary.LittleEndian.AppendUint32(tone, rate)
	tone = binary.LittleEndian.AppendUint32(tone, 2*rate)
	tone = append(tone, 2, 0, 16, 0)
	tone = binary.LittleEndian.AppendUint32(append(tone, "data"...), 2*rate)
	for i := range rate {
		tone = binary.LittleEndian.AppendUint16(tone, uint16(int16(8000*math.Sin(float64(i)/3))))
	}
	binary.LittleEndian.PutUint32(tone[4:], uint32(len(tone)-8))
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/api/v1/projects/"+project+"/assets?name=tone.wav", bytes.NewReader(tone))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	var asset struct{ ID string }
	if err := json.NewDecoder(response.Body).Decode(&asset); err != nil || asset.ID == "" {
		r.t.Fatalf("the tone is not taken: %d, %v", response.StatusCode, err)
	}
	doc := crdt.New(crdt.Options{})
	r.edit(token, project+"/timeline", doc.Transact(func(tx *crdt.Tx) {
		doc.Map("tracks").Set(tx, "sounds", crdt.NewMap(map[string]any{"order": "z", "kind": "audio", "name": "Sound"}))
		doc.Map("clips").Set(tx, "tone", crdt.NewMap(map[string]any{
			"place": map[string]any{"track": "sounds", "clip": nil, "at": 4}, "span": map[string]any{"in": 0, "length": 20},
			"source": map[string]any{"asset": asset.ID},
		}))
	}))
}

// edit sends an update as a Hocuspocus provider does, and waits until it is stored.
func (r *running) edit(token, doc string, update []byte) {
	r.t.Helper()
	d, err := openDocument(r.t.Context(), r.url, doc, token)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = d.ws.CloseNow() }() // it has said all
	err = d.send(r.t.Context(), wire.Message{Kind: wire.Update, Payload: update})
	status, err2 := d.until(r.t.Context(), wire.SyncStatus)
	if err := errors.Join(err, err2); err != nil || !status.Applied {
		r.t.Fatalf("an edit was not taken: %v", err)
	}
}

// A scene is rendered, its take is in the cut, and the film has the cut's frames to
// the last one, also when the server goes down in the middle.
func TestAFilmLeavesTheHouse(t *testing.T) {
	data := "SORATOO_DATA_DIR=" + filepath.Join(t.TempDir(), "data")
	r := serve(t, data)
	token, project, scene := r.small()
	take := r.until(token, r.ask(token, project, map[string]any{"kind": "scene", "scene": scene}), "done")
	result, _ := take["result"].(map[string]any)
	if result["frames"] != float64(37) {
		t.Errorf("the take is %v", take)
	}
	r.shows(token, project, scene, result["asset"])

	r.sound(token, project)
	id := r.ask(token, project, map[string]any{"kind": "delivery", "preset": "h264"})
	if status, _ := r.end(os.Interrupt); status != 0 {
		t.Fatalf("the server ended with %d", status)
	}
	r = serve(t, data)
	token = r.signIn("ada@program.example", "a lamp on the coast") // the server has another address now
	done := r.until(token, id, "done")
	result, _ = done["result"].(map[string]any)
	f := probe(t, r.download(token, fmt.Sprintf("/api/v1/assets/%v/content", result["asset"])), "film.mp4")
	video := f.Streams[0]
	if len(f.Streams) < 2 || f.Streams[1].Type != "audio" || f.Streams[1].Codec != "aac" {
		t.Errorf("the film has no sound: %+v", f)
	}
	if video.Codec != "h264" || video.Width != 320 || video.Height != 180 || video.Rate != "24/1" || video.Frames != "37" {
		t.Errorf("the film is %+v", f)
	}
	// The same again is there at once.
	again := r.until(token, r.ask(token, project, map[string]any{"kind": "delivery", "preset": "h264"}), "done")
	if other, _ := again["result"].(map[string]any); other["asset"] != result["asset"] {
		t.Errorf("the same film is made twice: %v", again)
	}
}

// The package has all that leaves the house, each file as its manifest says.
func TestAPackageHasWhatItsManifestSays(t *testing.T) {
	r := serve(t, "SORATOO_DATA_DIR="+filepath.Join(t.TempDir(), "data"))
	token, project, scene := r.small()
	take := r.until(token, r.ask(token, project, map[string]any{"kind": "scene", "scene": scene}), "done")
	made, _ := take["result"].(map[string]any)
	r.shows(token, project, scene, made["asset"])
	done := r.until(token, r.ask(token, project, map[string]any{"kind": "delivery", "preset": "package"}), "done")
	result, _ := done["result"].(map[string]any)
	content := r.download(token, fmt.Sprintf("/api/v1/assets/%v/content", result["asset"]))
	files := unpack(t, content)
	var manifest struct {
		Files []struct {
			Name, SHA256 string
			Size         int
		}
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range manifest.Files {
		names = append(names, f.Name)
		if sum := sha256.Sum256(files[f.Name]); hex.EncodeToString(sum[:]) != f.SHA256 || len(files[f.Name]) != f.Size {
			t.Errorf("%s is not what the manifest says", f.Name)
		}
	}
	if want := "film.mp4 sound.wav poster.png cut.otio cut.edl cut.fcpxml comments.csv provenance.json"; strings.Join(names, " ") != want || len(files) != 9 {
		t.Errorf("the package has %v, want %s", names, want)
	}
	if video := probe(t, files["film.mp4"], "film.mp4").Streams[0]; video.Codec != "h264" || video.Frames != "37" {
		t.Errorf("the film is %+v", video)
	}
	var origin struct {
		Scenes []struct {
			Scene, Backend string
			Chosen         string `json:"chosen_by"`
			Take           struct {
				Asset, Who string
				Made       string `json:"made_by"`
			}
		}
	}
	if err := json.Unmarshal(files["provenance.json"], &origin); err != nil {
		t.Fatal(err)
	}
	if s := origin.Scenes[0]; s.Scene != scene || s.Take.Asset != made["asset"] || s.Take.Made != "scene" || s.Take.Who != "Ada" || s.Chosen != "Ada" {
		t.Errorf("the provenance is %s", files["provenance.json"])
	}
}

// unpack is the files of a ZIP.
func unpack(t *testing.T, content []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		out[f.Name] = b
	}
	return out
}

// shows waits until a scene shows a take.
func (r *running) shows(token, project, scene string, take any) {
	r.t.Helper()
	deadline := time.Now().Add(renderPatience)
	for {
		doc := crdt.New(crdt.Options{})
		if err := doc.Apply(r.download(token, "/api/v1/projects/"+project+"/documents/timeline/state")); err != nil {
			r.t.Fatal(err)
		}
		found, _ := doc.Map("scenes").Get(scene)
		if shows, _ := found.(crdt.Map).Get("take"); shows == take {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatal("the scene does not show its take")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Every preset leaves the house: what it makes is kept as what it is.
func TestEveryPresetIsKept(t *testing.T) {
	r := serve(t, "SORATOO_DATA_DIR="+filepath.Join(t.TempDir(), "data"))
	token, project, _ := r.small()
	for preset, want := range map[string]string{
		"prores": "video/quicktime", "webm": "video/webm", "gif": "image/gif", "still": "image/png", "wav": "audio/wav",
	} {
		done := r.until(token, r.ask(token, project, map[string]any{"kind": "delivery", "preset": preset, "settings": map[string]any{"label": true, "frame": 5}}), "done")
		result, _ := done["result"].(map[string]any)
		_, asset := r.call("GET", fmt.Sprintf("/api/v1/assets/%v", result["asset"]), token, nil)
		if asset["type"] != want || asset["made"] != "delivery" {
			t.Errorf("%s is kept as %v", preset, asset)
		}
	}
}

// Without ffmpeg renders wait and say why, and everything else works.
func TestWithoutFFmpegTheQueueSaysSo(t *testing.T) {
	r := serve(t, "PATH="+t.TempDir())
	token, project, scene := r.small()
	_, list := r.call("GET", "/api/v1/projects/"+project+"/renders", token, nil)
	if missing, _ := list["missing"].(string); !strings.Contains(missing, "install ffmpeg") {
		t.Errorf("the queue says %v", list)
	}
	id := r.ask(token, project, map[string]any{"kind": "scene", "scene": scene})
	_, got := r.call("GET", "/api/v1/renders/"+id, token, nil)
	if why, _ := got["waits_for"].(map[string]any); got["state"] != "queued" || why["code"] != "renderer" {
		t.Errorf("the render is %v", got)
	}
	if status, _ := r.end(os.Interrupt); status != 0 {
		t.Errorf("the server ended with %d", status)
	}
}

// A server that is killed while it renders leaves the job to the next, which makes
// it once.
func TestAKilledServersRenderIsDoneOnce(t *testing.T) {
	data := "SORATOO_DATA_DIR=" + filepath.Join(t.TempDir(), "data")
	r := serve(t, data)
	token, project, scene := r.small()
	r.lengthen(token, project, scene, 2400)
	id := r.ask(token, project, map[string]any{"kind": "delivery", "preset": "h264"})
	r.until(token, id, "running")
	r.end(os.Kill)
	r = serve(t, data)
	token = r.signIn("ada@program.example", "a lamp on the coast")
	done := r.until(token, id, "done")
	if result, _ := done["result"].(map[string]any); done["attempt"] != float64(2) || result["frames"] != float64(2400) {
		t.Errorf("the render is %v", done)
	}
	_, assets := r.call("GET", "/api/v1/projects/"+project+"/assets", token, nil)
	if items, _ := assets["items"].([]any); len(items) != 1 {
		t.Errorf("there are %d results, want one", len(items))
	}
}

// lengthen makes the one scene and its clip so many frames long.
func (r *running) lengthen(token, project, scene string, frames int) {
	r.t.Helper()
	doc := crdt.New(crdt.Options{})
	if err := doc.Apply(r.download(token, "/api/v1/projects/"+project+"/documents/timeline/state")); err != nil {
		r.t.Fatal(err)
	}
	clips := doc.Map("clips")
	found, _ := doc.Map("scenes").Get(scene)
	r.edit(token, project+"/timeline", doc.Transact(func(tx *crdt.Tx) {
		found.(crdt.Map).Set(tx, "length", frames)
		for _, id := range clips.Keys() {
			clip, _ := clips.Get(id)
			clip.(crdt.Map).Set(tx, "span", map[string]any{"in": 0, "length": frames})
		}
	}))
}
