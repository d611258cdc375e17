package crdttest_test

import (
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/crdttest"
)

// A run that fails is played again with
//
//	go test ./crdt/crdttest -run Moments -seed N -histories 1
func TestMomentsAreThoseOfRealYjs(t *testing.T) {
	n := uint64(*histories)
	if testing.Short() {
		n = min(n, 100)
	}
	peer := crdttest.StartPeer(t)
	for s, failed := *seed, 0; s < *seed+n && failed < 3; s++ {
		if err := crdttest.RunMoments(peer, s); err != nil {
			t.Error(err)
			failed++
		}
	}
}

// Whatever comes as a snapshot or position is read or refused, and looked up
// in a document that hostile updates have been through.
func FuzzMoment(f *testing.F) {
	updates := seeds()
	doc := crdt.New(crdt.Options{ClientID: 1, KeepDeleted: true})
	for _, u := range updates {
		_ = doc.Apply(u) // refused or not
	}
	f.Add(doc.Snapshot().Encode())
	f.Add(doc.Snapshot().EncodeV2())
	f.Add(doc.Text("t").Position(2, 0).Encode())
	f.Add([]byte{2, 2, 0, 0x40})
	f.Add([]byte(`{"type":null,"tname":"t","item":{"client":2,"clock":1},"assoc":-1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, decode := range []func([]byte) (crdt.Snapshot, error){crdt.DecodeSnapshot, crdt.DecodeSnapshotV2} {
			s, err := decode(b)
			if err != nil {
				continue
			}
			if again, err := crdt.DecodeSnapshot(s.Encode()); err != nil || !again.Equal(s) {
				t.Errorf("DecodeSnapshot(%x) = %v, %v, want %v", s.Encode(), again, err, s)
			}
			if past, err := doc.At(s); err == nil {
				_, _ = past.JSON(), past.Encode()
			}
		}
		p, err := crdt.DecodePosition(b)
		if err != nil && p.UnmarshalJSON(b) != nil {
			return
		}
		if in, index, ok := doc.Resolve(p); ok && (in == nil || index < 0) {
			t.Errorf("Resolve(%x) = %v %d", b, in, index)
		}
	})
}

func TestAttributionIsWhatAWalkThroughYjsFinds(t *testing.T) {
	n := min(uint64(*histories), 200)
	peer := crdttest.StartPeer(t)
	for s, failed := *seed, 0; s < *seed+n && failed < 3; s++ {
		if err := crdttest.RunDeeds(peer, s); err != nil {
			t.Error(err)
			failed++
		}
	}
}

func TestScrubbedStateMergesWithOldReplicas(t *testing.T) {
	n := min(uint64(*histories), 500)
	peer := crdttest.StartPeer(t)
	for s, failed := *seed, 0; s < *seed+n && failed < 3; s++ {
		if err := crdttest.RunScrub(peer, s); err != nil {
			t.Error(err)
			failed++
		}
	}
}
