package interchange_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/rooms/timeline/interchange"
)

// read reads a file and shows it in short: a line for each clip.
func read(t *testing.T, format, file string, o interchange.Options) (string, interchange.Report) {
	t.Helper()
	f, ok := interchange.Find(format, nil)
	if !ok {
		t.Fatalf("there is no format %s", format)
	}
	s, r, err := f.Parse([]byte(file), o)
	if err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return short(s), r
}

func short(s *interchange.Sequence) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v", s.Title, s.Rate)
	if s.Drop {
		b.WriteString(" drop")
	}
	for _, t := range s.Tracks {
		fmt.Fprintf(&b, "\n%s %s", t.Kind, t.Name)
		for _, c := range t.Clips {
			fmt.Fprintf(&b, "\n %d+%d in %d", c.Start, c.Length, c.In)
			for _, part := range []string{c.Media, c.Label, c.Text} {
				if part != "" {
					fmt.Fprintf(&b, " %q", part)
				}
			}
			if c.Speed != 1 {
				fmt.Fprintf(&b, " ×%g", c.Speed)
			}
			if c.Gain != 0 || c.FadeIn+c.FadeOut > 0 {
				fmt.Fprintf(&b, " %gdB %d/%d", c.Gain, c.FadeIn, c.FadeOut)
			}
			if x := c.Transition; x != nil {
				fmt.Fprintf(&b, " %s %d", x.Kind, x.Length)
			}
		}
	}
	for _, m := range s.Markers {
		fmt.Fprintf(&b, "\n! %d+%d %s", m.At, m.Length, m.Label)
	}
	return b.String()
}

func equal(t *testing.T, got, want string) {
	t.Helper()
	if want = strings.Trim(want, "\n"); got != want {
		t.Errorf("read as\n%s\nwant\n%s", got, want)
	}
}

func has(t *testing.T, list []string, words string) {
	t.Helper()
	for _, line := range list {
		if strings.Contains(line, words) {
			return
		}
	}
	t.Errorf("no line tells of %q: %q", words, list)
}

func TestAnEditListWithAllThatListsHave(t *testing.T) {
	got, r := read(t, "edl", "\ufeffTITLE:   REEL ONE\r\nFCM: NON-DROP FRAME\r\n\r\n"+
		"001  TAPE1    V     C        00:00:10:00 00:00:15:00 01:00:00:00 01:00:05:00\r\n"+
		"* FROM CLIP NAME: DAWN.MOV\r\n* LOC: 01:00:01:00 RED     LOOK HERE\r\n"+
		"002  TAPE1    V     C        00:00:15:00 00:00:15:00 01:00:05:00 01:00:05:00\r\n"+
		"002  TAPE2    V     D    024 00:01:00:00 00:01:04:00 01:00:05:00 01:00:09:00\r\n"+
		"* FROM CLIP NAME: DAWN.MOV\r\n* TO CLIP NAME: NOON.MOV\r\n* SOURCE FILE: /vol/noon.mov\r\n"+
		"003  TAPE3    AA/V  C        00:00:00:00 00:00:02:00 01:00:10:00 01:00:12:00\r\n"+
		"M2   TAPE3    048.0                00:00:00:00\r\n"+
		"004  BL       V     C        00:00:00:00 00:00:01:00 01:00:12:00 01:00:13:00\r\n"+
		"005  TAPE4    V     D    012 00:00:00:00 00:00:02:00 01:00:13:00 01:00:15:00\r\n"+
		"006  TAPE5    V     W001 010 00:00:05:00 00:00:07:00 01:00:15:00 01:00:17:00\r\n"+
		"007  TAPE6    V2    C        00:00:05:00 00:00:06:00 01:00:02:00 01:00:03:00\r\n"+
		"008  TAPE6    V     K B      00:00:05:00 00:00:06:00 01:00:02:00 01:00:03:00\r\n", interchange.Options{Rate: interchange.Rate{24, 1}})
	equal(t, got, `
REEL ONE 24
story V
 0+132 in 240 "TAPE1" "DAWN.MOV" dissolve 24
 132+84 in 1452 "/vol/noon.mov" "NOON.MOV"
 240+48 in 0 "TAPE3" ×2
 312+53 in 0 "TAPE4" 0dB 12/0 wipe 10
 365+43 in 125 "TAPE5"
video V2
 48+24 in 120 "TAPE6"
audio A
 240+48 in 0 "TAPE3" ×2
audio A2
 240+48 in 0 "TAPE3" ×2
! 24+0 LOOK HERE`)
	has(t, r.Lost, "keys are not known here")
	has(t, r.Kept, "8 clips")
}

