package blob

import (
	"context"
	"fmt"
	"net/http"

	"github.com/minio/minio-go/v7"
)

// Mark returns the mark of the prefix, "" when there is none yet.
func (s *S3) Mark(ctx context.Context) (string, error) {
	mark, _, err := s.mark(ctx)
	return mark, err
}

// mark reads the mark and what tells this object from the next.
func (s *S3) mark(ctx context.Context) (mark, etag string, err error) {
	_, err = s.try(ctx, smallTimeout, func(ctx context.Context) error {
		body, info, _, err := s.client.GetObject(ctx, s.bucket, s.prefix+markFile, minio.GetObjectOptions{})
		if err != nil {
			return err
		}
		defer func() { _ = body.Close() }()
		mark, err = readMark(body)
		etag = info.ETag
		return err
	})
	if absent(err) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("reading the mark of the bucket %s: %w", s.bucket, err)
	}
	return mark, etag, nil
}

// SetMark replaces the mark by a conditional write, which the store has to know. Who is
// the second to set the same mark succeeds too.
func (s *S3) SetMark(ctx context.Context, old, mark string) error {
	if err := checkMark(mark); err != nil {
		return err
	}
	found, etag, err := s.mark(ctx)
	if err != nil {
		return err
	}
	if found != old {
		return fmt.Errorf("%w: %q", ErrMark, found)
	}
	var o minio.PutObjectOptions
	if old == "" {
		o.SetMatchETagExcept("*")
	} else {
		o.SetMatchETag(etag)
	}
	err = s.put(ctx, s.prefix+markFile, []byte(mark), o)
	if err == nil {
		return nil
	}
	if status := answer(err).StatusCode; status != http.StatusPreconditionFailed && status != http.StatusConflict && status != http.StatusNotFound {
		return fmt.Errorf("writing the mark of the bucket %s: %w", s.bucket, err)
	}
	// Somebody was quicker: another, or a try of ours whose answer was lost.
	if found, _, err = s.mark(ctx); err != nil || found == mark {
		return err
	}
	return fmt.Errorf("%w: %q", ErrMark, found)
}
