package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/minio/minio-go/v7"
)

const (
	partBytes     = 5 << 20         // of a part: the least that the protocol allows, as each upload holds one in memory
	partsMost     = 10_000          // the protocol's limit: 48 GiB in all
	partTimeout   = 2 * time.Minute // a part may take
	leftMost      = 1000            // uploads whose parts are remembered, to be removed later
	sweepPages    = 10              // of a thousand old uploads are looked at
	blobMediaType = "application/octet-stream"
)

// upload is an object that is put in parts.
type upload struct{ key, id string }

// Put stores all that r has. When it returns nil the store has confirmed all bytes;
// otherwise nothing can be opened, and what was sent is removed, at a later Ping or start
// if the store does not answer now. It holds one part in memory.
func (s *S3) Put(ctx context.Context, name string, r io.Reader) error {
	if err := check(name); err != nil {
		return err
	}
	r = reader{ctx, r}
	part := make([]byte, partBytes)
	n, err := io.ReadFull(r, part)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = s.putWhole(ctx, s.key(name), part[:n])
	case err == nil:
		err = s.putParts(ctx, s.key(name), part, r)
	}
	if err != nil {
		return fmt.Errorf("storing media: %w", err)
	}
	return nil
}

// putWhole stores a small object at once.
func (s *S3) putWhole(ctx context.Context, key string, content []byte) error {
	err := s.put(ctx, key, content, minio.PutObjectOptions{})
	if err == nil {
		return nil
	}
	// It may have come in all the same: an answer can be lost too.
	clean, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), cleanTimeout, errTimeout)
	defer cancel()
	return errors.Join(err, s.remove(clean, key))
}

func (s *S3) put(ctx context.Context, key string, content []byte, o minio.PutObjectOptions) error {
	o.ContentType = blobMediaType
	_, err := s.try(ctx, partTimeout, func(ctx context.Context) error {
		_, err := s.client.PutObject(ctx, s.bucket, key, bytes.NewReader(content), int64(len(content)), "", sum(content), o)
		return err
	})
	return err
}

// sum is sent along, so that the store refuses what changed on its way.
func sum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// putParts stores an object whose first part was read, and which appears with its last.
func (s *S3) putParts(ctx context.Context, key string, first []byte, r io.Reader) error {
	u, err := s.begin(ctx, key)
	if err != nil {
		return err
	}
	parts, size, err := s.send(ctx, u, first, r)
	if err == nil {
		err = s.complete(ctx, u, parts, size)
	}
	if err == nil {
		return nil
	}
	clean, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), cleanTimeout, errTimeout)
	defer cancel()
	return errors.Join(err, s.giveUp(clean, u))
}

func (s *S3) begin(ctx context.Context, key string) (u upload, err error) {
	u.key = key
	_, err = s.try(ctx, smallTimeout, func(ctx context.Context) error {
		u.id, err = s.client.NewMultipartUpload(ctx, s.bucket, key, minio.PutObjectOptions{ContentType: blobMediaType})
		return err
	})
	return u, err
}

// send sends all parts.
func (s *S3) send(ctx context.Context, u upload, part []byte, r io.Reader) (parts []minio.CompletePart, size int64, err error) {
	for n := len(part); n > 0; {
		if len(parts) == partsMost {
			return nil, 0, fmt.Errorf("it has more than %d bytes", int64(partsMost*partBytes))
		}
		sent, again, err := s.sendPart(ctx, u, len(parts)+1, part[:n])
		if err != nil {
			return nil, 0, err
		}
		parts, size = append(parts, sent), size+int64(n)
		if again { // a try that was given up may still be reading the part
			part = make([]byte, partBytes)
		}
		n, err = io.ReadFull(r, part)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, 0, err
		}
	}
	return parts, size, nil
}

func (s *S3) sendPart(ctx context.Context, u upload, number int, part []byte) (sent minio.CompletePart, again bool, err error) {
	again, err = s.try(ctx, partTimeout, func(ctx context.Context) error {
		got, err := s.client.PutObjectPart(ctx, s.bucket, u.key, u.id, number, bytes.NewReader(part), int64(len(part)), minio.PutObjectPartOptions{Sha256Hex: sum(part)})
		sent = minio.CompletePart{PartNumber: number, ETag: got.ETag}
		return err
	})
	return sent, again, err
}

// complete makes the parts an object. When the answer was lost, the object tells whether
// it was made.
func (s *S3) complete(ctx context.Context, u upload, parts []minio.CompletePart, size int64) error {
	_, err := s.try(ctx, partTimeout, func(ctx context.Context) error {
		_, err := s.client.CompleteMultipartUpload(ctx, s.bucket, u.key, u.id, parts, minio.PutObjectOptions{})
		return err
	})
	if err == nil {
		return nil
	}
	info, statErr := s.stat(ctx, u.key)
	if statErr == nil && info.Size == size {
		return nil
	}
	return err
}

// giveUp removes what there is of an upload, and remembers it when the store does not
// answer. If it was completed and nobody knows, it is an object by now.
func (s *S3) giveUp(ctx context.Context, u upload) error {
	err := s.abort(ctx, u)
	if err == nil {
		return s.remove(ctx, u.key)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.left) < leftMost {
		s.left = append(s.left, u)
	}
	return fmt.Errorf("removing an upload: %w", err)
}

func (s *S3) abort(ctx context.Context, u upload) error {
	_, err := s.try(ctx, smallTimeout, func(ctx context.Context) error {
		return s.client.AbortMultipartUpload(ctx, s.bucket, u.key, u.id)
	})
	if err != nil && !absent(err) {
		return err
	}
	return nil
}

// tidy removes what giveUp remembers. What is not removed now is left to the next.
func (s *S3) tidy(ctx context.Context) {
	s.mu.Lock()
	left := s.left
	s.left = nil
	s.mu.Unlock()
	for i, u := range left {
		if err := s.abort(ctx, u); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.left = append(s.left, left[i:]...)
			return
		}
	}
}

// sweep removes uploads that were begun before a time. It may not matter to anyone that
// it cannot: the next start tries again, and not all credentials allow it.
func (s *S3) sweep(ctx context.Context, before time.Time) {
	var key, id string
	for range sweepPages {
		var page minio.ListMultipartUploadsResult
		_, err := s.try(ctx, smallTimeout, func(ctx context.Context) (err error) {
			page, err = s.client.ListMultipartUploads(ctx, s.bucket, s.prefix, key, id, "", 1000)
			return err
		})
		if err != nil {
			return
		}
		for _, found := range page.Uploads {
			if found.Initiated.Before(before) && s.abort(ctx, upload{found.Key, found.UploadID}) != nil {
				return
			}
		}
		if !page.IsTruncated {
			return
		}
		key, id = page.NextKeyMarker, page.NextUploadIDMarker
	}
}
