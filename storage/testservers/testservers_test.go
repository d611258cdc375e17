package testservers_test

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/soratoo/soratoo/storage/testservers"
)

func TestServersComeBackWithWhatTheyHadOnDisk(t *testing.T) {
	s := testservers.Postgres(t)
	query := func(q string) (n int) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), s.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(t.Context()) }()
		if err := conn.QueryRow(t.Context(), q).Scan(&n); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		return n
	}
	query("WITH t AS (SELECT 1) SELECT 1 FROM t")
	conn, err := pgx.Connect(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE TABLE a (n int); INSERT INTO a VALUES (7)"); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if _, err := net.Dial("tcp", s.Address); err == nil {
		t.Error("it answers after it was killed")
	}
	s.Start(t)
	if n := query("SELECT n FROM a"); n != 7 {
		t.Errorf("it has %d, want 7", n)
	}
	s.Stop()
	s.Start(t)
	if n := query("SELECT n FROM a"); n != 7 {
		t.Errorf("after Stop it has %d, want 7", n)
	}
}

// A process that is killed leaves no server behind.
func TestServersEndWithTheirProcess(t *testing.T) {
	if os.Getenv("TESTSERVERS_CHILD") != "" {
		s := testservers.Redis(t)
		_, _ = os.Stdout.WriteString("at " + s.Address + "\n")
		select {}
	}
	child := exec.Command(os.Args[0], "-test.run=TestServersEndWithTheirProcess")
	child.Env = append(os.Environ(), "TESTSERVERS_CHILD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	address := line[len("at ") : len(line)-1]
	for end := time.Now().Add(10 * time.Second); ; {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		_ = conn.Close()
		if time.Now().After(end) {
			t.Fatal("the server outlives its process")
		}
	}
}
