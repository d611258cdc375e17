package review_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/soratoo/soratoo/crdt"
)

// vandal writes anything anywhere in a copy of the document, often something that
// almost looks right.
func vandal(w desk, r *rand.Rand) {
	people := []string{"ada", "ben", "cy"}
	values := []func() any{
		func() any {
			return thread(people[r.IntN(3)], map[string]any{"n": message(people[r.IntN(3)], "hm")}, nil)
		},
		func() any { return message(people[r.IntN(3)], "hm") },
		func() any { return state("resolved", people[r.IntN(3)]) },
		func() any { return people[r.IntN(3)] },
		func() any { return true },
		func() any { return crdt.NewMap(nil) },
		func() any { return crdt.NewText("x") },
	}
	names := []string{"hers", "his", "new", "m1", "m2", "m3", "messages", "reactions", "author", "created", "state", "body", "ben:👍", "ada:👍", "n"}
	m := w.d.Map("threads")
	for depth := r.IntN(5); ; depth-- {
		keys := m.Keys()
		if len(keys) == 0 || depth == 0 {
			break
		}
		v, _ := m.Get(keys[r.IntN(len(keys))])
		if text, ok := v.(crdt.Text); ok {
			text.Insert(w.tx, 0, "x")
			return
		}
		next, ok := v.(crdt.Map)
		if !ok {
			break
		}
		m = next
	}
	if keys := m.Keys(); len(keys) > 0 && r.IntN(3) == 0 {
		m.Delete(w.tx, keys[r.IntN(len(keys))])
		return
	}
	m.Set(w.tx, names[r.IntN(len(names))], values[r.IntN(len(values))]())
}

// written is all that somebody has written, by where it is.
func written(d *crdt.Doc, person string) map[string]any {
	out := map[string]any{}
	for id, t := range d.Map("threads").JSON() {
		thread, _ := t.(map[string]any)
		if thread["author"] == person {
			out[id] = []any{thread["created"], thread["anchor"]}
		}
		messages, _ := thread["messages"].(map[string]any)
		for m, v := range messages {
			if message, _ := v.(map[string]any); message["author"] == person {
				out[id+"/"+m] = message
			}
		}
		reactions, _ := thread["reactions"].(map[string]any)
		for reaction := range reactions {
			if reaction[:len(person)+1] == person+":" {
				out[id+"/"+reaction] = true
			}
		}
	}
	return out
}

// Whatever ben does: what the guard lets through leaves alone what ada wrote, and
// puts no word into her mouth.
func TestVandalsReachOnlyTheirOwn(t *testing.T) {
	allowed := 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 8))
		server := stage(t)
		update := edited(t, server, func(w desk) {
			for range 1 + r.IntN(3) {
				vandal(w, r)
			}
		})
		if update == nil {
			continue
		}
		if r.IntN(2) == 0 {
			update = withoutDeletes(t, update)
		}
		if guarded(t, server, ben, update) != nil {
			continue
		}
		allowed++
		before := written(server, "ada")
		if err := server.Apply(update); err != nil {
			t.Fatal(err)
		}
		if after := written(server, "ada"); !reflect.DeepEqual(after, before) {
			t.Errorf("seed %d: ada's words were %v and are %v", seed, before, after)
		}
		if others := written(server, "cy"); len(others) > 0 {
			t.Errorf("seed %d: cy, who was never here, wrote %v", seed, fmt.Sprint(others))
		}
	}
	if allowed < 100 {
		t.Errorf("only %d edits were allowed: the vandal is too clumsy", allowed)
	}
}
