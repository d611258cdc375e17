package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif"
	_ "image/jpeg"
	"image/png"
	"os"
	"strconv"
	"strings"

	scale "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	_ "golang.org/x/image/webp"

	"github.com/soratoo/soratoo/render"
)

// wordsFont is the font of captions.
var wordsFont = goregular.TTF

const (
	cardGrow   = 0.06 // how much a card has grown at its end
	smallest   = 0.022
	cardMargin = 0.09 // of the width

	// Titles stand where the viewer has them.
	titleMargin = 0.08  // of the width
	titleSize   = 0.034 // of the longer edge
	titleFoot   = 0.81  // of the height

	maxPixels  = 64_000_000
	maxLetters = 4000 // of a text that is drawn; no more can be read
)

// card is pictures of a card, from a frame of all that it has on. It grows slowly;
// over a picture only that does, and the words stand still, so that they are read
// through a change of pictures.
func (w *work) card(ctx context.Context, c *render.Card, p part) (source, error) {
	name, ok := w.cards[*c]
	if !ok {
		name = "card-" + strconv.Itoa(len(w.cards))
		if err := w.drawCard(ctx, name, c); err != nil {
			return source{}, err
		}
		w.cards[*c] = name
	}
	// The words move by less than a pixel a frame: they are made larger first.
	grow := fmt.Sprintf("scale=%d:-2:flags=bicubic,zoompan=z='1+%g*clip(on+%d,0,%d)/%d':x='(iw-iw/zoom)/2':y='(ih-ih/zoom)/2':d=1:s=%dx%d:fps=%s",
		w.size[0]*2, cardGrow, p.from, p.frames, p.frames, w.size[0], w.size[1], w.rate())
	if c.Picture != "" {
		grow += "[under];movie=" + name + "-words.png[words];[under][words]overlay=eof_action=repeat"
	}
	return source{
		args: input(asset{path: w.path(name + ".png"), mediaType: "image/png"}, "-loop", "1", "-framerate", w.rate()), filters: []string{grow, "setsar=1", "format=yuv420p"},
	}, nil
}

// drawCard draws the words of a card; if it has a picture that is a file of its own.
func (w *work) drawCard(ctx context.Context, name string, c *render.Card) error {
	p, err := newPainter(w.size)
	if err != nil {
		return err
	}
	y := w.size[1] / 7
	if c.Picture == "" {
		p.background(tint(c.Color))
	} else {
		if err := w.drawPicture(ctx, p, c.Picture); err != nil {
			return err
		}
		if err := p.save(w.path(name + ".png")); err != nil {
			return err
		}
		name += "-words"
		p.picture = image.NewRGBA(p.picture.Bounds())
		y = w.size[1] * 11 / 20
	}
	w.drawWords(p, c, y)
	return p.save(w.path(name + ".png"))
}

// drawWords draws the words of a card from a line on.
func (w *work) drawWords(p *painter, c *render.Card, y int) {
	margin := int(cardMargin * float64(w.size[0]))
	width, end := w.size[0]-2*margin, w.size[1]*9/10
	if c.Number > 0 {
		y += p.text(words{text: "SCENE " + strconv.Itoa(c.Number), x: margin, y: y, width: width, height: w.size[1] / 12, size: 0.032, bold: true, ink: accent})
		y += w.size[1] / 60
	}
	if c.Title != "" {
		y += p.text(words{text: c.Title, x: margin, y: y, width: width, height: w.size[1] / 4, size: 0.075, bold: true, ink: white})
		y += w.size[1] / 40
	}
	p.text(words{text: c.Text, x: margin, y: y, width: width, height: end - y, size: 0.045, ink: grey})
}

// drawPicture fills the card with a picture, darker where the words will be.
func (w *work) drawPicture(ctx context.Context, p *painter, id string) error {
	a, err := w.open(ctx, id)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(a.path)
	if err != nil {
		return err
	}
	about, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err == nil && about.Width*about.Height > maxPixels {
		err = fmt.Errorf("%d × %d pixels", about.Width, about.Height)
	}
	var picture image.Image
	if err == nil {
		picture, _, err = image.Decode(bytes.NewReader(b))
	}
	if err != nil {
		return &render.Failure{Reason: render.Reason{Code: "media", Message: "a picture of a scene cannot be read"}, Err: err}
	}
	p.cover(picture)
	return nil
}

// title is words that lie over the pictures.
func (w *work) title(i int, text string) (source, error) {
	p, err := newPainter(w.size)
	if err != nil {
		return source{}, err
	}
	margin := int(titleMargin * float64(w.size[0]))
	p.text(words{
		text: text, x: margin, y: w.size[1] / 4, width: w.size[0] - 2*margin, height: int((titleFoot - 0.25) * float64(w.size[1])),
		size: titleSize * float64(max(w.size[0], w.size[1])) / float64(w.size[1]), bold: true, ink: white, middle: true, bottom: true, shadow: true,
	})
	name := w.path("title-" + strconv.Itoa(i) + ".png")
	if err := p.save(name); err != nil {
		return source{}, err
	}
	return source{args: input(asset{path: name, mediaType: "image/png"})}, nil
}

var (
	white  = color.RGBA{0xf4, 0xf4, 0xf6, 0xff}
	grey   = color.RGBA{0xc4, 0xc6, 0xce, 0xff}
	accent = color.RGBA{0xff, 0xb4, 0x54, 0xff}
)

