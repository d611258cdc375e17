package crdttest_test

import (
	"testing"

	"github.com/soratoo/soratoo/crdt/crdttest"
)

// A twin that fails is played again with
//
//	go test ./crdt/crdttest -run Twins -seed N -histories 1
func TestTwinsWriteAndTellTheSame(t *testing.T) {
	n := uint64(*histories)
	if testing.Short() {
		n = min(n, 100)
	}
	peer := crdttest.StartPeer(t)
	for s, failed := *seed, 0; s < *seed+n && failed < 3; s++ {
		if err := crdttest.RunTwin(peer, s); err != nil {
			t.Error(err)
			failed++
		}
	}
}
