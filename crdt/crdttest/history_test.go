package crdttest_test

import (
	"flag"
	"testing"

	"github.com/soratoo/soratoo/crdt/crdttest"
)

var (
	seed      = flag.Uint64("seed", 1, "the first seed of the histories")
	histories = flag.Int("histories", 800, "how many histories to play")
)

// A history that fails is played again with
//
//	go test ./crdt/crdttest -run Histories -seed N -histories 1
func TestHistoriesEndEqualToRealYjs(t *testing.T) {
	n := uint64(*histories)
	if testing.Short() {
		n = min(n, 100)
	}
	const shards = 2 // Node and Go take turns, so two runs fill two cores
	for shard := range uint64(shards) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			peer := crdttest.StartPeer(t)
			for s, failed := shard, 0; s < n && failed < 3; s += shards {
				if err := crdttest.Run(peer, *seed+s); err != nil {
					t.Error(err)
					failed++
				}
			}
		})
	}
}
