package main_test

import (
	"bufio"
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
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/storage/testservers"
)

// buildOnce builds the program that all tests here run.
var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "soratoo-program-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "soratoo")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if path, err := buildOnce(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // what is left is temporary
	}
	os.Exit(status)
}

// onServices has programs that have a data directory run on PostgreSQL, Redis and S3.
const onServices = "SORATOO_TEST_ON_SERVICES"

var servicesByDir = map[string][]string{} // settings by data directory, as tests restart programs

// servicesOf are the settings of services for a program with these settings.
func servicesOf(t *testing.T, settings []string) []string {
	t.Helper()
	i := slices.IndexFunc(settings, func(s string) bool { return strings.HasPrefix(s, "SORATOO_DATA_DIR=") })
	own := slices.ContainsFunc(settings, func(s string) bool { return strings.HasPrefix(s, "SORATOO_DATABASE_URL=") })
	if os.Getenv(onServices) == "" || i < 0 || own {
		return nil
	}
	found := servicesByDir[settings[i]]
	if found == nil {
		objects := testservers.S3(t)
		objects.Bucket(t, "media")
		found = []string{"SORATOO_DATABASE_URL=" + testservers.Database(t), "SORATOO_REDIS_URL=" + testservers.Redis(t).URL, "SORATOO_BLOB_URL=" + objects.URL("media")}
		servicesByDir[settings[i]] = found
	}
	return found
}

// What the program does with nothing beside it, it does on PostgreSQL, Redis and S3.
func TestTheProgramOnServices(t *testing.T) {
	const tests = "TheDemoSignsIn|AnOperatorMakesAccounts|WhatWasMadeIsThere|OperatorsHave|ANewProject|ASignal|TheDemoIsDelivered|AcknowledgedEdits"
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^Test("+tests+")", "-test.v")
	cmd.Env = append(os.Environ(), onServices+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "\n--- PASS: "); n < strings.Count(tests, "|")+1 {
		t.Errorf("%d tests ran:\n%s", n, out)
	}
}

// result is what a run of the program that ended has left.
type result struct {
	status         int
	stdout, stderr string
}

// program makes a command that runs the program, with settings and nothing
// else of ours in its environment.
func program(t *testing.T, ctx context.Context, settings []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir}, append(servicesOf(t, settings), settings...)...)
	return cmd
}

// runProgram runs the program to its end.
func runProgram(t *testing.T, settings []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := program(t, ctx, settings, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%v: %v\n%s", args, err, &stderr)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// running is the program serving.
type running struct {
	t           *testing.T
	cmd         *exec.Cmd
	url, figure string // addresses of the page and of the metrics
	rest        chan string
}

// addresses finds both in the line that the program prints when it serves.
var addresses = regexp.MustCompile(`^SoraToo is at (http://\S+) \(metrics at (http://\S+)\)`)

// serve starts the program on free ports and waits until it says where it is.
func serve(t *testing.T, settings ...string) *running {
	t.Helper()
	settings = append([]string{"SORATOO_LISTEN=127.0.0.1:0", "SORATOO_METRICS_LISTEN=127.0.0.1:0"}, settings...)
	r := &running{t: t, cmd: program(t, t.Context(), settings), rest: make(chan string, 1)}
	r.cmd.Stderr = &bytes.Buffer{}
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	found := addresses.FindStringSubmatch(line)
	if err != nil || found == nil {
		t.Fatalf("first line %q, %v, stderr %s", line, err, r.cmd.Stderr)
	}
	r.url, r.figure = found[1], found[2]
	go func() {
		rest, _ := io.ReadAll(lines) // ends with the program
		r.rest <- string(rest)
	}()
	t.Cleanup(func() { _ = r.cmd.Process.Kill() }) // most have ended by then
	return r
}

// end sends a signal and returns the exit status and how long it took.
func (r *running) end(signal os.Signal) (status int, took time.Duration) {
	r.t.Helper()
	start := time.Now()
	if err := r.cmd.Process.Signal(signal); err != nil {
		r.t.Fatal(err)
	}
	<-r.rest
	_ = r.cmd.Wait() // its status tells
	return r.cmd.ProcessState.ExitCode(), time.Since(start)
}

// call makes a request and decodes the JSON of the answer.
func (r *running) call(method, path, token string, body any) (status int, answer map[string]any) {
	r.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, bytes.NewReader(b))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	_ = json.NewDecoder(response.Body).Decode(&answer) // not every answer is JSON
	return response.StatusCode, answer
}

// signIn returns the access token of an account.
func (r *running) signIn(email, password string) string {
	r.t.Helper()
	status, answer := r.call("POST", "/api/v1/sessions", "", map[string]string{"email": email, "password": password})
	token, _ := answer["access_token"].(string)
	if status != http.StatusCreated || token == "" {
		r.t.Fatalf("signing %s in = %d %v", email, status, answer)
	}
	return token
}

func TestHelpIsThereForEveryCommand(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--help", "soratoo <command> --help"},
		{"help", "SORATOO_PUBLIC_URL"},
		{"-h", "version"},
		{"serve --help", "SORATOO_DATA_DIR"},
		{"demo --help", "sample project"},
		{"doc --help", "soratoo doc"},
		{"admin --help", "create-user"},
		{"version --help", "commit"},
	} {
		got := runProgram(t, nil, strings.Fields(c.args)...)
		if got.status != 0 || !strings.Contains(got.stdout, c.want) || got.stderr != "" {
			t.Errorf("soratoo %s = %+v, want %q", c.args, got, c.want)
		}
	}
}

