package crdttest_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/crdttest"
)

// edit is one unit or the deletion of one, on its way between pages.
type edit struct {
	unit   crdttest.Unit
	target crdttest.UnitID // when it is a deletion
	update []byte
}

// desk is a page and the document that has to agree with it.
type desk struct {
	page *crdttest.Page
	doc  *crdt.Doc
	done map[int]bool
}

// take applies an edit to both, if it is ready.
func (d *desk) take(e edit) (bool, error) {
	if e.target == (crdttest.UnitID{}) {
		if !d.page.Ready(e.unit) {
			return false, nil
		}
		d.page.Put(e.unit)
	} else if !d.page.Erase(e.target) {
		return false, nil
	}
	return true, d.doc.Apply(e.update)
}

// write makes an edit on the page and applies it to the document.
func (d *desk) write(r *rand.Rand, index int) (edit, error) {
	d.done[index] = true
	if r.IntN(5) == 0 {
		if id, ok := d.page.Delete(r); ok {
			e := edit{target: id, update: id.DeleteUpdate()}
			return e, d.doc.Apply(e.update)
		}
	}
	u := d.page.Insert(r)
	e := edit{unit: u, update: u.Update("text")}
	return e, d.doc.Apply(e.update)
}

func TestADocumentPutsLettersWhereANaiveListDoes(t *testing.T) {
	for s := range uint64(400) {
		if err := playPages(rand.New(rand.NewPCG(s, 1))); err != nil {
			t.Fatalf("seed %d: %v", s, err)
		}
	}
}

func playPages(r *rand.Rand) error {
	var desks []*desk
	for i := range 2 + r.IntN(4) {
		client := uint64(1 + i)
		desks = append(desks, &desk{crdttest.NewPage(client), crdt.New(crdt.Options{ClientID: 1000 + client}), map[int]bool{}})
	}
	var edits []edit
	for range 60 {
		d := desks[r.IntN(len(desks))]
		e, err := d.write(r, len(edits))
		if err != nil {
			return err
		}
		edits = append(edits, e)
		if err := d.hear(r, edits, 60); err != nil {
			return err
		}
	}
	for _, d := range desks {
		if err := d.hear(r, edits, 100); err != nil {
			return err
		}
		if got, want := d.page.Text(), desks[0].page.Text(); got != want {
			return fmt.Errorf("pages differ: %q and %q", want, got)
		}
	}
	return nil
}

// hear takes about percent of the edits that are not taken yet, in random
// order, as far as they are ready.
func (d *desk) hear(r *rand.Rand, edits []edit, percent int) error {
	for progress := true; progress; {
		progress = false
		for _, i := range r.Perm(len(edits)) {
			if d.done[i] || r.IntN(100) >= percent {
				continue
			}
			taken, err := d.take(edits[i])
			if err != nil {
				return err
			}
			d.done[i] = taken
			progress = progress || taken
		}
		if percent < 100 {
			break
		}
	}
	if got, want := d.doc.Text("text").String(), d.page.Text(); got != want {
		return fmt.Errorf("the document reads %q, the page %q", got, want)
	}
	return d.doc.Check()
}
