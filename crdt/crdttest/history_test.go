package crdttest_test

import (
	"flag"
	"testing"

	"github.com/soratoo/soratoo/crdt/crdttest"
)

var (
	seed      = flag.Uint64("seed", 1, "the first seed of the histories")
	histories = flag.Int("histories", 3000, "how many histories to play")
)

// A history that fails is played again with
//
//	go test ./crdt/crdttest -run Histories -seed N -histories 1
func TestHistoriesEndEqualToRealYjs(t *testing.T) {
	n := *histories
	if testing.Short() {
		n = min(n, 100)
	}
	peer := crdttest.StartPeer(t)
	failed := 0
	for s := *seed; s < *seed+uint64(n) && failed < 3; s++ {
		if err := crdttest.Run(peer, s); err != nil {
			t.Error(err)
			failed++
		}
	}
}
