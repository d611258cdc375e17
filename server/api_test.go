package server_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/history"
	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/server"
	"github.com/soratoo/soratoo/storage/blob"
	"github.com/soratoo/soratoo/storage/sqlstore"
	"github.com/soratoo/soratoo/storage/testservers"
)

// site is a server on a store of its own, without sockets.
type site struct {
	t       *testing.T
	handler http.Handler
	server  *server.Server
	hub     *rooms.Hub
	store   *sqlstore.Store
	logs    *bytes.Buffer
	media   string       // where the bytes of media are
	frozen  *atomic.Bool // the clock of accounts stands

	tokens map[string]string // of who has joined, by name
}

// How large files and projects may be on a site.
const (
	shareGuests  = 20
	fileBytes    = 64 << 10
	projectBytes = 150 << 10
)

// newSite makes a site that browsers reach at a URL, with a small client if none
// is given.
func newSite(t *testing.T, publicURL string, client ...fs.FS) *site {
	t.Helper()
	client = append(client, fstest.MapFS{"index.html": {Data: []byte("<title>SoraToo</title>")}, "assets/app-1a2b.js": {Data: []byte("1")}})
	store, err := sqlstore.Open(t.Context(), testservers.SQLite(t, prepared))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	logs := &bytes.Buffer{}
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	metrics := server.NewMetrics(prometheus.NewRegistry())
	dir := filepath.Join(t.TempDir(), "media")
	files, err := blob.OpenFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	began, frozen := time.Now(), &atomic.Bool{}
	accounts := auth.New(auth.Config{Store: store, Key: key, Issuer: publicURL, ShareGuests: shareGuests, Stretch: quick, Now: func() time.Time {
		if frozen.Load() {
			return began
		}
		return time.Now()
	}})
	hub := rooms.New(rooms.Config{Log: store, Metrics: metrics.Rooms()})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = hub.Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-ended })
	var s *server.Server
	s = server.New(server.Config{
		Renders: rendersOf(store, accounts, func() *server.Server { return s }),
		Hub:     hub, Auth: accounts, History: history.New(history.Config{Store: store, Live: hub, Rights: accounts}),
		Media: media.New(media.Config{
			Store: store, Blobs: plainBlobs{files}, Rights: accounts, FileBytes: fileBytes, ProjectBytes: projectBytes,
		}),
		Log: slog.New(slog.NewTextHandler(logs, nil)), Metrics: metrics, PublicURL: publicURL, Version: "test",
		Web:     client[0],
		Ping:    store.Ping,
		Prepare: func(context.Context, auth.Project, string) error { return nil },
	})
	return &site{t: t, handler: s.Handler(), server: s, hub: hub, store: store, logs: logs, media: dir, frozen: frozen}
}

// answer is what came of a request.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

func (a answer) text(path ...string) string {
	var v any = a.body
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[key]
	}
	s, _ := v.(string)
	return s
}

// names are those of the fields of an answer.
func (a answer) names() []string { return slices.Sorted(maps.Keys(a.body)) }

func (a answer) problem() string {
	_, name, _ := strings.Cut(a.text("type"), "#")
	return name
}

func (s *site) do(method, path, token string, body any, edit ...func(*http.Request)) answer {
	s.t.Helper()
	var b bytes.Buffer
	if text, ok := body.(string); ok {
		b.WriteString(text)
	} else if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			s.t.Fatal(err)
		}
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, &b)
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, e := range edit {
		e(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.body) // not every answer is JSON
	return a
}

func person(name string) map[string]any {
	return map[string]any{
		"name": name, "email": strings.ToLower(name) + "@example.org", "password": "a harbour at dawn",
		"birth_year": 1990, "accepted_policy": true,
	}
}

