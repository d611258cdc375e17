package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/soratoo/soratoo/crdt/wire"
)

// target is a running server and an account on it.
type target struct {
	cmd     *exec.Cmd
	dir     string
	url     string
	token   string
	project string
}

var address = regexp.MustCompile(`http://localhost:\d+`)

func start(ctx context.Context, program string) (*target, error) {
	dir, err := os.MkdirTemp("", "abuse")
	if err != nil {
		return nil, err
	}
	t := &target{dir: dir, cmd: exec.CommandContext(ctx, program, "serve")}
	t.cmd.Env = append(os.Environ(), "SORATOO_DATA_DIR="+filepath.Join(dir, "data"), "SORATOO_LISTEN=127.0.0.1:0",
		"SORATOO_METRICS_LISTEN=127.0.0.1:0")
	out, err := t.cmd.StdoutPipe()
	if err == nil {
		err = t.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	t.url = address.FindString(line)
	t.token, t.project, err = t.account(ctx, "ada")
	return t, err
}

func (t *target) stop() {
	_ = t.cmd.Process.Kill()
	_ = t.cmd.Wait()
	_ = os.RemoveAll(t.dir)
}

// account signs somebody up, with a project of their own.
func (t *target) account(ctx context.Context, name string) (token, project string, err error) {
	in, err := t.call(ctx, "POST", "/api/v1/accounts", "", map[string]any{
		"name": name, "email": name + "@abuse.example", "password": "a quiet harbour at dawn", "birth_year": 1990, "accepted_policy": true,
	})
	if err != nil {
		return "", "", err
	}
	token, _ = in["access_token"].(string)
	list, err := t.call(ctx, "GET", "/api/v1/workspaces", token, nil)
	if err != nil {
		return "", "", err
	}
	items, _ := list["items"].([]any)
	first, _ := items[0].(map[string]any)
	made, err := t.call(ctx, "POST", fmt.Sprintf("/api/v1/workspaces/%v/projects", first["id"]), token, map[string]any{"name": "Abuse"})
	project, _ = made["id"].(string)
	return token, project, err
}

func (t *target) call(ctx context.Context, method, path, token string, body any) (answer map[string]any, err error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, t.url+path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	_ = json.NewDecoder(response.Body).Decode(&answer) // not every answer is JSON
	if response.StatusCode >= 300 {
		return answer, fmt.Errorf("%s %s: %d %v", method, path, response.StatusCode, answer["title"])
	}
	return answer, nil
}

// socket opens a socket, signed in to a document if there is one.
func (t *target) socket(ctx context.Context, token, doc string) (*websocket.Conn, error) {
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(t.url, "http")+"/collab", nil)
	if err != nil || doc == "" {
		return ws, err
	}
	ws.SetReadLimit(-1)
	if err := say(ctx, ws, doc, wire.Message{Kind: wire.Token, Payload: []byte(token)}); err != nil {
		return nil, err
	}
	_, err = until(ctx, ws, wire.Authenticated)
	return ws, err
}

func say(ctx context.Context, ws *websocket.Conn, doc string, m wire.Message) error {
	return ws.Write(ctx, websocket.MessageBinary, wire.AppendHocuspocus(nil, wire.Address(doc), m))
}

// until reads up to a message of a kind.
func until(ctx context.Context, ws *websocket.Conn, kind wire.Kind) (wire.Message, error) {
	for {
		_, frame, err := ws.Read(ctx)
		if err != nil {
			return wire.Message{}, err
		}
		if _, m, err := wire.DecodeHocuspocus(frame); err != nil || m.Kind == kind {
			return m, err
		}
	}
}

// memory is the server's resident memory, now and at most until now, in bytes.
func (t *target) memory() (now, most int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.cmd.Process.Pid))
	kilobytes := func(field string) int {
		_, rest, _ := strings.Cut(string(status), field+":")
		n, _ := strconv.Atoi(strings.TrimSpace(strings.SplitN(rest, "kB", 2)[0]))
		return n << 10
	}
	return kilobytes("VmRSS"), kilobytes("VmHWM")
}

// processor is the processor time that the server has used.
func (t *target) processor() time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", t.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	const tick = 10 * time.Millisecond // of Linux
	return time.Duration(user+system) * tick
}
