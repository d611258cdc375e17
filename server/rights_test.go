package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/crdt/wire"
)

// bodies are requests that are well-formed, by route.
var bodies = map[string]any{
	"POST /api/v1/workspaces":                                    map[string]any{"name": "Film"},
	"PATCH /api/v1/workspaces/{workspace}/members/{person}":      map[string]any{"role": "viewer"},
	"POST /api/v1/workspaces/{workspace}/invitations":            map[string]any{"role": "admin"},
	"POST /api/v1/invitations/accept":                            map[string]any{"token": "x"},
	"POST /api/v1/workspaces/{workspace}/projects":               map[string]any{"name": "Mine"},
	"PATCH /api/v1/projects/{project}":                           map[string]any{"name": "Mine"},
	"PATCH /api/v1/me":                                           map[string]any{"name": "Eve"},
	"PUT /api/v1/me/password":                                    map[string]any{"current_password": "no", "new_password": "no"},
	"PATCH /api/v1/assets/{asset}":                               map[string]any{"duration_ms": 5},
	"POST /api/v1/projects/{project}/shares":                     map[string]any{},
	"POST /api/v1/projects/{project}/documents/{document}/reset": map[string]any{},
	"POST /api/v1/projects/{project}/renders":                    map[string]any{"kind": "preview"},
	"PUT /api/v1/projects/{project}/renders/pause":               map[string]any{"paused": true},
	"PUT /api/v1/workspaces/{workspace}/renders/pause":           map[string]any{"paused": true},
	"PUT /api/v1/workspaces/{workspace}/budget":                  map[string]any{"jobs": 5},
	"POST /api/v1/renders/{render}/move":                         map[string]any{"priority": 1},
	"POST /api/v1/tickets":                                       map[string]any{"project": "{project}"},
	"POST /api/v1/projects/{project}/versions":                   map[string]any{"name": "Rough cut"},
	"PATCH /api/v1/versions/{version}":                           map[string]any{"name": "Fine cut"},
}

