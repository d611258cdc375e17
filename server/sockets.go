package server

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/soratoo/soratoo/rooms"
)

const (
	watchEvery  = time.Second
	openTimeout = 30 * time.Second // to open a first document; more than joinTimeout
	stuckTime   = 15 * time.Second // a write may take
	pingAfter   = 25 * time.Second // of silence
	deadAfter   = 60 * time.Second // of silence
	aliveAfter  = 20 * time.Second // of saying nothing ourselves; clients give up after 30
)

// sockets are the open sockets of a node. One goroutine watches over all of
// them, while there are any. The zero value has none.
type sockets struct {
	running sync.WaitGroup // readers, writers and the watcher
	reading sum            // bytes of messages that are being read
	early   sum            // bytes of messages that wait for Auth answers
	tallies tallies        // whose they are

	perPerson int                      // how many one may have
	panicked  func(what string, p any) // is told of faults of ours
	log       *slog.Logger

	mu       sync.Mutex // guards what follows
	all      map[*socket]struct{}
	empty    chan struct{} // closed when the last ends; nil while there are none
	draining bool
}

// add serves a socket until it ends.
func (ss *sockets) add(s *socket) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.all == nil {
		ss.all = map[*socket]struct{}{}
	}
	ss.all[s] = struct{}{}
	s.gauge.Inc()
	if ss.empty == nil {
		empty := make(chan struct{})
		ss.empty = empty
		ss.running.Go(func() { ss.watch(empty) })
	}
	ss.log.Debug("socket opened", "connection", s.id, "kind", s.kind)
	ss.running.Go(func() { s.safely("a socket's reader", s.read) })
	if ss.draining && !s.protocol.members() {
		s.close(rooms.ErrRestart)
	}
}

// remove forgets a socket that ended.
func (ss *sockets) remove(s *socket) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.all, s)
	ss.tallies.forget(s)
	ss.log.Debug("socket ended", "connection", s.id, "kind", s.kind, "lasted", time.Since(s.opened), "reason", s.reason())
	s.gauge.Dec()
	if len(ss.all) == 0 {
		close(ss.empty)
		ss.empty = nil
	}
}

// list returns the open sockets.
func (ss *sockets) list() []*socket {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return slices.Collect(maps.Keys(ss.all))
}

// watch looks at all sockets from time to time, until none is left.
func (ss *sockets) watch(empty <-chan struct{}) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			for _, s := range ss.list() {
				s.safely("a socket's watch", func() {
					if err := s.check(now); err != nil {
						s.close(err)
					}
				})
			}
		case <-empty:
			return
		}
	}
}

// safely calls fn. A panic there ends this socket, and no other.
func (s *socket) safely(what string, fn func()) {
	defer func() {
		if p := recover(); p != nil {
			s.sockets.panicked(what+" "+s.id, p)
			s.abort()
		}
	}()
	fn()
}

// check does what the time asks for. An error ends the socket.
func (s *socket) check(now time.Time) error {
	silent := now.Sub(time.Unix(0, s.raw.heard.Load()))
	since := s.raw.since.Load()
	switch {
	case since != 0 && now.Sub(time.Unix(0, since)) > stuckTime, silent > deadAfter:
		s.abort()
		return errStuck
	case !s.open.Load() && now.Sub(s.opened) > openTimeout:
		return errNobody
	case s.incoming.overdue(now):
		return errLate
	case silent > pingAfter:
		s.send(pingFrame)
	}
	if now.Sub(time.Unix(0, s.sent.Load())) > aliveAfter {
		if frame := s.protocol.alive(); frame != nil {
			s.send(frame)
		}
	}
	return s.protocol.tick(now)
}

// drain waits until all sockets are gone, or ctx ends: then it cuts them off.
// Rooms end those of their members, once they have stored and acknowledged
// what these sent; the others are ended here. New ones are told to come back.
func (ss *sockets) drain(ctx context.Context) {
	ss.mu.Lock()
	ss.draining = true
	ss.mu.Unlock()
	for _, s := range ss.list() {
		if !s.protocol.members() {
			s.close(rooms.ErrRestart)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ss.running.Wait()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		for _, s := range ss.list() {
			s.abort()
		}
		<-done
	}
}

// budget limits how many messages a peer may send that cost us more than
// them. It fills by time.
type budget struct {
	used float64
	last time.Time
}

const (
	budgetSize = 4000     // what may be spent at once
	budgetRate = 400      // what comes back in a second
	costCheap  = 1        // of presence and the like
	costDear   = 20       // of what makes us read or encode documents
	editBytes  = 16 << 10 // of an edit that cost 1
)

// spend takes cost out of the budget, or returns errTooMany.
func (b *budget) spend(cost float64, now time.Time) error {
	b.used = max(0, b.used-now.Sub(b.last).Seconds()*budgetRate) + cost
	b.last = now
	if b.used > budgetSize {
		return errTooMany
	}
	return nil
}
