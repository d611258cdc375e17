package ffmpeg

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/soratoo/soratoo/render"
)

const (
	sampleRate  = 48_000
	sampleBytes = 2 * 4 // two channels of 32-bit floats
	soundParts  = 1 << 14
	mixShare    = 0.2 // of the work
)

// mix makes a file of all sounds of the plan, as plain samples from its first
// frame to its last, and returns its path; "" when the result has no sound. Sounds
// are added one by one, so that there may be many.
func (w *work) mix(ctx context.Context) (path string, err error) {
	if w.preset.sound == nil || len(w.plan.Sounds) == 0 && w.preset.video != nil {
		return "", nil
	}
	path = w.path("mix.f32")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Truncate(w.samples(w.plan.Frames) * sampleBytes); err != nil {
		return "", err
	}
	for i, s := range w.plan.Sounds {
		if err := w.addSound(ctx, f, s); err != nil {
			return "", err
		}
		w.mixed = mixShare * float64(i+1) / float64(len(w.plan.Sounds))
		w.report(w.mixed)
	}
	return path, nil
}

// samples is where a frame begins, in samples.
func (w *work) samples(frame int) int64 {
	return (int64(frame)*int64(w.plan.Rate[1])*sampleRate + int64(w.plan.Rate[0])/2) / int64(w.plan.Rate[0])
}

// addSound adds one sound to the mix.
func (w *work) addSound(ctx context.Context, f *os.File, s render.Sound) error {
	frames := min(s.Frames, w.plan.Frames-s.Start)
	if s.Start < 0 || frames < 1 {
		return nil
	}
	a, err := w.open(ctx, s.Media.Asset)
	if err != nil {
		return err
	}
	if strings.HasPrefix(a.mediaType, "image/") {
		return nil
	}
	args := input(a, "-vn", "-sn", "-dn", "-ss", number(w.seconds(float64(s.Media.In))))
	first := w.samples(s.Start)
	n := w.samples(s.Start+frames) - first
	args = append(args, "-map", "0:a:0", "-af", tempo(s.Media.Speed)+fmt.Sprintf("aresample=%d,apad,atrim=end_sample=%d", sampleRate, n),
		"-f", "f32le", "-ac", "2", "-ar", fmt.Sprint(sampleRate), "pipe:1")
	env := envelope{
		gain: math.Pow(10, s.Gain/20), length: n, in: w.samples(s.FadeIn), out: w.samples(s.FadeOut),
		crossIn: w.samples(s.CrossIn), crossOut: w.samples(s.CrossOut),
	}
	err = w.stream(ctx, args, func(r io.Reader) error { return add(f, first*sampleBytes, bufio.NewReaderSize(r, 1<<16), env) })
	if err != nil && strings.HasPrefix(a.mediaType, "video/") && w.isSilent(ctx, a) {
		return nil
	}
	return err
}

// isSilent tells whether a video that gave no sound is whole otherwise: it has none.
func (w *work) isSilent(ctx context.Context, a asset) bool {
	args := append(input(a), "-map", "0:v:0", "-frames:v", "1", "-f", "null", "-")
	return ctx.Err() == nil && w.stream(ctx, args, func(io.Reader) error { return nil }) == nil
}

// tempo are the filters that change the speed of sound but not its pitch.
func tempo(speed float64) string {
	if speed <= 0 || speed == 1 {
		return ""
	}
	var b strings.Builder
	for ; speed > 2; speed /= 2 {
		b.WriteString("atempo=2,")
	}
	for ; speed < 0.5; speed *= 2 {
		b.WriteString("atempo=0.5,")
	}
	fmt.Fprintf(&b, "atempo=%s,", number(speed))
	return b.String()
}

// envelope is how loud a sound is at each of its samples.
type envelope struct {
	gain              float64
	length            int64
	in, out           int64 // fades
	crossIn, crossOut int64
}

func (e envelope) at(i int64) float64 {
	left := e.length - i
	fade := min(share(i, e.in), share(left, e.out))
	cross := min(share(i, e.crossIn), share(left, e.crossOut))
	if cross < 1 {
		cross = math.Sin(cross * math.Pi / 2) // of equal power
	}
	return e.gain * fade * cross
}

// share is how far something of a length has come, at most all of it.
func share(i, length int64) float64 {
	if i >= length {
		return 1
	}
	return float64(i) / float64(length)
}

// add adds the samples of r to those of a file, from a byte on.
func add(f *os.File, at int64, r io.Reader, env envelope) error {
	fresh, old := make([]byte, soundParts*sampleBytes), make([]byte, soundParts*sampleBytes)
	for i := int64(0); i < env.length; {
		want := min(env.length-i, soundParts) * sampleBytes
		n, err := io.ReadFull(r, fresh[:want])
		n -= n % sampleBytes
		if _, err := f.ReadAt(old[:n], at); err != nil {
			return err
		}
		for b := 0; b < n; b += 4 {
			gain := env.at(i + int64(b/sampleBytes))
			sum := float64(float(old[b:])) + gain*float64(float(fresh[b:]))
			binary.LittleEndian.PutUint32(old[b:], math.Float32bits(float32(sum)))
		}
		if _, err := f.WriteAt(old[:n], at); err != nil {
			return err
		}
		at, i = at+int64(n), i+int64(n/sampleBytes)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil // a medium without sound, or with less
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// float is a sample; what is no number is silence.
func float(b []byte) float32 {
	f := math.Float32frombits(binary.LittleEndian.Uint32(b))
	if f != f {
		return 0
	}
	return f
}
