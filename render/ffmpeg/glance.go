package ffmpeg

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"time"

	"github.com/soratoo/soratoo/render"
)

const (
	glanceEvery = 2 * time.Second // between two looks at what is being made
	glanceEdge  = 160             // pixels of the longer edge of one
)

// glance leaves a small picture of what is being made where the dispatcher looks for
// one. That it cannot is no reason not to go on.
func (w *work) glance(picture []byte) {
	if time.Since(w.glanced) < glanceEvery {
		return
	}
	w.glanced = time.Now()
	var out bytes.Buffer
	if jpeg.Encode(&out, w.reduced(picture), &jpeg.Options{Quality: 60}) != nil {
		return
	}
	fresh := w.path("glance.tmp")
	if os.WriteFile(fresh, out.Bytes(), 0o600) == nil {
		_ = os.Rename(fresh, w.path(render.Thumbnail))
	}
}

// reduced is a picture in YUV 4:2:0 made small.
func (w *work) reduced(picture []byte) image.Image {
	width, height := w.size[0], w.size[1]
	by := max((max(width, height)+glanceEdge-1)/glanceEdge, 1)
	luma := width * height
	chroma := picture[luma:]
	small := image.NewYCbCr(image.Rect(0, 0, max(width/by, 1), max(height/by, 1)), image.YCbCrSubsampleRatio444)
	for y := range small.Rect.Dy() {
		for x := range small.Rect.Dx() {
			at := small.YOffset(x, y)
			half := y*by/2*(width/2) + x*by/2
			small.Y[at] = picture[y*by*width+x*by]
			small.Cb[at], small.Cr[at] = chroma[half], chroma[luma/4+half]
		}
	}
	return small
}
