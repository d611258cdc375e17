// Package testservers starts throwaway servers for tests: real ones, on free ports of
// the loopback interface, in directories of their own, that end with the test process
// however it ends.
package testservers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout = 30 * time.Second // a server may take until it answers
	stopTimeout  = 20 * time.Second // and until it has ended
	lookEvery    = 20 * time.Millisecond
	portTries    = 5 // another process may take a port that was free
)

// Server is a server of a test. Its methods are called by one goroutine at a time.
type Server struct {
	Address string // host:port, the same after every Start
	URL     string

	dir     string
	command func(s *Server) []string
	answers func(ctx context.Context, s *Server) error
	stop    string    // the signal that ends it in order,
	kill    string    // and at once
	once    bool      // it is not started again: its directory goes when it ends
	stdin   io.Closer // held open: the server ends when the test process does
	cmd     *exec.Cmd
	ended   chan struct{}
}

// watcher runs a command, and ends it when its own standard input does.
const watcher = `"$@" </dev/null & pid=$!; trap 'kill -$STOP $pid 2>/dev/null' TERM INT
{ cat >/dev/null; kill -$KILL $pid 2>/dev/null; } <&3 & cat=$!
wait $pid; code=$?; while kill -0 $pid 2>/dev/null; do wait $pid; code=$?; done; kill $cat 2>/dev/null
[ -z "$REMOVE" ] || rm -rf "$REMOVE"; exit $code`

// begin starts a server on a free port, for the time of the test.
func begin(t testing.TB, s *Server) *Server {
	t.Helper()
	for try := 1; ; try++ {
		s.Address = "127.0.0.1:" + strconv.Itoa(freePort(t))
		err := s.start()
		if err == nil {
			break
		}
		if try == portTries {
			t.Fatal(err)
		}
	}
	return s
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	a, _ := l.Addr().(*net.TCPAddr)
	return a.Port
}

// Port is the port of the address.
func (s *Server) Port() string {
	_, port, _ := net.SplitHostPort(s.Address)
	return port
}

// Start starts a server anew that was stopped, with what it had on disk.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) start() error {
	args := s.command(s)
	cmd := exec.Command("sh", append([]string{"-c", watcher, "watcher"}, args...)...)
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return errors.Join(err, r.Close(), w.Close())
	}
	cmd.ExtraFiles, cmd.Stdout, cmd.Stderr = []*os.File{r}, log, log
	cmd.Env = append(os.Environ(), "STOP="+s.stop, "KILL="+s.kill)
	if s.once {
		cmd.Env = append(cmd.Env, "REMOVE="+s.dir)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	if err := errors.Join(err, r.Close(), log.Close()); err != nil {
		return errors.Join(err, w.Close())
	}
	s.cmd, s.stdin, s.ended = cmd, w, make(chan struct{})
	go func() {
		defer close(s.ended)
		_ = cmd.Wait()
	}()
	return s.wait()
}

// wait waits until the server answers.
func (s *Server) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		err := s.answers(ctx, s)
		if err == nil {
			return nil
		}
		select {
		case <-look.C:
		case <-s.ended:
			return fmt.Errorf("%s ended: %s", s.command(s)[0], s.said())
		case <-ctx.Done():
			s.Kill()
			return fmt.Errorf("%s does not answer: %w: %s", s.command(s)[0], err, s.said())
		}
	}
}

// said is the end of what the server wrote.
func (s *Server) said() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "server.log"))
	const most = 2000
	return string(text[max(0, len(text)-most):])
}

// Stop ends the server in order.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
		_ = s.stdin.Close()
		s.cmd = nil
	case <-time.After(stopTimeout):
		s.Kill()
	}
}

// Kill ends the server as a power cut does, but for what the kernel has.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.stdin.Close() // the watcher kills it
	<-s.ended
	s.cmd = nil
}

// program finds a program of a server, or ends the test with what to install.
func program(t testing.TB, name, install string, places ...string) string {
	t.Helper()
	for _, pattern := range places {
		found, err := filepath.Glob(filepath.Join(pattern, name))
		if err == nil && len(found) > 0 {
			return found[len(found)-1]
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: run scripts/deps, or install it with: %s", name, install)
	}
	return path
}
