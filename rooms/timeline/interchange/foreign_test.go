package interchange_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/rooms/timeline/interchange"
)

// written is a sequence of one story track in a format.
func written(t *testing.T, format string, clips ...interchange.Clip) (string, interchange.Report) {
	t.Helper()
	f, ok := interchange.Find(format, nil)
	if !ok {
		t.Fatalf("there is no format %s", format)
	}
	b, r, err := f.Write(&interchange.Sequence{Rate: interchange.Rate{24, 1}, Tracks: []interchange.Track{{Kind: interchange.Story, Name: "V", Clips: clips}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(b), r
}

func TestAClipThatDissolvesToBlackIsSeenUntilItIsBlack(t *testing.T) {
	got, _ := read(t, "edl", "001 A V C 00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00\n"+
		"002 A V C 00:00:02:00 00:00:02:00 01:00:02:00 01:00:02:00\n002 BL V D 012 00:00:00:00 00:00:01:00 01:00:02:00 01:00:03:00\n", interchange.Options{})
	equal(t, got, " 24\nstory V\n 0+60 in 0 \"A\" 0dB 0/12")
}

func TestEventsMayLackNumbersAndReelsMayHaveSpaces(t *testing.T) {
	got, _ := read(t, "edl", "* 001 A V C 00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00\n"+
		"CARD 7 B  V  C  00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00\n"+
		"002 CARD 8  V  D 012 00:00:10:00 00:00:12:00 01:00:02:00 01:00:04:00\n", interchange.Options{})
	equal(t, got, " 24\nstory V\n 0+54 in 0 \"CARD 7 B\" dissolve 12\n 54+42 in 246 \"CARD 8\"")
}

func TestSpeedsOfListsAreWithinReason(t *testing.T) {
	got, _ := read(t, "edl", "1 A V C 00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00\nM2 A 99999999999999999999999999 00:00:00:00\n", interchange.Options{})
	equal(t, got, " 24\nstory V\n 0+48 in 0 \"A\" ×100")
}

func TestANameCannotAddEventsToAList(t *testing.T) {
	b, _ := written(t, "edl", interchange.Clip{Length: 9, Speed: 1, Label: "a\r002 X V C 00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00"})
	if strings.Contains(b, "002") {
		t.Errorf("an event was added: %q", b)
	}
}

func TestATransitionOfAFastClipTakesItsMediaFaster(t *testing.T) {
	clips := []interchange.Clip{
		{Length: 48, Speed: 1, In: 5, Media: "A", Transition: &interchange.Transition{Kind: "dissolve", Length: 12}},
		{Start: 48, Length: 48, Speed: 2, In: 30, Media: "B"},
	}
	b, _ := written(t, "edl", clips...)
	got, _ := read(t, "edl", b, interchange.Options{})
	equal(t, got, "Untitled 24\nstory V\n 0+48 in 5 \"A\" \"A\" dissolve 12\n 48+48 in 30 \"B\" \"B\" ×2")
	b, _ = written(t, "fcpxml", clips...)
	got, _ = read(t, "fcpxml", b, interchange.Options{})
	equal(t, got, "Untitled 24\nstory Story\n 0+48 in 5 \"file:///media/A\" dissolve 12\n 48+48 in 30 \"file:///media/B\" ×2")
}

// A clip with a map of times begins in the time of the map, not of its media.
func TestARetimedClipOfFinalCutBeginsByItsMap(t *testing.T) {
	clip := `<asset-clip ref="r2" offset="0s" name="Shot" start="10s" duration="2s"%s><timeMap><timept time="0s" value="0s"/><timept time="20s" value="100s"/></timeMap></asset-clip>`
	file := `<fcpxml version="1.9"><resources><format id="r1" name="FFVideoFormat1080p2997"/><asset id="r2" name="Shot.mov" src="file:///Shot.mov" start="0s" duration="120s" hasVideo="1"/></resources>` +
		`<project name="P"><sequence format="r1"><spine>` + fmt.Sprintf(clip, ` enabled="0"`) + `</spine></sequence></project></fcpxml>`
	got, r := read(t, "fcpxml", file, interchange.Options{})
	equal(t, got, "P 29.97\nstory Story\n 0+60 in 1499 \"file:///Shot.mov\" \"Shot\" ×5")
	has(t, r.Changed, "\"Shot\" was switched off")
}

func TestWhatLiesOverARetimedClipStaysThere(t *testing.T) {
	f, _ := interchange.Find("fcpxml", nil)
	b, _, err := f.Write(&interchange.Sequence{Rate: interchange.Rate{24, 1}, Tracks: []interchange.Track{
		{Kind: interchange.Story, Clips: []interchange.Clip{{Length: 48, Speed: 2, In: 30, Media: "A"}}},
		{Kind: interchange.Audio, Clips: []interchange.Clip{{Start: 7, Length: 9, Speed: 1, In: 3, Media: "B"}}},
	}})
	if err != nil || !strings.Contains(string(b), `offset="22/24s"`) { // 15 + 7, in the time of the map
		t.Errorf("%s, %v", b, err)
	}
	got, _ := read(t, "fcpxml", string(b), interchange.Options{})
	equal(t, got, "Untitled 24\nstory Story\n 0+48 in 30 \"file:///media/A\" ×2\naudio Lane -1\n 7+9 in 3 \"file:///media/B\"")
}

func TestSpeedsOfFinalCutComeBackExactly(t *testing.T) {
	for _, speed := range []float64{0, 0.25, 1.25, 0.333333, 3} {
		b, _ := written(t, "fcpxml", interchange.Clip{Length: 11, Speed: speed, Media: "A"})
		got, _ := read(t, "fcpxml", b, interchange.Options{})
		equal(t, got, fmt.Sprintf("Untitled 24\nstory Story\n 0+11 in 0 \"file:///media/A\" ×%g", speed))
	}
}

func TestAMarkerWithoutWordsHasAName(t *testing.T) {
	f, _ := interchange.Find("fcpxml", nil)
	b, _, err := f.Write(&interchange.Sequence{Rate: interchange.Rate{24, 1}, Markers: []interchange.Marker{{At: 0}}})
	if err != nil || !strings.Contains(string(b), `value="Marker"`) {
		t.Errorf("%s, %v", b, err)
	}
}

func TestCaptionsGoOnBehindAnEmptyLine(t *testing.T) {
	got, r := read(t, "srt", "1\n00:00:01,000 --> 00:00:02,000\none\n\ntwo &amp; <i>half</i>\n\n2\n00:00:03,000 --> 00:00:04,000\nthr\xe9e\n", interchange.Options{})
	equal(t, got, " 24\ncaption Captions\n 24+24 in 0 \"one\\ntwo & half\"\n 72+24 in 0 \"thrée\"")
	has(t, r.Changed, "empty lines")
	has(t, r.Changed, "Windows-1252")
}

// Small files that would take minutes take no longer than other files of their size.
func TestFilesThatWouldTakeLongDoNot(t *testing.T) {
	began := time.Now()
	f, _ := interchange.Find("fcpxml", nil)
	huge := `<fcpxml><project><sequence tcStart="0s"><spine>` + strings.Repeat(`<gap duration="3p-9999999s"/>`, 2000) + `</spine></sequence></project></fcpxml>`
	if _, _, err := f.Parse([]byte(huge), interchange.Options{}); err == nil {
		t.Error("a time with an exponent was read")
	}
	if _, _, err := f.Parse([]byte("<fcpxml>"+strings.Repeat("a<!---->", 100_000)+"</fcpxml>"), interchange.Options{}); err == nil {
		t.Error("a file without a project was read")
	}
	var clips []interchange.Clip
	for i := range 20_000 {
		clips = append(clips, interchange.Clip{Start: i, Length: 1, Speed: 1, Media: fmt.Sprintf("interview_%d.mov", i)})
	}
	list, _ := written(t, "edl", clips...)
	reels := map[string]bool{}
	for line := range strings.SplitSeq(list, "\r\n") {
		if fields := strings.Fields(line); len(fields) == 8 && fields[2] == "V" {
			reels[fields[1]] = len(fields[1]) <= 8
		}
	}
	if len(reels) != len(clips) {
		t.Errorf("%d clips have %d reels", len(clips), len(reels))
	}
	if took := time.Since(began); took > 30*time.Second { // minutes, if they did
		t.Errorf("it took %v", took)
	}
}