// tint is a scene's colour, or that of scenes without one.
func tint(hex string) color.RGBA {
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil || len(hex) != 7 {
		n = 0x3a4a6b
	}
	return color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 0xff}
}

// painter draws words on a picture.
type painter struct {
	picture       *image.RGBA
	regular, bold *opentype.Font
}

func newPainter(size [2]int) (*painter, error) {
	regular, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	bold, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, err
	}
	return &painter{image.NewRGBA(image.Rect(0, 0, size[0], size[1])), regular, bold}, nil
}

// background is dark, with some of a colour from the top.
func (p *painter) background(tint color.RGBA) {
	b := p.picture.Bounds()
	mix := func(base, of uint8, y int) uint8 {
		share := 0.42 * (1 - float64(y)/float64(b.Dy()))
		return uint8(float64(base)*(1-share) + float64(of)*share)
	}
	for y := range b.Dy() {
		line := color.RGBA{mix(0x12, tint.R, y), mix(0x13, tint.G, y), mix(0x18, tint.B, y), 0xff}
		draw.Draw(p.picture, image.Rect(0, y, b.Dx(), y+1), image.NewUniform(line), image.Point{}, draw.Src)
	}
}

// cover draws a picture so that it fills all, cut where its shape differs, and
// darkens its lower half.
func (p *painter) cover(picture image.Image) {
	to, from := p.picture.Bounds(), picture.Bounds()
	if from.Dx()*to.Dy() > from.Dy()*to.Dx() {
		cut := (from.Dx() - from.Dy()*to.Dx()/to.Dy()) / 2
		from.Min.X, from.Max.X = from.Min.X+cut, from.Max.X-cut
	} else {
		cut := (from.Dy() - from.Dx()*to.Dy()/to.Dx()) / 2
		from.Min.Y, from.Max.Y = from.Min.Y+cut, from.Max.Y-cut
	}
	scale.CatmullRom.Scale(p.picture, to, picture, from, draw.Src, nil)
	for y := range to.Dy() {
		dark := max(0, 1.7*float64(y)/float64(to.Dy())-0.6)
		shade := color.RGBA{A: uint8(min(dark, 0.8) * 255)}
		draw.Draw(p.picture, image.Rect(0, y, to.Dx(), y+1), image.NewUniform(shade), image.Point{}, draw.Over)
	}
}

// words are a text in a box. Size is that of the letters, as a part of the
// picture's height; it becomes smaller when the box is too small.
type words struct {
	text                string
	x, y, width, height int
	size                float64
	bold                bool
	ink                 color.RGBA
	middle, shadow      bool
	bottom              bool // it stands at the foot of its box
}

// text draws words and returns how high they are. What does not fit even small is
// cut off, with dots.
func (p *painter) text(w words) (height int) {
	if w.height <= 0 || strings.TrimSpace(w.text) == "" {
		return 0
	}
	if letters := []rune(w.text); len(letters) > maxLetters {
		w.text = string(letters[:maxLetters])
	}
	f := p.regular
	if w.bold {
		f = p.bold
	}
	for size := w.size; ; size *= 0.9 {
		face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: max(size*float64(p.picture.Bounds().Dy()), 6), DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return 0
		}
		lines := wrap(face, w.text, fixed.I(w.width))
		step := face.Metrics().Height.Ceil() * 23 / 20
		if most := max(w.height/step, 1); len(lines) > most {
			if size > smallest {
				continue
			}
			lines = append(lines[:most-1], strings.TrimRight(lines[most-1], " .,;:")+" …")
		}
		if w.bottom {
			w.y += max(w.height-len(lines)*step, 0)
		}
		p.lines(w, face, lines, step)
		return len(lines) * step
	}
}

func (p *painter) lines(w words, face font.Face, lines []string, step int) {
	for i, line := range lines {
		x := fixed.I(w.x)
		if w.middle {
			x += (fixed.I(w.width) - font.MeasureString(face, line)) / 2
		}
		y := fixed.I(w.y + i*step + face.Metrics().Ascent.Ceil())
		if w.shadow {
			off := fixed.I(max(step/24, 1))
			shadow := font.Drawer{Dst: p.picture, Src: image.NewUniform(color.RGBA{A: 0xc0}), Face: face, Dot: fixed.Point26_6{X: x + off, Y: y + off}}
			shadow.DrawString(line)
		}
		ink := font.Drawer{Dst: p.picture, Src: image.NewUniform(w.ink), Face: face, Dot: fixed.Point26_6{X: x, Y: y}}
		ink.DrawString(line)
	}
}

// wrap divides a text into lines, at spaces or, in long words, anywhere.
func wrap(face font.Face, text string, width fixed.Int26_6) (lines []string) {
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			longer := strings.TrimLeft(line+" "+word, " ")
			if font.MeasureString(face, longer) <= width {
				line = longer
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			for line = word; font.MeasureString(face, line) > width; {
				cut := fits(face, line, width)
				lines, line = append(lines, line[:cut]), line[cut:]
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// fits is how many bytes of a word stand in a line, at least those of a letter.
func fits(face font.Face, word string, width fixed.Int26_6) int {
	last := len(word)
	for i := range word {
		if i > 0 && font.MeasureString(face, word[:i]) > width {
			break
		}
		if i > 0 {
			last = i
		}
	}
	if last == len(word) {
		for i := range word {
			if i > 0 {
				return i
			}
		}
	}
	return last
}

func (p *painter) save(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = png.Encode(f, p.picture)
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
