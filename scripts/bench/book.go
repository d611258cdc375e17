package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// notMeasured stands where a peer could not be, or was not, measured.
const notMeasured = "not measured"

// book is the tables of a run.
type book struct{ tables []*table }

// table has a row for each thing that was measured and a column for each peer.
type table struct {
	title, about string
	columns      []string
	rows         [][]string
}

func (b *book) add(title, about string, columns ...string) *table {
	t := &table{title: title, about: about, columns: columns}
	b.tables = append(b.tables, t)
	return t
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (b *book) write(w io.Writer) error {
	var out strings.Builder
	for _, t := range b.tables {
		fmt.Fprintf(&out, "## %s\n\n%s\n\n| %s |\n|%s\n", t.title, t.about, strings.Join(t.columns, " | "), strings.Repeat("---|", len(t.columns)))
		for _, row := range t.rows {
			fmt.Fprintf(&out, "| %s |\n", strings.Join(row, " | "))
		}
		out.WriteString("\n")
	}
	_, err := io.WriteString(w, strings.TrimSuffix(out.String(), "\n"))
	return err
}

// publish writes the book with where and when it was made.
func (b *bench) publish(ctx context.Context, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, `# Benchmarks

Written by `+"`make bench`"+` on %s. Everything in one table was measured in the same run on the same machine. Lower is better
unless it says otherwise; × is a time in ours.

Machine: %s, %d cores, %s of memory. Versions: %s, PostgreSQL %s, Redis %s, Node %s, %s.

`, time.Now().Format("2 January 2006"), processor(), runtime.NumCPU(), memory(),
		strings.Replace(runtime.Version(), "go", "Go ", 1), cmp.Or(b.postgres, notMeasured), redisVersion(ctx), nodeVersion(ctx), b.versions())
	return errors.Join(err, b.book.write(f), f.Close())
}

// field is what a file of /proc tells under a name.
func field(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(text) {
		if key, value, ok := strings.Cut(string(line), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// kilobytes is such a field in bytes.
func kilobytes(file, name string) float64 {
	n, err := strconv.ParseFloat(strings.TrimSuffix(field(file, name), " kB"), 64)
	if err != nil {
		return 0
	}
	return n * 1024
}

func processor() string {
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		return name
	}
	return runtime.GOARCH
}

func memory() string { return fmt.Sprintf("%.0f GB", kilobytes("/proc/meminfo", "MemTotal")/1e9) }

// millis writes milliseconds as precisely as makes sense.
func millis(ms float64) string {
	switch {
	case ms <= 0:
		return notMeasured
	case ms < 1:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return thousands(int(ms+0.5)) + " ms"
	}
}

func megabytes(n float64) string {
	if n <= 0 {
		return notMeasured
	}
	return fmt.Sprintf("%.1f MB", n/1e6)
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
