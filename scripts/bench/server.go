package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// load is how much is thrown at a server.
type load struct{ editors, idle, rooms, seconds int }

// rates are the edits a second of a busy room. A server whose slowest deliveries
// take longer than tooLate is spared the higher ones.
var rates = []int{200, 800, 1600, 3200, 6400, 9600}

const (
	tooLate = 50 * time.Millisecond

	typingTime = 150 * time.Second // bounds the typing of the trace
)

// The rows of the table that are not of a rate.
const (
	rowAcknowledged = "an acknowledgement means"
	rowTyped        = "text: until another client has it"
	rowPeak         = "text: memory of the nodes at their peak"
	rowHighest      = "room: most deliveries/s, all arriving, with p99 under 50 ms (more is better)"
)

func rowDelivery(rate int) string {
	return fmt.Sprintf("room with %s edits/s: delivery p50 / p99", thousands(rate))
}

func rowCPU(rate int) string {
	return fmt.Sprintf("room with %s edits/s: CPU for a delivery, nodes / database and Redis / generator", thousands(rate))
}

func (l load) rowIdle() string {
	return fmt.Sprintf("%s idle connections in %s rooms: memory of the nodes for each", thousands(l.idle), thousands(l.rooms))
}

// services are the servers that are measured, ours first.
func (b *bench) services() []*service {
	hocuspocus := b.version("Hocuspocus", "@hocuspocus/server")
	all := []*service{
		{name: "SoraToo, SQLite", kind: "soratoo", acknowledged: "on disk"},
		{name: "SoraToo, PostgreSQL", kind: "soratoo", acknowledged: "on disk", postgres: true},
		{name: "SoraToo, three nodes, PostgreSQL and Redis", kind: "soratoo", acknowledged: "on disk", size: 3, postgres: true, redis: true},
		{name: hocuspocus, kind: "hocuspocus", acknowledged: "in memory"},
		{name: hocuspocus + ", three nodes, Redis", kind: "hocuspocus", acknowledged: "in memory of one node", size: 3, redis: true},
		{name: b.version("y-websocket", "y-websocket-2"), kind: "y-websocket", acknowledged: "there is none"},
	}
	return slices.DeleteFunc(all, func(s *service) bool { return !strings.Contains(s.name, b.only) })
}

// servers measures the servers: a whole text through each, a busy room, and idle
// connections.
func (b *bench) servers(ctx context.Context) error {
	services := b.services()
	l := load{editors: 50, idle: 5000, rooms: 1250, seconds: 6}
	if b.quick {
		l.idle, l.rooms, l.seconds = 500, 125, 2
	}
	results := make([]map[string]string, len(services))
	var failed error
	if len(services) == 0 {
		return fmt.Errorf("no server is named %q", b.only)
	}
	for i, s := range services {
		results[i] = map[string]string{}
		say("measuring %s", s.name)
		if err := b.measureServer(ctx, s, results[i], l); err != nil {
			say("%s: %v", s.name, err)
			if s.kind == "soratoo" {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", s.name, err))
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
		"Nodes with their default settings on the loopback, and the generator of load, which may use one core, on the same machine, as are PostgreSQL "+
			"and Redis. The peers keep documents in memory only; ours writes each edit to disk before others see it. Where there are three nodes, the "+
			"members of a room are spread over them, and processor time and memory are of all three. The text is the B4 trace, typed by a real Yjs client "+
			"as fast as it can, each key an update, and read by a second client, of another node where there is one, when all of it is acknowledged. A room has %d editors, and each edit "+
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
	defer s.stores.close()
	if err := s.stores.open(s.postgres, s.redis); err != nil {
		return err
	}
	out[rowAcknowledged] = s.acknowledged
	err := b.withServer(ctx, s, func() error { return b.typeThrough(ctx, s, out) })
	switch {
	case err == nil:
	case s.kind != "soratoo" && b.peers != "":
		say("  the text: %v", err) // the peer may still be measured in what follows
	case s.kind == "soratoo" && b.peers == "" && errors.Is(err, errNoPeers):
		say("  not measured: the real client is missing")
	default:
		return err
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
		out[rowCPU(rate)] = r.cpu()
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
	kind, path := s.kind, ""
	if kind == "soratoo" {
		kind, path = "hocuspocus", "/collab"
	}
	reader := s.urls[len(s.urls)-1] // of another node, where there is one
	var result struct {
		Typed, Read float64
		Equal       bool
	}
	if err := b.node(ctx, &result, "trace.mjs", kind, s.url+path, reader+path, document, filepath.Join(b.dir, "b4.trace"), s.token); err != nil {
		return err
	}
	if !result.Equal {
		return fmt.Errorf("%s: the reader's text differs", s.name)
	}
	out[rowTyped] = fmt.Sprintf("%.1f s (sent after %.1f s)", result.Read/1000, result.Typed/1000)
	out[rowPeak] = megabytes(s.status("VmHWM"))
	return nil
}
