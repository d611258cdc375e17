package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
)

const stallTimeout = 30 * time.Second // the store may keep a reader waiting

// Open opens what is stored under a name. It reads as it goes, from where it stands; when
// the connection breaks it goes on with another.
func (s *S3) Open(ctx context.Context, name string) (io.ReadSeekCloser, error) {
	if err := check(name); err != nil {
		return nil, err
	}
	info, err := s.stat(ctx, s.key(name))
	if absent(err) {
		return nil, fmt.Errorf("opening media: %s: %w", name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("opening media: %w", err)
	}
	return &object{s: s, ctx: ctx, name: name, size: info.Size, etag: info.ETag}, nil
}

func (s *S3) stat(ctx context.Context, key string) (info minio.ObjectInfo, err error) {
	_, err = s.try(ctx, smallTimeout, func(ctx context.Context) error {
		info, err = s.client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
		return err
	})
	return info, err
}

// object reads an object of a bucket.
type object struct {
	s    *S3
	ctx  context.Context // of who opened it: Read has none
	name string
	size int64
	etag string // all is read from the same object, or not at all

	at   int64         // where the next byte is from
	body io.ReadCloser // stands at at; nil when there is no connection
	stop func()        // ends the body's connection
}

func (o *object) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if o.at >= o.size {
		return 0, io.EOF
	}
	for try := 1; ; try++ {
		n, err := o.read(p[:min(int64(len(p)), o.size-o.at)])
		o.at += int64(n)
		if err != nil {
			o.drop()
		}
		if n > 0 || err == nil {
			return n, nil
		}
		if cause := context.Cause(o.ctx); cause != nil {
			return 0, cause
		}
		if known := o.changed(err); known != nil {
			return 0, known
		}
		if try == tries || !passing(err) || !pause(o.ctx, try) {
			return 0, fmt.Errorf("reading media: %w", err)
		}
	}
}

// read reads what the store has next, with a new connection if there is none.
func (o *object) read(p []byte) (n int, err error) {
	if o.body == nil {
		if err := o.connect(); err != nil {
			return 0, err
		}
	}
	stalled := time.AfterFunc(stallTimeout, o.stop)
	n, err = o.body.Read(p)
	if !stalled.Stop() && n == 0 {
		return 0, errTimeout
	}
	if errors.Is(err, io.EOF) && o.at+int64(n) < o.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (o *object) connect() error {
	var get minio.GetObjectOptions
	if err := get.SetMatchETag(o.etag); err != nil {
		return err
	}
	if o.at > 0 { // the whole needs no range
		if err := get.SetRange(o.at, 0); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(o.ctx)
	body, _, _, err := o.s.client.GetObject(ctx, o.s.bucket, o.s.key(o.name), get)
	if err != nil {
		stop()
		return err
	}
	o.body, o.stop = body, stop
	return nil
}

// changed tells what became of an object since it was opened, if that is what is wrong.
func (o *object) changed(err error) error {
	switch {
	case absent(err):
		return fmt.Errorf("reading media: %s: %w", o.name, fs.ErrNotExist)
	case answer(err).StatusCode == http.StatusPreconditionFailed:
		return fmt.Errorf("reading media: %w: it was replaced", ErrDamaged)
	}
	return nil
}

// drop lets go of the connection. What is still on its way is not waited for.
func (o *object) drop() {
	if o.body != nil {
		o.stop()
		_ = o.body.Close()
		o.body = nil
	}
}

func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	default:
		return 0, errors.New("reading media: no such place to seek from")
	}
	if offset < 0 {
		return 0, errors.New("reading media: there is nothing before the beginning")
	}
	if offset != o.at {
		o.drop()
		o.at = offset
	}
	return offset, nil
}

func (o *object) Close() error {
	o.drop()
	o.size = 0 // nothing more is read
	return nil
}
