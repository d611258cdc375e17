package main

import (
	"math/rand/v2"
	"strconv"

	"github.com/soratoo/soratoo/crdt"
)

// The timeline mix: clips that clients edit in rounds, all before they exchange.
const (
	mixClients = 20
	mixClips   = 200
	mixRounds  = 2500
)

// timelineMix is what the clients write: places, trims, and letters of prompts.
func timelineMix() [][]byte {
	r := rand.New(rand.NewPCG(7, 7))
	var docs []*crdt.Doc
	for i := range mixClients {
		docs = append(docs, crdt.New(crdt.Options{ClientID: uint64(1000 + i)}))
	}
	first := docs[0].Transact(func(tx *crdt.Tx) {
		for i := range mixClips {
			docs[0].Map("clips").Set(tx, clipName(i), crdt.NewMap(map[string]any{
				"place":  map[string]any{"track": "story", "at": i},
				"trim":   map[string]any{"in": 0, "out": 48},
				"prompt": crdt.NewText(""),
			}))
		}
	})
	for _, d := range docs[1:] {
		must(d.Apply(first))
	}
	updates := [][]byte{first}
	for range mixRounds {
		round := len(updates)
		for _, d := range docs {
			updates = append(updates, d.Transact(func(tx *crdt.Tx) { editClip(d, tx, r) }))
		}
		for i, u := range updates[round:] {
			for j, d := range docs {
				if i != j {
					must(d.Apply(u))
				}
			}
		}
	}
	return updates
}

func clipName(i int) string { return "clip" + strconv.Itoa(i) }

// editClip changes a random clip: half of the time its place, a quarter its trim,
// a quarter a letter of its prompt.
func editClip(d *crdt.Doc, tx *crdt.Tx, r *rand.Rand) {
	v, _ := d.Map("clips").Get(clipName(r.IntN(mixClips)))
	clip := v.(crdt.Map)
	switch r.IntN(4) {
	case 0, 1:
		clip.Set(tx, "place", map[string]any{"track": "story", "at": r.IntN(10000)})
	case 2:
		clip.Set(tx, "trim", map[string]any{"in": r.IntN(24), "out": 24 + r.IntN(240)})
	default:
		v, _ := clip.Get("prompt")
		prompt := v.(crdt.Text)
		prompt.Insert(tx, r.IntN(prompt.Len()+1), string(rune('a'+r.IntN(26))))
	}
}
