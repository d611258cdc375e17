package main_test

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/storage/testservers"
)

// The line in which the demo prints a sign-in, and its link.
var (
	demoPerson = regexp.MustCompile(`(?m)^\s+(Ada|Ben)\s+(\S+@\S+)\s+(\S+)\s*$`)
	demoLink   = regexp.MustCompile(`/p/([0-9A-Za-z]{22})`)
)

// chromium finds the system's browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium; run scripts/deps")
	return ""
}

// TestBrowsers runs the tests in web/e2e on the program and the demo project.
func TestBrowsers(t *testing.T) {
	if _, err := os.Stat(filepath.Join("web", "dist", "index.html")); err != nil {
		t.Fatal("the page is not built; run make web")
	}
	// Two nodes, so that everything that one browser sees of another may have crossed; the
	// embedded database has the other program tests.
	balancer, dir := testservers.NewProxy(t), t.TempDir()
	shared := []string{
		"SORATOO_DATABASE_URL=" + testservers.Database(t), "SORATOO_REDIS_URL=" + testservers.Redis(t).URL, "SORATOO_PUBLIC_URL=http://" + strings.Replace(balancer.Address, "127.0.0.1", "localhost", 1),
		"SORATOO_BLOB_URL=file://" + filepath.Join(dir, "media"), "SORATOO_MASTER_KEY_FILE=" + filepath.Join(dir, "master.key"),
	}
	demo := runProgram(t, append(shared, "SORATOO_DATA_DIR="+filepath.Join(dir, "demo")), "demo")
	type person struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	people := map[string]person{}
	for _, found := range demoPerson.FindAllStringSubmatch(demo.stdout, -1) {
		people[found[1]] = person{found[2], found[3]}
	}
	link := demoLink.FindStringSubmatch(demo.stdout)
	if len(people) != 2 || link == nil {
		t.Fatalf("the demo printed %q %q", demo.stdout, demo.stderr)
	}
	signIns, err := json.Marshal(people)
	if err != nil {
		t.Fatal(err)
	}
	var server *running
	for _, name := range []string{"one", "two"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		server = serve(t, append(shared, "SORATOO_DATA_DIR="+filepath.Join(dir, name), "SORATOO_LISTEN="+address)...)
		balancer.Add(address)
	}
	artefacts, err := filepath.Abs("artefacts")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--test", "--test-force-exit", "--test-concurrency=1", "e2e/")
	cmd.Dir = "web"
	cmd.Env = append(os.Environ(),
		"SORATOO_TEST_URL="+strings.TrimSuffix(server.url, "/"), "SORATOO_TEST_PROJECT="+link[1],
		"SORATOO_TEST_PEOPLE="+string(signIns), "SORATOO_TEST_ARTEFACTS="+artefacts, "SORATOO_TEST_CHROMIUM="+chromium(t))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("browser tests: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}
