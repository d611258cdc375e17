package crdt_test

import (
	"bytes"
	"fmt"

	"github.com/soratoo/soratoo/crdt"
)

// A document that keeps what is deleted can be seen as it was.
func ExampleDoc_At() {
	d := crdt.New(crdt.Options{KeepDeleted: true})
	d.Transact(func(tx *crdt.Tx) { d.Text("prompt").Insert(tx, 0, "Dawn over the harbour") })
	morning := d.Snapshot()
	d.Transact(func(tx *crdt.Tx) {
		d.Text("prompt").Delete(tx, 0, 4)
		d.Text("prompt").Insert(tx, 0, "Dusk")
	})

	past, _ := d.At(morning)
	fmt.Println(past.Text("prompt"))
	fmt.Println(d.Text("prompt"))
	// Output:
	// Dawn over the harbour
	// Dusk over the harbour
}

// A cursor that others see stays between the same letters.
func ExampleDoc_Resolve() {
	d := crdt.New(crdt.Options{})
	text := d.Text("prompt")
	d.Transact(func(tx *crdt.Tx) { text.Insert(tx, 0, "over the harbour") })
	cursor := text.Position(4, 0)
	d.Transact(func(tx *crdt.Tx) { text.Insert(tx, 0, "Dawn ") })

	_, index, _ := d.Resolve(cursor)
	fmt.Println(text.String()[:index] + "|" + text.String()[index:])
	// Output: Dawn over| the harbour
}

// What two updates have in common is known without a document.
func ExampleIntersectUpdate() {
	d := crdt.New(crdt.Options{ClientID: 1})
	first := d.Transact(func(tx *crdt.Tx) { d.Text("t").Insert(tx, 0, "Dawn") })
	whole := d.Transact(func(tx *crdt.Tx) { d.Text("t").Insert(tx, 4, " again") })
	whole, _ = crdt.MergeUpdates(first, whole)

	old, _ := crdt.InsertsOf(first)
	part, _ := crdt.IntersectUpdate(whole, old, crdt.IDs{})
	copied := crdt.New(crdt.Options{})
	_ = copied.Apply(part)
	fmt.Println(copied.Text("t"))
	// Output: Dawn
}

// Who wrote what is in the ids; who deleted it is learned from the updates.
func ExampleAttribution() {
	ada, ben := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	var known crdt.Attribution
	written := ada.Transact(func(tx *crdt.Tx) { ada.Text("t").Insert(tx, 0, "Dawn or dusk") })
	_ = known.Add(written, ada.ClientID())
	_ = ben.Apply(written)
	_ = known.Add(ben.Transact(func(tx *crdt.Tx) { ben.Text("t").Delete(tx, 4, 8) }), ben.ClientID())

	for run := range known.Runs(ben.Text("t"), 0, ben.Text("t").Len()) {
		fmt.Println(run.Len, "units by", run.InsertedBy, run.Deleted, run.DeletedBy)
	}
	// Output:
	// 4 units by 1 false 0
	// 8 units by 1 true 2
}

// A comment is erased; whoever still has it deletes it when they meet.
func ExampleDoc_Scrub() {
	server, old := crdt.New(crdt.Options{}), crdt.New(crdt.Options{})
	_ = old.Apply(server.Transact(func(tx *crdt.Tx) { server.Map("comments").Set(tx, "c1", crdt.NewText("secret")) }))

	state, _ := server.Scrub(server.Map("comments").Units("c1"))
	fmt.Println(bytes.Contains(state, []byte("secret")))

	scrubbed := crdt.New(crdt.Options{})
	_ = scrubbed.Apply(state)
	_ = scrubbed.Apply(old.Encode())
	_ = old.Apply(state)
	fmt.Println(scrubbed.JSON(), old.JSON())
	// Output:
	// false
	// map[comments:map[]] map[comments:map[]]
}
