package main

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/soratoo/soratoo/crdt/wire"
)

// renderEvents is how many changes of renders are timed.
const renderEvents = 200

// renders measures the queue: how fast jobs are claimed among very many, and how
// soon a member hears what becomes of one.
func (b *bench) renders(ctx context.Context) error {
	say("renders")
	t := b.book.add("Renders", "Claims among 100,000 queued jobs of ten workspaces with budgets, in SQLite, each synchronised; and the time from a request "+
		"that changes a render to the event in a member's socket.", "work", "SoraToo")
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "XXX", "-bench", "Queue", "-benchtime", "200x", "./storage/sqlstore").CombinedOutput()
	if err != nil {
		return fmt.Errorf("measuring claims: %w: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) > 3 && strings.HasPrefix(line, "Benchmark") {
			name, _, _ := strings.Cut(strings.TrimPrefix(fields[0], "BenchmarkQueue"), "-")
			each, err := time.ParseDuration(fields[2] + "ns")
			if err != nil {
				return fmt.Errorf("measuring claims: %q: %w", line, err)
			}
			t.row(strings.Trim(name, "/"), each.Round(10*time.Microsecond).String())
		}
	}
	s := &service{name: "SoraToo", kind: "soratoo"}
	return b.withServer(ctx, s, func() error {
		took, err := s.renderEvents(ctx)
		if err != nil {
			return err
		}
		slices.Sort(took)
		t.row("change to event, p50", took[len(took)/2].Round(10*time.Microsecond).String())
		t.row("change to event, p99", took[len(took)*99/100].Round(10*time.Microsecond).String())
		return nil
	})
}

// renderEvents times events of renders that are queued, in a project that is paused.
func (s *service) renderEvents(ctx context.Context) (took []time.Duration, err error) {
	document, err := s.document(0)
	if err != nil {
		return nil, err
	}
	project, _, _ := strings.Cut(document, "/")
	of := "/projects/" + project + "/renders"
	if err := s.call(http.MethodPut, of+"/pause", map[string]any{"paused": true}, nil); err != nil {
		return nil, err
	}
	ws, _, err := websocket.Dial(ctx, s.url+"/collab", nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = ws.CloseNow() }() // it has said all
	token := wire.AppendHocuspocus(nil, wire.Address(project+"/timeline"), wire.Message{Kind: wire.Token, Payload: []byte(s.token)})
	if err := ws.Write(ctx, websocket.MessageBinary, token); err != nil {
		return nil, err
	}
	if err := untilMessage(ctx, ws, wire.Authenticated, ""); err != nil {
		return nil, err
	}
	for range renderEvents {
		began := time.Now()
		if err := s.call(http.MethodPost, of, map[string]any{"kind": "preview"}, nil); err != nil {
			return nil, err
		}
		if err := untilMessage(ctx, ws, wire.Stateless, `"type":"render"`); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// untilMessage reads up to a message of a kind that has some words.
func untilMessage(ctx context.Context, ws *websocket.Conn, kind wire.Kind, words string) error {
	for {
		_, frame, err := ws.Read(ctx)
		if err != nil {
			return err
		}
		_, m, err := wire.DecodeHocuspocus(frame)
		if err != nil {
			return err
		}
		if m.Kind == kind && strings.Contains(string(m.Payload), words) {
			return nil
		}
	}
}
