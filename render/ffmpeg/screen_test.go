package ffmpeg_test

import (
	"bytes"
	"fmt"
	"math"
	"os/exec"
	"testing"

	"github.com/soratoo/soratoo/render"
)

// spot is the colour of each frame at a place, as parts of its edges.
func spot(t *testing.T, file string, x, y float64) (rgb [][3]int) {
	t.Helper()
	crop := fmt.Sprintf("crop=8:8:iw*%g-4:ih*%g-4,scale=1:1:flags=area", x, y)
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-vf", crop, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1").Output()
	if err != nil {
		t.Fatal(err)
	}
	for ; len(out) >= 3; out = out[3:] {
		rgb = append(rgb, [3]int{int(out[0]), int(out[1]), int(out[2])})
	}
	return rgb
}

// near tells whether a colour is another, but for what encoding makes of it.
func near(got, want [3]int) bool {
	for i := range got {
		if d := got[i] - want[i]; d < -9 || d > 9 {
			return false
		}
	}
	return true
}

// between is a part of one colour over another.
func between(under, over [3]int, part float64) (c [3]int) {
	for i := range c {
		c[i] = int(math.Round(float64(under[i]) + part*float64(over[i]-under[i])))
	}
	return c
}

var (
	redOnes  = [3]int{253, 0, 0}
	blueOnes = [3]int{0, 0, 255}
)

func TestTheStoryFadesOutOfTheBackgroundAndBack(t *testing.T) {
	plan := base()
	plan.Frames, plan.Background = 40, "#40c080"
	plan.Segments = []render.Segment{
		{Frames: 20, Media: of("red", 0), FadeIn: 8, Transition: &render.Transition{Kind: "dissolve", Frames: 4}},
		{Frames: 20, Media: of("blue", 0), FadeOut: 10},
	}
	file, _ := made(t, plan)
	got := pixels(t, file)
	if len(got) != 40 {
		t.Fatalf("%d frames", len(got))
	}
	ground := [3]int{0x40, 0xc0, 0x80}
	for i, p := range got {
		want := redOnes
		switch {
		case i < 8:
			want = between(ground, redOnes, (float64(i)+0.5)/8)
		case i >= 18 && i < 22:
			continue
		case i >= 30:
			want = between(ground, blueOnes, (float64(40-i)-0.5)/10)
		case i >= 22:
			want = blueOnes
		}
		if !near(p, want) {
			t.Errorf("frame %d is %v, want %v", i, p, want)
		}
	}
}

func TestOverlaysFadeAndLieInTheirOrder(t *testing.T) {
	plan := base()
	plan.Frames = 48
	plan.Segments = []render.Segment{{Frames: 48, Media: of("red", 0)}}
	plan.Overlays = []render.Overlay{
		{Start: 4, Frames: 24, Media: of("blue", -3), FadeIn: 8, FadeOut: 8},
		{Start: 40, Frames: 8, Media: of("blue", 0)},
		{Start: 30, Frames: 18, Card: &render.Card{Title: "Missing media", Color: "#8c2f2f"}},
	}
	file, _ := made(t, plan)
	middle, side := spot(t, file, 0.5, 0.5), spot(t, file, 0.1, 0.5)
	if len(middle) != 48 {
		t.Fatalf("%d frames", len(middle))
	}
	for i, p := range middle {
		part := 0.0
		if i >= 4 && i < 28 {
			part = min(1, (float64(i-4)+0.5)/8, (float64(28-i)-0.5)/8)
		}
		want := between(redOnes, blueOnes, part)
		if card := i >= 30; card == near(p, want) || card && p[2] > 100 {
			t.Errorf("frame %d is %v, under the overlays %v", i, p, want)
		}
		// The blue one is narrow: beside it the story is seen.
		if i < 30 && !near(side[i], redOnes) {
			t.Errorf("beside the overlay frame %d is %v", i, side[i])
		}
	}
}

func TestACutMayHaveManyTitles(t *testing.T) {
	plan := base()
	plan.Frames, plan.Size = 280, [2]int{64, 36}
	plan.Segments = []render.Segment{{Frames: 280}}
	for i := range 70 {
		plan.Overlays = append(plan.Overlays, render.Overlay{Start: 4 * i, Frames: 2, Media: of("still", 0)})
	}
	file, _ := made(t, plan)
	for i, p := range pixels(t, file) {
		if there := p[0]+p[1]+p[2] > 60; there != (i%4 < 2) {
			t.Errorf("frame %d is %v", i, p)
		}
	}
}

