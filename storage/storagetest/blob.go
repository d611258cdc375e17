package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/soratoo/soratoo/storage/blob"
)

// Blobs runs the contract of blob.Store. Each call of place returns how to open a new,
// empty place, as often as one likes, like nodes that share it; stores are closed by the
// caller's cleanup.
func Blobs(t *testing.T, place func(t *testing.T) (open func(t *testing.T) blob.Store)) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, open func(t *testing.T) blob.Store)
	}{
		{"BlobsOfEachSizeComeBack", blobSizes},
		{"AReaderSeeksAsAFileDoes", blobSeeks},
		{"WhatIsRemovedIsGoneAndNothingElse", blobRemoved},
		{"WhatIsNotWholeIsNotThere", blobUnfinished},
		{"NamesLeadNowhereElse", blobNames},
		{"ManyPutAtOnce", blobsAtOnce},
		{"AStoreThatWorksAnswersAPing", blobPing},
		{"AMarkIsReplacedByWhoKnowsIt", blobMark},
		{"OfManyWhoMarkAtOnceOneSucceeds", blobMarksAtOnce},
		{"AMarkIsShortPlainText", blobMarkText},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, place(t)) })
	}
}

// randomBytes are the same for the same seed. They repeat after a prime number of bytes,
// which no part of an upload is a multiple of.
func randomBytes(seed uint64, n int) []byte {
	block := make([]byte, min(n, 65_521))
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(block)
	b := make([]byte, 0, n)
	for len(b) < n {
		b = append(b, block[:min(len(block), n-len(b))]...)
	}
	return b
}

// onlyReader hides what else a reader can do, and what its size is.
func onlyReader(b []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(b)} }

func readBlob(t *testing.T, s blob.Store, name string) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatalf("Open(%s) = %v", name, err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
	return b
}

func blobSizes(t *testing.T, open func(t *testing.T) blob.Store) {
	const part = 5 << 20 // stores may cut here
	writer, other := open(t), open(t)
	for i, size := range []int{0, 1, 4095, 1 << 20, part - 1, part, part + 1, 2 * part, 20<<20 + 7} {
		name, want := fmt.Sprintf("size%d", size), randomBytes(uint64(i), size)
		must(t, writer.Put(t.Context(), name, onlyReader(want)))
		if got := readBlob(t, other, name); !bytes.Equal(got, want) {
			t.Errorf("of %d bytes %d others came back", size, len(got))
		}
	}
}

func blobSeeks(t *testing.T, open func(t *testing.T) blob.Store) {
	s := open(t)
	const seed, size = 7, 300_000
	want := randomBytes(seed, size)
	must(t, s.Put(t.Context(), "seeks", onlyReader(want)))
	r, err := s.Open(t.Context(), "seeks")
	must(t, err)
	defer func() { _ = r.Close() }()
	random := rand.New(rand.NewPCG(seed, seed))
	model := bytes.NewReader(want)
	for range 100 {
		whence := random.IntN(3)
		offset := int64([]int{random.IntN(size + 10), random.IntN(2000) - 1000, -random.IntN(size + 10)}[whence])
		at, err := r.Seek(offset, whence)
		wantAt, wantErr := model.Seek(offset, whence)
		if (err == nil) != (wantErr == nil) || err == nil && at != wantAt {
			t.Fatalf("seed %d: Seek(%d, %d) = %d, %v, want %d, %v", seed, offset, whence, at, err, wantAt, wantErr)
		}
		n := random.IntN(5000)
		got, err := io.ReadAll(io.LimitReader(r, int64(n)))
		must(t, err)
		part, _ := io.ReadAll(io.LimitReader(model, int64(n)))
		if !bytes.Equal(got, part) {
			t.Fatalf("seed %d: %d bytes at %d are others", seed, n, wantAt)
		}
	}
	_, err = r.Seek(0, io.SeekStart)
	must(t, err)
	if err := iotest.TestReader(r, want); err != nil {
		t.Error(err)
	}
}

func blobRemoved(t *testing.T, open func(t *testing.T) blob.Store) {
	s := open(t)
	for _, name := range []string{"abc", "abd", "ABC"} {
		must(t, s.Put(t.Context(), name, strings.NewReader("bytes of "+name)))
	}
	for range 2 { // what is gone needs no removing
		must(t, s.Remove(t.Context(), "abc"))
	}
	if _, err := s.Open(t.Context(), "abc"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open after Remove = %v", err)
	}
	for _, name := range []string{"abd", "ABC"} {
		if got := string(readBlob(t, open(t), name)); got != "bytes of "+name {
			t.Errorf("%s holds %q", name, got)
		}
	}
}

