package crdt_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/soratoo/soratoo/crdt"
)

// secrets are planted where a person can write.
var secrets = []string{"s3cretA", "s3cretB", "s3cretC", "s3cretD", "s3cretE", "s3cretF", "s3cretG", "s3cretH"}

// planted is a document with the secrets of client 1 among the work of client 2,
// and what client 2 wrote inside a comment of client 1.
func planted(keep bool) (old *crdt.Doc, log [][]byte) {
	one := crdt.New(crdt.Options{ClientID: 1, KeepDeleted: keep})
	two := crdt.New(crdt.Options{ClientID: 2, KeepDeleted: keep})
	edit := func(d, other *crdt.Doc, fn func(tx *crdt.Tx)) {
		u := d.Transact(fn)
		log = append(log, u)
		if err := other.Apply(u); err != nil {
			panic(err)
		}
	}
	edit(two, one, func(tx *crdt.Tx) { two.Text("t").Insert(tx, 0, "begin end") })
	edit(one, two, func(tx *crdt.Tx) {
		one.Text("t").Insert(tx, 6, secrets[0]+" ")
		one.Text("t").Format(tx, 0, 3, crdt.Attributes{"by": secrets[1]})
		one.Array("a").Push(tx, 1, secrets[2], []byte(secrets[3]))
		one.Map("m").Set(tx, "k", secrets[4])
		one.Map("comments").Set(tx, "c1", crdt.NewMap(map[string]any{
			"text": crdt.NewText(secrets[5]), "replies": crdt.NewArray(),
		}))
		one.XML("x").Insert(tx, 0, crdt.NewElement(secrets[6], map[string]any{"title": secrets[7]}))
	})
	edit(two, one, func(tx *crdt.Tx) {
		two.Text("t").Insert(tx, 13, "MIDDLE") // before the blank behind the first secret
		comment, _ := two.Map("comments").Get("c1")
		replies, _ := comment.(crdt.Map).Get("replies")
		replies.(crdt.Array).Push(tx, "a reply")
		two.Array("a").Push(tx, "theirs")
	})
	edit(one, two, func(tx *crdt.Tx) { one.Map("m").Set(tx, "k", "harmless") })
	return two, log
}

// everythingOf is all units of a client.
func everythingOf(client uint64) crdt.IDs {
	return crdt.NewIDs(crdt.IDRange{Client: client, Len: 1<<31 - 1})
}

func holdsNone(t *testing.T, what string, b []byte) {
	t.Helper()
	v2, err := crdt.ToV2(b)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, secret := range secrets {
		for _, bytesOf := range [][]byte{b, v2} {
			if bytes.Contains(bytes.ToLower(bytesOf), bytes.ToLower([]byte(secret))) {
				t.Errorf("%s holds %q", what, secret)
			}
		}
	}
}

func TestScrubbedContentIsNowhere(t *testing.T) {
	for _, keep := range []bool{false, true} {
		old, log := planted(keep)
		before := old.Encode()
		for i, secret := range secrets {
			if !bytes.Contains(before, []byte(secret)) && (keep || i != 4) {
				t.Fatalf("%q was not planted", secret)
			}
		}
		state, err := old.Scrub(everythingOf(1))
		if err != nil {
			t.Fatal(err)
		}
		holdsNone(t, "the state", state)
		if !bytes.Equal(old.Encode(), before) {
			t.Error("Scrub changed the document")
		}
		fresh := crdt.New(crdt.Options{ClientID: 3, KeepDeleted: keep})
		if err := fresh.Apply(state); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"t": "begin MIDDLEend", "a": []any{"theirs"}, "m": map[string]any{}, "comments": map[string]any{}, "x": "",
		}
		asked := func(d *crdt.Doc) map[string]any {
			d.Text("t")
			d.Array("a")
			d.Map("m")
			d.Map("comments")
			d.XML("x")
			return d.JSON()
		}
		if got := asked(fresh); !reflect.DeepEqual(got, want) {
			t.Errorf("the document is %v, want %v", got, want)
		}
		if !bytes.Equal(fresh.StateVector(), old.StateVector()) {
			t.Errorf("the state vector is %x, want %x", fresh.StateVector(), old.StateVector())
		}

		// Old updates and old replicas bring nothing back.
		whole := fresh.Encode()
		for _, u := range append([][]byte{before}, log...) {
			if err := fresh.Apply(u); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(fresh.Encode(), whole) {
				t.Fatalf("applying %x again changed the scrubbed document", u)
			}
		}
		holdsNone(t, "the scrubbed document", fresh.Encode())
		if err := old.Apply(state); err != nil {
			t.Fatal(err)
		}
		if got := asked(old); !reflect.DeepEqual(got, want) {
			t.Errorf("an old replica that hears of it is %v, want %v", got, want)
		}
	}
}

