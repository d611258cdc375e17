package testservers

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
)

// Redis starts a Redis server for the time of a test; options are added to its command
// line. It keeps nothing: after Stop and Start it is empty.
func Redis(t testing.TB, options ...string) *Server {
	t.Helper()
	path := program(t, "redis-server", "apt-get install redis-server")
	dir, err := os.MkdirTemp("", "soratoo-redis-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		dir: dir, stop: "TERM", kill: "KILL", answers: pong,
		command: func(s *Server) []string {
			return append([]string{path, "--port", s.Port(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir}, options...)
		},
	}
	begin(t, s)
	s.URL = "redis://" + s.Address
	t.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(dir)
	})
	return s
}

// pong asks a Redis server whether it is there.
func pong(ctx context.Context, s *Server) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && line != "+PONG\r\n" && !strings.HasPrefix(line, "-NOAUTH") {
		err = fmt.Errorf("it answers %q", line)
	}
	return err
}
