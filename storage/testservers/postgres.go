package testservers

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

const (
	postgresInstall = "apt-get install postgresql"
	postgresUser    = "soratoo"
	nobody          = 65534
)

// postgresPlaces are where distributions keep the server's programs.
var postgresPlaces = []string{os.Getenv("PGBIN"), "/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/bin"}

// Postgres starts a PostgreSQL server for the time of a test, which is durable, so
// that it may be killed. Its URL is that of an empty database.
func Postgres(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := newPostgres(t, settings)
	if err != nil {
		t.Fatal(err)
	}
	begin(t, s)
	s.URL = s.create(t)
	t.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(s.dir)
	})
	return s
}

// shared is the server of Database.
var shared struct {
	once   sync.Once
	server *Server
}

// Database makes an empty database and returns its URL. All tests of a process share a
// server, which is quick and not durable, and ends with the process.
func Database(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		s, err := newPostgres(t, []string{"fsync=off", "full_page_writes=off", "max_connections=300"})
		if err != nil {
			t.Fatal(err)
		}
		s.once = true
		shared.server = begin(t, s)
	})
	if shared.server == nil {
		t.Fatal("PostgreSQL did not start; an earlier test says why")
	}
	return shared.server.create(t)
}

// template is the database that Copy copies.
var template struct {
	mu   sync.Mutex
	name string
}

// Copy is Database, of a database that was prepared once: all callers in a process
// prepare the same.
func Copy(t testing.TB, prepare func(t testing.TB, url string)) string {
	t.Helper()
	template.mu.Lock()
	defer template.mu.Unlock()
	if template.name == "" {
		url := Database(t)
		prepare(t, url)
		template.name = url[strings.LastIndex(url, "/")+1 : strings.LastIndex(url, "?")]
	}
	return shared.server.create(t, "TEMPLATE "+template.name)
}

// newPostgres prepares a server that does not run yet.
func newPostgres(t testing.TB, settings []string) (*Server, error) {
	t.Helper()
	initdb := program(t, "initdb", postgresInstall, postgresPlaces...)
	server := program(t, "postgres", postgresInstall, postgresPlaces...)
	dir, err := os.MkdirTemp("", "soratoo-postgres-")
	if err != nil {
		return nil, err
	}
	as := unprivileged(t, dir)
	args := append(as, initdb, "-D", dir+"/data", "-U", postgresUser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--wal-segsize=1")
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return &Server{
		// Immediate shutdown leaves data as a crash does, and no shared memory.
		dir: dir, stop: "INT", kill: "QUIT", answers: ready,
		command: func(s *Server) []string {
			// The watcher's signals have to reach the server itself.
			args := append(as, server, "-D", dir+"/data", "-p", s.Port(), "-h", "127.0.0.1", "-k", dir, "-c", "shared_buffers=32MB", "-c", "min_wal_size=2MB", "-c", "max_wal_size=64MB")
			for _, setting := range settings {
				args = append(args, "-c", setting)
			}
			return args
		},
	}, nil
}

// unprivileged is how to run the server, which refuses to be root; the directory becomes
// the user's.
func unprivileged(t testing.TB, dir string) []string {
	t.Helper()
	if os.Geteuid() != 0 {
		return []string{"env"}
	}
	if err := os.Chown(dir, nobody, -1); err != nil {
		t.Fatal(err)
	}
	return []string{program(t, "setpriv", "apt-get install util-linux"), "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-u", "HOME"}
}

func (s *Server) database(name string) string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", postgresUser, s.Address, name)
}

// ready asks a PostgreSQL server whether it takes connections.
func ready(ctx context.Context, s *Server) error {
	conn, err := pgx.Connect(ctx, s.database("postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// create makes a database and returns its URL.
func (s *Server) create(t testing.TB, like ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.database("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	name := "test_" + strings.ToLower(rand.Text()[:12])
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name+" "+strings.Join(like, " ")); err != nil {
		t.Fatal(err)
	}
	return s.database(name)
}