func TestScrubbedLogIsStillTheDocument(t *testing.T) {
	old, log := planted(false)
	ids := old.Expand(everythingOf(1))
	told, _ := planted(false)
	fresh := crdt.New(crdt.Options{ClientID: 3})
	for _, u := range log {
		scrubbed, err := crdt.ScrubUpdate(u, ids)
		if err != nil {
			t.Fatal(err)
		}
		holdsNone(t, "an update", scrubbed)
		if bytes.Contains(scrubbed, []byte("a reply")) {
			t.Error("what stood in a comment that is gone is still there")
		}
		if err := errors.Join(fresh.Apply(scrubbed), told.Apply(scrubbed)); err != nil {
			t.Fatal(err)
		}
	}
	state, err := old.Scrub(everythingOf(1))
	if err != nil || !bytes.Equal(fresh.Encode(), state) {
		t.Errorf("the scrubbed log makes\n     %x\nwant %x, %v", fresh.Encode(), state, err)
	}
	holdsNone(t, "an old replica that reads the scrubbed log", told.Encode())
	for _, bad := range [][]byte{nil, {1}, log[0][:5], append(bytes.Clone(log[0]), 0)} {
		if _, err := crdt.ScrubUpdate(bad, ids); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("ScrubUpdate(%x) = %v, want ErrMalformed", bad, err)
		}
	}
}

func TestScrubTakesOnlyWhatIsNamed(t *testing.T) {
	old, _ := planted(true)
	m, comments := old.Map("m"), old.Map("comments")
	for name, ids := range map[string]crdt.IDs{"a key": m.Units("k"), "a comment": comments.Units("c1"), "a type": crdt.UnitsIn(comments)} {
		state, err := old.Scrub(ids)
		if err != nil {
			t.Fatal(err)
		}
		fresh := crdt.New(crdt.Options{})
		if err := fresh.Apply(state); err != nil {
			t.Fatal(err)
		}
		for i, secret := range secrets {
			gone := name == "a key" && i == 4 || name != "a key" && i == 5
			if bytes.Contains(state, []byte(secret)) == gone {
				t.Errorf("%s: %q gone: %v, want %v", name, secret, !gone, gone)
			}
		}
		if got := fresh.Text("t").String(); got != old.Text("t").String() {
			t.Errorf("%s: the text is %q", name, got)
		}
	}
	if !m.Units("none").Empty() {
		t.Error("a key that never was has units")
	}
}

// Scrubbing is deleting, but for the bytes: on any history, in any place.
func TestScrubIsADelete(t *testing.T) {
	for seed := range uint64(200) {
		n := newNetwork(t, seed+40000)
		d := n.docs[0]
		for range 30 {
			if u := n.edit(n.docs[n.rnd.IntN(len(n.docs))]); u != nil {
				n.sent = append(n.sent, u)
			}
		}
		n.deliver(d, n.sent)
		some, _ := parts(n.rnd, d.Inserts())
		if n.rnd.IntN(2) == 0 {
			some, _ = parts(n.rnd, some)
		}
		state, err := d.Scrub(some)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		scrubbed, deleted := crdt.New(crdt.Options{ClientID: 70}), crdt.New(crdt.Options{ClientID: 71})
		if err := errors.Join(scrubbed.Apply(state), deleted.Apply(d.Encode()), deleted.Apply(append([]byte{0}, some.Encode()...))); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := scrubbed.Check(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got, want := known(scrubbed).JSON(), known(deleted).JSON(); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: %v, want %v", seed, got, want)
		}
		if !bytes.Equal(scrubbed.StateVector(), deleted.StateVector()) || !scrubbed.Deletes().Equal(deleted.Deletes()) {
			t.Fatalf("seed %d: deletes %v, want %v", seed, scrubbed.Deletes(), deleted.Deletes())
		}
		// Everyone meets, whoever hears what first.
		if err := errors.Join(d.Apply(state), deleted.Apply(state), scrubbed.Apply(d.Encode()), scrubbed.Apply(deleted.Encode())); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got := known(scrubbed).JSON(); !reflect.DeepEqual(known(d).JSON(), got) || !reflect.DeepEqual(known(deleted).JSON(), got) {
			t.Fatalf("seed %d: replicas differ after they met", seed)
		}
	}
}
