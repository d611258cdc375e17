package ffmpeg_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/render/ffmpeg"
)

// failed renders a plan within limits, over media of its own, and returns why it failed.
func failed(t *testing.T, plan render.Plan, l ffmpeg.Limits, content []byte, mediaType string) *render.Failure {
	t.Helper()
	r, err := ffmpeg.New(ffmpeg.Config{Limits: l, Open: func(context.Context, render.Job, string) (io.ReadCloser, string, error) {
		return io.NopCloser(bytes.NewReader(content)), mediaType, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	_, err = r.Render(ctx, render.Job{Spec: plan.Spec()}, t.TempDir(), func(float64) {})
	if ctx.Err() != nil {
		t.Fatal("it went on for minutes")
	}
	if err == nil {
		return nil
	}
	var f *render.Failure
	if !errors.As(err, &f) {
		t.Fatalf("it failed without a reason: %v", err)
	}
	return f
}

// What takes more than a job may is ended, with the reason, and not tried again.
func TestAJobTakesNoMoreThanItMay(t *testing.T) {
	long := base()
	long.Frames = 100_000
	long.Segments = []render.Segment{{Frames: 100_000, Card: &render.Card{Text: "x"}}}
	short := base()
	short.Frames, short.Segments = 48, []render.Segment{{Frames: 48, Card: &render.Card{Title: "Harbour", Text: "Dawn over the harbour"}}}
	large := short
	large.Size = [2]int{3840, 2160}
	for name, c := range map[string]struct {
		plan   render.Plan
		limits ffmpeg.Limits
		code   string
	}{
		"time":   {long, ffmpeg.Limits{Time: time.Nanosecond}, "time"},
		"disk":   {long, ffmpeg.Limits{Disk: 1}, "disk"},
		"file":   {short, ffmpeg.Limits{File: 2000}, "too-large"},
		"memory": {large, ffmpeg.Limits{Memory: 96 << 20}, "memory"},
	} {
		if f := failed(t, c.plan, c.limits, nil, ""); f == nil || f.Reason.Code != c.code || f.Repeatable || f.Reason.Message == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// bomb is a picture of a few bytes that claims to have very many pixels.
func bomb() []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	header := []byte("IHDR")
	header = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(header, 60_000), 60_000)
	header = append(header, 8, 2, 0, 0, 0)
	b = append(binary.BigEndian.AppendUint32(b, 13), header...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(header))
}

// Media that lie about themselves end in a card, a standing picture or a failure
// with a reason; what they point to is not read.
func TestHostileMediaHarmNothing(t *testing.T) {
	m, err := shelf()
	if err != nil {
		t.Fatal(err)
	}
	film, err := os.ReadFile(filepath.Join(m.dir, "red"))
	if err != nil {
		t.Fatal(err)
	}
	// Lists that name a film of others, one of them behind what looks like an MP3.
	other := filepath.Join(t.TempDir(), "other.mp4")
	if err := os.WriteFile(other, film, 0o600); err != nil {
		t.Fatal(err)
	}
	playlist := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:" + other + "\n#EXT-X-ENDLIST\n"
	tagged := "ID3\x04\x00\x00\x00\x00\x00\x00" + playlist
	concat := "ffconcat version 1.0\nfile '" + other + "'\n"
	for name, c := range map[string]struct {
		content, mediaType string
	}{
		"cut off":             {string(film[:len(film)/2]), "video/mp4"},
		"nothing":             {"", "video/mp4"},
		"a bomb":              {string(bomb()), "image/png"},
		"a playlist":          {playlist, "video/mp4"},
		"a playlist as sound": {tagged, "audio/mpeg"},
		"a list":              {concat, "video/webm"},
		"another type":        {string(film), "image/png"},
		"no type":             {string(film), "text/html"},
	} {
		plan := base()
		plan.Frames, plan.Segments = 12, []render.Segment{{Frames: 12, Media: of("x", 0)}}
		if c.mediaType == "audio/mpeg" {
			plan.Sounds = []render.Sound{{Frames: 12, Media: *of("x", 0)}}
		}
		if f := failed(t, plan, ffmpeg.Limits{}, []byte(c.content), c.mediaType); f == nil || f.Reason.Message == "" {
			t.Errorf("%s was rendered: %+v", name, f)
		}
	}
}
