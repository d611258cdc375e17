package server_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
)

func TestBehindATrustedProxyEverybodyIsSomebody(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	onEdge(t, func(t *testing.T, s *edge) {
		s.server.Proxies = proxies
		s.handler = s.server.Handler()
		try := func(email, from string, headers []string) string {
			in := map[string]any{"email": email, "password": "a wrong password"}
			return s.do("POST", "/api/v1/sessions", "", in, func(r *http.Request) {
				r.RemoteAddr, r.Header["X-Forwarded-For"] = from, headers
			}).problem()
		}
		for i, c := range []struct {
			from    string
			headers []string
			want    string
		}{
			{"127.0.0.1:1", []string{"192.0.2.7"}, "192.0.2.7:0"},
			{"127.0.0.1:1", []string{"6.6.6.6, 192.0.2.7, 10.1.2.3"}, "192.0.2.7:0"},
			{"127.0.0.1:1", []string{"6.6.6.6", "192.0.2.7", "10.1.2.3"}, "192.0.2.7:0"},
			{"[::ffff:127.0.0.1]:1", []string{"2001:db8::5"}, "[2001:db8::5]:0"},
			{"[fd00::1]:1", []string{"[2001:db8::5]:4711"}, "[2001:db8::5]:0"},
			{"127.0.0.1:1", []string{"192.0.2.7:4711"}, "192.0.2.7:0"},
			{"127.0.0.1:1", []string{"192.0.2.7, unknown"}, "127.0.0.1:1"},
			{"127.0.0.1:1", []string{"192.0.2.7, nobody, 10.1.2.3"}, "10.1.2.3:0"},
			{"127.0.0.1:1", nil, "127.0.0.1:1"},
			{"127.0.0.1:1", []string{""}, "127.0.0.1:1"},
			{"127.0.0.1:1", []string{"10.0.0.1, 10.0.0.2"}, "10.0.0.1:0"},
			{"192.0.2.9:5", []string{"192.0.2.7"}, "192.0.2.9:5"},
		} {
			email := fmt.Sprintf("p%d@example.org", i)
			for range 10 {
				if got := try(email, c.from, c.headers); got != "wrong-credentials" {
					t.Fatalf("from %s by %q: %s", c.from, c.headers, got)
				}
			}
			if got := try(email, c.want, nil); got != "too-many" {
				t.Errorf("from %s by %q is not %s: %s", c.from, c.headers, c.want, got)
			}
		}
	})
}

// 60 wrong sign-ins behind the proxy lock out who made them, and nobody else.
func TestALimitBehindAProxyIsForOneClient(t *testing.T) {
	onEdge(t, func(t *testing.T, s *edge) {
		s.join("Ada")
		s.server.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		s.handler = s.server.Handler()
		try := func(email, password, client string) string {
			return s.do("POST", "/api/v1/sessions", "", map[string]any{"email": email, "password": password}, from("127.0.0.1"), func(r *http.Request) {
				r.Header.Set("X-Forwarded-For", "203.0.113.77, "+client)
			}).problem()
		}
		for i := range 60 {
			if got := try(fmt.Sprintf("p%d@example.org", i), "a wrong password", "198.51.100.1"); got != "wrong-credentials" {
				t.Fatalf("try %d = %q", i, got)
			}
		}
		if got := try("p@example.org", "a wrong password", "198.51.100.1"); got != "too-many" {
			t.Errorf("the 61st = %q", got)
		}
		if got := try("ada@example.org", "a harbour at dawn", "198.51.100.2"); got != "" {
			t.Errorf("somebody else = %q", got)
		}
	})
}
