package rooms_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/rooms"
)

// Nodes crash and come back, on a network that misbehaves.
func TestAClusterLosesNothing(t *testing.T) {
	for seed := range uint64(12) {
		bubble(t, func(t *testing.T) { newClusterSim(t, seed).run(120) })
	}
}

// clusterSim is that, with people who edit, go and come back at any node.
type clusterSim struct {
	*simulation
	net   *network
	hubs  []*rooms.Hub
	stops []func()
	cuts  []*fence
}

func newClusterSim(t *testing.T, seed uint64) *clusterSim {
	s := &clusterSim{simulation: &simulation{t: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, 7)), log: newMemory()}, net: newNetwork(seed)}
	for range 3 {
		s.hubs, s.stops, s.cuts = append(s.hubs, nil), append(s.stops, nil), append(s.cuts, nil)
	}
	for i := range 3 {
		s.start(i)
	}
	return s
}

func (s *clusterSim) start(i int) {
	s.cuts[i] = &fence{Log: s.log, cut: make(chan struct{})}
	s.hubs[i], s.stops[i] = run(rooms.Config{Log: s.cuts[i], Shared: s.log, Bus: s.net.join()})
}

func (s *clusterSim) run(steps int) {
	var peers []*simPeer
	for i := range 5 {
		p := newPeer(s.t, fmt.Sprint("p", i), uint64(100+i))
		p.moderate = true
		peers = append(peers, &simPeer{peer: p, doc: "d"})
	}
	s.peers = peers
	at := map[*simPeer]int{}
	for range steps {
		p := peers[s.rnd.IntN(len(peers))]
		switch n := s.rnd.IntN(20); {
		case n == 0:
			s.crashOne(s.rnd.IntN(3), at)
		case n == 1:
			s.net.misbehave(s.rnd.IntN(2) == 0)
		case n == 2:
			s.net.set(s.rnd.IntN(2) == 0)
		case n < 5 && p.in:
			s.disconnect(p)
		case !p.in:
			at[p] = s.rnd.IntN(3)
			s.hub = s.hubs[at[p]]
			s.connect(p)
		default:
			s.edit(p)
		}
		later(time.Duration(s.rnd.IntN(30)) * time.Millisecond)
	}
	s.net.set(false)
	s.net.misbehave(false)
	for _, p := range peers {
		if p.in && p.ended() != nil {
			s.disconnect(p)
		}
		if !p.in {
			s.hub = s.hubs[s.rnd.IntN(3)]
			s.connect(p)
		}
	}
	later(5 * time.Second)
	s.end()
}

// end compares everybody with the log.
func (s *clusterSim) end() {
	want := s.log.read(s.t, "d").Encode()
	for _, p := range s.peers {
		s.note(p)
		if !bytes.Equal(p.peer.doc.Encode(), want) {
			s.t.Errorf("seed %d: %s differs from the log (ended %v)", s.seed, p.name, p.ended())
		}
	}
	s.lost()
	for _, p := range s.peers {
		s.disconnect(p)
	}
	for _, stop := range s.stops {
		stop()
	}
}

// crashOne ends a node without a word, and starts it anew.
func (s *clusterSim) crashOne(i int, at map[*simPeer]int) {
	close(s.cuts[i].cut)
	s.stops[i]()
	synctest.Wait()
	for _, p := range s.peers {
		if p.in && at[p] == i {
			s.disconnect(p)
		}
	}
	s.lost()
	s.start(i)
	synctest.Wait()
}
