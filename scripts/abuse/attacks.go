package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/lib0"
	"github.com/soratoo/soratoo/crdt/wire"
)

// clients sends an update of very many client ids, while somebody else writes in
// another project: it says how long their acknowledgement took.
func clients(ctx context.Context, t *target) (string, error) {
	const many = 600_000
	update := lib0.AppendUint(nil, many)
	for i := range uint64(many) {
		update = lib0.AppendUint(lib0.AppendUint(update, 1), 1000+i) // one struct of this client
		update = append(update, 0, 0, 1)                             // from clock 0, a GC struct of one unit
	}
	update = append(update, 0)
	token, project, err := t.account(ctx, "ben")
	if err != nil {
		return "", err
	}
	hers, err := t.socket(ctx, t.token, t.project+"/review")
	if err != nil {
		return "", err
	}
	his, err := t.socket(ctx, token, project+"/timeline")
	if err != nil {
		return "", err
	}
	if err := say(ctx, hers, t.project+"/review", wire.Message{Kind: wire.SyncStep2, Payload: update}); err != nil {
		return "", err
	}
	time.Sleep(50 * time.Millisecond)
	slowest := time.Duration(0)
	doc := crdt.New(crdt.Options{})
	for i := range 200 {
		began := time.Now()
		edit := doc.Transact(func(tx *crdt.Tx) { doc.Map("markers").Set(tx, fmt.Sprint("m", i), crdt.NewMap(nil)) })
		if err := say(ctx, his, project+"/timeline", wire.Message{Kind: wire.Update, Payload: edit}); err != nil {
			return "", err
		}
		if _, err := until(ctx, his, wire.SyncStatus); err != nil {
			return "", err
		}
		slowest = max(slowest, time.Since(began))
	}
	return fmt.Sprintf("another's slowest acknowledgement took %v", slowest.Round(time.Millisecond)), nil
}

// waiting has edits wait that build on what never comes, while others are taken.
func waiting(ctx context.Context, t *target) (string, error) {
	doc := t.project + "/timeline"
	ws, err := t.socket(ctx, t.token, doc)
	if err != nil {
		return "", err
	}
	big := strings.Repeat("x", 8<<10)
	for client := range uint64(31) {
		d := crdt.New(crdt.Options{ClientID: 100 + client})
		d.Transact(func(tx *crdt.Tx) { d.Map("markers").Set(tx, "gone", crdt.NewMap(nil)) })
		waits := d.Transact(func(tx *crdt.Tx) {
			d.Map("markers").Set(tx, fmt.Sprint("w", client), crdt.NewMap(map[string]any{"label": big[:200]}))
		})
		if err := say(ctx, ws, doc, wire.Message{Kind: wire.Update, Payload: waits}); err != nil {
			return "", err
		}
	}
	used := t.processor()
	mine := crdt.New(crdt.Options{})
	for i := range 2000 {
		edit := mine.Transact(func(tx *crdt.Tx) { mine.Map("markers").Set(tx, fmt.Sprint("m", i), crdt.NewMap(nil)) })
		if err := say(ctx, ws, doc, wire.Message{Kind: wire.Update, Payload: edit}); err != nil {
			return "", err
		}
		if _, err := until(ctx, ws, wire.SyncStatus); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d µs of processor an edit", (t.processor()-used).Microseconds()/2000), nil
}

// early sends messages before signing in.
func early(ctx context.Context, t *target) (string, error) {
	message := wire.AppendHocuspocus(nil, wire.Address("x/timeline"), wire.Message{Kind: wire.Update, Payload: make([]byte, 255<<10)})
	open := 0
	for range 300 {
		ws, err := t.socket(ctx, "", "")
		if err != nil {
			break // it is refused
		}
		open++
		for range 4 {
			if err := ws.Write(ctx, websocket.MessageBinary, message); err != nil {
				break
			}
		}
	}
	time.Sleep(time.Second)
	return fmt.Sprintf("%d sockets were opened", open), nil
}

// halves begins messages and does not end them.
func halves(ctx context.Context, t *target) (string, error) {
	doc := t.project + "/timeline"
	part := make([]byte, 1<<20)
	for range 60 {
		ws, err := t.socket(ctx, t.token, doc)
		if err != nil {
			break
		}
		w, err := ws.Writer(ctx, websocket.MessageBinary)
		if err != nil {
			break
		}
		for range 15 {
			if _, err := w.Write(part); err != nil {
				break
			}
		}
	}
	time.Sleep(time.Second)
	now, _ := t.memory()
	return fmt.Sprintf("%d MB after a second", now>>20), nil
}

// large makes the project's timeline about 6 MB.
func large(ctx context.Context, t *target) error {
	doc := t.project + "/timeline"
	ws, err := t.socket(ctx, t.token, doc)
	if err != nil {
		return err
	}
	defer func() { _ = ws.CloseNow() }()
	d := crdt.New(crdt.Options{})
	text := strings.Repeat("a street in the rain ", 900)
	for i := range 320 {
		edit := d.Transact(func(tx *crdt.Tx) {
			d.Map("scenes").Set(tx, fmt.Sprint("s", i), crdt.NewMap(map[string]any{"prompt": crdt.NewText(text)}))
		})
		if err := say(ctx, ws, doc, wire.Message{Kind: wire.Update, Payload: edit}); err != nil {
			return err
		}
		if status, err := until(ctx, ws, wire.SyncStatus); err != nil || !status.Applied {
			return fmt.Errorf("making a large document: %v, %w", status.Applied, err)
		}
	}
	return nil
}

// unread asks for the state and never reads an answer.
func unread(ctx context.Context, t *target) (string, error) {
	if err := large(ctx, t); err != nil {
		return "", err
	}
	doc := t.project + "/timeline"
	ws, err := t.socket(ctx, t.token, doc)
	if err != nil {
		return "", err
	}
	for range 190 {
		if err := say(ctx, ws, doc, wire.Message{Kind: wire.SyncStep1, Payload: []byte{0}}); err != nil {
			break
		}
	}
	time.Sleep(2 * time.Second)
	return "", nil
}

// exports asks for many files at once.
func exports(ctx context.Context, t *target) (string, error) {
	if err := large(ctx, t); err != nil {
		return "", err
	}
	var mu sync.Mutex
	counts := map[int]int{}
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			request, err := http.NewRequestWithContext(ctx, "GET", t.url+"/api/v1/projects/"+t.project+"/export?format=otio", nil)
			if err != nil {
				return
			}
			request.Header.Set("Authorization", "Bearer "+t.token)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			counts[response.StatusCode]++
		})
	}
	all.Wait()
	return fmt.Sprintf("answers %v", counts), nil
}

// uploads begins slow uploads, and says what somebody else's is answered.
func uploads(ctx context.Context, t *target) (string, error) {
	token, project, err := t.account(ctx, "ben")
	if err != nil {
		return "", err
	}
	for range 16 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(t.url, "http://"))
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(conn, "POST /api/v1/projects/%s/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
			"Content-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\n\x89PNG", t.project, t.token)
	}
	time.Sleep(time.Second)
	request, err := http.NewRequestWithContext(ctx, "POST", t.url+"/api/v1/projects/"+project+"/assets", strings.NewReader("no picture"))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	_ = response.Body.Close()
	return fmt.Sprintf("somebody else's upload is answered %d (415: it was looked at, 429: there was no place)", response.StatusCode), nil
}
