package crdt_test

import (
	"fmt"

	"github.com/soratoo/soratoo/crdt"
)

func Example() {
	ada, ben := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})

	// Both write at the same moment.
	fromAda := ada.Transact(func(tx *crdt.Tx) { ada.Text("prompt").Insert(tx, 0, "Dawn over the harbour") })
	fromBen := ben.Transact(func(tx *crdt.Tx) { ben.Text("prompt").Insert(tx, 0, "Wide shot. ") })

	// The updates cross, and arrive in different orders.
	_ = ada.Apply(fromBen)
	_ = ben.Apply(fromAda)

	fmt.Println(ada.Text("prompt").String() == ben.Text("prompt").String())
	fmt.Println(ada.Text("prompt").String())
	// Output:
	// true
	// Dawn over the harbourWide shot.
}

// A client that comes back sends its state vector and gets what it lacks.
func ExampleDoc_Diff() {
	server, client := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	first := server.Transact(func(tx *crdt.Tx) { server.Map("meta").Set(tx, "title", "Harbour") })
	_ = client.Apply(first)
	server.Transact(func(tx *crdt.Tx) { server.Map("meta").Set(tx, "title", "Harbour at dawn") })

	missing, _ := server.Diff(client.StateVector())
	_ = client.Apply(missing)
	title, _ := client.Map("meta").Get("title")
	fmt.Println(title)
	// Output: Harbour at dawn
}

// A server may join what it has not sent yet, without a document.
func ExampleMergeUpdates() {
	d := crdt.New(crdt.Options{ClientID: 1})
	var waiting [][]byte
	for i, word := range []string{"slow ", "pan ", "left"} {
		waiting = append(waiting, d.Transact(func(tx *crdt.Tx) { d.Array("moves").Insert(tx, i, word) }))
	}
	one, _ := crdt.MergeUpdates(waiting...)
	other := crdt.New(crdt.Options{ClientID: 2})
	_ = other.Apply(one)
	fmt.Println(other.Array("moves").JSON())
	// Output: [slow  pan  left]
}

// Types nest: a map of clips, each a map with a text inside.
func ExampleMap() {
	d := crdt.New(crdt.Options{ClientID: 1})
	d.Transact(func(tx *crdt.Tx) {
		clips := d.Map("clips")
		clips.Set(tx, "c1", crdt.NewMap(map[string]any{
			"span":  map[string]any{"in": 0, "length": 48},
			"title": crdt.NewText("Opening"),
		}))
		clip, _ := clips.Get("c1")
		title, _ := clip.(crdt.Map).Get("title")
		title.(crdt.Text).Insert(tx, 7, " shot")
	})
	fmt.Println(d.JSON()["clips"])
	// Output: map[c1:map[span:map[in:0 length:48] title:Opening shot]]
}

// Before an update is taken, Preview tells what it would do.
func ExampleDoc_Preview() {
	server, guest := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	update := guest.Transact(func(tx *crdt.Tx) { guest.Map("meta").Set(tx, "title", "Mine now") })

	p, _ := server.Preview(update)
	for _, insert := range p.Inserts {
		fmt.Println(insert.Client, insert.Where.Root, insert.Where.Path)
	}
	// Output: 2 meta [title]
}
