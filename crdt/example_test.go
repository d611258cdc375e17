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

// An observer is told how a type has changed, wherever the change came from.
func ExampleObserveDeep() {
	d, other := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	stop := crdt.ObserveDeep(d.Map("scenes"), func(events []*crdt.Event) {
		for _, e := range events {
			for key, change := range e.Keys {
				fmt.Println(e.Path, key, change.Action)
			}
			for _, op := range e.Delta {
				fmt.Println(e.Path, "retain", op.Retain, "insert", op.Insert)
			}
		}
	})
	defer stop()

	_ = d.Apply(other.Transact(func(tx *crdt.Tx) {
		other.Map("scenes").Set(tx, "s1", crdt.NewMap(map[string]any{"prompt": crdt.NewText("Dawn")}))
	}))
	_ = d.Apply(other.Transact(func(tx *crdt.Tx) {
		scene, _ := other.Map("scenes").Get("s1")
		prompt, _ := scene.(crdt.Map).Get("prompt")
		prompt.(crdt.Text).Insert(tx, 4, " over the harbour")
	}))
	// Output:
	// [] s1 add
	// [s1 prompt] retain 4 insert <nil>
	// [s1 prompt] retain 0 insert  over the harbour
}

// Undo takes back one's own work and leaves that of others.
func ExampleUndoManager() {
	ada, ben := crdt.New(crdt.Options{ClientID: 1}), crdt.New(crdt.Options{ClientID: 2})
	undo := crdt.NewUndoManager(ada, crdt.UndoOptions{}, ada.Text("prompt"))
	update := ada.Transact(func(tx *crdt.Tx) { ada.Text("prompt").Insert(tx, 0, "a slow pan") })
	_ = ben.Apply(update)
	_ = ada.Apply(ben.Transact(func(tx *crdt.Tx) { ben.Text("prompt").Insert(tx, 0, "At dawn, ") }))

	fmt.Printf("%q\n", ada.Text("prompt"))
	undo.Undo()
	fmt.Printf("%q\n", ada.Text("prompt"))
	undo.Redo()
	fmt.Printf("%q\n", ada.Text("prompt"))
	// Output:
	// "At dawn, a slow pan"
	// "At dawn, "
	// "At dawn, a slow pan"
}

// Pieces of a text have formats, and a delta shows them.
func ExampleText_Format() {
	d := crdt.New(crdt.Options{ClientID: 1})
	note := d.Text("note")
	d.Transact(func(tx *crdt.Tx) {
		note.Insert(tx, 0, "Hold the silence")
		note.Format(tx, 5, 3, crdt.Attributes{"em": true})
	})
	for _, op := range note.Delta() {
		fmt.Printf("%q %v\n", op.Insert, op.Attributes)
	}
	// Output:
	// "Hold " map[]
	// "the" map[em:true]
	// " silence" map[]
}