func TestStillsOfAllKindsAreShown(t *testing.T) {
	for _, still := range []string{"still", "jpeg", "webp", "gif"} {
		plan := base()
		plan.Frames = 30
		plan.Segments = []render.Segment{{Frames: 10, Media: of(still, 0), Transition: &render.Transition{Kind: "dissolve", Frames: 4}}, {Frames: 20, Media: of("red", 0)}}
		plan.Overlays = []render.Overlay{{Start: 20, Frames: 10, Media: of(still, 0)}}
		file, _ := made(t, plan)
		got := pixels(t, file)
		if len(got) != 30 {
			t.Errorf("%s: %d frames", still, len(got))
			continue
		}
		if red(got[0]) || red(got[7]) || !red(got[12]) || !red(got[19]) || red(got[20]) || red(got[29]) {
			t.Errorf("%s: %v", still, got)
		}
	}
}

func TestSoundsCrossAtEqualPower(t *testing.T) {
	plan := base()
	plan.Preset, plan.Frames = "wav", 48
	plan.Segments = []render.Segment{{Frames: 48}}
	plan.Sounds = []render.Sound{{Frames: 48, Media: *of("tone", 0), CrossIn: 24, CrossOut: 12}}
	file, _ := made(t, plan)
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-f", "s16le", "-ac", "1", "pipe:1").Output()
	if err != nil {
		t.Fatal(err)
	}
	loud := func(at int) float64 { // around a sample
		most := 0
		for i := at - 48; i < at+48; i++ {
			v := int(int16(uint16(out[2*i]) | uint16(out[2*i+1])<<8))
			most = max(most, v, -v)
		}
		return float64(most)
	}
	full := loud(30 * 2000)
	for frame, want := range map[int]float64{6: math.Sin(math.Pi / 8), 12: math.Sqrt(0.5), 24: 1, 42: math.Sqrt(0.5), 45: math.Sin(math.Pi / 8)} {
		if got := loud(frame*2000) / full; math.Abs(got-want) > 0.02 {
			t.Errorf("at frame %d it is %.3f loud, want %.3f", frame, got, want)
		}
	}
}

// As the viewer does it: frame i of n is (i+½)/n on its way.
func TestADissolveIsEvenFromItsFirstFrameToItsLast(t *testing.T) {
	for _, c := range []struct {
		rate [2]int
		n    int
	}{{[2]int{24, 1}, 1}, {[2]int{24, 1}, 8}, {[2]int{24000, 1001}, 15}, {[2]int{60, 1}, 2}} {
		plan := base()
		plan.Rate, plan.Frames = c.rate, 40
		plan.Segments = []render.Segment{
			{Frames: 20, Media: of("red", 0), Transition: &render.Transition{Kind: "dissolve", Frames: c.n}},
			{Frames: 20, Media: of("blue", 8)},
		}
		file, _ := made(t, plan)
		got := pixels(t, file)
		if len(got) != 40 {
			t.Fatalf("%+v: %d frames", c, len(got))
		}
		begin := 20 - c.n/2
		for i, p := range got {
			part := min(1, max(0, (float64(i-begin)+0.5)/float64(c.n)))
			if want := between(redOnes, blueOnes, part); !near(p, want) {
				t.Errorf("%+v: frame %d is %v, want %v", c, i, p, want)
			}
		}
	}
}

// Media that dissolve into what they are themselves show every frame once.
func TestMediaGoOnThroughATransition(t *testing.T) {
	plan := base()
	plan.Frames = 60
	plan.Segments = []render.Segment{
		{Frames: 20, Media: of("count", 10), Transition: &render.Transition{Kind: "dissolve", Frames: 9}},
		{Frames: 20, Media: of("count", 30), Transition: &render.Transition{Kind: "wipe", Frames: 6}},
		{Frames: 20, Media: of("count", 50)},
	}
	file, _ := made(t, plan)
	got := pixels(t, file)
	if len(got) != 60 {
		t.Fatalf("%d frames", len(got))
	}
	for i, p := range got {
		if source := float64(p[1]) * 219 / 255 / 2; math.Abs(source-float64(10+i)) > 1.1 {
			t.Errorf("frame %d shows %.1f, want %d", i, source, 10+i)
		}
	}
}

