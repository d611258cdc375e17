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

// service is a server under load: one node, or several that are one service.
type service struct {
	name, kind      string
	acknowledged    string // what an acknowledgement means
	size            int    // nodes; 0 is one
	postgres, redis bool   // what it keeps its state in, and finds its nodes by

	stores    stores
	nodes     []*exec.Cmd
	urls      []string // ws://, of the nodes
	url       string   // of the first
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
	s.nodes, s.urls, s.documents, s.token = nil, nil, nil, ""
	defer s.kill()
	err = b.startNodes(ctx, s, dir)
	if err == nil {
		err = s.ready(ctx)
	}
	if err == nil {
		err = fn()
	}
	for i := range s.nodes {
		if text, _ := os.ReadFile(nodeLog(dir, i)); err != nil && len(text) > 0 {
			err = fmt.Errorf("%w\nthe log of node %d ends: %s", err, i, text[max(0, len(text)-1000):])
		}
	}
	return err
}

// startNodes starts the nodes of a server.
func (b *bench) startNodes(ctx context.Context, s *service, dir string) error {
	var ports []string
	for range max(1, s.size) {
		port, err := freePort()
		if err != nil {
			return err
		}
		ports, s.urls = append(ports, port), append(s.urls, "ws://127.0.0.1:"+port)
	}
	s.url = s.urls[0]
	var settings []string
	if s.postgres {
		database, err := s.stores.database(ctx, "bench")
		if err != nil {
			return err
		}
		settings = append(settings, "SORATOO_DATABASE_URL="+database)
	}
	if s.redis {
		settings = append(settings, "SORATOO_REDIS_URL="+s.stores.redis.URL)
	}
	for i, port := range ports {
		cmd, err := b.command(ctx, s, port)
		if err != nil {
			return err
		}
		if s.kind == "soratoo" {
			cmd.Env = append(cmd.Env, append(settings, "SORATOO_PUBLIC_URL=http://localhost:"+ports[0], "SORATOO_DATA_DIR="+filepath.Join(dir, fmt.Sprint("data", i)))...)
		}
		if err := s.startNode(cmd, nodeLog(dir, i)); err != nil {
			return err
		}
	}
	return nil
}

func nodeLog(dir string, i int) string { return filepath.Join(dir, fmt.Sprint("log", i)) }

func (s *service) startNode(cmd *exec.Cmd, file string) error {
	log, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // another process writes it
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return err
	}
	s.nodes = append(s.nodes, cmd)
	return nil
}

// kill ends the nodes.
func (s *service) kill() {
	for _, cmd := range s.nodes {
		_ = cmd.Process.Kill() // its work is done, however it ends
		_ = cmd.Wait()
	}
}

// command is what starts a node.
func (b *bench) command(ctx context.Context, s *service, port string) (*exec.Cmd, error) {
	if s.kind == "soratoo" {
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
		cmd.Env = append(cmd.Env, "SORATOO_LISTEN=127.0.0.1:"+port, "SORATOO_METRICS_LISTEN=127.0.0.1:0", "SORATOO_LOG=warn,text",
			"SORATOO_PERSON_SOCKETS=100000") // all connections of a run are one person's
		return cmd, nil
	}
	args := []string{map[string]string{"hocuspocus": "hocuspocus.mjs", "y-websocket": "ywebsocket.mjs"}[s.kind], port}
	if s.redis {
		args = append(args, s.stores.redis.Port())
	}
	cmd := exec.CommandContext(ctx, "node", args...)
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

// ready waits until all nodes answer, and signs up where one must.
func (s *service) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for _, url := range s.urls {
		if err := answers(ctx, strings.TrimPrefix(url, "ws://")); err != nil {
			return fmt.Errorf("%s does not answer: %w", s.name, err)
		}
	}
	if s.kind == "soratoo" {
		return s.signUp()
	}
	return nil
}

// answers waits until somebody listens at an address.
func answers(ctx context.Context, address string) error {
	for {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close() // it was only to see
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
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

// dial opens a connection to a document in the protocol that it is measured in,
// y-websocket's or Hocuspocus's own, at the nodes in turns.
func (s *service) dial(ctx context.Context, document string, turn uint64) (*websocket.Conn, error) {
	options := &websocket.DialOptions{}
	path := "/" + document
	switch s.kind {
	case "soratoo":
		path = "/yjs/" + document
		options.HTTPHeader = http.Header{"Authorization": {"Bearer " + s.token}}
	case "hocuspocus":
		path = "/"
	}
	c, _, err := websocket.Dial(ctx, s.urls[turn%uint64(len(s.urls))]+path, options)
	if err == nil {
		c.SetReadLimit(frameSize)
	}
	return c, err
}

// status is a field of the status of all nodes together, in bytes.
func (s *service) status(name string) (sum float64) {
	for _, cmd := range s.nodes {
		sum += kilobytes(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid), name)
	}
	return sum
}

// spent is the processor time that was used by the nodes, by what they keep their state
// in, and by this process.
type spent struct{ nodes, stores, own time.Duration }

func (s *service) spent() spent {
	out := spent{own: ownCPU()}
	var pids []int
	for _, cmd := range s.nodes {
		p, _ := statOf(cmd.Process.Pid)
		out.nodes += p.own
		pids = append(pids, cmd.Process.Pid)
	}
	out.stores = s.stores.cpu(pids)
	return out
}