func TestVersionTellsVersionCommitAndGo(t *testing.T) {
	got := runProgram(t, nil, "version")
	if got.status != 0 || !regexp.MustCompile(`^soratoo \S+ \(commit \S+, go1\.\S+\)\n$`).MatchString(got.stdout) {
		t.Errorf("version = %+v", got)
	}
}

// What was called wrongly ends with 2 and one line that names the mistake.
func TestWrongUsageIsSaidInOneLine(t *testing.T) {
	for _, c := range []struct{ setting, args, want string }{
		{"", "nonsense", `"nonsense"`},
		{"", "--nonsense", "-nonsense"},
		{"", "serve extra", `"extra"`},
		{"", "demo extra", `"extra"`},
		{"", "version extra", `"extra"`},
		{"", "admin", "create-user"},
		{"", "admin create-user --email ada@program.example", "--name"},
		{"", "--listen nowhere", "SORATOO_LISTEN"},
		{"", "doc nonsense", "nonsense"},
		{"SORATOO_LISTN=127.0.0.1:1", "", "SORATOO_LISTN is not a setting"},
		{"SORATOO_LISTEN=8080", "", "SORATOO_LISTEN"},
		{"SORATOO_METRICS_LISTEN=x", "", "SORATOO_METRICS_LISTEN"},
		{"SORATOO_PUBLIC_URL=ftp://video.example", "", "SORATOO_PUBLIC_URL"},
		{"SORATOO_PUBLIC_URL=https://video.example/path", "", "SORATOO_PUBLIC_URL"},
		{"SORATOO_LOG=loud", "", "SORATOO_LOG"},
		{"SORATOO_LOG=info,xml", "", "SORATOO_LOG"},
		{"SORATOO_SMTP_URL=smtp://mail", "", "SORATOO_SMTP_URL"},
		{"SORATOO_REDIS_URL=redis://cache", "demo", "SORATOO_REDIS_URL"},
	} {
		got := runProgram(t, []string{c.setting}, strings.Fields(c.args)...)
		if got.status != 2 || !strings.Contains(got.stderr, c.want) || strings.Count(got.stderr, "\n") != 1 || got.stdout != "" {
			t.Errorf("%s soratoo %s = %+v, want 2 and %q", c.setting, c.args, got, c.want)
		}
	}
}

func TestWhatFailsIsSaidInOneLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ setting, want string }{
		{"SORATOO_LISTEN=" + taken.Addr().String(), "SORATOO_LISTEN"},
		{"SORATOO_METRICS_LISTEN=" + taken.Addr().String(), "SORATOO_METRICS_LISTEN"},
		{"SORATOO_DATA_DIR=" + file, file},
	} {
		got := runProgram(t, []string{"SORATOO_LISTEN=127.0.0.1:0", "SORATOO_METRICS_LISTEN=127.0.0.1:0", c.setting})
		if got.status != 1 || !strings.Contains(got.stderr, c.want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%s = %+v, want 1 and %q", c.setting, got, c.want)
		}
	}
}

// signInLine is a line of the demo's output: name, email, password.
var signInLine = regexp.MustCompile(`(?m)^  (\w+) +(\S+@\S+) +(\S+)$`)

func TestTheDemoSignsIn(t *testing.T) {
	data := "SORATOO_DATA_DIR=" + t.TempDir()
	first := runProgram(t, []string{data}, "demo")
	if second := runProgram(t, []string{data}, "demo"); first.status != 0 || first != second {
		t.Fatalf("demo = %+v, then %+v, want the same twice", first, second)
	}
	project := regexp.MustCompile(`/p/(\w{22})\n`).FindStringSubmatch(first.stdout)
	people := signInLine.FindAllStringSubmatch(first.stdout, -1)
	if project == nil || len(people) != 2 {
		t.Fatalf("demo prints %q, want a project and two sign-ins", first.stdout)
	}
	r := serve(t, data)
	for _, p := range people {
		token := r.signIn(p[2], p[3])
		status, answer := r.call("GET", "/api/v1/projects/"+project[1], token, nil)
		if role := answer["role"]; status != http.StatusOK || role != "owner" && role != "editor" {
			t.Errorf("the project as %s = %d %v", p[1], status, answer)
		}
	}
	// A database that nodes share can be worked on beside them.
	if busy := runProgram(t, []string{data}, "demo"); os.Getenv(onServices) == "" && (busy.status != 1 || !strings.Contains(busy.stderr, "server is running")) {
		t.Errorf("demo beside a server = %+v", busy)
	}
	if status, _ := r.end(syscall.SIGTERM); status != 0 {
		t.Errorf("exit status %d, stderr %s", status, r.cmd.Stderr)
	}
}

func TestAnOperatorMakesAccounts(t *testing.T) {
	data := "SORATOO_DATA_DIR=" + t.TempDir()
	create := func(password, year string) result {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := program(t, ctx, []string{data}, "admin", "create-user", "--name", "Ada", "--email", "Ada@program.example",
			"--birth-year", year, "--accepted-policy")
		var stdout, stderr bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(password+"\n"), &stdout, &stderr
		_ = cmd.Run() // its status tells
		return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	}
	for _, c := range []struct{ password, year, want string }{
		{"short", "1990", "password"},
		{"a lamp on the coast", "2024", "13 years"},
		{"a lamp on the coast", "1990", ""},
		{"a lamp on the coast", "1990", "account already"},
	} {
		got := create(c.password, c.year)
		if failed := c.want != ""; failed != (got.status == 1) || !strings.Contains(got.stderr, c.want) {
			t.Errorf("create-user %+v = %+v", c, got)
		}
		if strings.Contains(got.stdout+got.stderr, "lamp") {
			t.Errorf("create-user prints the password: %+v", got)
		}
	}
	serve(t, data).signIn("ada@program.example", "a lamp on the coast")
}

func TestWhatWasMadeIsThereAfterARestart(t *testing.T) {
	data := "SORATOO_DATA_DIR=" + filepath.Join(t.TempDir(), "new", "data")
	r := serve(t, data)
	token, _ := r.start()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGKILL} {
		status, took := r.end(signal)
		if status != 0 && signal != syscall.SIGKILL || took > 20*time.Second {
			t.Errorf("after %v: exit status %d in %v, stderr %s", signal, status, took, r.cmd.Stderr)
		}
		_, port, _ := strings.Cut(strings.TrimPrefix(r.url, "http://"), ":")
		r = serve(t, data, "SORATOO_LISTEN=127.0.0.1:"+port)
		if status, me := r.call("GET", "/api/v1/me", token, nil); status != http.StatusOK || me["name"] != "Ada" {
			t.Errorf("me after %v = %d %v", signal, status, me)
		}
		r.signIn("ada@program.example", "a lamp on the coast")
	}
	if status, _ := r.end(syscall.SIGTERM); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if log := fmt.Sprint(r.cmd.Stderr); strings.Contains(log, "ada@") || strings.Contains(log, token) {
		t.Errorf("the log tells of a person: %s", log)
	}
}

