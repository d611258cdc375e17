package server

import (
	"net/netip"
	"sync"

	"github.com/soratoo/soratoo/auth"
)

const (
	personSockets   = 64  // of one person, unless an operator says otherwise
	shareSockets    = 256 // of the guests of one link
	addressSockets  = 512 // from one address
	strangerSockets = 128 // the same, on which nobody has signed in yet
)

// tallies count sockets by whose they are. The zero value has none.
type tallies struct {
	mu     sync.Mutex // guards what follows, and the tallied of all sockets
	counts map[string]int
}

// add counts a socket under a key, once, unless there are as many as there may be.
func (t *tallies) add(s *socket, key string, limit int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.tallied[key] {
		return true
	}
	if t.counts[key] >= limit {
		return false
	}
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	if s.tallied == nil {
		s.tallied = map[string]bool{}
	}
	t.counts[key]++
	s.tallied[key] = true
	return true
}

// remove counts a socket under a key no more.
func (t *tallies) remove(s *socket, key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(s, key)
}

// forget counts a socket no more.
func (t *tallies) forget(s *socket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key := range s.tallied {
		t.drop(s, key)
	}
}

// drop takes a socket out of one count. The caller holds the lock.
func (t *tallies) drop(s *socket, key string) {
	if !s.tallied[key] {
		return
	}
	delete(s.tallied, key)
	if t.counts[key]--; t.counts[key] == 0 {
		delete(t.counts, key)
	}
}

// arrive counts a socket from an address, or returns errSockets. A proxy on this
// machine, which everybody comes by, is nobody's address.
func (s *socket) arrive(address string) error {
	if a, err := netip.ParseAddr(address); err == nil && a.IsLoopback() {
		return nil
	}
	s.address = address
	t := &s.sockets.tallies
	if !t.add(s, "address "+address, addressSockets) || !t.add(s, "stranger "+address, strangerSockets) {
		return errSockets
	}
	return nil
}

// signIn counts a socket as a person's, or returns errSockets.
func (s *socket) signIn(p auth.Principal) error {
	t := &s.sockets.tallies
	if !t.add(s, "person "+p.Person, s.sockets.perPerson) || p.Share != "" && !t.add(s, "share "+p.Share, shareSockets) {
		return errSockets
	}
	t.remove(s, "stranger "+s.address)
	return nil
}

// admitted notes that a document is open on the socket, to read or to write.
func (s *socket) admitted(write bool) {
	s.open.Store(true)
	if write {
		s.incoming.allow(writerBytes)
	} else {
		s.incoming.allow(readerBytes)
	}
}