// rights is the one table of who may do what over HTTP: what each kind of person
// is answered, "" for yes. Nobody is told to sign in, and so is a guest's token.
// A stranger does not find what is others'.
var rights = map[string]struct {
	viewer  string // is in the workspace, and may only look
	anybody bool   // needs no one to be signed in
	guests  bool   // is for who has the link's cookie
	own     bool   // is about who asks, and so no stranger's
}{
	"POST /api/v1/accounts":                                          {anybody: true},
	"POST /api/v1/sessions":                                          {anybody: true},
	"POST /api/v1/sessions/refresh":                                  {anybody: true},
	"DELETE /api/v1/sessions/current":                                {anybody: true},
	"POST /api/v1/shares/open":                                       {anybody: true},
	"POST /api/v1/shares/{share}/resume":                             {guests: true},
	"GET /api/v1/shares/{share}/people":                              {guests: true},
	"GET /api/v1/shares/{share}/assets":                              {guests: true},
	"GET /api/v1/shares/{share}/assets/{asset}/content":              {guests: true},
	"GET /api/v1/me":                                                 {own: true},
	"PATCH /api/v1/me":                                               {own: true},
	"PUT /api/v1/me/password":                                        {own: true},
	"GET /api/v1/me/sessions":                                        {own: true},
	"DELETE /api/v1/me/sessions/{session}":                           {own: true},
	"GET /api/v1/people":                                             {own: true},
	"POST /api/v1/tickets":                                           {},
	"GET /api/v1/workspaces":                                         {own: true},
	"POST /api/v1/workspaces":                                        {own: true},
	"GET /api/v1/workspaces/{workspace}/members":                     {},
	"GET /api/v1/workspaces/{workspace}/members/{person}":            {},
	"PATCH /api/v1/workspaces/{workspace}/members/{person}":          {viewer: "forbidden"},
	"DELETE /api/v1/workspaces/{workspace}/members/{person}":         {viewer: "forbidden"},
	"GET /api/v1/workspaces/{workspace}/invitations":                 {viewer: "forbidden"},
	"POST /api/v1/workspaces/{workspace}/invitations":                {viewer: "forbidden"},
	"DELETE /api/v1/workspaces/{workspace}/invitations/{invitation}": {viewer: "forbidden"},
	"POST /api/v1/invitations/accept":                                {own: true},
	"GET /api/v1/workspaces/{workspace}/projects":                    {},
	"POST /api/v1/workspaces/{workspace}/projects":                   {viewer: "forbidden"},
	"GET /api/v1/projects/{project}":                                 {},
	"PATCH /api/v1/projects/{project}":                               {viewer: "forbidden"},
	"DELETE /api/v1/projects/{project}":                              {viewer: "forbidden"},
	"GET /api/v1/projects/{project}/assets":                          {},
	"POST /api/v1/projects/{project}/assets":                         {viewer: "forbidden"},
	"GET /api/v1/assets/{asset}":                                     {},
	"PATCH /api/v1/assets/{asset}":                                   {viewer: "forbidden"},
	"DELETE /api/v1/assets/{asset}":                                  {viewer: "forbidden"},
	"GET /api/v1/assets/{asset}/content":                             {},
	"POST /api/v1/projects/{project}/documents/{document}/reset":     {viewer: "forbidden"},
	"GET /api/v1/projects/{project}/documents/{document}/state":      {},
	"GET /api/v1/projects/{project}/renders":                         {},
	"POST /api/v1/projects/{project}/renders":                        {viewer: "forbidden"},
	"PUT /api/v1/projects/{project}/renders/pause":                   {viewer: "forbidden"},
	"GET /api/v1/projects/{project}/renders/estimate":                {viewer: "forbidden"},
	"PUT /api/v1/workspaces/{workspace}/renders/pause":               {viewer: "forbidden"},
	"GET /api/v1/workspaces/{workspace}/budget":                      {viewer: "forbidden"},
	"PUT /api/v1/workspaces/{workspace}/budget":                      {viewer: "forbidden"},
	"GET /api/v1/renders/{render}":                                   {},
	"DELETE /api/v1/renders/{render}":                                {viewer: "forbidden"},
	"POST /api/v1/renders/{render}/retry":                            {viewer: "forbidden"},
	"POST /api/v1/renders/{render}/move":                             {viewer: "forbidden"},
	"GET /api/v1/projects/{project}/shares":                          {viewer: "forbidden"},
	"POST /api/v1/projects/{project}/shares":                         {viewer: "forbidden"},
	"DELETE /api/v1/shares/{share}":                                  {viewer: "forbidden"},
	"GET /api/v1/shares/{share}/views":                               {viewer: "forbidden"},
	"GET /api/v1/projects/{project}/versions":                        {},
	"POST /api/v1/projects/{project}/versions":                       {viewer: "forbidden"},
	"GET /api/v1/projects/{project}/writers":                         {},
	"GET /api/v1/versions/{version}":                                 {},
	"PATCH /api/v1/versions/{version}":                               {viewer: "forbidden"},
	"DELETE /api/v1/versions/{version}":                              {viewer: "forbidden"},
	"GET /api/v1/versions/{version}/timeline":                        {},
	"GET /api/v1/versions/{version}/state":                           {},
	"GET /api/v1/versions/{version}/compare":                         {},
	"POST /api/v1/versions/{version}/restore":                        {viewer: "forbidden"},
	"POST /api/v1/versions/{version}/undo":                           {viewer: "forbidden"},
	"GET /api/v1/projects/{project}/export":                          {},
	"POST /api/v1/projects/{project}/import":                         {viewer: "forbidden"},
	"GET /api/v1/shares/{share}/timeline":                            {guests: true},
	"GET /api/v1/shares/{share}/deliveries":                          {guests: true},
	"GET /api/v1/projects/{project}/deliveries":                      {},
}

