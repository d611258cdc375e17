package interchange

import (
	"fmt"
	"math"
	"math/big"
	"strings"
)

// Rate is frames a second, as a fraction.
type Rate [2]int

// rates are those that there are, so that 29.97 is found as 30000/1001.
var rates = []Rate{
	{24000, 1001}, {24, 1}, {25, 1}, {30000, 1001}, {30, 1}, {48000, 1001}, {48, 1}, {50, 1}, {60000, 1001}, {60, 1}, {120, 1}, {100, 1},
}

// rateOf is the rate that a number means.
func rateOf(fps float64) (Rate, bool) {
	for _, r := range rates {
		if math.Abs(r.Float()-fps) < 0.006 {
			return r, true
		}
	}
	if fps < 1 || fps > 240 || math.IsNaN(fps) {
		return Rate{}, false
	}
	if whole := math.Round(fps); math.Abs(whole-fps) < 1e-6 {
		return Rate{int(whole), 1}, true
	}
	return Rate{int(math.Round(fps * 1000)), 1000}, true
}

// Valid tells whether there is such a rate.
func (r Rate) Valid() bool { return r[0] > 0 && r[1] > 0 && r[0] <= 240*r[1] && r[1] <= 1<<20 }

// Float is the rate as a number.
func (r Rate) Float() float64 { return float64(r[0]) / float64(r[1]) }

// nominal is how many numbers timecode has in a second.
func (r Rate) nominal() int { return max((r[0]+r[1]/2)/r[1], 1) }

// drops tells whether a rate has timecode that drops numbers.
func (r Rate) drops() bool { return r[1] == 1001 && r.nominal()%30 == 0 }

// String is the rate as people write it: 23.976.
func (r Rate) String() string {
	if r[1] == 1 {
		return fmt.Sprint(r[0])
	}
	return strings.TrimRight(fmt.Sprintf("%.3f", r.Float()), "0")
}

// convert is a frame of one rate as one of another, and whether it is one exactly.
func convert(frame int, from, to Rate) (n int, exact bool) {
	if from == to {
		return frame, true
	}
	return fromSeconds(big.NewRat(int64(frame)*int64(from[1]), int64(from[0])), to)
}

// fromSeconds is the frame at a time, rounded to the nearest.
func fromSeconds(t *big.Rat, rate Rate) (n int, exact bool) {
	f := new(big.Rat).Mul(t, big.NewRat(int64(rate[0]), int64(rate[1])))
	if f.IsInt() && f.Num().IsInt64() {
		return clampFrame(f.Num().Int64()), true
	}
	v, _ := f.Float64()
	return clampFrame(int64(math.Round(max(-maxFrame*2, min(maxFrame*2, v))))), false
}

func clampFrame(n int64) int { return int(max(-maxFrame*2, min(n, maxFrame*2))) }

// seconds is the time of a frame.
func (r Rate) seconds(frame int) *big.Rat {
	return big.NewRat(int64(frame)*int64(r[1]), int64(r[0]))
}

// timecode is a frame as hh:mm:ss:ff, or hh:mm:ss;ff where numbers are dropped:
// two (at 60: four) at each minute that is not a tenth, so that the clock is right.
func timecode(frame int, rate Rate, drop bool) string {
	n, sep := rate.nominal(), ":"
	if drop && rate.drops() {
		sep = ";"
		d := n / 15
		ten, minute := 600*n-9*d, 60*n-d
		tens, rest := frame/ten, frame%ten
		frame += 9 * d * tens
		if rest >= 60*n {
			frame += d * ((rest-60*n)/minute + 1)
		}
	}
	s := frame / n
	return fmt.Sprintf("%02d:%02d:%02d%s%02d", s/3600%100, s/60%60, s%60, sep, frame%n)
}

// parseTimecode reads hh:mm:ss:ff; a ; or , or . before the frames says that numbers
// are dropped, or drop does.
func parseTimecode(text string, rate Rate, drop bool) (frame int, err error) {
	var h, m, s, f int
	var rest string
	normal := strings.NewReplacer(";", ":", ",", ":", ".", ":").Replace(strings.TrimSpace(text))
	if n, _ := fmt.Sscanf(normal+" .", "%d:%d:%d:%d %s", &h, &m, &s, &f, &rest); n != 5 || rest != "." {
		return 0, fmt.Errorf("%w: %.20q is no timecode", ErrMalformed, text)
	}
	n := rate.nominal()
	if h < 0 || m < 0 || s < 0 || f < 0 || h > 99 || m > 59 || s > 59 || f >= n {
		return 0, fmt.Errorf("%w: there is no timecode %.20q at %v frames a second", ErrMalformed, text, rate)
	}
	frame = ((h*60+m)*60+s)*n + f
	if (drop || strings.ContainsAny(text, ";,.")) && rate.drops() {
		minutes := h*60 + m
		frame -= n / 15 * (minutes - minutes/10)
	}
	return frame, nil
}
