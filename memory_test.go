package main

import (
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
)

func TestMemoryIsLimitedAsTheSystemSays(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	for _, c := range []struct {
		text    string
		environ []string
		want    int64
	}{
		{"1000000000\n", nil, 800000000},
		{"1000000000\n", []string{"GOMEMLIMIT=1GiB"}, 0},
		{"max\n", nil, 0},
		{"9223372036854771712\n", nil, 0},
		{"nonsense", nil, 0},
	} {
		debug.SetMemoryLimit(math.MaxInt64)
		name := filepath.Join(t.TempDir(), "memory.max")
		if err := os.WriteFile(name, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := limitMemory(c.environ, []string{filepath.Join(t.TempDir(), "none"), name})
		set := debug.SetMemoryLimit(-1)
		if got != c.want || c.want > 0 && set != c.want || c.want == 0 && set != math.MaxInt64 {
			t.Errorf("%q with %v: limit %d, set %d, want %d", c.text, c.environ, got, set, c.want)
		}
	}
}
