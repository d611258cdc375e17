package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"
)

// entrySizes are those of an edit, and of a large one.
var entrySizes = []int{60, 4096}

func BenchmarkSealEntry(b *testing.B) {
	for _, size := range entrySizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			k, entry := newKeys(b), make([]byte, size)
			sealed(b, k, "project:a", "entry d", "") // the key is there
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Seal(b.Context(), "project:a", "entry d", entry); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpenEntry(b *testing.B) {
	for _, size := range entrySizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			k := newKeys(b)
			value := sealed(b, k, "project:a", "entry d", string(make([]byte, size)))
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Open(b.Context(), "project:a", "entry d", value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHKDFEntry and BenchmarkGCMEntry are what was not chosen: a key for each
// message by HKDF, and one key with random nonces for all.
func BenchmarkHKDFEntry(b *testing.B) {
	for _, size := range entrySizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			key, entry := make([]byte, 32), make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				salt := make([]byte, 16, 16+16+size)
				_, _ = rand.Read(salt)
				derived, err := hkdf.Key(sha256.New, key, salt, "entry d", 32)
				must(b, err)
				newGCM(b, derived).Seal(salt, make([]byte, 12), entry, []byte("entry d"))
			}
		})
	}
}

func BenchmarkGCMEntry(b *testing.B) {
	for _, size := range entrySizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			entry, gcm := make([]byte, size), newGCM(b, make([]byte, 32))
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				nonce := make([]byte, 12, 12+16+size)
				_, _ = rand.Read(nonce)
				gcm.Seal(nonce, nonce, entry, []byte("entry d"))
			}
		})
	}
}

func newGCM(b *testing.B, key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	must(b, err)
	gcm, err := cipher.NewGCM(block)
	must(b, err)
	return gcm
}

func BenchmarkBlob(b *testing.B) {
	const size = 16 << 20
	blobs, _ := newBlobs(b)
	content := make([]byte, size)
	put(b, blobs, "n", content)
	b.Run("Put", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			put(b, blobs, "m", content)
		}
	})
	b.Run("Read", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			r, err := blobs.Open(b.Context(), "project:a", "n")
			must(b, err)
			_, err = io.Copy(io.Discard, r)
			must(b, err)
			must(b, r.Close())
		}
	})
	b.Run("ReadRange", func(b *testing.B) {
		b.SetBytes(1000)
		p, want := make([]byte, 1000), make([]byte, 1000)
		for b.Loop() {
			r, err := blobs.Open(b.Context(), "project:a", "n")
			must(b, err)
			_, err = r.Seek(size/2, io.SeekStart)
			must(b, err)
			_, err = io.ReadFull(r, p)
			must(b, err)
			if !bytes.Equal(p, want) {
				b.Fatal("wrong bytes")
			}
			must(b, r.Close())
		}
	})
}
