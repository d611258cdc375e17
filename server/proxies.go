package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// behind gives requests that came through trusted proxies the address of who made
// them: the right-most in X-Forwarded-For that is no such proxy. What stands left of
// it was written by whoever made the request, and is not believed.
func (s *Server) behind(next http.Handler) http.Handler {
	if len(s.Proxies) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = s.client(r)
		next.ServeHTTP(w, r)
	})
}

func (s *Server) client(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !s.trusted(at.Addr()) {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, err := hopOf(strings.TrimSpace(hop))
		if err != nil {
			break // whoever wrote this is the last that is known
		}
		at = netip.AddrPortFrom(address, 0)
		if !s.trusted(address) {
			break
		}
	}
	return at.String()
}

// hopOf reads an address of the header; some proxies add the port.
func hopOf(hop string) (netip.Addr, error) {
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return at.Addr(), nil
	}
	return netip.ParseAddr(strings.Trim(hop, "[]"))
}

func (s *Server) trusted(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(s.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}
