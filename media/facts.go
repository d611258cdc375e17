package media

import (
	"fmt"
	"time"
)

const (
	maxDuration   = 24 * time.Hour
	maxSide       = 16384 // pixels
	maxRate       = 1000  // frames a second
	maxChannels   = 64
	maxSampleRate = 768_000
)

// Facts are what is known of a file from looking into it. What is zero is not
// known, or is not there.
type Facts struct {
	Duration   time.Duration // to the millisecond
	Width      int           // as it is shown, in pixels
	Height     int
	Rate       [2]int // frames a second, as a fraction
	Channels   int
	SampleRate int
}

// Known tells whether anything is known.
func (f Facts) Known() bool { return f != Facts{} }

// Check ends with ErrFacts unless these can be the facts of a file of a kind.
func (f Facts) Check(k Kind) error {
	for _, c := range []struct {
		what     string
		n, limit int
	}{
		{"duration", int(f.Duration / time.Millisecond), int(maxDuration / time.Millisecond)},
		{"width", f.Width, maxSide},
		{"height", f.Height, maxSide},
		{"channels", f.Channels, maxChannels},
		{"sample rate", f.SampleRate, maxSampleRate},
	} {
		if c.n < 0 || c.n > c.limit {
			return fmt.Errorf("%w: its %s cannot be %d", ErrFacts, c.what, c.n)
		}
	}
	if num, den := f.Rate[0], f.Rate[1]; num < 0 || den < 0 || (num == 0) != (den == 0) || num > maxRate*den {
		return fmt.Errorf("%w: its rate cannot be %d/%d", ErrFacts, num, den)
	}
	switch k {
	case Audio:
		if f.Width != 0 || f.Height != 0 {
			return fmt.Errorf("%w: a sound has no size", ErrFacts)
		}
	case Image, Video:
		if f.Width == 0 || f.Height == 0 {
			return fmt.Errorf("%w: a picture has a size", ErrFacts)
		}
	}
	if k != Image && f.Duration == 0 {
		return fmt.Errorf("%w: it has a duration", ErrFacts)
	}
	return nil
}