func TestDropFrameListsAreReadByTheClock(t *testing.T) {
	got, r := read(t, "edl", "TITLE: DF\nFCM: DROP FRAME\n"+
		"1 A V C 00:00:59;28 00:01:00;02 01:00:59;28 01:01:00;02\n"+
		"2 A V C 00:10:00;00 00:10:00;10 01:10:00;00 01:10:00;10\n", interchange.Options{Rate: interchange.Rate{24, 1}})
	equal(t, got, `
DF 29.97 drop
story V
 1798+2 in 1798 "A"
 17982+10 in 17982 "A"`)
	has(t, r.Changed, "read at 29.97 frames a second")
}

func TestMotionsOfOpenTimelineIO(t *testing.T) {
	at := func(v, rate int) string {
		return fmt.Sprintf(`{"OTIO_SCHEMA":"RationalTime.1","rate":%d,"value":%d}`, rate, v)
	}
	span := func(start, length int) string {
		return `{"OTIO_SCHEMA":"TimeRange.1","start_time":` + at(start, 24) + `,"duration":` + at(length, 24) + `}`
	}
	clip := func(name string, start, length int, extra string) string {
		return `{"OTIO_SCHEMA":"Clip.1","name":"` + name + `","metadata":{"cmx_3600":{"reel":"X"}},"source_range":` + span(start, length) +
			`,"media_reference":{"OTIO_SCHEMA":"ExternalReference.1","target_url":"` + name + `.mov","available_range":` + span(100, 900) + `}` + extra + `}`
	}
	gap := func(n int) string { return `{"OTIO_SCHEMA":"Gap.1","source_range":` + span(0, n) + `}` }
	cross := `{"OTIO_SCHEMA":"Transition.1","transition_type":"SMPTE_Dissolve","in_offset":` + at(4, 24) + `,"out_offset":` + at(6, 24) + `}`
	nested := `{"OTIO_SCHEMA":"Stack.1","name":"inner","source_range":` + span(10, 20) + `,"children":[{"OTIO_SCHEMA":"Track.1","kind":"Video","children":[` +
		clip("n1", 100, 15, "") + `,` + clip("n2", 100, 30, "") + `]},{"OTIO_SCHEMA":"Track.1","kind":"Audio","name":"inside","children":[` + clip("na", 100, 40, "") + `]}]}`
	file := `{"OTIO_SCHEMA":"Timeline.1","name":"Cut","global_start_time":` + at(86400, 24) + `,"tracks":{"OTIO_SCHEMA":"Stack.1","children":[
		{"OTIO_SCHEMA":"Track.1","name":"V1","kind":"Video","children":[` + cross + `,` +
		clip("a", 110, 48, `,"markers":[{"OTIO_SCHEMA":"Marker.2","name":"look","color":"GREEN","marked_range":`+span(120, 5)+`}]`) + `,` + cross + `,` +
		clip("b", 200, 24, `,"effects":[{"OTIO_SCHEMA":"LinearTimeWarp.1","time_scalar":2.0},{"OTIO_SCHEMA":"Effect.1","effect_name":"Blur"}]`) + `,` +
		gap(12) + `,` + nested + `,` + clip("old", 90, 10, "") + `,{"OTIO_SCHEMA":"Wormhole.7"}]},
		{"OTIO_SCHEMA":"Track.1","name":"A1","kind":"Audio","children":[{"OTIO_SCHEMA":"Clip.2","name":"s","source_range":{"OTIO_SCHEMA":"TimeRange.1","start_time":` +
		at(0, 48000) + `,"duration":` + at(96000, 48000) + `},"media_references":{"DEFAULT_MEDIA":{"OTIO_SCHEMA":"MissingReference.1"}},"active_media_reference_key":"DEFAULT_MEDIA"}]}]}}`
	got, r := read(t, "otio", file, interchange.Options{})
	equal(t, got, `
Cut 24
story V1
 0+48 in 10 "a.mov" "a" dissolve 10
 48+24 in 100 "b.mov" "b" ×2
 84+5 in 10 "n1.mov" "n1"
 89+15 in 0 "n2.mov" "n2"
 104+10 in 0 "old.mov" "old"
audio inside
 84+20 in 10 "na.mov" "na"
audio A1
 0+48 in 0 "s"
! 10+5 look`)
	for _, words := range []string{"edge of track \"V1\"", "the effect \"Blur\" of \"b\"", "a \"Wormhole\" on track"} {
		has(t, r.Lost, words)
	}
	for _, words := range []string{"middle of its cut", "\"inner\" was a composition", "times at 48000 frames a second", "\"old\" began before its media"} {
		has(t, r.Changed, words)
	}
}

