package crdt_test

import (
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