// lit are the rows of the first frame, as parts of its height, in which there is
// something bright over black.
func lit(t *testing.T, plan render.Plan) (top, bottom float64) {
	t.Helper()
	file, _ := made(t, plan)
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1").Output()
	if err != nil {
		t.Fatal(err)
	}
	top, bottom = 1, 0
	for i, v := range out {
		if row := float64(i/plan.Size[0]) / float64(plan.Size[1]); v > 128 {
			top, bottom = min(top, row), max(bottom, row)
		}
	}
	return top, bottom
}

func TestWordsStandWhereTheViewerHasThem(t *testing.T) {
	for _, size := range [][2]int{{640, 360}, {360, 640}} {
		title := base()
		title.Size, title.Frames, title.Segments = size, 1, []render.Segment{{Frames: 1}}
		caption := title
		title.Overlays = []render.Overlay{{Frames: 1, Text: "Harbour"}}
		caption.Burn, caption.Captions = true, []render.Caption{{Frames: 1, Text: "Good morning"}}
		if top, bottom := lit(t, title); top < 0.7 || bottom > 0.81 {
			t.Errorf("%v: the title is from %.3f to %.3f", size, top, bottom)
		}
		if top, bottom := lit(t, caption); top < 0.85 || bottom > 0.95 {
			t.Errorf("%v: the caption is from %.3f to %.3f", size, top, bottom)
		}
	}
}

// The words of a scene are read while its pictures change and move.
func TestWordsOfACardStandStillOverItsPictures(t *testing.T) {
	plan := base()
	plan.Frames = 60
	for _, picture := range []string{"white", "white", "white"} {
		plan.Segments = append(plan.Segments, render.Segment{
			Frames: 20, Card: &render.Card{Number: 4, Title: "The lamp wakes", Picture: picture},
			Transition: &render.Transition{Kind: "dissolve", Frames: 8},
		})
	}
	file, _ := made(t, plan)
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-vf", "crop=iw:ih/3:0:ih/2", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1").Output()
	if err != nil || len(out) != 60*320*60 {
		t.Fatalf("%d bytes, %v", len(out), err)
	}
	first := out[:320*60]
	for i := range 60 {
		far := 0
		for j, v := range out[i*320*60 : (i+1)*320*60] {
			if d := int(v) - int(first[j]); d > 90 || d < -90 {
				far++
			}
		}
		if far > 0 {
			t.Errorf("%d points of frame %d are not as in the first", far, i)
		}
	}
}

func TestThePictureOfACardMoves(t *testing.T) {
	plan := base()
	plan.Frames = 20
	plan.Segments = []render.Segment{{Frames: 20, Card: &render.Card{Title: "The lamp wakes", Picture: "still"}}}
	file, _ := made(t, plan)
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1").Output()
	if size := 320 * 180; err != nil || len(out) != 20*size || bytes.Equal(out[size:2*size], out[19*size:]) {
		t.Errorf("%d bytes, %v: the last frame is the second", len(out), err)
	}
}

func TestAVideoWithoutSoundIsSilent(t *testing.T) {
	plan := base()
	plan.Frames = 24
	plan.Segments = []render.Segment{{Frames: 24, Media: of("red", 0)}}
	plan.Sounds = []render.Sound{{Frames: 24, Media: *of("red", 0)}, {Frames: 24, Media: *of("tone", 0)}}
	file, _ := made(t, plan)
	if streams := probe(t, file).Streams; len(streams) != 2 || streams[1].Codec != "aac" {
		t.Errorf("the streams are %+v", streams)
	}
}

func TestOneCutIsRenderedToTheSameBytes(t *testing.T) {
	plan := base()
	plan.Frames = 24
	plan.Segments = []render.Segment{{Frames: 24, Media: of("count", 0)}}
	plan.Overlays = []render.Overlay{{Start: 3, Frames: 12, Text: "Harbour", FadeIn: 4}}
	one, _ := made(t, plan)
	two, _ := made(t, plan)
	if a, b := framesOf(t, one), framesOf(t, two); len(a) == 0 || !bytes.Equal(a, b) {
		t.Errorf("%d and %d bytes of pictures differ", len(a), len(b))
	}
}

func framesOf(t *testing.T, file string) []byte {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-f", "framemd5", "pipe:1").Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}