func TestFinalCutProjects(t *testing.T) {
	got, r := read(t, "fcpxml", `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE fcpxml>
<fcpxml version="1.10"><resources>
<format id="r1" frameDuration="1001/30000s" width="1280" height="720"/>
<asset id="r2" name="dawn" start="1001/10s" duration="30030/1000s" hasVideo="1"><media-rep kind="original-media" src="file:///v/dawn.mov"/></asset>
<asset id="r3" name="sea" src="file:///v/sea.wav" start="0s" duration="100s" hasAudio="1"/>
<media id="r4" name="Compound"><sequence/></media>
</resources><library><event><project name="Harbour"><sequence format="r1" tcStart="36036/10s" tcFormat="DF"><spine>
<asset-clip ref="r2" offset="36036/10s" name="dawn" start="1001/10s" duration="30030/10000s"><adjust-volume amount="-6dB"/>
  <asset-clip ref="r3" lane="-1" offset="1001/10s" name="sea" duration="20020/10000s"/>
  <title lane="1" ref="rt" offset="101101/1000s" name="Basic" duration="20020/20000s"><text><text-style>The </text-style><text-style>sea</text-style></text></title>
  <caption lane="2" offset="1001/10s" duration="10010/10000s" role="iTT?captionFormat=ITT.en"><text><text-style>Good
morning</text-style></text></caption>
  <marker start="101101/1000s" duration="1001/30000s" value="look"/>
  <keyword start="0s" duration="1s" value="x"/>
</asset-clip>
<transition name="Cross Dissolve" offset="36061025/10000s" duration="10010/10000s"/>
<clip name="noon" offset="36066030/10000s" start="0s" duration="20020/10000s"><video ref="r2" offset="0s" start="1001/10s" duration="20020/10000s"/>
  <timeMap><timept time="0s" value="0s"/><timept time="2s" value="4s"/></timeMap></clip>
<gap name="Gap" offset="36086050/10000s" duration="10010/10000s"/>
<ref-clip ref="r4" name="Compound" offset="36096060/10000s" duration="10010/10000s"/>
</spine></sequence></project></event></library></fcpxml>`, interchange.Options{})
	equal(t, got, `
Harbour 29.97 drop
story Story
 0+90 in 0 "file:///v/dawn.mov" "dawn" -6dB 0/0 dissolve 30
 90+60 in 0 "file:///v/dawn.mov" "noon" ×2
 180+30 in 0 "Compound"
video Lane 1
 30+30 in 0 "The sea"
audio Lane -1
 0+60 in 0 "file:///v/sea.wav" "sea"
caption Lane 2
 0+30 in 0 "Good\nmorning"
! 30+0 look`)
	has(t, r.Lost, "keywords")
	has(t, r.Changed, "clip of clips")
}

