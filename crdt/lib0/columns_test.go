package lib0_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// runs is a list of numbers with runs, steps and jumps in it.
func runs(r *rand.Rand) (out []uint64) {
	for range r.IntN(20) {
		v, step := r.Uint64N(1<<r.IntN(54)), uint64(r.IntN(3))
		for range 1 + r.IntN(5) {
			out = append(out, v)
			v += step
		}
	}
	return out
}

func TestColumnsReadWhatWasWritten(t *testing.T) {
	for seed := range uint64(300) {
		want := runs(rand.New(rand.NewPCG(seed, 2)))
		var uints lib0.UintWriter
		var diffs lib0.DiffWriter
		var small lib0.ByteWriter
		for _, v := range want {
			uints.Write(v)
			diffs.Write(v)
			small.Write(byte(v))
		}
		var uintReader lib0.UintReader
		var diffReader lib0.DiffReader
		var byteReader lib0.ByteReader
		uintReader.Reset(uints.Bytes())
		diffReader.Reset(diffs.Bytes())
		byteReader.Reset(small.Bytes())
		for i, v := range want {
			if a, b, c := uintReader.Read(), diffReader.Read(), byteReader.Read(); a != v || b != v || c != byte(v) {
				t.Fatalf("seed %d: value %d is %d, %d, %d, want %d", seed, i, a, b, c, v)
			}
		}
		if uintReader.Len()+diffReader.Len()+byteReader.Len() != 0 {
			t.Errorf("seed %d: columns are longer than their values", seed)
		}
	}
}

func TestAStringColumnIsCutByUnits(t *testing.T) {
	want := []string{"", "a", "é", "日本", "🎬", "", "x🌅y", "👩‍👧", "end"}
	var w lib0.StringWriter
	for _, s := range want {
		w.Write([]byte(s))
	}
	var r lib0.StringReader
	r.Reset(w.Bytes())
	var got []string
	for range want {
		got = append(got, string(r.Read()))
	}
	if r.Err() != nil || !slices.Equal(got, want) {
		t.Errorf("read %q, %v, want %q", got, r.Err(), want)
	}
}

func TestAPairThatIsCutReadsAsTwoReplacements(t *testing.T) {
	column := append(lib0.AppendString(nil, "a🎬b"), 2, 0, 2) // lengths 2, 0 and 2
	var r lib0.StringReader
	r.Reset(column)
	got := [][]byte{r.Read(), r.Read(), r.Read()}
	if !bytes.Equal(bytes.Join(got, []byte("|")), []byte("a\uFFFD||\uFFFDb")) || r.Err() != nil {
		t.Errorf("read %q, %v", got, r.Err())
	}
	if r.Read(); r.Err() == nil {
		t.Error("a string beyond the column was read")
	}
}

func TestAColumnThatEndsIsMalformed(t *testing.T) {
	var uints lib0.UintReader
	var diffs lib0.DiffReader
	var small lib0.ByteReader
	for range 3 {
		uints.Read()
		diffs.Read()
		small.Read()
	}
	if uints.Err() == nil || diffs.Err() == nil || small.Err() == nil {
		t.Errorf("empty columns read: %v, %v, %v", uints.Err(), diffs.Err(), small.Err())
	}
	diffs.Reset([]byte{0x41})
	if diffs.Read(); diffs.Err() == nil {
		t.Error("a column went below zero")
	}
}