// join signs somebody up and returns their token and first workspace.
func (s *site) join(name string) (token, workspace string) {
	s.t.Helper()
	a := s.do("POST", "/api/v1/accounts", "", person(name))
	if a.status != http.StatusCreated {
		s.t.Fatalf("signing %s up: %d %s", name, a.status, a.raw)
	}
	token = a.text("access_token")
	if s.tokens == nil {
		s.tokens = map[string]string{}
	}
	s.tokens[name] = token
	list := s.do("GET", "/api/v1/workspaces", token, nil)
	items, _ := list.body["items"].([]any)
	if len(items) != 1 {
		s.t.Fatalf("workspaces of %s: %s", name, list.raw)
	}
	workspace, _ = items[0].(map[string]any)["id"].(string)
	return token, workspace
}

func TestSignUpAndWhatItRefuses(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	ok := s.do("POST", "/api/v1/accounts", "", person("Ada"))
	if ok.status != http.StatusCreated || ok.text("user", "name") != "Ada" || ok.text("access_token") == "" || ok.text("expires_at") == "" {
		t.Fatalf("sign-up = %d %s", ok.status, ok.raw)
	}
	cookie := ok.header.Get("Set-Cookie")
	for _, part := range []string{"soratoo_session=", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q has no %s", cookie, part)
		}
	}
	change := func(key string, v any) map[string]any {
		p := person("Ben")
		p[key] = v
		return p
	}
	tests := []struct {
		name    string
		body    any
		status  int
		problem string
	}{
		{"taken email", person("Ada"), 409, "email-taken"},
		{"taken email in capitals", change("email", "ADA@example.ORG"), 409, "email-taken"},
		{"too young", change("birth_year", 2020), 403, "too-young"},
		{"policy not accepted", change("accepted_policy", false), 422, "policy-not-accepted"},
		{"short password", change("password", "short"), 422, "weak-password"},
		{"common password", change("password", "Password1234"), 422, "weak-password"},
		{"no email", change("email", "nobody"), 422, "invalid-request"},
		{"blank name", change("name", "  "), 422, "invalid-request"},
		{"unknown field", change("role", "admin"), 422, "invalid-request"},
		{"not JSON", "{", 400, "invalid-request"},
		{"too large", `{"name":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "invalid-request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := s.do("POST", "/api/v1/accounts", "", tt.body)
			if a.status != tt.status || a.problem() != tt.problem {
				t.Errorf("= %d %s, want %d %s: %s", a.status, a.problem(), tt.status, tt.problem, a.raw)
			}
			if strings.Contains(a.raw, "a harbour at dawn") {
				t.Error("the answer has the password")
			}
		})
	}
	if a := s.do("POST", "/api/v1/sessions", "", map[string]any{"email": "ben@example.org", "password": "a harbour at dawn"}); a.problem() != "wrong-credentials" {
		t.Errorf("something of a refused sign-up was kept: %s", a.raw)
	}
	if strings.Contains(s.logs.String(), "example.org") {
		t.Errorf("the log has an email: %s", s.logs)
	}
}

func TestSessionsByCookie(t *testing.T) {
	s := newSite(t, "https://video.example.org")
	a := s.do("POST", "/api/v1/accounts", "", person("Ada"))
	with := func(a answer) func(*http.Request) {
		pair, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
		return func(r *http.Request) { r.Header.Set("Cookie", pair) }
	}
	first := with(a)
	if c := a.header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-soratoo_session=") || !strings.Contains(c, "Secure") {
		t.Errorf("cookie over TLS = %q", c)
	}
	if me := s.do("GET", "/api/v1/me", "", nil, first); me.text("email") != "ada@example.org" {
		t.Errorf("me = %d %s", me.status, me.raw)
	}
	refreshed := s.do("POST", "/api/v1/sessions/refresh", "", nil, first)
	second := with(refreshed)
	if refreshed.status != http.StatusOK {
		t.Fatalf("refresh = %d %s", refreshed.status, refreshed.raw)
	}
	if me := s.do("GET", "/api/v1/me", "", nil, first); me.status != http.StatusOK {
		t.Errorf("what was on its way with the old cookie gets %d", me.status)
	}
	if out := s.do("DELETE", "/api/v1/sessions/current", "", nil, second); out.status != http.StatusNoContent {
		t.Errorf("sign-out = %d %s", out.status, out.raw)
	}
	for _, cookie := range []func(*http.Request){first, second} {
		if me := s.do("GET", "/api/v1/me", "", nil, cookie); me.status != http.StatusUnauthorized {
			t.Errorf("after sign-out a cookie still gets %d", me.status)
		}
	}
	elsewhere := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	if a := s.do("POST", "/api/v1/sessions", "", map[string]any{}, elsewhere); a.problem() != "cross-origin" {
		t.Errorf("a page elsewhere gets %d %s", a.status, a.raw)
	}
}

func TestSignInIsLimited(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	s.frozen.Store(true) // or tries come back while it goes on
	s.join("Ada")
	try := func(email, password string) answer {
		return s.do("POST", "/api/v1/sessions", "", map[string]any{"email": email, "password": password})
	}
	for range 10 {
		if a := try("ada@example.org", "wrong wrong wrong"); a.problem() != "wrong-credentials" {
			t.Fatalf("= %s", a.raw)
		}
	}
	if a := try("ada@example.org", "a harbour at dawn"); a.status != http.StatusTooManyRequests {
		t.Errorf("the eleventh try = %d", a.status)
	}
	if a := try("ada@example.org", "a harbour at dawn"); a.header.Get("Retry-After") == "" {
		t.Errorf("who tried too often is not told when to come back: %v", a.header)
	}
	if a := try("nobody@example.org", "a harbour at dawn"); a.problem() != "wrong-credentials" {
		t.Errorf("an email without an account is answered otherwise: %s", a.raw)
	}
}

func TestProjectsAreTheWorkspacesOwn(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	ada, studio := s.join("Ada")
	ben, _ := s.join("Ben")
	created := s.do("POST", "/api/v1/workspaces/"+studio+"/projects", ada, map[string]any{"name": "Harbour"})
	id := created.text("id")
	if created.status != http.StatusCreated || created.text("workspace") != studio || created.text("role") != "owner" {
		t.Fatalf("create = %d %s", created.status, created.raw)
	}
	project := "/api/v1/projects/" + id
	for _, r := range [][2]string{
		{"GET", project},
		{"PATCH", project},
		{"DELETE", project},
		{"GET", "/api/v1/workspaces/" + studio + "/projects"},
		{"GET", "/api/v1/workspaces/" + studio + "/members"},
	} {
		var body any
		if r[0] == "PATCH" {
			body = map[string]any{"name": "Mine"}
		}
		if a := s.do(r[0], r[1], ben, body); a.status != http.StatusNotFound {
			t.Errorf("a stranger: %s %s = %d", r[0], r[1], a.status)
		}
		if a := s.do(r[0], r[1], "", body); a.status != http.StatusUnauthorized {
			t.Errorf("nobody: %s %s = %d", r[0], r[1], a.status)
		}
	}
	s.invite(ada, studio, "Ben", "viewer")
	for r, status := range map[[2]string]int{{"GET", project}: 200, {"PATCH", project}: 403, {"DELETE", project}: 403} {
		var body any
		if r[0] == "PATCH" {
			body = map[string]any{"name": "Mine"}
		}
		if a := s.do(r[0], r[1], ben, body); a.status != status {
			t.Errorf("a viewer: %s %s = %d, want %d", r[0], r[1], a.status, status)
		}
	}
	if a := s.do("PATCH", project, ada, map[string]any{"name": "Harbour at dawn"}); a.text("name") != "Harbour at dawn" {
		t.Errorf("rename = %s", a.raw)
	}
	if a := s.do("DELETE", project, ada, nil); a.status != http.StatusNoContent {
		t.Errorf("delete = %d %s", a.status, a.raw)
	}
	if a := s.do("GET", project, ada, nil); a.status != http.StatusNotFound {
		t.Errorf("after delete = %d", a.status)
	}
}

func TestListsArePaged(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	ada, studio := s.join("Ada")
	for i := range 7 {
		s.do("POST", "/api/v1/workspaces/"+studio+"/projects", ada, map[string]any{"name": fmt.Sprint("P", i)})
	}
	seen, cursor, pages := map[string]bool{}, "", 0
	for {
		a := s.do("GET", "/api/v1/workspaces/"+studio+"/projects?limit=3&cursor="+cursor, ada, nil)
		items, _ := a.body["items"].([]any)
		for _, item := range items {
			name, _ := item.(map[string]any)["name"].(string)
			seen[name] = true
		}
		pages++
		if cursor = a.text("next_cursor"); cursor == "" {
			break
		}
	}
	if len(seen) != 7 || pages != 3 {
		t.Errorf("%d projects on %d pages, want 7 on 3", len(seen), pages)
	}
}

func TestPeopleAreKnownOnlyToTheirTeams(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	ada, studio := s.join("Ada")
	ben, _ := s.join("Ben")
	adaID := s.do("GET", "/api/v1/me", ada, nil).text("id")
	benID := s.do("GET", "/api/v1/me", ben, nil).text("id")
	both := "/api/v1/people?ids=" + adaID + "," + benID
	count := func(token string) int {
		items, _ := s.do("GET", both, token, nil).body["items"].([]any)
		return len(items)
	}
	if n := count(ben); n != 1 {
		t.Errorf("a stranger sees %d people, want himself", n)
	}
	s.invite(ada, studio, "Ben", "editor")
	if n := count(ben); n != 2 {
		t.Errorf("a member sees %d people, want 2", n)
	}
}

func TestThePageIsServed(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	for path, want := range map[string]struct {
		status int
		cache  string
	}{
		"/":                   {200, "no-cache"},
		"/p/some-project":     {200, "no-cache"},
		"/assets/app-1a2b.js": {200, "public, max-age=31536000, immutable"},
		"/assets/gone.js":     {404, "no-store"},
		"/favicon.ico":        {404, "no-store"},
		"/../server.go":       {404, "no-store"},
	} {
		a := s.do("GET", path, "", nil)
		if a.status != want.status || a.header.Get("Cache-Control") != want.cache {
			t.Errorf("GET %s = %d %q, want %+v", path, a.status, a.header.Get("Cache-Control"), want)
		}
		if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self';") {
			t.Errorf("GET %s: policy %q", path, csp)
		}
	}
	if a := s.do("GET", "/api/v1/docs", "", nil); !strings.Contains(a.raw, "/api/v1/projects/{project}") {
		t.Error("the documentation does not list the routes")
	}
	if a := s.do("GET", "/api/v1/openapi.json", "", nil); a.text("openapi") != "3.1.0" {
		t.Errorf("openapi = %.80s", a.raw)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := s.do("GET", path, "", nil); a.status != 200 {
			t.Errorf("GET %s = %d", path, a.status)
		}
	}
}

func TestTheSchemeOfATokenMayBeInAnyCase(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	token, _ := s.join("Ada")
	for header, want := range map[string]int{
		"bearer " + token: http.StatusOK, "BEARER  " + token: http.StatusOK, "Bearer" + token: http.StatusUnauthorized,
		"Basic " + token: http.StatusUnauthorized, token: http.StatusUnauthorized,
	} {
		a := s.do("GET", "/api/v1/workspaces", "", nil, func(r *http.Request) { r.Header.Set("Authorization", header) })
		if a.status != want {
			t.Errorf("%.8s…: status %d, want %d", header, a.status, want)
		}
	}
}

// prepared makes a database without rows.
func prepared(t testing.TB, path string) {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// plainBlobs keeps media as they are.
type plainBlobs struct{ *blob.Files }

func (b plainBlobs) Put(ctx context.Context, a media.Asset, r io.Reader) error {
	return b.Files.Put(ctx, a.ID, r)
}

func (b plainBlobs) Open(ctx context.Context, a media.Asset) (io.ReadSeekCloser, error) {
	return b.Files.Open(ctx, a.ID)
}

// quick stretches passwords of tests: argon2id takes a second under the race detector.
func quick(password, salt []byte) []byte {
	sum := sha256.Sum256(append(slices.Clone(salt), password...))
	return sum[:]
}
