package ffmpeg

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/soratoo/soratoo/render"
)

// captionSize is how high a line of a caption is, in thousandths of the longer edge:
// letters as large as the viewer's, and read on a phone when the cut is of 9:16.
const captionSize = 28

// styled is the captions in the format of Advanced SubStation Alpha, which libass
// draws on the pictures.
func (w *work) styled() []byte {
	var b bytes.Buffer
	width, height := w.size[0], w.size[1]
	size := max(max(width, height)*captionSize/1000, 8)
	fmt.Fprintf(&b, "[Script Info]\nScriptType: v4.00+\nPlayResX: %d\nPlayResY: %d\nWrapStyle: 0\nScaledBorderAndShadow: yes\n\n", width, height)
	fmt.Fprintf(&b, "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BackColour, Bold, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV\n")
	fmt.Fprintf(&b, "Style: Default,Go,%d,&H00FFFFFF,&H00000000,&H80000000,0,1,%d,0,2,%d,%d,%d\n",
		size, max(size/14, 1), width*9/100, width*9/100, height/20)
	fmt.Fprintf(&b, "Style: Label,Go,%d,&H00FFFFFF,&H00000000,&H80000000,0,1,%d,0,9,%d,%d,%d\n\n",
		max(size*2/3, 8), max(size/20, 1), width/40, width/40, max(height/40, 2))
	fmt.Fprintf(&b, "[Events]\nFormat: Layer, Start, End, Style, Text\n")
	// What libass would take for a command is shown as it is written.
	plain := strings.NewReplacer("\\", "\\\u200b", "{", "\\{", "}", "\\}", "\r\n", "\\N", "\n", "\\N", "\r", "\\N")
	if w.plan.Label {
		fmt.Fprintf(&b, "Dialogue: 1,%s,%s,Label,AI-generated\n", w.clock(0, 100), w.clock(w.plan.Frames+w.plan.Rate[0], 100))
	}
	var burnt []render.Caption
	if w.plan.Burn {
		burnt = w.plan.Captions
	}
	for _, c := range burnt {
		fmt.Fprintf(&b, "Dialogue: 0,%s,%s,Default,%s\n", w.clock(c.Start, 100), w.clock(c.Start+c.Frames, 100), plain.Replace(c.Text))
	}
	return b.Bytes()
}

// subtitles is the captions as SubRip.
func (w *work) subtitles() []byte {
	var b bytes.Buffer
	for i, c := range w.plan.Captions {
		// An empty line would end the caption.
		text := strings.Join(strings.FieldsFunc(c.Text, func(r rune) bool { return r == '\n' || r == '\r' }), "\n")
		from, to := "0"+w.clock(c.Start, 1000), "0"+w.clock(c.Start+c.Frames, 1000)
		fmt.Fprintf(&b, "%d\n%s --> %s\n%s\n\n", i+1, strings.Replace(from, ".", ",", 1), strings.Replace(to, ".", ",", 1), text)
	}
	return b.Bytes()
}

// webvtt is the captions as WebVTT.
func (w *work) webvtt() []byte {
	var b bytes.Buffer
	b.WriteString("WEBVTT\n\n")
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	for i, c := range w.plan.Captions {
		text := strings.Join(strings.FieldsFunc(c.Text, func(r rune) bool { return r == '\n' || r == '\r' }), "\n")
		fmt.Fprintf(&b, "%d\n0%s --> 0%s\n%s\n\n", i+1, w.clock(c.Start, 1000), w.clock(c.Start+c.Frames, 1000), escape.Replace(text))
	}
	return b.Bytes()
}

// clock is a time as h:mm:ss and parts of a second.
func (w *work) clock(frame, parts int) string {
	at := int64(frame) * int64(w.plan.Rate[1]) * int64(parts) / int64(w.plan.Rate[0])
	seconds := at / int64(parts)
	digits := len(fmt.Sprint(parts)) - 1
	return fmt.Sprintf("%d:%02d:%02d.%0*d", seconds/3600, seconds/60%60, seconds%60, digits, at%int64(parts))
}