// The routes are taken from the description of the interface, so that one that
// is added is tried, too.
func TestEveryRouteHasItsRights(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	ada, studio := s.join("Ada")
	eve, _ := s.join("Eve")
	vic, _ := s.join("Vic")
	s.invite(ada, studio, "Vic", "viewer")
	project := s.do("POST", "/api/v1/workspaces/"+studio+"/projects", ada, map[string]any{"name": "Harbour"}).text("id")
	asset := s.upload(ada, project, "Harbour.wav", wav(100)).text("id")
	s.use(project, asset)
	version := s.do("POST", "/api/v1/projects/"+project+"/versions", ada, map[string]any{"name": "Harbour cut"}).text("id")
	share, token := s.share(ada, project, map[string]any{"capabilities": []string{"comment", "download"}, "version": version})
	guest := s.knock(map[string]any{"token": token, "display_name": "Cleo"})
	fill := strings.NewReplacer("{workspace}", studio, "{person}", s.do("GET", "/api/v1/me", ada, nil).text("id"), "{project}", project, "{share}", share, "{version}", version,
		"{render}", s.render(ada, project, map[string]any{"kind": "preview"}).text("id"), "{document}", "timeline", "{asset}", asset)
	seen := 0
	paths, _ := s.do("GET", "/api/v1/openapi.json", "", nil).body["paths"].(map[string]any)
	for path, methods := range paths {
		methods, _ := methods.(map[string]any)
		for method := range methods {
			route := strings.ToUpper(method) + " " + path
			right, known := rights[route]
			if seen++; !known {
				t.Errorf("%s is not in the table of rights", route)
			}
			body := bodies[route]
			if m, ok := body.(map[string]any); ok && m["project"] != nil {
				body = map[string]any{"project": project}
			}
			at := fill.Replace(path)
			if strings.HasSuffix(path, "/people") {
				at += "?ids=x"
			}
			if strings.HasSuffix(path, "/estimate") {
				at += "?kind=preview"
			}
			ask := func(who, token, want string, edit ...func(*http.Request)) {
				t.Helper()
				a := s.do(strings.ToUpper(method), at, token, body, edit...)
				if a.problem() != want {
					t.Errorf("%s of %s = %d %s, want %q", route, who, a.status, a.raw, want)
				}
				if want != "" && (strings.Contains(a.raw, "Harbour") || strings.Contains(a.raw, "Ada")) {
					t.Errorf("%s tells %s %s", route, who, a.raw)
				}
			}
			if right.anybody {
				continue
			}
			ask("nobody", "", "unauthenticated")
			ask("a guest's token", guest.text("access_token"), "unauthenticated")
			if right.guests {
				ask("a stranger", eve, "unauthenticated")
				ask("a viewer", vic, "unauthenticated")
				ask("a guest", "", "", withCookie(guest))
				continue
			}
			ask("a guest's cookie", "", "unauthenticated", withCookie(guest))
			if right.own {
				continue
			}
			ask("a stranger", eve, "not-found")
			ask("a viewer", vic, right.viewer)
		}
	}
	if seen != len(rights) {
		t.Errorf("the table has %d routes, the interface %d", len(rights), seen)
	}
	if a := s.do("GET", "/api/v1/me", "", nil); a.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("nobody is not told how to sign in: %v", a.header)
	}
	if a := s.do("GET", "/api/v1/projects/"+project, ada, nil); a.text("name") != "Harbour" {
		t.Errorf("afterwards the project is %d %s", a.status, a.raw)
	}
}

func TestOddIDsAreNotFound(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	ada, _ := s.join("Ada")
	for _, id := range []string{"..%2f..%2fetc", "%00", "x", "0123456789012345678901", strings.Repeat("x", 64), "%27%20OR%201=1"} {
		for _, path := range []string{"/api/v1/projects/" + id, "/api/v1/workspaces/" + id + "/members", "/api/v1/workspaces/" + id + "/projects"} {
			if a := s.do("GET", path, ada, nil); a.status != http.StatusNotFound {
				t.Errorf("GET %s = %d %s", path, a.status, a.raw)
			}
		}
	}
}