func TestCaptionsOfAllSorts(t *testing.T) {
	want := `
 24
caption Captions
 24+48 in 0 "Good morning,\nharbour & sea"
 96+24 in 0 "Second"`
	got, r := read(t, "vtt", "WEBVTT - a file\nX-TIMESTAMP-MAP=LOCAL:0\n\nSTYLE\n::cue {}\n\nNOTE nothing\n\n1\n00:01.000 --> 00:03.000 align:start\n<v Ada>Good <i>morning</i>,\nharbour &amp; sea\n\n00:00:04.000 --> 00:00:05.000\nSecond\n", interchange.Options{})
	equal(t, got, want)
	has(t, r.Lost, "styles")
	has(t, r.Lost, "italics")
	has(t, r.Lost, "where on the picture")
	got, _ = read(t, "srt", "\ufeff1\r\n00:00:01,000 --> 00:00:03,000\r\n{\\an8}Good morning,\r\nharbour & sea\r\n2\r\n00:00:04.000 --> 00:00:05.000\r\n<font color=\"red\">Second</font>", interchange.Options{})
	equal(t, got, want)
	latin := "1\n00:00:00,010 --> 00:00:01,000\nCaf\xe9 \x93x\x94\n"
	got, r = read(t, "srt", latin, interchange.Options{Rate: interchange.Rate{25, 1}})
	equal(t, got, " 25\ncaption Captions\n 0+25 in 0 \"Café “x”\"")
	has(t, r.Changed, "rounded to whole frames")
	utf16 := "\xff\xfe1\x00\n\x000\x000\x00:\x000\x000\x00:\x000\x000\x00,\x000\x000\x000\x00 \x00-\x00-\x00>\x00 \x000\x000\x00:\x000\x000\x00:\x000\x001\x00,\x000\x000\x000\x00\n\x00H\x00i\x00"
	got, _ = read(t, "srt", utf16, interchange.Options{})
	equal(t, got, " 24\ncaption Captions\n 0+24 in 0 \"Hi\"")
}

