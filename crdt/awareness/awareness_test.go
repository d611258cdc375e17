package awareness_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt/awareness"
	"github.com/soratoo/soratoo/crdt/lib0"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// history is what real y-protocols made of a series of updates.
type history struct {
	Steps []struct {
		Update  string
		Changed []uint64
		All     string
	}
	Comeback struct{ Before, Removal, Back string }
}

func realHistory(t testing.TB) history {
	t.Helper()
	text, err := os.ReadFile("testdata/history.json")
	if err != nil {
		t.Fatal(err)
	}
	var h history
	if err := json.Unmarshal(text, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

func decodeHex(t testing.TB, s string) []awareness.State {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	states, err := awareness.Decode(b)
	if err != nil {
		t.Fatalf("Decode(%s): %v", s, err)
	}
	return states
}

func TestAHistoryEndsAsInYProtocols(t *testing.T) {
	var set awareness.Set
	for i, step := range realHistory(t).Steps {
		states := decodeHex(t, step.Update)
		if got := hex.EncodeToString(awareness.Append(nil, states...)); got != step.Update {
			t.Fatalf("step %d: %s is written as %s", i, step.Update, got)
		}
		var changed []uint64
		for _, s := range set.Apply(states, start) {
			changed = append(changed, s.Client)
		}
		slices.Sort(changed)
		if !slices.Equal(changed, step.Changed) {
			t.Fatalf("step %d: %v changed, want %v", i, changed, step.Changed)
		}
		if got := hex.EncodeToString(awareness.Append(nil, set.All()...)); got != step.All {
			t.Fatalf("step %d: here are %s, want %s", i, got, step.All)
		}
	}
}

func TestWhoWasRemovedComesBackAtOnce(t *testing.T) {
	h := realHistory(t).Comeback
	var set awareness.Set
	set.Apply(decodeHex(t, h.Before), start)
	set.Remove(start, 5)
	if changed := set.Apply(decodeHex(t, h.Before), start); changed != nil {
		t.Errorf("a state from before the removal changed %v", changed)
	}
	gone := set.Behind(decodeHex(t, h.Before))
	if got := hex.EncodeToString(awareness.Append(nil, gone...)); got != h.Removal {
		t.Fatalf("the client is told %s, want %s", got, h.Removal)
	}
	back := decodeHex(t, h.Back) // what y-protocols answers
	if set.Behind(back) != nil || len(set.Apply(back, start)) != 1 || len(set.All()) != 1 {
		t.Errorf("the client came back with %s, here are %v", h.Back, set.All())
	}
}

func TestALaterClockWinsAndAnEqualOneOnlyWhenGone(t *testing.T) {
	a, b := []byte(`{"a":1}`), []byte(`{"b":2}`)
	for _, c := range []struct {
		name     string
		clock    uint64
		json     []byte
		wantJSON []byte
		changed  bool
	}{
		{"earlier state", 4, b, a, false},
		{"earlier gone", 4, nil, a, false},
		{"equal state", 5, b, a, false},
		{"equal gone", 5, nil, nil, true},
		{"later state", 6, b, b, true},
		{"later same state", 6, a, a, true},
		{"later gone", 6, nil, nil, true},
	} {
		var set awareness.Set
		set.Apply([]awareness.State{{Client: 1, Clock: 5, JSON: a}}, start)
		changed := set.Apply([]awareness.State{{Client: 1, Clock: c.clock, JSON: c.json}}, start)
		if (len(changed) == 1) != c.changed {
			t.Errorf("%s: changed %v, want %v", c.name, changed, c.changed)
		}
		var got []byte
		if all := set.All(); len(all) == 1 {
			got = all[0].JSON
		}
		if !bytes.Equal(got, c.wantJSON) {
			t.Errorf("%s: state %s, want %s", c.name, got, c.wantJSON)
		}
	}
}

func TestAClientThatWasNeverHereCannotBeGone(t *testing.T) {
	var set awareness.Set
	for c := range uint64(10) {
		if changed := set.Apply([]awareness.State{{Client: c, Clock: 9}}, start); changed != nil {
			t.Errorf("gone client changed %v", changed)
		}
	}
	if gone := set.Remove(start, 1, 2); gone != nil {
		t.Errorf("removing who is not here tells %v", gone)
	}
	if changed := set.Apply([]awareness.State{{Client: 3, Clock: 1, JSON: []byte("{}")}}, start); len(changed) != 1 {
		t.Errorf("a new client changed %v", changed)
	}
}

func TestTheSilentAreGoneAfterThirtySeconds(t *testing.T) {
	var set awareness.Set
	set.Apply([]awareness.State{{1, 1, []byte("{}")}, {2, 7, []byte("{}")}}, start)
	set.Apply([]awareness.State{{2, 8, []byte("{}")}}, start.Add(15*time.Second))
	if gone := set.Expire(start.Add(30*time.Second - 1)); gone != nil {
		t.Errorf("gone too early: %v", gone)
	}
	gone := set.Expire(start.Add(30 * time.Second))
	if len(gone) != 1 || gone[0].Client != 1 || gone[0].Clock != 2 || gone[0].JSON != nil {
		t.Errorf("after 30 s of silence: %v, want client 1 gone at clock 2", gone)
	}
	if all := set.All(); len(all) != 1 || all[0].Client != 2 {
		t.Errorf("here are %v, want client 2", all)
	}
	if again := set.Expire(start.Add(31 * time.Second)); again != nil {
		t.Errorf("gone twice: %v", again)
	}
}

func TestTheClockOfTheGoneIsForgottenInTime(t *testing.T) {
	var set awareness.Set
	old := []awareness.State{{1, 5, []byte("{}")}}
	set.Apply(old, start)
	set.Remove(start, 1)
	set.Expire(start.Add(59 * time.Second))
	if changed := set.Apply(old, start.Add(59*time.Second)); changed != nil {
		t.Errorf("an old message brought back %v", changed)
	}
	set.Expire(start.Add(60 * time.Second))
	if changed := set.Apply(old, start.Add(60*time.Second)); len(changed) != 1 {
		t.Errorf("a minute later changed %v, want the client", changed)
	}
}

func TestASetKeepsNoSliceOfItsInput(t *testing.T) {
	var set awareness.Set
	update := awareness.Append(nil, awareness.State{Client: 1, Clock: 1, JSON: []byte(`{"a":1}`)})
	states, err := awareness.Decode(update)
	if err != nil {
		t.Fatal(err)
	}
	set.Apply(states, start)
	clear(update)
	if got := string(set.All()[0].JSON); got != `{"a":1}` {
		t.Errorf("state %q after the input was overwritten", got)
	}
}

func TestOneRoomHasALimitOfClients(t *testing.T) {
	var set awareness.Set
	for c := range uint64(awareness.MaxStates + 100) {
		set.Apply([]awareness.State{{c, 1, []byte("{}")}}, start)
	}
	if n := len(set.All()); n != awareness.MaxStates {
		t.Errorf("%d clients, want %d", n, awareness.MaxStates)
	}
	if changed := set.Apply([]awareness.State{{3, 2, []byte("{}")}}, start); len(changed) != 1 {
		t.Errorf("a full room ignores who is in it")
	}
}

func TestWhatIsNotAnUpdateIsRefused(t *testing.T) {
	state := func(client, clock uint64, json string) []byte {
		b := lib0.AppendUint(nil, 1)
		b = lib0.AppendUint(b, client)
		b = lib0.AppendUint(b, clock)
		return lib0.AppendString(b, json)
	}
	many := awareness.Append(nil, make([]awareness.State, awareness.MaxStates+1)...)
	for _, c := range []struct {
		name   string
		update []byte
		want   error
	}{
		{"nothing", nil, awareness.ErrMalformed},
		{"a count beyond the input", []byte{5, 1, 1, 2, '{', '}'}, awareness.ErrMalformed},
		{"a count of 2^63", append(lib0.AppendUint(nil, 1<<63), 1, 1, 2), awareness.ErrMalformed},
		{"bytes after the states", append(state(1, 1, "{}"), 0), awareness.ErrMalformed},
		{"a client beyond 53 bits", state(1<<53, 1, "{}"), awareness.ErrMalformed},
		{"a clock that has no next", state(1, 1<<53-1, "{}"), awareness.ErrMalformed},
		{"an empty state", state(1, 1, ""), awareness.ErrMalformed},
		{"a number", state(1, 1, "5"), awareness.ErrMalformed},
		{"an array", state(1, 1, "[{}]"), awareness.ErrMalformed},
		{"half an object", state(1, 1, `{"a":`), awareness.ErrMalformed},
		{"two objects", state(1, 1, "{}{}"), awareness.ErrMalformed},
		{"text that is not UTF-8", state(1, 1, "{\"\xff\":1}"), awareness.ErrMalformed},
		{"a long state", state(1, 1, `{"a":"`+strings.Repeat("x", awareness.MaxState)+`"}`), awareness.ErrLimit},
		{"many states", many, awareness.ErrLimit},
		{"deep nesting", state(1, 1, `{"a":`+strings.Repeat("[", 8000)+strings.Repeat("]", 8000)+"}"), nil},
		{"__proto__", state(1, 1, `{"__proto__":{"admin":true}}`), nil},
		{"null with spaces", state(1, 1, " null\n"), nil},
		{"no states", []byte{0}, nil},
	} {
		if _, err := awareness.Decode(c.update); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, step := range realHistory(f).Steps[:20] {
		b, _ := hex.DecodeString(step.Update)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, update []byte) {
		states, err := awareness.Decode(update)
		if err != nil {
			if !errors.Is(err, awareness.ErrMalformed) && !errors.Is(err, awareness.ErrLimit) {
				t.Errorf("%x: %v is neither ErrMalformed nor ErrLimit", update, err)
			}
			return
		}
		again, err := awareness.Decode(awareness.Append(nil, states...))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(states) {
			t.Errorf("%x = %v is written as %v, %v", update, states, again, err)
		}
		var set awareness.Set
		changed := set.Apply(states, start)
		if len(changed) > len(states) || len(set.All()) > len(states) {
			t.Errorf("%x: %d states changed %d", update, len(states), len(changed))
		}
	})
}
