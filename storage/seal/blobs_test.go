package seal_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/soratoo/soratoo/storage/seal"
)

// files is a seal.Files for tests that counts what is read.
type files struct {
	stored map[string][]byte
	read   int   // bytes
	fail   error // what a read ends with, unless nil
	open   int
	sought bool // content has no ReadAt
}

func (f *files) Put(_ context.Context, name string, r io.Reader) error {
	b, err := io.ReadAll(r)
	if err == nil {
		f.stored[name] = b
	}
	return err
}

func (f *files) Open(_ context.Context, name string) (io.ReadSeekCloser, error) {
	b, ok := f.stored[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	f.open++
	h := &handle{bytes.NewReader(b), f}
	if f.sought {
		return struct{ io.ReadSeekCloser }{h}, nil
	}
	return h, nil
}

func (f *files) Remove(_ context.Context, name string) error {
	delete(f.stored, name)
	return nil
}

type handle struct {
	*bytes.Reader
	files *files
}

func (h *handle) Read(p []byte) (int, error) {
	if h.files.fail != nil {
		return 0, h.files.fail
	}
	n, err := h.Reader.Read(p)
	h.files.read += n
	return n, err
}

func (h *handle) ReadAt(p []byte, off int64) (int, error) {
	if h.files.fail != nil {
		return 0, h.files.fail
	}
	n, err := h.Reader.ReadAt(p, off)
	h.files.read += n
	return n, err
}

func (h *handle) Close() error {
	h.files.open--
	return nil
}

func newBlobs(t testing.TB) (*seal.Blobs, *files) {
	t.Helper()
	f := &files{stored: map[string][]byte{}}
	return seal.NewBlobs(newKeys(t), f), f
}

// all reads content from its beginning to its end.
func all(t testing.TB, b *seal.Blobs, scope, name string) ([]byte, error) {
	t.Helper()
	r, err := b.Open(t.Context(), scope, name)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(r)
	return content, errors.Join(err, r.Close())
}

func put(t testing.TB, b *seal.Blobs, name string, content []byte) {
	t.Helper()
	must(t, b.Put(t.Context(), "project:a", name, bytes.NewReader(content)))
}

// edges are sizes around those of chunks.
var edges = []int{0, 1, 2, 65519, 65520, 65535, 65536, 65537, 131071, 131072, 131073, 1 << 20}

func TestBlobsComeBackAsTheyWereAndAreNotStoredInClear(t *testing.T) {
	const seed = 11
	random := rand.New(rand.NewPCG(seed, seed))
	sizes := edges
	for range 20 {
		sizes = append(sizes, random.IntN(1<<20))
	}
	for _, sought := range []bool{false, true} {
		b, f := newBlobs(t)
		f.sought = sought
		for i, size := range sizes {
			want := randomBytes(uint64(i), size)
			put(t, b, "n", want)
			if got, err := all(t, b, "project:a", "n"); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("seed %d: %d bytes came back as %d, %v", seed, size, len(got), err)
			}
			if size > 16 && bytes.Contains(f.stored["n"], want[:16]) {
				t.Errorf("seed %d: %d bytes are stored in clear", seed, size)
			}
			if got, err := seal.PlainSize(int64(len(f.stored["n"]))); err != nil || got != int64(size) {
				t.Errorf("PlainSize of %d sealed bytes = %d, %v", size, got, err)
			}
		}
		if f.open != 0 {
			t.Errorf("%d files are still open", f.open)
		}
	}
}

func TestPlainSizeRefusesWhatNothingSealedHas(t *testing.T) {
	_, f := newBlobs(t)
	b := seal.NewBlobs(newKeys(t), f)
	possible := map[int64]bool{}
	put(t, b, "n", nil)
	least := int64(len(f.stored["n"]))
	for n := range int64(3 << 16) {
		chunks := max(1, (n+1<<16-1)>>16)
		possible[least-16+n+16*chunks] = true
	}
	for stored := range least + 2<<16 {
		if _, err := seal.PlainSize(stored); (err == nil) != possible[stored] {
			t.Errorf("PlainSize(%d): %v", stored, err)
		}
	}
	if _, err := seal.PlainSize(-1); err == nil {
		t.Error("a negative length is taken")
	}
}

