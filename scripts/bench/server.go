package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// load is how much is thrown at a server.
type load struct{ editors, idle, rooms, seconds int }

// rates are the edits a second of a busy room. A server whose slowest deliveries
// take longer than tooLate is spared the higher ones.
var rates = []int{800, 1600, 3200, 6400, 9600}

const (
	tooLate = 50 * time.Millisecond

	typingTime = 150 * time.Second // bounds the typing of the trace
)

// The rows of the table that are not of a rate.
const (
	rowAcknowledged = "an acknowledgement means"
	rowTyped        = "text: until another client has it"
	rowPeak         = "text: memory of the server at its peak"
	rowHighest      = "room: most deliveries/s, all arriving, with p99 under 50 ms (more is better)"
)

func rowDelivery(rate int) string {
	return fmt.Sprintf("room with %s edits/s: delivery p50 / p99", thousands(rate))
}

func rowCPU(rate int) string {
	return fmt.Sprintf("room with %s edits/s: CPU for a delivery, server / generator", thousands(rate))
}

func (l load) rowIdle() string {
	return fmt.Sprintf("%s idle connections in %s rooms: memory of each", thousands(l.idle), thousands(l.rooms))
}

// servers measures the servers: a whole text through each, a busy room, and idle
// connections.
func (b *bench) servers(ctx context.Context) error {
	services := []*service{
		{name: "SoraToo", kind: "soratoo", acknowledged: "on disk"},
		{name: b.version("Hocuspocus", "@hocuspocus/server"), kind: "hocuspocus", acknowledged: "in memory"},
		{name: b.version("y-websocket", "y-websocket-2"), kind: "y-websocket", acknowledged: "there is none"},
	}
	l := load{editors: 50, idle: 5000, rooms: 1250, seconds: 6}
	if b.quick {
		l.idle, l.rooms, l.seconds = 500, 125, 2
	}
	results := make([]map[string]string, len(services))
	var failed error
	for i, s := range services {
		results[i] = map[string]string{}
		say("measuring %s", s.name)
		if err := b.measureServer(ctx, s, results[i], l); err != nil {
			say("%s: %v", s.name, err)
			if i == 0 {
				failed = fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	b.serverTable(services, results, l)
	return failed
}

func (b *bench) serverTable(services []*service, results []map[string]string, l load) {
	columns := []string{"work"}
	for _, s := range services {
		columns = append(columns, s.name)
	}
	t := b.book.add("The server", fmt.Sprintf(
		"One node with its default settings on the loopback, and the generator of load, which may use one core, on the same machine. The peers "+
			"keep documents in memory only; ours writes each edit to disk before others see it. The text is the B4 trace, typed by a real Yjs client "+
			"as fast as it can, each key an update, and read by a second client when all of it is acknowledged. A room has %d editors, and each edit "+
			"is for the %d others; a delivery lasts from when the edit was due to when one of them has it, alone or merged with later ones; the first "+
			"%d seconds do not count. A server is not given a higher rate after its p99 exceeded %d ms.",
		l.editors, l.editors-1, warmUp, tooLate.Milliseconds()), columns...)
	rows := []string{rowAcknowledged, rowTyped, rowPeak}
	for _, rate := range rates {
		rows = append(rows, rowDelivery(rate), rowCPU(rate))
	}
	rows = append(rows, rowHighest, l.rowIdle())
	for _, row := range rows {
		cells := []string{row}
		for _, r := range results {
			cell := r[row]
			if cell == "" {
				cell = notMeasured
			}
			cells = append(cells, cell)
		}
		t.row(cells...)
	}
}

// measureServer measures one server; what it got before an error is in out.
func (b *bench) measureServer(ctx context.Context, s *service, out map[string]string, l load) error {
	out[rowAcknowledged] = s.acknowledged
	if err := b.withServer(ctx, s, func() error { return b.typeThrough(ctx, s, out) }); err != nil {
		if s.kind == "soratoo" && b.peers == "" && errors.Is(err, errNoPeers) {
			say("  not measured: the real client is missing")
		} else {
			return err
		}
	}
	lost := b.busyRooms(ctx, s, out, l)
	if lost != nil && !errors.Is(lost, errLost) {
		return lost
	}
	return errors.Join(lost, b.withServer(ctx, s, func() error { return idleConnections(ctx, s, out, l) }))
}

// errLost says that edits did not reach everyone although there was no hurry.
var errLost = errors.New("edits did not reach everyone")

// busyRooms measures a room at each rate that the server can bear.
func (b *bench) busyRooms(ctx context.Context, s *service, out map[string]string, l load) error {
	out[rowHighest] = "none"
	var lost error
	for _, rate := range rates {
		var r busy
		err := b.withServer(ctx, s, func() (err error) {
			r, err = busyRoom(ctx, s, rate, l)
			return err
		})
		if err != nil {
			return err
		}
		out[rowDelivery(rate)] = r.delivery()
		out[rowCPU(rate)] = fmt.Sprintf("%.1f / %.1f µs", r.cpu, r.generator)
		switch {
		case r.p99 > tooLate:
			return lost
		case r.missing() > 0:
			lost = errLost
		default:
			out[rowHighest] = thousands(rate * (l.editors - 1))
		}
	}
	return lost
}

// typeThrough types the trace through a server with real clients.
func (b *bench) typeThrough(ctx context.Context, s *service, out map[string]string) error {
	say("  typing a text through it")
	ctx, cancel := context.WithTimeout(ctx, typingTime)
	defer cancel()
	document, err := s.document(0)
	if err != nil {
		return err
	}
	kind, url := s.kind, s.url
	if kind == "soratoo" {
		kind, url = "hocuspocus", url+"/collab"
	}
	var result struct {
		Typed, Read float64
		Equal       bool
	}
	if err := b.node(ctx, &result, "trace.mjs", kind, url, document, filepath.Join(b.dir, "b4.trace"), s.token); err != nil {
		return err
	}
	if !result.Equal {
		return fmt.Errorf("%s: the reader's text differs", s.name)
	}
	out[rowTyped] = fmt.Sprintf("%.1f s (sent after %.1f s)", result.Read/1000, result.Typed/1000)
	out[rowPeak] = megabytes(s.status("VmHWM"))
	return nil
}
