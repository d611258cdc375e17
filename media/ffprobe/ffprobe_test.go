package ffprobe_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/media/ffprobe"
)

// made makes a file with ffmpeg and returns its path.
func made(t *testing.T, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append(append([]string{"-v", "error", "-nostdin", "-y"}, args...), path)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v %s", err, out)
	}
	return path
}

// probe looks into a file as the service does.
func probe(t *testing.T, path string) (media.Kind, media.Facts, error) {
	t.Helper()
	prober := ffprobe.Find()
	if prober == nil {
		t.Fatal("there is no ffprobe; run scripts/deps")
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, media.SniffBytes)
	n, err := f.Read(head)
	if err != nil {
		t.Fatal(err)
	}
	form, err := media.Sniff(head[:n])
	if err != nil {
		return "", media.Facts{}, err
	}
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	return prober.Probe(t.Context(), form, f)
}

func TestFactsOfRealFiles(t *testing.T) {
	picture := func(rate, size string) []string {
		return []string{"-f", "lavfi", "-i", "testsrc2=duration=2:rate=" + rate + ":size=" + size}
	}
	sound := []string{"-f", "lavfi", "-i", "sine=frequency=440:duration=2:sample_rate=48000"}
	h264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}
	join := func(parts ...[]string) (all []string) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, c := range []struct {
		name string
		args []string
		kind media.Kind
		want media.Facts
	}{
		{"a.mp4", join(picture("25", "320x180"), sound, h264, []string{"-ac", "2"}), media.Video, media.Facts{Duration: 2 * time.Second, Width: 320, Height: 180, Rate: [2]int{25, 1}, Channels: 2, SampleRate: 48000}},
		{"b.mp4", join(picture("30000/1001", "64x64"), h264), media.Video, media.Facts{Duration: 2002 * time.Millisecond, Width: 64, Height: 64, Rate: [2]int{30000, 1001}}},
		{"c.webm", join(picture("24", "160x90"), []string{"-c:v", "libvpx", "-deadline", "realtime"}), media.Video, media.Facts{Duration: 2 * time.Second, Width: 160, Height: 90, Rate: [2]int{24, 1}}},
		{"d.mp4", join(sound, []string{"-c:a", "aac", "-brand", "isom"}), media.Audio, media.Facts{Duration: 2 * time.Second, Channels: 1, SampleRate: 48000}},
		{"e.m4a", join(sound, []string{"-c:a", "aac"}), media.Audio, media.Facts{Duration: 2 * time.Second, Channels: 1, SampleRate: 48000}},
		{"f.wav", sound, media.Audio, media.Facts{Duration: 2 * time.Second, Channels: 1, SampleRate: 48000}},
		{"g.mp3", sound, media.Audio, media.Facts{Duration: 2 * time.Second, Channels: 1, SampleRate: 48000}},
		{"h.ogg", join(sound, []string{"-c:a", "libvorbis"}), media.Audio, media.Facts{Duration: 2 * time.Second, Channels: 1, SampleRate: 48000}},
		{"i.flac", sound, media.Audio, media.Facts{Duration: 2 * time.Second, Channels: 1, SampleRate: 48000}},
		{"j.aac", join(sound, []string{"-c:a", "aac"}), media.Audio, media.Facts{Duration: 2 * time.Second, Channels: 1, SampleRate: 48000}},
		{"k.png", join(picture("1", "34x44"), []string{"-frames:v", "1"}), media.Image, media.Facts{Width: 34, Height: 44}},
		{"l.jpg", join(picture("1", "34x44"), []string{"-frames:v", "1"}), media.Image, media.Facts{Width: 34, Height: 44}},
		{"m.webp", join(picture("1", "34x44"), []string{"-frames:v", "1"}), media.Image, media.Facts{Width: 34, Height: 44}},
		{"n.gif", join(picture("5", "34x44")), media.Image, media.Facts{Width: 34, Height: 44}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kind, got, err := probe(t, made(t, c.name, c.args...))
			// Encoders of sound add a little at the ends.
			if off := (got.Duration - c.want.Duration).Abs(); off < 100*time.Millisecond {
				got.Duration = c.want.Duration
			}
			if err != nil || kind != c.kind || got != c.want {
				t.Errorf("Probe = %s %+v, %v, want %s %+v", kind, got, err, c.kind, c.want)
			}
			if err := got.Check(kind); err != nil {
				t.Errorf("Check(%+v) = %v", got, err)
			}
		})
	}
}

func TestFilesThatCannotBeShownAreRefused(t *testing.T) {
	old := made(t, "old.mp4", "-f", "lavfi", "-i", "testsrc2=duration=1:rate=10:size=64x64", "-c:v", "mpeg4")
	if _, _, err := probe(t, old); !errors.Is(err, media.ErrType) {
		t.Errorf("a video in MPEG-4 part 2: %v, want ErrType", err)
	}
	whole, err := os.ReadFile(made(t, "a.mp4", "-f", "lavfi", "-i", "testsrc2=duration=1:rate=10:size=64x64", "-c:v", "libx264"))
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(t.TempDir(), "half.mp4")
	if err := os.WriteFile(half, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := probe(t, half); !errors.Is(err, media.ErrBroken) {
		t.Errorf("half a video: %v, want ErrBroken", err)
	}
}

// A playlist that is said to be a sound is not followed to the files that it
// names, though those could be read.
func TestPlaylistsAreNotFollowed(t *testing.T) {
	secret := made(t, "secret.ts", "-f", "lavfi", "-i", "sine=duration=2", "-c:a", "aac")
	for _, list := range []string{
		"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2,\n" + secret + "\n#EXT-X-ENDLIST\n",
		"ffconcat version 1.0\nfile " + filepath.Base(secret) + "\n",
	} {
		path := filepath.Join(filepath.Dir(secret), "list")
		if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		form, err := media.Sniff([]byte("ID3"))
		if err != nil {
			t.Fatal(err)
		}
		if kind, facts, err := ffprobe.Find().Probe(t.Context(), form, f); err == nil {
			t.Errorf("%q is %s %+v", list, kind, facts)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAProbeEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	form, err := media.Sniff([]byte("fLaC"))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = ffprobe.Find().Probe(ctx, form, bytes.NewReader([]byte("fLaC")))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Probe = %v, want that it was cancelled", err)
	}
}
