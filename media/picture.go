package media

import (
	"fmt"
	"image"
	_ "image/gif"  // so that image.DecodeConfig knows them
	_ "image/jpeg" // the same
	_ "image/png"  // the same
	"io"

	_ "golang.org/x/image/webp" // the same
)

const maxPixels = 100 << 20 // of an image, which browsers hold with four bytes each

// checkPicture ends with ErrBroken unless an image's header can be read and tells a
// sane size: a few bytes may claim more than any browser can show.
func checkPicture(r io.Reader) error {
	c, _, err := image.DecodeConfig(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if w, h := c.Width, c.Height; w < 1 || h < 1 || w > maxSide || h > maxSide || w*h > maxPixels {
		return fmt.Errorf("%w: its size cannot be %d by %d", ErrBroken, w, h)
	}
	return nil
}