func blobUnfinished(t *testing.T, open func(t *testing.T) blob.Store) {
	s := open(t)
	trouble := errors.New("trouble")
	for _, size := range []int{0, 100, 5 << 20, 11 << 20} {
		r := io.MultiReader(bytes.NewReader(make([]byte, size)), iotest.ErrReader(trouble))
		if err := s.Put(t.Context(), "abc", r); !errors.Is(err, trouble) {
			t.Errorf("Put of %d bytes and trouble = %v", size, err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		r = io.MultiReader(bytes.NewReader(make([]byte, size)), canceler{cancel, trouble}, strings.NewReader("the rest"))
		if err := s.Put(ctx, "abc", r); !errors.Is(err, trouble) {
			t.Errorf("Put of %d bytes and an end = %v", size, err)
		}
		if _, err := s.Open(t.Context(), "abc"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open after %d bytes = %v", size, err)
		}
	}
}

// canceler ends the context of who reads it.
type canceler struct {
	cancel context.CancelCauseFunc
	cause  error
}

func (c canceler) Read([]byte) (int, error) {
	c.cancel(c.cause)
	return 0, io.EOF
}

func blobNames(t *testing.T, open func(t *testing.T) blob.Store) {
	s := open(t)
	for _, name := range []string{"", "ab", "../secret", "..", "abc/def", "/etc/passwd", "ab.", "ab\x00c", "abé", strings.Repeat("a", 65), "unfinished/x"} {
		if err := s.Put(t.Context(), name, strings.NewReader("x")); !errors.Is(err, blob.ErrName) {
			t.Errorf("Put(%q) = %v, want ErrName", name, err)
		}
		if _, err := s.Open(t.Context(), name); !errors.Is(err, blob.ErrName) {
			t.Errorf("Open(%q) = %v, want ErrName", name, err)
		}
		if err := s.Remove(t.Context(), name); !errors.Is(err, blob.ErrName) {
			t.Errorf("Remove(%q) = %v, want ErrName", name, err)
		}
	}
	// A blob may be called as a store calls things of its own.
	must(t, s.SetMark(t.Context(), "", "a mark"))
	for _, name := range []string{"installation", "unfinished", "ping"} {
		must(t, s.Put(t.Context(), name, strings.NewReader(name)))
		if got := string(readBlob(t, s, name)); got != name {
			t.Errorf("%s holds %q", name, got)
		}
	}
	if mark, err := s.Mark(t.Context()); mark != "a mark" || err != nil {
		t.Errorf("Mark = %q, %v", mark, err)
	}
}

func blobsAtOnce(t *testing.T, open func(t *testing.T) blob.Store) {
	stores := []blob.Store{open(t), open(t)}
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			s, name, want := stores[i%2], fmt.Sprintf("ab%d", i), randomBytes(uint64(i), i*400_000)
			if err := s.Put(t.Context(), name, onlyReader(want)); err != nil {
				t.Errorf("Put(%s) = %v", name, err)
				return
			}
			if got := readBlob(t, stores[1-i%2], name); !bytes.Equal(got, want) {
				t.Errorf("of %s %d bytes of %d came back", name, len(got), len(want))
			}
		})
	}
	group.Wait()
}

func blobPing(t *testing.T, open func(t *testing.T) blob.Store) {
	s := open(t)
	for range 3 {
		must(t, s.Ping(t.Context()))
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	trouble := errors.New("trouble")
	cancel(trouble)
	if err := s.Ping(ctx); !errors.Is(err, trouble) {
		t.Errorf("Ping after the end = %v", err)
	}
}

func blobMark(t *testing.T, open func(t *testing.T) blob.Store) {
	s, other := open(t), open(t)
	if mark, err := s.Mark(t.Context()); mark != "" || err != nil {
		t.Fatalf("Mark of a new store = %q, %v", mark, err)
	}
	if err := s.SetMark(t.Context(), "a", "b"); !errors.Is(err, blob.ErrMark) {
		t.Errorf("SetMark(a, b) of a new store = %v", err)
	}
	must(t, s.SetMark(t.Context(), "", "a"))
	for _, old := range []string{"", "b", "A"} {
		if err := other.SetMark(t.Context(), old, "c"); !errors.Is(err, blob.ErrMark) {
			t.Errorf("SetMark(%s, c) of a store with a = %v", old, err)
		}
	}
	must(t, other.SetMark(t.Context(), "a", "b"))
	for _, store := range []blob.Store{s, other, open(t)} {
		if mark, err := store.Mark(t.Context()); mark != "b" || err != nil {
			t.Errorf("Mark = %q, %v, want b", mark, err)
		}
	}
}

func blobMarksAtOnce(t *testing.T, open func(t *testing.T) blob.Store) {
	stores := []blob.Store{open(t), open(t)}
	old := ""
	for round := range 8 {
		var group sync.WaitGroup
		results := make([]error, 6)
		for i := range results {
			group.Go(func() {
				results[i] = stores[i%2].SetMark(t.Context(), old, fmt.Sprintf("%d of round %d", i, round))
			})
		}
		group.Wait()
		won := ""
		for i, err := range results {
			switch {
			case err == nil && won != "":
				t.Errorf("round %d: two succeeded", round)
			case err == nil:
				won = fmt.Sprintf("%d of round %d", i, round)
			case !errors.Is(err, blob.ErrMark):
				t.Errorf("round %d: SetMark = %v", round, err)
			}
		}
		mark, err := stores[0].Mark(t.Context())
		if mark != won || err != nil {
			t.Errorf("round %d: Mark = %q, %v, want %q", round, mark, err, won)
		}
		old = won
	}
}

func blobMarkText(t *testing.T, open func(t *testing.T) blob.Store) {
	s := open(t)
	for _, mark := range []string{"", "two\nlines", "é", strings.Repeat("a", 257)} {
		if err := s.SetMark(t.Context(), "", mark); err == nil || errors.Is(err, blob.ErrMark) {
			t.Errorf("SetMark(%q) = %v", mark, err)
		}
	}
	must(t, s.SetMark(t.Context(), "", strings.Repeat("~ ", 128)))
	if mark, err := s.Mark(t.Context()); mark != strings.Repeat("~ ", 128) || err != nil {
		t.Errorf("Mark = %q, %v", mark, err)
	}
}
