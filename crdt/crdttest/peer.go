// Package crdttest holds crdt to what real Yjs does. It runs Yjs in a child
// process ([Peer]), drives seeded random histories over replicas of which some
// are real ([History]), and has a second, naive reading of the algorithm
// ([Page]).
package crdttest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed js/package.json js/package-lock.json js/.npmrc js/peer.mjs js/edits.mjs js/twins.mjs js/moments.mjs js/undos.mjs
var scripts embed.FS

// Peer is real Yjs in a Node process. It belongs to one goroutine at a time.
type Peer struct {
	t     testing.TB
	in    *bufio.Writer
	out   *bufio.Reader
	queue []command
	errs  *bytes.Buffer
}

// command is one call of a function in peer.mjs.
type command struct {
	call []any
	then func(result json.RawMessage)
}

// StartPeer starts real Yjs for the time of a test. What it needs is installed
// once into the user's cache directory; when that cannot be done, the test
// fails and says what to do.
func StartPeer(t testing.TB) *Peer {
	t.Helper()
	dir, err := install()
	if err != nil {
		t.Fatalf("starting real Yjs: %v", err)
	}
	return StartScript(t, filepath.Join(dir, "peer.mjs"))
}

// StartScript starts a Node script that answers calls as peer.mjs does, for the
// time of a test.
func StartScript(t testing.TB, script string) *Peer {
	t.Helper()
	cmd := exec.Command("node", script)
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	errs := &bytes.Buffer{}
	cmd.Stderr = errs
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatalf("starting real Yjs: %v", err)
	}
	t.Cleanup(func() {
		if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
			t.Errorf("ending real Yjs: %v\n%s", err, errs)
		}
	})
	return &Peer{t: t, in: bufio.NewWriter(stdin), out: bufio.NewReaderSize(stdout, 1<<20), errs: errs}
}

// install puts the scripts and their packages into a cache directory that is
// named after their content, so that it is never out of date.
func install() (dir string, err error) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("%s is not installed: run scripts/deps, or install Node 20 or later", tool)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a cache directory: %w", err)
	}
	sum := sha256.New()
	files, err := fs.Glob(scripts, "js/*")
	if err != nil {
		return "", err
	}
	for _, name := range files {
		b, _ := scripts.ReadFile(name)
		fmt.Fprintf(sum, "%s %d\n%s", name, len(b), b)
	}
	dir = filepath.Join(cache, "soratoo-crdttest", fmt.Sprintf("%x", sum.Sum(nil)[:8]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	return dir, installInto(dir, files)
}

// installInto prepares a directory beside dir and renames it, so that two tests
// may do so at once.
func installInto(dir string, files []string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("making a cache directory: %w", err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		return fmt.Errorf("making a cache directory: %w", err)
	}
	defer os.RemoveAll(fresh)
	for _, name := range files {
		b, _ := scripts.ReadFile(name)
		if err := os.WriteFile(filepath.Join(fresh, filepath.Base(name)), b, 0o644); err != nil {
			return err
		}
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir = fresh
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w; the npm registry has to answer once:\n%s", err, out)
	}
	if err := os.Rename(fresh, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Queue adds a call of a function of peer.mjs; then gets its result when the
// queue is flushed. Arguments of type []byte travel as base64.
func (p *Peer) Queue(then func(json.RawMessage), call ...any) {
	for i, a := range call {
		if b, ok := a.([]byte); ok {
			call[i] = base64.StdEncoding.EncodeToString(b)
		}
	}
	p.queue = append(p.queue, command{call, then})
}

// Flush runs what is queued, in order.
func (p *Peer) Flush() error {
	queue := p.queue
	p.queue = nil
	if len(queue) == 0 {
		return nil
	}
	calls := make([][]any, len(queue))
	for i, c := range queue {
		calls[i] = c.call
	}
	if err := json.NewEncoder(p.in).Encode(calls); err != nil {
		return err
	}
	if err := p.in.Flush(); err != nil {
		return err
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("real Yjs ended: %w\n%s", err, p.errs)
	}
	var results []json.RawMessage
	if err := json.Unmarshal(line, &results); err != nil {
		return fmt.Errorf("real Yjs: %s", line)
	}
	for i, c := range queue {
		if c.then != nil {
			c.then(results[i])
		}
	}
	return nil
}

// Bytes makes one call whose result is bytes.
func (p *Peer) Bytes(call ...any) []byte {
	p.t.Helper()
	var out []byte
	p.Into(&out, call...)
	return out
}

// Into makes one call and decodes its result.
func (p *Peer) Into(out any, call ...any) {
	p.t.Helper()
	p.Queue(func(raw json.RawMessage) { decode(p.t, raw, out) }, call...)
	if err := p.Flush(); err != nil {
		p.t.Fatal(err)
	}
}

// decode reads a result of the peer.
func decode(t testing.TB, raw json.RawMessage, out any) {
	t.Helper()
	if err := json.Unmarshal(raw, out); err != nil {
		t.Fatalf("reading the peer's answer %.200s: %v", raw, err)
	}
}
