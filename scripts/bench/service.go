package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// service is a server under load.
type service struct {
	name, kind   string
	acknowledged string // what an acknowledgement means

	cmd       *exec.Cmd
	url       string // ws://
	token     string
	workspace string
	documents []string
}

// Limits of a server's start, of one call, and of a frame.
const (
	startTime = 20 * time.Second
	callTime  = 10 * time.Second
	frameSize = 1 << 26
)

// Who signs up at a server of ours.
const (
	benchEmail    = "bench@example.org"
	benchPassword = "a quiet harbour at dawn"
)

// withServer runs a fresh server for the time of fn.
func (b *bench) withServer(ctx context.Context, s *service, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.kind != "soratoo" && b.peers == "" {
		return errNoPeers
	}
	dir, err := os.MkdirTemp(b.dir, s.kind)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // another process writes it
	port, err := freePort()
	if err != nil {
		return err
	}
	if s.cmd, err = b.command(ctx, s.kind, port, filepath.Join(dir, "data")); err != nil {
		return err
	}
	s.documents, s.token, s.url = nil, "", "ws://127.0.0.1:"+port
	s.cmd.Stderr = log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	defer func() {
		_ = s.cmd.Process.Kill() // its work is done, however it ends
		_ = s.cmd.Wait()
	}()
	err = s.ready(ctx, port)
	if err == nil {
		err = fn()
	}
	if text, _ := os.ReadFile(log.Name()); err != nil && len(text) > 0 {
		err = fmt.Errorf("%w\nits log ends: %s", err, text[max(0, len(text)-1000):])
	}
	return err
}

// command is what starts a server.
func (b *bench) command(ctx context.Context, kind, port, data string) (*exec.Cmd, error) {
	if kind == "soratoo" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(self), "soratoo"), "serve")
		for _, pair := range os.Environ() {
			if !strings.HasPrefix(pair, "SORATOO_") {
				cmd.Env = append(cmd.Env, pair)
			}
		}
		cmd.Env = append(cmd.Env, "SORATOO_LISTEN=127.0.0.1:"+port, "SORATOO_METRICS_LISTEN=127.0.0.1:0",
			"SORATOO_PUBLIC_URL=http://localhost:"+port, "SORATOO_DATA_DIR="+data, "SORATOO_LOG=warn,text",
			"SORATOO_PERSON_SOCKETS=100000") // all connections of a run are one person's
		return cmd, nil
	}
	script := map[string]string{"hocuspocus": "hocuspocus.mjs", "y-websocket": "ywebsocket.mjs"}[kind]
	cmd := exec.CommandContext(ctx, "node", script, port)
	cmd.Dir = b.peers
	return cmd, nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }() // only its port was wanted
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

// ready waits until the server answers, and signs up where one must.
func (s *service) ready(ctx context.Context, port string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = c.Close() // it was only to see
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", s.name, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
	if s.kind == "soratoo" {
		return s.signUp()
	}
	return nil
}

// call speaks REST with SoraToo.
func (s *service) call(method, path string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(method, "http"+strings.TrimPrefix(s.url, "ws")+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	client := http.Client{Timeout: callTime}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	content, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, content)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(content, out)
}

func (s *service) signUp() error {
	var session struct {
		AccessToken string `json:"access_token"`
	}
	err := s.call(http.MethodPost, "/accounts", map[string]any{
		"name": "Bench", "email": benchEmail, "password": benchPassword, "birth_year": 1990, "accepted_policy": true,
	}, &session)
	if err != nil {
		return err
	}
	s.token = session.AccessToken
	var workspaces struct{ Items []struct{ ID string } }
	if err := s.call(http.MethodGet, "/workspaces", nil, &workspaces); err != nil {
		return err
	}
	if len(workspaces.Items) == 0 {
		return errors.New("the new account has no workspace")
	}
	s.workspace = workspaces.Items[0].ID
	return nil
}

// document is the name of document i, which is made when it is first asked for.
func (s *service) document(i int) (string, error) {
	if s.kind != "soratoo" {
		return "document" + strconv.Itoa(i), nil
	}
	for len(s.documents) <= i {
		var project struct{ ID string }
		if err := s.call(http.MethodPost, "/workspaces/"+s.workspace+"/projects", map[string]any{"name": "Bench"}, &project); err != nil {
			return "", err
		}
		s.documents = append(s.documents, project.ID+"/timeline", project.ID+"/review")
	}
	return s.documents[i], nil
}

// dial opens a connection to a document in the protocol that it is measured in:
// y-websocket's, or Hocuspocus's own.
func (s *service) dial(ctx context.Context, document string) (*websocket.Conn, error) {
	options := &websocket.DialOptions{}
	path := "/" + document
	switch s.kind {
	case "soratoo":
		path = "/yjs/" + document
		options.HTTPHeader = http.Header{"Authorization": {"Bearer " + s.token}}
	case "hocuspocus":
		path = "/"
	}
	c, _, err := websocket.Dial(ctx, s.url+path, options)
	if err == nil {
		c.SetReadLimit(frameSize)
	}
	return c, err
}

// status is a field of the process's status, in bytes.
func (s *service) status(name string) float64 {
	return kilobytes(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid), name)
}

// cpu is the processor time that the process has used.
func (s *service) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text)[bytes.LastIndexByte(text, ')')+1:])
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // a tick is 1/100 s on Linux
}