func TestReadingARangeOfABlobDoesNotReadTheRest(t *testing.T) {
	const seed, size = 12, 1 << 20
	random := rand.New(rand.NewPCG(seed, seed))
	b, f := newBlobs(t)
	want := randomBytes(seed, size)
	put(t, b, "n", want)
	r, err := b.Open(t.Context(), "project:a", "n")
	must(t, err)
	for range 200 {
		start := random.IntN(size)
		p := make([]byte, random.IntN(min(size-start, 1<<random.IntN(18)+1)+1))
		f.read = 0
		at, err := r.Seek(int64(start)-[]int64{0, 0, size}[start%3], []int{io.SeekStart, io.SeekStart, io.SeekEnd}[start%3])
		if err != nil || at != int64(start) {
			t.Fatalf("Seek to %d = %d, %v", start, at, err)
		}
		if _, err := io.ReadFull(r, p); err != nil || !bytes.Equal(p, want[start:start+len(p)]) {
			t.Fatalf("seed %d: %d bytes at %d: %v", seed, len(p), start, err)
		}
		if f.read > len(p)+3<<16 {
			t.Errorf("seed %d: for %d bytes %d were read", seed, len(p), f.read)
		}
	}
	if n, err := r.Seek(5, io.SeekEnd); err != nil || n != size+5 {
		t.Errorf("Seek beyond the end = %d, %v", n, err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read beyond the end = %d, %v", n, err)
	}
	must(t, r.Close())
}

func TestADamagedBlobEndsWithAnErrorAndNeverGivesWrongBytes(t *testing.T) {
	b, f := newBlobs(t)
	const seed = 13
	random := rand.New(rand.NewPCG(seed, seed))
	for _, c := range []struct{ size, bits int }{{0, 0}, {50, 0}, {70_000, 60}} { // 0 is all
		want := randomBytes(1, c.size)
		put(t, b, "n", want)
		whole := f.stored["n"]
		check := func(what string, n int) {
			t.Helper()
			got, err := all(t, b, "project:a", "n")
			if !errors.Is(err, seal.ErrSealed) || !bytes.HasPrefix(want, got) {
				t.Errorf("seed %d, %d bytes, %s %d: %d bytes and %v", seed, c.size, what, n, len(got), err)
			}
		}
		for i := range cmp.Or(c.bits, 8*len(whole)) {
			bit := i
			if c.bits > 0 {
				bit = random.IntN(8 * len(whole))
			}
			f.stored["n"] = bytes.Clone(whole)
			f.stored["n"][bit/8] ^= 1 << (bit % 8)
			check("without bit", bit)
		}
		for i := range cmp.Or(c.bits, len(whole)) {
			n := i
			if c.bits > 0 {
				n = random.IntN(len(whole))
			}
			f.stored["n"] = whole[:n]
			check("cut to", n)
		}
		for _, n := range []int{1, 16, 17, 1 << 16, 1<<16 + 16} {
			f.stored["n"] = append(bytes.Clone(whole), make([]byte, n)...)
			check("longer by", n)
		}
		f.stored["n"] = append(make([]byte, 17), whole[17:]...)
		check("zeros in front:", 17)
	}
}

func TestTheSoundPartOfADamagedBlobIsStillRead(t *testing.T) {
	b, f := newBlobs(t)
	want := randomBytes(1, 200_000)
	put(t, b, "n", want)
	f.stored["n"][100_000] ^= 1
	r, err := b.Open(t.Context(), "project:a", "n")
	must(t, err)
	p := make([]byte, 65536)
	if _, err := io.ReadFull(r, p); err != nil || !bytes.Equal(p, want[:65536]) {
		t.Errorf("the chunk before: %v", err)
	}
	_, err = r.Read(p)
	wantErr(t, "Read of the damaged chunk", err, seal.ErrSealed)
	_, err = r.Seek(131072, io.SeekStart)
	must(t, err)
	if rest, err := io.ReadAll(r); err != nil || !bytes.Equal(rest, want[131072:]) {
		t.Errorf("the chunks behind: %v", err)
	}
	must(t, r.Close())
}

func TestABlobDoesNotOpenElsewhere(t *testing.T) {
	b, f := newBlobs(t)
	put(t, b, "n", []byte("secret"))
	f.stored["m"] = f.stored["n"]
	_, err := all(t, b, "project:a", "m")
	wantErr(t, "Open under another name", err, seal.ErrSealed)
	_, err = all(t, b, "project:b", "n")
	wantErr(t, "Open for a scope without a key", err, seal.ErrShredded)
	must(t, b.Put(t.Context(), "project:b", "o", strings.NewReader("")))
	_, err = all(t, b, "project:b", "n")
	wantErr(t, "Open for another scope", err, seal.ErrSealed)
	_, err = all(t, b, "project:a", "none")
	wantErr(t, "Open of what is not there", err, fs.ErrNotExist)
	must(t, b.Remove(t.Context(), "n"))
	_, err = all(t, b, "project:a", "n")
	wantErr(t, "Open of what was removed", err, fs.ErrNotExist)
	if f.open != 0 {
		t.Errorf("%d files are still open", f.open)
	}
}

func TestAShreddedBlobDoesNotOpen(t *testing.T) {
	f := &files{stored: map[string][]byte{}}
	k := newKeys(t)
	b := seal.NewBlobs(k, f)
	put(t, b, "n", []byte("secret"))
	must(t, k.Shred(t.Context(), "project:a"))
	_, err := all(t, b, "project:a", "n")
	wantErr(t, "Open of what was shredded", err, seal.ErrShredded)
}

func TestWhatWasStoredInClearIsReadAsItIs(t *testing.T) {
	b, f := newBlobs(t)
	for _, content := range []string{"x", "\x89PNG\r\n\x1a\n and more", "RIFF\x00\x00\x00\x00WAVE", strings.Repeat("\x00", 500), "a text, about age"} {
		f.stored["n"] = []byte(content)
		r, err := b.Open(t.Context(), "project:a", "n")
		if err != nil {
			t.Errorf("Open of %.20q: %v", content, err)
			continue
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != content {
			t.Errorf("%.20q came back as %.20q, %v", content, got, err)
		}
		must(t, r.Close())
	}
	b.OnlySealed = true
	_, err := all(t, b, "project:a", "n")
	wantErr(t, "Open of content in clear where all is sealed", err, seal.ErrSealed)
	f.stored["n"] = make([]byte, 500)
	_, err = all(t, b, "project:a", "n")
	wantErr(t, "Open of zeros where all is sealed", err, seal.ErrSealed)
}

func TestErrorsOfFilesAreNotTakenForDamage(t *testing.T) {
	errDisk := errors.New("the disk is gone")
	for _, sought := range []bool{false, true} {
		b, f := newBlobs(t)
		f.sought = sought
		put(t, b, "n", randomBytes(1, 200_000))
		r, err := b.Open(t.Context(), "project:a", "n")
		must(t, err)
		f.fail = errDisk
		if _, err = r.Read(make([]byte, 1)); !errors.Is(err, errDisk) || errors.Is(err, seal.ErrSealed) {
			t.Errorf("Read: %v, want the file's error", err)
		}
		if _, err = b.Open(t.Context(), "project:a", "n"); !errors.Is(err, errDisk) || errors.Is(err, seal.ErrSealed) {
			t.Errorf("Open: %v, want the file's error", err)
		}
		must(t, r.Close())
	}
}

func TestABlobWhoseSourceFailsIsNotStored(t *testing.T) {
	b, f := newBlobs(t)
	errSource := errors.New("the upload was cut")
	err := b.Put(t.Context(), "project:a", "n", io.MultiReader(bytes.NewReader(make([]byte, 100_000)), iotest.ErrReader(errSource)))
	wantErr(t, "Put", err, errSource)
	if len(f.stored) != 0 {
		t.Error("a part is stored")
	}
	wantErr(t, "Put for no scope", b.Put(t.Context(), "", "n", strings.NewReader("")), seal.ErrScope)
}
