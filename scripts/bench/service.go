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
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// service is a server under load.
type service struct {
	name, kind   string
	acknowledged string

	cmd       *exec.Cmd
	log       *bytes.Buffer
	url       string // ws://
	token     string
	workspace string
	documents []string
}

// withServer runs a fresh server for the time of fn.
func (b *bench) withServer(s *service, fn func() error) error {
	dir, err := os.MkdirTemp(b.dir, s.kind)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	port, err := freePort()
	if err != nil {
		return err
	}
	s.documents, s.token = nil, ""
	s.url = "ws://127.0.0.1:" + port
	switch s.kind {
	case "soratoo":
		program, err := filepath.Abs("soratoo")
		if err != nil {
			return err
		}
		s.cmd = exec.CommandContext(b.ctx, program, "serve")
		s.cmd.Env = append(os.Environ(), "SORATOO_LISTEN=127.0.0.1:"+port, "SORATOO_METRICS_LISTEN=127.0.0.1:0",
			"SORATOO_DATA_DIR="+dir, "SORATOO_LOG=warn,text")
	case "hocuspocus":
		s.cmd = exec.CommandContext(b.ctx, "node", "hocuspocus.mjs", port)
	default:
		s.cmd = exec.CommandContext(b.ctx, "node", "ywebsocket.mjs", port)
	}
	if s.kind != "soratoo" {
		s.cmd.Dir = b.peers
	}
	s.log = &bytes.Buffer{}
	s.cmd.Stderr = s.log
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = 20 * time.Second
	if err := s.cmd.Start(); err != nil {
		return err
	}
	defer func() {
		_ = s.cmd.Process.Kill() // its work is done, however it ends
		_ = s.cmd.Wait()
	}()
	if err := s.ready(b.ctx, port); err != nil {
		return err
	}
	return fn()
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }() // only its port was wanted
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

func (s *service) ready(ctx context.Context, port string) error {
	for range 200 {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = c.Close() // it was only to see
			if s.kind == "soratoo" {
				return s.signUp()
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not answer:\n%s", s.name, s.log)
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
	answer, err := http.DefaultClient.Do(r)
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
	return json.Unmarshal(content, out)
}

func (s *service) signUp() error {
	var session struct {
		AccessToken string `json:"access_token"`
	}
	err := s.call(http.MethodPost, "/accounts", map[string]any{
		"name": "Bench", "email": "bench@example.org", "password": "a quiet harbour at dawn", "birth_year": 1990, "accepted_policy": true,
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

// dial opens a connection to a document in the protocol that it is measured in.
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
		c.SetReadLimit(1 << 26)
	}
	return c, err
}

// status is a line of the process's status, in bytes.
func (s *service) status(line string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), line)
	n, _ := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	return n * 1024
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
