package blob

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// ErrDamaged: what is stored is not what was put.
var ErrDamaged = errors.New("what is stored is not what was put")

// Sum is what is known of bytes since they were put.
type Sum struct {
	Size   int64
	SHA256 []byte
}

// Checked holds content, as a store has opened it, against its sum, with no further
// pass over it. The size is checked at once. Who reads it from its beginning to its end
// gets ErrDamaged in place of the last bytes when they are not those that were put: so
// nobody has the whole of what is damaged, even who counts bytes and does not wait for
// the end. Reading parts checks no bytes. When it ends with an error, content is still
// the caller's to close.
func Checked(content io.ReadSeekCloser, want Sum) (io.ReadSeekCloser, error) {
	size, err := content.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = content.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the size of media: %w", err)
	}
	if size != want.Size {
		return nil, fmt.Errorf("%w: it has %d bytes, not %d", ErrDamaged, size, want.Size)
	}
	c := &checked{content: content, want: want, sum: sha256.New()}
	if want.Size == 0 { // there will be no last bytes
		return c, c.compare()
	}
	return c, nil
}

// checked takes the sum of what is read in one go from the beginning.
type checked struct {
	content io.ReadSeekCloser
	want    Sum
	sum     hash.Hash
	summed  int64 // bytes that are in sum
	at      int64 // where the next byte is from
}

func (c *checked) Read(p []byte) (int, error) {
	if c.at == 0 && c.summed > 0 { // from the beginning anew
		c.sum.Reset()
		c.summed = 0
	}
	n, err := c.content.Read(p)
	if c.at == c.summed {
		c.sum.Write(p[:n])
		c.summed += int64(n)
	}
	c.at += int64(n)
	switch {
	case c.at > c.want.Size && n > 0:
		return 0, fmt.Errorf("%w: it goes on behind its %d bytes", ErrDamaged, c.want.Size)
	case errors.Is(err, io.EOF) && c.at < c.want.Size:
		return 0, fmt.Errorf("%w: it ends after %d of %d bytes", ErrDamaged, c.at, c.want.Size)
	case n > 0 && c.at == c.want.Size && c.summed == c.at:
		if damaged := c.compare(); damaged != nil {
			return 0, damaged
		}
	}
	return n, err
}

func (c *checked) compare() error {
	if !bytes.Equal(c.sum.Sum(nil), c.want.SHA256) {
		return fmt.Errorf("%w: its SHA-256 is another", ErrDamaged)
	}
	return nil
}

func (c *checked) Seek(offset int64, whence int) (int64, error) {
	at, err := c.content.Seek(offset, whence)
	if err == nil {
		c.at = at
	}
	return at, err
}

func (c *checked) Close() error { return c.content.Close() }