func TestStoryboardsAsTables(t *testing.T) {
	f, _ := interchange.Find("csv", nil)
	s := &interchange.Sequence{Rate: interchange.Rate{24, 1}, Scenes: []interchange.Scene{
		{ID: "1", Title: "=1+1", Prompt: "Slow, \"brass\"\nand salt", Notes: "'quoted'", Length: 48, Color: "#c8553d"}, {ID: "2", Title: "Noon", Length: 24},
	}}
	b, _, err := f.Write(s)
	if err != nil || strings.Contains(string(b), ",=1+1") {
		t.Fatalf("%s, %v: a formula", b, err)
	}
	got, _, err := f.Parse(b, interchange.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Scenes {
		got.Scenes[i].ID = s.Scenes[i].ID
		if got.Scenes[i] != s.Scenes[i] {
			t.Errorf("scene %d is %+v, want %+v", i, got.Scenes[i], s.Scenes[i])
		}
	}
	got, r, err := f.Parse([]byte("Name;Dauer;Mood\nHafen;2,5;grey\n;;\n"), interchange.Options{})
	if err != nil || len(got.Scenes) != 1 || got.Scenes[0].Title != "Hafen" || got.Scenes[0].Length != 60 {
		t.Errorf("%+v, %v", got, err)
	}
	has(t, r.Lost, "the column \"Mood\"")
}

func TestFilesAreFoundByWhatTheyAre(t *testing.T) {
	for want, head := range map[string]string{
		"vtt": "\ufeffWEBVTT\n", "fcpxml": "<?xml version=\"1.0\"?><fcpxml>", "otio": "{\n \"OTIO_SCHEMA\": \"Timeline.1\"", "edl": "TITLE: X\n", "srt": "1\n00:00:01,000 --> 00:00:02,000\n",
		"json": `{"schema": "soratoo.sequence/1"`,
	} {
		if f, ok := interchange.Find("upload.bin", []byte(head)); !ok || f.Name != want {
			t.Errorf("%q is %q", head, f.Name)
		}
	}
	if f, ok := interchange.Find("My Board.CSV", nil); !ok || f.Name != "csv" {
		t.Error("a table is not found by its name")
	}
	if _, ok := interchange.Find("x.mov", []byte("\x00\x00\x00\x18ftyp")); ok {
		t.Error("a video is taken for a timeline")
	}
}

func TestFilesThatAreBrokenAreRefused(t *testing.T) {
	deep := strings.Repeat(`{"OTIO_SCHEMA":"Stack.1","children":[`, 200) + strings.Repeat(`]}`, 200)
	for name, c := range map[string]struct {
		format, file string
		want         error
	}{
		"not JSON":        {"otio", "{", interchange.ErrMalformed},
		"other JSON":      {"otio", `{"a":1}`, interchange.ErrMalformed},
		"a lone clip":     {"otio", `{"OTIO_SCHEMA":"Clip.1"}`, interchange.ErrMalformed},
		"a deep stack":    {"otio", `{"OTIO_SCHEMA":"Timeline.1","tracks":` + deep + `}`, interchange.ErrLimit},
		"a list of null":  {"otio", `[null]`, interchange.ErrMalformed},
		"no event":        {"edl", "TITLE: x\n", interchange.ErrMalformed},
		"half an event":   {"edl", "001 A V C 00:00:00:00\n", interchange.ErrMalformed},
		"no such frame":   {"edl", "001 A V C 00:00:00:00 00:00:01:00 00:99:00:00 00:99:01:00\n", interchange.ErrMalformed},
		"time runs back":  {"edl", "001 A V C 00:00:00:00 00:00:01:00 00:00:02:00 00:00:01:00\n", interchange.ErrMalformed},
		"no XML":          {"fcpxml", "hello", interchange.ErrMalformed},
		"an entity":       {"fcpxml", `<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><fcpxml>&x;</fcpxml>`, interchange.ErrMalformed},
		"deep XML":        {"fcpxml", strings.Repeat("<a>", 500), interchange.ErrLimit},
		"no project":      {"fcpxml", "<fcpxml/>", interchange.ErrMalformed},
		"a time of words": {"fcpxml", `<fcpxml><project><sequence tcStart="soon"/></project></fcpxml>`, interchange.ErrMalformed},
		"a huge time":     {"fcpxml", `<fcpxml><project><sequence tcStart="1e99999999s"/></project></fcpxml>`, interchange.ErrMalformed},
		"a larger time":   {"fcpxml", `<fcpxml><project><sequence tcStart="0x1p999999999s"/></project></fcpxml>`, interchange.ErrMalformed},
		"no captions":     {"vtt", "WEBVTT\n", interchange.ErrMalformed},
		"no header":       {"vtt", "00:01.000 --> 00:02.000\nx", interchange.ErrMalformed},
		"backward times":  {"srt", "1\n00:00:02,000 --> 00:00:01,000\nx", interchange.ErrMalformed},
		"no times":        {"srt", "1\nsoon --> later\nx", interchange.ErrMalformed},
		"no title":        {"csv", "a,b\n1,2\n", interchange.ErrMalformed},
		"an empty table":  {"csv", "", interchange.ErrMalformed},
		"another schema":  {"json", `{"schema":"x/2"}`, interchange.ErrMalformed},
		"a negative clip": {"json", `{"schema":"soratoo.sequence/1","rate":[24,1],"tracks":[{"kind":"story","clips":[{"start":-1,"length":1}]}]}`, interchange.ErrMalformed},
	} {
		f, _ := interchange.Find(c.format, nil)
		if _, _, err := f.Parse([]byte(c.file), interchange.Options{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// Whatever comes is read or refused, and what was read can be written everywhere.
func FuzzRead(f *testing.F) {
	for i, format := range interchange.Formats {
		b, _, err := format.Write(&interchange.Sequence{
			Rate: interchange.Rate{24, 1}, Scenes: []interchange.Scene{{ID: "a", Title: "T", Length: 9}},
			Tracks: []interchange.Track{
				{Kind: interchange.Story, Clips: []interchange.Clip{{Length: 9, Speed: 1, Scene: "a", Transition: &interchange.Transition{Kind: "dissolve", Length: 4}}, {Start: 9, Length: 9, Speed: 2, Media: "x.mov"}}},
				{Kind: interchange.Caption, Clips: []interchange.Clip{{Length: 9, Speed: 1, Text: "words"}}},
			},
		})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), b)
	}
	f.Fuzz(func(t *testing.T, n uint8, b []byte) {
		format := interchange.Formats[int(n)%len(interchange.Formats)]
		s, _, err := format.Parse(b, interchange.Options{})
		if err != nil {
			if !errors.Is(err, interchange.ErrMalformed) && !errors.Is(err, interchange.ErrLimit) {
				t.Errorf("%s: %v", format.Name, err)
			}
			return
		}
		for _, other := range interchange.Formats {
			if _, _, err := other.Write(s); err != nil {
				t.Errorf("%s written as %s: %v", format.Name, other.Name, err)
			}
		}
	})
}
