// Package ffprobe looks into media with ffprobe, where the system has it. A file
// is read by one demuxer only, the one that its first bytes call for, without
// network, shell, playlists or paths, and within bounds of time and output.
package ffprobe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/soratoo/soratoo/media"
)

const (
	patience = 10 * time.Second
	atOnce   = 2       // programs running
	answer   = 1 << 20 // bytes that are listened to
)

// shown are the codecs of videos that browsers show.
var shown = []string{"h264", "vp8", "vp9", "av1"}

// Prober runs ffprobe. It may be asked by many at once; some then wait.
type Prober struct {
	program string
	turns   chan struct{}
}

// Find finds the program, or returns nil.
func Find() *Prober {
	program, err := exec.LookPath("ffprobe")
	if err != nil {
		return nil
	}
	return &Prober{program: program, turns: make(chan struct{}, atOnce)}
}

// Probe looks into a file; see media.Prober. An *os.File is read at any place,
// another reader from its start.
func (p *Prober) Probe(ctx context.Context, form media.Form, r io.Reader) (media.Kind, media.Facts, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-ctx.Done():
		return "", media.Facts{}, fmt.Errorf("waiting for a turn: %w", context.Cause(ctx))
	}
	out := &bounded{limit: answer}
	cmd := exec.CommandContext(ctx, p.program, "-v", "error", "-protocol_whitelist", "file,pipe", "-f", form.Demuxer,
		"-probesize", "8M", "-analyzeduration", "5M", "-max_alloc", "268435456", "-of", "json", "-show_entries",
		"format=duration:stream=codec_type,codec_name,width,height,avg_frame_rate,channels,sample_rate,duration"+
			":stream_disposition=attached_pic:stream_side_data=rotation", "file:/dev/stdin")
	cmd.Stdin, cmd.Stdout, cmd.Env, cmd.WaitDelay = r, out, []string{"LC_ALL=C"}, time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", media.Facts{}, fmt.Errorf("running ffprobe: %w", context.Cause(ctx))
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return "", media.Facts{}, media.ErrBroken
	}
	if err != nil {
		return "", media.Facts{}, fmt.Errorf("running ffprobe: %w", err)
	}
	var found report
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		return "", media.Facts{}, fmt.Errorf("reading what ffprobe says: %w", err)
	}
	return found.facts(form)
}

// report is what ffprobe says.
type report struct {
	Streams []stream `json:"streams"`
	Format  struct {
		Duration string `json:"duration"`
	} `json:"format"`
}

type stream struct {
	Kind        string `json:"codec_type"`
	Codec       string `json:"codec_name"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Rate        string `json:"avg_frame_rate"`
	Channels    int    `json:"channels"`
	SampleRate  string `json:"sample_rate"`
	Duration    string `json:"duration"`
	Disposition struct {
		Cover int `json:"attached_pic"`
	} `json:"disposition"`
	Side []struct {
		Rotation float64 `json:"rotation"`
	} `json:"side_data_list"`
}

// facts makes of a report what the timeline needs.
func (r report) facts(form media.Form) (media.Kind, media.Facts, error) {
	var f media.Facts
	video := slices.IndexFunc(r.Streams, func(s stream) bool { return s.Kind == "video" && s.Disposition.Cover == 0 })
	audio := slices.IndexFunc(r.Streams, func(s stream) bool { return s.Kind == "audio" })
	kind := form.Kind
	switch {
	case kind == media.Video && video < 0 && audio >= 0:
		kind = media.Audio
	case kind != media.Audio && video < 0, kind == media.Audio && audio < 0:
		return "", f, media.ErrBroken
	}
	if kind != media.Audio {
		s := r.Streams[video]
		// QuickTime is taken of our own renders only, and for downloads.
		if kind == media.Video && form.Type != "video/quicktime" && !slices.Contains(shown, s.Codec) {
			return "", f, fmt.Errorf("%w: browsers do not show videos in %s; H.264, VP8, VP9 and AV1 they do", media.ErrType, s.Codec)
		}
		f.Width, f.Height = s.size()
		if kind == media.Video {
			f.Rate = s.rate()
		}
	}
	if kind != media.Image && audio >= 0 {
		f.Channels = r.Streams[audio].Channels
		f.SampleRate, _ = strconv.Atoi(r.Streams[audio].SampleRate)
	}
	if kind != media.Image {
		f.Duration = duration(r.Format.Duration)
	}
	return kind, f, nil
}

// size is the size as it is shown, after a turn of the picture.
func (s stream) size() (width, height int) {
	for _, side := range s.Side {
		if turns := math.Abs(math.Mod(side.Rotation, 180)); turns > 45 && turns < 135 {
			return s.Height, s.Width
		}
	}
	return s.Width, s.Height
}

func (s stream) rate() (rate [2]int) {
	num, den, _ := strings.Cut(s.Rate, "/")
	a, err := strconv.Atoi(num)
	b, err2 := strconv.Atoi(den)
	if err != nil || err2 != nil || a <= 0 || b <= 0 {
		return rate
	}
	return [2]int{a, b}
}

// duration reads seconds.
func duration(s string) time.Duration {
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || seconds <= 0 || seconds > 1e9 {
		return 0
	}
	return max(time.Millisecond, time.Duration(math.Round(seconds*1000))*time.Millisecond)
}

// bounded is a buffer that refuses to grow beyond its limit.
type bounded struct {
	bytes.Buffer
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.limit {
		return 0, errors.New("the answer is too long")
	}
	return b.Buffer.Write(p)
}
