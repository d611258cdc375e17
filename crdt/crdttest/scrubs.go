package crdttest

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/soratoo/soratoo/crdt"
)

// RunScrub plays the run of a seed: from a document that real replicas have made
// some contents are scrubbed, and then everybody meets, those who have written
// meanwhile too. The error says what was not as it has to be.
func RunScrub(peer *Peer, seed uint64) error {
	d := newDeeds(peer, seed)
	defer d.free()
	for _, act := range []func() error{d.live, d.scrub, d.meet} {
		if err := act(); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	return nil
}

// choose picks what is scrubbed: all of one client, or pieces of everything.
func (d *deeds) choose() crdt.IDs {
	if d.random.IntN(3) == 0 {
		return crdt.NewIDs(crdt.IDRange{Client: d.clients[0], Len: 1<<31 - 1})
	}
	var some []crdt.IDRange
	for r := range d.doc.Inserts().Ranges() {
		for at := r.Clock; at < r.End(); {
			n := uint32(1 + d.random.IntN(6))
			if d.random.IntN(3) == 0 {
				some = append(some, crdt.IDRange{Client: r.Client, Clock: at, Len: min(n, r.End()-at)})
			}
			at += n
		}
	}
	return crdt.NewIDs(some...)
}

// scrub makes the scrubbed document, which real Yjs has to read as we do, and
// shows it the whole of an old replica.
func (d *deeds) scrub() error {
	ids := d.choose()
	scrubbed, err := d.doc.Scrub(ids)
	if err != nil {
		return err
	}
	d.state = scrubbed
	fresh := crdt.New(crdt.Options{ClientID: 6})
	if err := fresh.Apply(scrubbed); err != nil {
		return err
	}
	if err := fresh.Check(); err != nil {
		return err
	}
	if left := fresh.Expand(ids).Intersect(fresh.Inserts()).Subtract(fresh.Deletes()); !left.Empty() {
		return fmt.Errorf("not deleted: %v", left)
	}
	for s, err := range crdt.Structs(scrubbed) {
		if s.Kind != "gc" && s.Kind != "deleted" && ids.Contains(s.ID()) {
			return fmt.Errorf("still there: %v %v, %v", s.IDRange, s.Content, err)
		}
	}
	if want := d.peer.Bytes("rewritten", scrubbed); !bytes.Equal(fresh.Encode(), want) {
		return fmt.Errorf("scrubbed of %v\n     %s\nwant %s", ids, Explain(fresh.Encode()), Explain(want))
	}
	before := fresh.Encode()
	for _, client := range d.clients {
		if err := fresh.Apply(d.peer.Bytes("encode", d.name(client))); err != nil {
			return err
		}
		if !bytes.Equal(fresh.Encode(), before) {
			return fmt.Errorf("the state of old replica %d changes the scrubbed document to\n     %s", client, Explain(fresh.Encode()))
		}
	}
	d.doc = fresh
	return nil
}

// meet brings the scrubbed state to replicas that have gone on writing.
func (d *deeds) meet() error {
	written := make([][][]byte, len(d.clients))
	for i, client := range d.clients {
		if d.random.IntN(2) == 0 {
			written[i] = d.edit(client)
		}
	}
	for _, client := range d.clients {
		var tidied [][]byte
		d.peer.Into(&tidied, "apply", d.name(client), d.state)
		if err := d.spread(client, tidied); err != nil {
			return err
		}
	}
	for i, client := range d.clients {
		if err := d.spread(client, written[i]); err != nil {
			return err
		}
	}
	if err := d.doc.Check(); err != nil {
		return err
	}
	var ours state
	d.peer.Into(&ours, "canonical", d.doc.Encode())
	for _, client := range d.clients {
		var theirs state
		d.peer.Into(&theirs, "canonical", d.peer.Bytes("encode", d.name(client)))
		if !bytes.Equal(ours.Vector, theirs.Vector) || !bytes.Equal(ours.Deletes, theirs.Deletes) || ours.Pending || theirs.Pending {
			return fmt.Errorf("old replica %d has vector %x, deletes %s, the scrubbed document %x, %s",
				client, theirs.Vector, theirs.Deletes, ours.Vector, ours.Deletes)
		}
		if !reflect.DeepEqual(ours.view, theirs.view) {
			return fmt.Errorf("old replica %d shows %+v, the scrubbed document %+v", client, theirs.view, ours.view)
		}
	}
	return nil
}