func TestWrongMethodsAreToldTheRightOnes(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	for path, allow := range map[string][]string{
		"/api/v1/me": {"GET", "PATCH"}, "/api/v1/sessions": {"POST"}, "/healthz": {"GET"}, "/": {"GET, HEAD"},
	} {
		a := s.do("PUT", path, "", nil)
		if a.status != http.StatusMethodNotAllowed || !slices.Equal(a.header.Values("Allow"), allow) {
			t.Errorf("PUT %s = %d %v", path, a.status, a.header.Values("Allow"))
		}
	}
}

func TestPagesElsewhereCannotUseTheCookie(t *testing.T) {
	s := newSite(t, "https://video.example.org")
	in := s.do("POST", "/api/v1/accounts", "", person("Ada"))
	cookie, _, _ := strings.Cut(in.header.Get("Set-Cookie"), ";")
	for origin, want := range map[string]int{
		"https://video.example.org": http.StatusCreated, "https://video.example.org.evil.example": http.StatusForbidden,
		"https://evil.example": http.StatusForbidden, "null": http.StatusForbidden, "http://video.example.org": http.StatusForbidden,
	} {
		a := s.do("POST", "/api/v1/workspaces", "", map[string]any{"name": "Film"}, func(r *http.Request) {
			r.Header.Set("Cookie", cookie)
			r.Header.Set("Origin", origin)
		})
		if a.status != want {
			t.Errorf("from %s = %d %s, want %d", origin, a.status, a.raw, want)
		}
	}
}

func TestAChangedRoleReachesOpenSockets(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, studio := e.join("Ada")
		ben, _ := e.join("Ben")
		e.invite(ada, studio, "Ben", "editor")
		project := e.project(ada, studio)
		address := project + "/timeline"
		hers, his := e.open("/collab"), e.open("/collab")
		hers.say(address, wire.Token, []byte(ada))
		his.say(address, wire.Token, []byte(ben))
		if his.code() != 0 {
			t.Fatalf("closed with %d", his.code())
		}
		e.invite(ada, studio, "Ben", "viewer")
		if his.code() != 1012 || hers.code() != 0 {
			t.Errorf("codes %d and %d, want 1012 and 0", his.code(), hers.code())
		}
		again := e.open("/collab")
		again.say(address, wire.Token, []byte(ben))
		for _, m := range again.settle() {
			if m.Kind == wire.Authenticated && string(m.Payload) != string(wire.ScopeReadOnly) {
				t.Errorf("scope %q after the change", m.Payload)
			}
		}
	})
}

func TestANetworkOfManyAddressesIsOneForTheLimits(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	s.frozen.Store(true) // or tries come back while it goes on
	s.join("Ada")
	claimed := 0
	try := func(address string) answer {
		body := map[string]any{"email": "ada@example.org", "password": "not the password"}
		claimed++
		return s.do("POST", "/api/v1/sessions", "", body, func(r *http.Request) {
			r.RemoteAddr = address
			r.Header.Set("X-Forwarded-For", "192.0.2."+strconv.Itoa(claimed))
		})
	}
	for i := range 10 {
		if a := try(fmt.Sprintf("[2001:db8::%x]:4711", i)); a.problem() != "wrong-credentials" {
			t.Fatalf("try %d = %s", i, a.raw)
		}
	}
	if a := try("[2001:db8::ffff]:1"); a.problem() != "too-many" {
		t.Errorf("the eleventh from one network = %s", a.raw)
	}
	if a := try("[2001:db8:0:1::1]:1"); a.problem() != "wrong-credentials" {
		t.Errorf("the first from another network = %s", a.raw)
	}
}
