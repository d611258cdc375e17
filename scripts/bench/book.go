package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

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

// head tells where and when the tables were made.
func (b *bench) head(w io.Writer) error {
	_, err := fmt.Fprintf(w, `# Benchmarks

Written by `+"`make bench`"+` on %s: %s, %d cores, %s, Node %s. Everything in one table was measured in the
same run on the same machine, the generator of load on the same cores. Lower is better unless it says otherwise.

`, time.Now().Format("2 January 2006"), processor(), runtime.NumCPU(), runtime.Version(), b.nodeVersion())
	return err
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// millis writes milliseconds as precisely as makes sense.
func millis(ms float64) string {
	switch {
	case ms <= 0:
		return "not measured"
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.0f ms", ms)
	}
}

func megabytes(n float64) string { return fmt.Sprintf("%.1f MB", n/1e6) }
