package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/soratoo/soratoo/storage/testservers"
)

// lender starts the servers of storage/testservers outside of tests. It is as much of a
// test as they ask for.
type lender struct {
	testing.TB
	ends []func()
}

// notStarted is what a lender panics with, as a test ends at once, too.
type notStarted string

func (l *lender) Helper()                   {}
func (l *lender) Fatal(args ...any)         { panic(notStarted(fmt.Sprint(args...))) }
func (l *lender) Fatalf(f string, a ...any) { panic(notStarted(fmt.Sprintf(f, a...))) }
func (l *lender) Cleanup(end func())        { l.ends = append(l.ends, end) }

// close ends what was started, the last first.
func (l *lender) close() {
	for _, end := range slices.Backward(l.ends) {
		end()
	}
	l.ends = nil
}

// start starts a server.
func (l *lender) start(with func(t testing.TB, options ...string) *testservers.Server, options ...string) (s *testservers.Server, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case notStarted:
			err = errors.New(string(r))
		default:
			panic(r)
		}
	}()
	return with(l, options...), nil
}

// postgresSettings are PostgreSQL's defaults where tests have others, but for the
// connections of several nodes.
var postgresSettings = []string{"shared_buffers=128MB", "min_wal_size=80MB", "max_wal_size=1GB", "max_connections=200"}

// storeTime bounds what is asked of a database beside the measuring.
const storeTime = 20 * time.Second

// stores are the servers that a service keeps its state in. The zero value has none.
type stores struct {
	lender          lender
	postgres, redis *testservers.Server
}

// open starts the servers that a service needs.
func (s *stores) open(postgres, redis bool) (err error) {
	if postgres {
		if s.postgres, err = s.lender.start(testservers.Postgres, postgresSettings...); err != nil {
			return fmt.Errorf("starting PostgreSQL: %w", err)
		}
	}
	if redis {
		if s.redis, err = s.lender.start(testservers.Redis); err != nil {
			return fmt.Errorf("starting Redis: %w", err)
		}
	}
	return nil
}

// close ends the servers.
func (s *stores) close() {
	s.lender.close()
	s.postgres, s.redis = nil, nil
}

// none tells whether there is no server.
func (s *stores) none() bool { return s.postgres == nil && s.redis == nil }

// database makes an empty database under a name, in place of one that had it, and
// returns its URL.
func (s *stores) database(ctx context.Context, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.postgres.URL)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }() // it has been asked
	for _, query := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", "CREATE DATABASE " + name, "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, query); err != nil {
			return "", fmt.Errorf("making a database: %w", err)
		}
	}
	u, err := url.Parse(s.postgres.URL)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// postgresVersion is what the database says that it is.
func (s *stores) postgresVersion(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.postgres.URL)
	if err != nil {
		return notMeasured
	}
	defer func() { _ = conn.Close(ctx) }() // it has been asked
	version, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), " ")
	return version
}

// redisVersion is what the program says that it is.
func redisVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "redis-server", "--version").Output()
	if err != nil {
		return notMeasured
	}
	_, version, _ := strings.Cut(string(out), "v=")
	version, _, _ = strings.Cut(version, " ")
	return version
}

// cpu is the processor time that the servers have used: all processes that this one has
// started, and those that they have, but for the nodes.
func (s *stores) cpu(nodes []int) time.Duration {
	if s.none() {
		return 0
	}
	found, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	children, used := map[int][]int{}, map[int]time.Duration{}
	for _, f := range found {
		pid, err := strconv.Atoi(f.Name())
		if err != nil {
			continue
		}
		if p, ok := statOf(pid); ok {
			children[p.parent] = append(children[p.parent], pid)
			used[pid] = p.own + p.ended
		}
	}
	var total time.Duration
	for of := children[os.Getpid()]; len(of) > 0; {
		pid := of[0]
		if of = of[1:]; !slices.Contains(nodes, pid) {
			total += used[pid]
			of = append(of, children[pid]...)
		}
	}
	return total
}

// process is what /proc tells of one.
type process struct {
	parent     int
	own, ended time.Duration // processor time, and that of children that have ended
}

func statOf(pid int) (p process, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, false
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 15 {
		return p, false
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(fields[i]) // the kernel writes numbers
		return n
	}
	const tick = 10 * time.Millisecond // 1/100 s on Linux
	return process{
		parent: number(1), own: time.Duration(number(11)+number(12)) * tick, ended: time.Duration(number(13)+number(14)) * tick,
	}, true
}