func TestOperatorsHaveAListenerOfTheirOwn(t *testing.T) {
	r := serve(t)
	get := func(url string) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		b, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	token, timeline := r.start()
	project, _, _ := strings.Cut(timeline, "/")
	r.call("GET", "/api/v1/projects/"+project, token, nil)
	get(r.url + "/p/" + project)
	base := strings.TrimSuffix(r.figure, "/metrics")
	if strings.Contains(get(r.figure), project) {
		t.Error("the metrics name a project")
	}
	for path, want := range map[string]string{
		"/metrics": "soratoo_http_request_seconds", "/debug/pprof/": "goroutine", "/debug/pprof/cmdline": "soratoo",
	} {
		if !strings.Contains(get(base+path), want) {
			t.Errorf("%s for operators has no %q", path, want)
		}
		if strings.Contains(get(r.url+path), want) {
			t.Errorf("%s for everybody has %q", path, want)
		}
	}
	if status, _ := r.end(os.Interrupt); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// start signs Ada up on a server with nothing in it and makes a project. It
// returns her token and the name of the project's timeline.
func (r *running) start() (token, timeline string) {
	r.t.Helper()
	status, answer := r.call("POST", "/api/v1/accounts", "", map[string]any{
		"name": "Ada", "email": "ada@program.example", "password": "a lamp on the coast", "birth_year": 1990, "accepted_policy": true,
	})
	token, _ = answer["access_token"].(string)
	if status != http.StatusCreated || token == "" {
		r.t.Fatalf("sign-up = %d %v", status, answer)
	}
	_, answer = r.call("GET", "/api/v1/workspaces", token, nil)
	items, _ := answer["items"].([]any)
	if len(items) != 1 {
		r.t.Fatalf("workspaces = %v", answer)
	}
	first, _ := items[0].(map[string]any)
	status, answer = r.call("POST", fmt.Sprintf("/api/v1/workspaces/%v/projects", first["id"]), token, map[string]any{"name": "Lighthouse"})
	if status != http.StatusCreated {
		r.t.Fatalf("project = %d %v", status, answer)
	}
	return token, fmt.Sprint(answer["id"], "/timeline")
}

func TestANewProjectHasATimeline(t *testing.T) {
	r := serve(t)
	token, timeline := r.start()
	d, err := openDocument(t.Context(), r.url, timeline, token)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := d.whole(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{"scenes", "tracks", "clips"} {
		if n := doc.Map(root).Len(); n != 1 {
			t.Errorf("a new project has %d %s, want 1", n, root)
		}
	}
	if title, _ := doc.Map("meta").Get("title"); title != "Lighthouse" {
		t.Errorf("title = %v", title)
	}
}

// Clients are told to come back, and the program ends well within the time that
// supervisors give it.
func TestASignalLetsClientsGoInOrder(t *testing.T) {
	r := serve(t)
	token, timeline := r.start()
	var closed []chan error
	for range 3 {
		d, err := openDocument(t.Context(), r.url, timeline, token)
		if err != nil {
			t.Fatal(err)
		}
		end := make(chan error, 1)
		closed = append(closed, end)
		go func() {
			_, err := d.until(t.Context(), wire.Pong) // which never comes
			end <- err
		}()
	}
	status, took := r.end(syscall.SIGTERM)
	if status != 0 || took > 20*time.Second {
		t.Errorf("exit status %d in %v, stderr %s", status, took, r.cmd.Stderr)
	}
	for _, end := range closed {
		if err := <-end; websocket.CloseStatus(err) != websocket.StatusServiceRestart {
			t.Errorf("a socket ended with %v, want 1012", err)
		}
	}
}
