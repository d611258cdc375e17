package main

import (
	"fmt"
	"path/filepath"
	"time"
)

// servers measures the servers: a whole text through each, a busy room, and idle
// connections.
func (b *bench) servers() error {
	services := []*service{
		{name: "SoraToo", kind: "soratoo", acknowledged: "on disk"},
		{name: b.version("@hocuspocus/server"), kind: "hocuspocus", acknowledged: "in memory"},
		{name: b.version("y-websocket-2"), kind: "y-websocket", acknowledged: "nothing"},
	}
	columns := []string{"work"}
	for _, s := range services {
		columns = append(columns, s.name)
	}
	editors, idle, rooms, seconds := 50, 5000, 1250, 8
	if b.quick {
		idle, rooms, seconds = 500, 125, 3
	}
	t := b.book.add("The server", fmt.Sprintf(
		"One node on the loopback, the generator of load on the same cores. The text is the B4 trace, typed by a real Yjs client, each key an "+
			"update, and read back by another when all is sent. A room has %d editors, each edit reaches the %d others; delivery is from sending to "+
			"receiving. Nothing is written to disk by the others.", editors, editors-1), columns...)
	results := make([]map[string]string, len(services))
	for i, s := range services {
		results[i] = map[string]string{}
		say("measuring %s", s.name)
		if err := b.measureServer(s, results[i], load{editors, idle, rooms, seconds}); err != nil {
			if i == 0 {
				return err
			}
			say("%s is not measured further: %v", s.name, err)
		}
	}
	rows := []string{"an acknowledgement means", "text: until another client has it", "text: memory of the server at its peak"}
	for _, rate := range rates {
		rows = append(rows, roomRow(rate, "delivery p50 / p99"))
		if rate <= 1600 {
			rows = append(rows, roomRow(rate, "server CPU for a delivery"))
		}
	}
	rows = append(rows, idleRow(idle, rooms))
	for _, row := range rows {
		cells := []string{row}
		for i := range services {
			cell := results[i][row]
			if cell == "" {
				cell = "–"
			}
			cells = append(cells, cell)
		}
		t.row(cells...)
	}
	return nil
}

// load is how much is thrown at a server.
type load struct{ editors, idle, rooms, seconds int }

// rates are the edits a second of a busy room; a server whose deliveries take
// longer than tooLate is spared the higher ones.
var rates = []int{800, 1600, 3200, 6400, 9600}

const tooLate = 50 * time.Millisecond

func roomRow(rate int, what string) string {
	return fmt.Sprintf("room with %d edits/s: %s", rate, what)
}

func idleRow(idle, rooms int) string {
	return fmt.Sprintf("%d idle connections in %d rooms: memory of each", idle, rooms)
}

func (b *bench) measureServer(s *service, out map[string]string, l load) error {
	out["an acknowledgement means"] = s.acknowledged
	if err := b.withServer(s, func() error { return b.typeThrough(s, out) }); err != nil {
		return err
	}
	for _, rate := range rates {
		var r busy
		err := b.withServer(s, func() (err error) {
			r, err = b.busyRoom(s, l.editors, rate, l.seconds)
			return err
		})
		if err != nil {
			return err
		}
		out[roomRow(rate, "delivery p50 / p99")] = fmt.Sprintf("%s / %s", short(r.p50), short(r.p99))
		if r.arrived < 0.99 {
			out[roomRow(rate, "delivery p50 / p99")] += fmt.Sprintf(", %.0f %% arrived", r.arrived*100)
		}
		out[roomRow(rate, "server CPU for a delivery")] = fmt.Sprintf("%.1f µs", r.cpu)
		if r.p99 > tooLate {
			break
		}
	}
	return b.withServer(s, func() error { return b.idleConnections(s, out, l) })
}

func short(d time.Duration) string { return fmt.Sprintf("%.2g ms", float64(d)/1e6) }

func (b *bench) typeThrough(s *service, out map[string]string) error {
	say("  typing a text through it")
	address, err := s.document(0)
	if err != nil {
		return err
	}
	url, name := s.url, address
	if s.kind == "soratoo" {
		url += "/collab"
	}
	var result struct {
		Typed, Read float64
		Equal       bool
	}
	if err := b.node(&result, "trace.mjs", s.kind, url, name, filepath.Join(b.dir, "b4.trace"), s.token); err != nil {
		return err
	}
	if !result.Equal {
		return fmt.Errorf("%s: the reader's text differs", s.name)
	}
	out["text: until another client has it"] = fmt.Sprintf("%.1f s (typing took %.1f s)", result.Read/1000, result.Typed/1000)
	out["text: memory of the server at its peak"] = fmt.Sprintf("%.0f MB", s.status("VmHWM:")/1e6)
	return nil
}
