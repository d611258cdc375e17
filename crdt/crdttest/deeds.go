package crdttest

import (
	"fmt"
	"math/rand/v2"

	"github.com/soratoo/soratoo/crdt"
)

// deeds is a network of real replicas and a document of ours that hears them all
// and remembers who deleted what.
type deeds struct {
	seed    uint64
	peer    *Peer
	random  *rand.Rand
	profile Profile
	clients []uint64
	updates [][]byte
	authors []uint64 // of each update
	doc     *crdt.Doc
	by      crdt.Attribution
	state   []byte // scrubbed
}

// RunDeeds plays the run of a seed: who wrote and who deleted each unit has to be
// what a walk through real Yjs finds. The error says what differed first.
func RunDeeds(peer *Peer, seed uint64) error {
	d := newDeeds(peer, seed)
	defer d.free()
	if err := d.live(); err != nil {
		return fmt.Errorf("seed %d: %w", seed, err)
	}
	for _, root := range []string{"t", "a"} {
		if err := d.compare(root); err != nil {
			return fmt.Errorf("seed %d: %s: %w", seed, root, err)
		}
	}
	return nil
}

func newDeeds(peer *Peer, seed uint64) *deeds {
	d := &deeds{seed: seed, peer: peer, random: rand.New(rand.NewPCG(seed, 0xdeed))}
	d.doc = crdt.New(crdt.Options{ClientID: 5, KeepDeleted: d.random.IntN(3) == 0})
	d.profile = Profile{Edits: 4, Nested: true, Formats: d.random.IntN(2) == 0, Exotic: d.random.IntN(3) == 0}
	for _, i := range d.random.Perm(len(clients))[:3] {
		d.clients = append(d.clients, clients[i])
		peer.Queue(nil, "new", d.name(clients[i]), clients[i], map[string]any{"keepDeleted": d.random.IntN(4) == 0})
	}
	return d
}

func (d *deeds) free() {
	names := []any{"free"}
	for _, c := range d.clients {
		names = append(names, d.name(c))
	}
	d.peer.Queue(nil, names...)
}

// live lets the replicas edit one after the other, each hearing of all edits.
func (d *deeds) live() error {
	for range 3 + d.random.IntN(12) {
		author := d.clients[d.random.IntN(len(d.clients))]
		if err := d.spread(author, d.edit(author)); err != nil {
			return err
		}
	}
	return nil
}

// edit lets a replica edit by itself.
func (d *deeds) edit(author uint64) (written [][]byte) {
	d.peer.Into(&written, "edit", d.name(author), d.random.Uint32(), d.profile)
	return written
}

func (d *deeds) name(client uint64) string { return fmt.Sprintf("deeds %d/%d", d.seed, client) }

// spread brings updates to everyone, and what they write when they hear them.
func (d *deeds) spread(author uint64, updates [][]byte) error {
	for _, u := range updates {
		d.updates, d.authors = append(d.updates, u), append(d.authors, author)
		if err := d.by.Add(u, author); err != nil {
			return err
		}
		if err := d.doc.Apply(u); err != nil {
			return err
		}
		for _, other := range d.clients {
			if other == author {
				continue
			}
			var tidied [][]byte
			d.peer.Into(&tidied, "apply", d.name(other), u)
			if err := d.spread(other, tidied); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *deeds) compare(root string) error {
	var want [][4]any
	d.peer.Into(&want, "units", d.name(d.clients[0]), root, d.updates, d.authors)
	var list crdt.Shared = d.doc.Text(root)
	if root == "a" {
		list = d.doc.Array(root)
	}
	var got [][4]any
	for r := range d.by.Runs(list, 0, 1<<30) {
		for i := range r.Len {
			at := r.From
			if !r.Deleted {
				at += i
			}
			got = append(got, [4]any{at, r.InsertedBy, r.Deleted, r.DeletedBy})
		}
	}
	if ours, theirs := canonical(got), canonical(want); ours != theirs && len(got)+len(want) > 0 {
		return fmt.Errorf("the units are\n     %s\nwant %s", ours, theirs)
	}
	return nil
}
