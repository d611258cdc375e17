package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// pageTime is how long the page may take to be measured.
const pageTime = 3 * time.Minute

// smoothness is the frames of a page while something was done on it.
type smoothness struct {
	What      string  `json:"what"`
	Frames    int     `json:"frames"`
	PerSecond float64 `json:"perSecond"`
	Work      float64 `json:"work"` // milliseconds of the main thread a frame
	P50       float64 `json:"p50"`
	P95       float64 `json:"p95"`
	P99       float64 `json:"p99"`
	Dropped   int     `json:"dropped"`
}

// pages measures how smooth the timeline of the page is.
func (b *bench) pages(ctx context.Context) error {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		say("the page is not measured: %v", err)
		return nil
	}
	say("measuring the page")
	s := &service{name: "SoraToo", kind: "soratoo"}
	var rows []smoothness
	err = b.withServer(ctx, s, func() error {
		rows, err = b.watchPage(ctx, s, browser)
		return err
	})
	if err != nil {
		return fmt.Errorf("the page: %w", err)
	}
	t := b.book.add("The timeline in the browser",
		"A cut of 2,000 clips on five tracks in headless Chromium, drawn by the processor alone; the server, and 20 Yjs clients that each edit once "+
			"and move their playhead and selection ten times a second, run on the same machine. A screen shows 60 frames a second, one each 16.7 ms; "+
			"work is the processor time of the page's main thread for one; a frame is dropped when the one before it was shown for longer.",
		"while", "frames a second", "work a frame", "p50", "p95", "p99", "dropped")
	for _, r := range rows {
		t.row(r.What, fmt.Sprintf("%.1f", r.PerSecond), millis(r.Work), millis(r.P50), millis(r.P95), millis(r.P99),
			fmt.Sprintf("%d of %d", r.Dropped, r.Frames+r.Dropped))
	}
	return nil
}

func (b *bench) watchPage(ctx context.Context, s *service, browser string) ([]smoothness, error) {
	document, err := s.document(0)
	if err != nil {
		return nil, err
	}
	project, _, _ := strings.Cut(document, "/")
	people, err := json.Marshal(map[string]any{"Ada": map[string]string{"email": benchEmail, "password": benchPassword}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "e2e/timeline.bench.mjs")
	cmd.Dir = "web"
	cmd.Env = append(os.Environ(), "SORATOO_TEST_URL=http"+strings.Replace(strings.TrimPrefix(s.url, "ws"), "127.0.0.1", "localhost", 1),
		"SORATOO_TEST_PROJECT="+project, "SORATOO_TEST_PEOPLE="+string(people), "SORATOO_TEST_ARTEFACTS="+b.dir,
		"SORATOO_TEST_CHROMIUM="+browser)
	if b.quick {
		cmd.Env = append(cmd.Env, "SORATOO_BENCH_SECONDS=2")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, &stderr)
	}
	var rows []smoothness
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errors.New("nothing was measured")
	}
	return rows, nil
}
