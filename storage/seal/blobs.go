package seal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"filippo.io/age"
)

const (
	ageIntro   = "age-encryption.org/v1\n"
	stanza     = "soratoo-seal"                   // the type of the one recipient in the header
	intro      = ageIntro + "-> " + stanza + "\n" // what all that is sealed begins with
	bodyLines  = 64 + 1 + 12 + 1                  // the wrapped file key, which has 57 bytes, in lines of base64
	headerSize = len(intro) + bodyLines + len("--- ") + 43 + 1
	startSize  = int64(headerSize + tagSize) // with the nonce of the content, which has 16 bytes

	chunkSize = 64 << 10 // of content; each is sealed apart
)

// Files is where the bytes of blobs are. What an Open of it returns is better an
// io.ReaderAt too.
type Files interface {
	Put(ctx context.Context, name string, r io.Reader) error
	Open(ctx context.Context, name string) (io.ReadSeekCloser, error)
	Remove(ctx context.Context, name string) error
}

// Blobs seals the content of files. It is an age file whose file key is sealed
// under the data key of a scope and the label "blob <name>", in chunks of 64 KiB: one can read
// any range without the rest, and what is damaged ends with ErrSealed.
//
// Content that was stored in clear before sealing began is read as it is: it is
// what does not begin as an age file does. A header that was damaged, even in
// half of its bytes, is still told from that, and so is a file that has become
// empty. Only a header that is wholly gone is not: set OnlySealed when
// nothing in clear is left.
type Blobs struct {
	// OnlySealed: nothing is stored in clear, and what looks so is ErrSealed. It
	// is to be set before the first use.
	OnlySealed bool

	keys  *Keys
	files Files
}

// NewBlobs returns Blobs that keep sealed content in files.
func NewBlobs(keys *Keys, files Files) *Blobs { return &Blobs{keys: keys, files: files} }

// Put seals all that r has and stores it. When it fails nothing is there, as
// Files promises.
func (b *Blobs) Put(ctx context.Context, scope, name string, r io.Reader) error {
	sealed, err := age.EncryptReader(r, &envelope{ctx: ctx, keys: b.keys, scope: scope, name: name})
	if err != nil {
		return fmt.Errorf("sealing %s: %w", name, err)
	}
	return b.files.Put(ctx, name, sealed)
}

// Open opens content for reading, by one goroutine. It is ErrShredded when the
// scope has no key any more, and ErrSealed for content that is damaged or that
// was sealed for another scope or name; a read is ErrSealed where only a
// part of the content is damaged.
func (b *Blobs) Open(ctx context.Context, scope, name string) (io.ReadSeekCloser, error) {
	file, err := b.files.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	content, err := b.open(&envelope{ctx: ctx, keys: b.keys, scope: scope, name: name}, file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", name, err), file.Close())
	}
	return content, nil
}

// Remove removes what is stored under a name, if it is there.
func (b *Blobs) Remove(ctx context.Context, name string) error { return b.files.Remove(ctx, name) }

func (b *Blobs) open(e *envelope, file io.ReadSeekCloser) (io.ReadSeekCloser, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	head := make([]byte, min(size, int64(len(intro))))
	if _, err := io.ReadFull(file, head); err != nil {
		return nil, err
	}
	switch {
	case string(head) == intro:
		return openSealed(e, file, size)
	case b.OnlySealed || resembles(head):
		return nil, ErrSealed
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return file, nil
}

// resembles tells whether this was the beginning of something sealed before it
// was damaged or cut. Of what is stored in clear nothing comes near it.
func resembles(head []byte) bool {
	same := 0
	for i, c := range head {
		if c == intro[i] {
			same++
		}
	}
	return 2*same >= len(head)
}

func openSealed(e *envelope, file io.ReadSeekCloser, size int64) (io.ReadSeekCloser, error) {
	at, ok := file.(io.ReaderAt)
	if !ok {
		at = &seeker{file: file}
	}
	plain, plainSize, err := age.DecryptReaderAt(source{at}, size, e)
	if e.err != nil {
		return nil, e.err
	}
	if err != nil {
		return nil, damage(err)
	}
	return content{io.NewSectionReader(verified{plain}, 0, plainSize), file}, nil
}

// PlainSize returns how long the content is of which so many bytes are stored
// sealed, or ErrSealed when nothing sealed has that length.
func PlainSize(stored int64) (int64, error) {
	chunks := (stored - startSize + chunkSize + tagSize - 1) / (chunkSize + tagSize)
	plain := stored - startSize - chunks*tagSize
	// Only the first chunk may be empty, when it is the only one.
	if stored < startSize+tagSize || plain < 0 || plain <= (chunks-1)*chunkSize && chunks > 1 {
		return 0, ErrSealed
	}
	return plain, nil
}

// An envelope is what age needs to seal the key of one file. It keeps the context
// because age hands none on, and lives no longer than one call.
type envelope struct {
	ctx         context.Context
	keys        *Keys
	scope, name string
	err         error // why Unwrap did not open the key
}

// Wrap seals the key of a file.
func (e *envelope) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	body, err := e.keys.Seal(e.ctx, e.scope, "blob "+e.name, fileKey)
	if err != nil {
		return nil, err
	}
	return []*age.Stanza{{Type: stanza, Body: body}}, nil
}

// Unwrap opens the key of a file, which has one recipient.
func (e *envelope) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != stanza || len(stanzas[0].Args) != 0 {
		e.err = ErrSealed
		return nil, e.err
	}
	var fileKey []byte
	fileKey, e.err = e.keys.Open(e.ctx, e.scope, "blob "+e.name, stanzas[0].Body)
	return fileKey, e.err
}

// content is the content of a file in clear.
type content struct {
	*io.SectionReader
	io.Closer
}

// verified reads what age has opened. Its errors are those of the file, or
// ErrSealed.
type verified struct{ io.ReaderAt }

func (v verified) ReadAt(p []byte, off int64) (int, error) {
	n, err := v.ReaderAt.ReadAt(p, off)
	if err != nil && err != io.EOF {
		err = damage(err)
	}
	return n, err
}

// damage returns the file's error that is in an error of age, or ErrSealed when
// it was the content.
func damage(err error) error {
	if failed, ok := errors.AsType[*readError](err); ok {
		return failed.err
	}
	return fmt.Errorf("%w: %w", ErrSealed, err)
}

// A readError is an error of the file below, told from those of age.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

// source marks the errors of a file.
type source struct{ io.ReaderAt }

func (s source) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		err = &readError{err}
	}
	return n, err
}

// A seeker reads at an offset of what can only be sought.
type seeker struct {
	mu   sync.Mutex // one read at a time: they share the file's place
	file io.ReadSeeker
}

func (s *seeker) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.file.Seek(off, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s.file, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}
