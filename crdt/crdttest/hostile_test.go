package crdttest_test

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/lib0"
)

// victim is a document that somebody else is writing.
func victim(t testing.TB) *crdt.Doc {
	t.Helper()
	doc := crdt.New(crdt.Options{ClientID: 1})
	doc.Transact(func(tx *crdt.Tx) {
		doc.Text("t").Insert(tx, 0, "hello world 🎬")
		doc.Text("t").Delete(tx, 2, 3)
		doc.Map("m").Set(tx, "k", crdt.NewMap(map[string]any{"in": 1}))
		doc.Array("a").Push(tx, 1, "two", crdt.NewText("three"))
	})
	return doc
}

// refused is what an update may be refused with.
func refused(err error) bool {
	return errors.Is(err, crdt.ErrMalformed) || errors.Is(err, crdt.ErrLimit)
}

// survive gives a victim an update in every way there is, and checks that it is
// taken wholly or not at all, at a cost that its size pays for.
func survive(t *testing.T, name string, update []byte) (err error) {
	t.Helper()
	cost := spent(t, name, func() {
		err = give(t, name, victim(t), update)
		looseFunctions(t, name, update)
	})
	if limit := uint64(1<<20 + 4000*len(update)); cost > limit {
		t.Errorf("%s: %d bytes of update allocated %d, more than %d", name, len(update), cost, limit)
	}
	return err
}

// give looks at an update and applies it, which is done wholly or not at all.
func give(t *testing.T, name string, doc *crdt.Doc, update []byte) error {
	t.Helper()
	before := doc.Encode()
	_, previewErr := doc.Preview(update)
	if !bytes.Equal(doc.Encode(), before) {
		t.Errorf("%s: Preview changed the document", name)
	}
	err := doc.Apply(update)
	verifyErr := crdt.Verify(update)
	if errors.Is(verifyErr, crdt.ErrMalformed) != errors.Is(err, crdt.ErrMalformed) ||
		errors.Is(previewErr, crdt.ErrMalformed) != errors.Is(err, crdt.ErrMalformed) {
		t.Errorf("%s: Apply says %v, Preview %v, Verify %v", name, err, previewErr, verifyErr)
	}
	if err != nil && (!refused(err) || !bytes.Equal(doc.Encode(), before)) {
		t.Errorf("%s: refused with %v, half applied: %v", name, err, !bytes.Equal(doc.Encode(), before))
	}
	if e := doc.Check(); e != nil {
		t.Errorf("%s: %v", name, e)
	}
	doc.JSON()
	again := crdt.New(crdt.Options{})
	if e := again.Apply(doc.Encode()); e != nil || again.Check() != nil {
		t.Errorf("%s: the document's own encoding is refused: %v, %v", name, e, again.Check())
	}
	if !bytes.Equal(again.StateVector(), doc.StateVector()) {
		t.Errorf("%s: read again, %x has state vector %x, not %x", name, doc.Encode(), again.StateVector(), doc.StateVector())
	}
	return err
}

// looseFunctions are those that take an update without a document.
func looseFunctions(t *testing.T, name string, update []byte) {
	t.Helper()
	vector := []byte{1, 1, 3}
	_, mergeErr := crdt.MergeUpdates(update, update)
	_, diffErr := crdt.DiffUpdate(update, vector)
	_, vectorErr := crdt.StateVectorFromUpdate(update)
	_, v2Err := crdt.ToV2(update)
	_, v1Err := crdt.FromV2(update)
	_, deletesErr := crdt.DeletesOf(update)
	for what, err := range map[string]error{
		"MergeUpdates": mergeErr, "DiffUpdate": diffErr, "StateVectorFromUpdate": vectorErr,
		"ToV2": v2Err, "FromV2": v1Err, "DeletesOf": deletesErr,
	} {
		if err != nil && !refused(err) {
			t.Errorf("%s: %s: %v", name, what, err)
		}
	}
	for _, err := range crdt.Structs(update) {
		if err != nil && !refused(err) {
			t.Errorf("%s: Structs: %v", name, err)
		}
	}
}

// patience is far more than any of these shapes takes when its cost grows with
// its size, and far less than when it grows with the square.
const patience = 20 * time.Second

// spent runs f and returns how many bytes it has allocated.
func spent(t *testing.T, name string, f func()) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	if took := time.Since(start); took > patience {
		t.Errorf("%s: took %v", name, took)
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

const huge = 1 << 62

func TestLengthsBeyondTheInputAreMalformed(t *testing.T) {
	for name, update := range map[string][]byte{
		"nothing":                     {},
		"clients":                     append(number(huge), 0),
		"structs":                     append(append([]byte{1}, number(huge)...), 1, 0, 0),
		"text":                        one(9, 0, forged{kind: 4, root: "t", content: number(huge)}.bytes()),
		"values":                      one(9, 0, forged{kind: 8, root: "a", content: number(huge)}.bytes()),
		"elements of an array":        one(9, 0, forged{kind: 8, root: "a", content: append([]byte{1, 117}, number(huge)...)}.bytes()),
		"keys of an object":           one(9, 0, forged{kind: 8, root: "a", content: append([]byte{1, 118}, number(huge)...)}.bytes()),
		"bytes":                       one(9, 0, forged{kind: 3, root: "a", content: number(huge)}.bytes()),
		"JSON elements":               one(9, 0, forged{kind: 2, root: "a", content: number(huge)}.bytes()),
		"deleted units":               one(9, 0, forged{kind: 1, root: "a", content: number(huge)}.bytes()),
		"collected units":             one(9, 0, gc(huge)),
		"skipped units":               one(9, 0, forged{kind: 10, content: number(huge)}.bytes()),
		"clients of a delete set":     append([]byte{0}, number(huge)...),
		"ranges of a delete set":      append([]byte{0, 1, 1}, number(huge)...),
		"a deleted range":             forge(nil, span{1, 0, huge}),
		"a deleted range's end":       forge(nil, span{1, 1<<31 - 2, 2}),
		"a number of eleven bytes":    append(bytes.Repeat([]byte{0xff}, 10), 1, 0),
		"a client beyond 53 bits":     one(1<<53, 0, letter("x", nil, nil)),
		"a clock beyond 31 bits":      one(9, 1<<31, letter("x", nil, nil)),
		"an end beyond 31 bits":       one(9, 1<<31-2, letter("xyz", nil, nil)),
		"an origin beyond 31 bits":    one(9, 0, letter("x", &at{1, 1 << 33}, nil)),
		"an origin's client too wide": one(9, 0, letter("x", &at{1 << 60, 0}, nil)),
	} {
		if err := survive(t, name, update); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}

func TestWhatYjsWouldNotWriteIsMalformed(t *testing.T) {
	deep := append(bytes.Repeat([]byte{117, 1}, 5000), 126)
	for name, update := range map[string][]byte{
		"unknown content":            one(9, 0, forged{kind: 11, root: "t"}.bytes()),
		"the last content":           one(9, 0, forged{kind: 31, root: "t"}.bytes()),
		"a skip with an origin":      one(9, 0, append(append([]byte{0x8a}, appendAt(nil, at{1, 0})...), 5)),
		"an unknown type":            one(9, 0, forged{kind: 7, root: "t", content: number(7)}.bytes()),
		"a struct of no length":      one(9, 0, gc(0)),
		"an empty text":              one(9, 0, letter("", nil, nil)),
		"no values":                  one(9, 0, forged{kind: 8, root: "a", content: number(0)}.bytes()),
		"half a surrogate pair":      one(9, 0, letter("\xed\xa0\xbd", nil, nil)),
		"text that is not UTF-8":     one(9, 0, letter("\xff", nil, nil)),
		"a key that is not UTF-8":    one(9, 0, forged{kind: 8, root: "m", key: "\xff", content: []byte{1, 126}}.bytes()),
		"a root that is not UTF-8":   one(9, 0, forged{kind: 8, root: "\xc0\xaf", content: []byte{1, 126}}.bytes()),
		"an unknown value tag":       one(9, 0, forged{kind: 8, root: "a", content: []byte{1, 99}}.bytes()),
		"a value nested too deep":    one(9, 0, forged{kind: 8, root: "a", content: append([]byte{1}, deep...)}.bytes()),
		"an embed that is not JSON":  one(9, 0, forged{kind: 5, root: "t", content: text("{")}.bytes()),
		"a format that is not JSON":  one(9, 0, forged{kind: 6, root: "t", content: append(text("bold"), text("yes")...)}.bytes()),
		"options that are a number":  one(9, 0, forged{kind: 9, root: "m", key: "d", content: append(text("guid"), 125, 1)}.bytes()),
		"an origin in its own units": one(9, 0, letter("abc", &at{9, 1}, nil)),
		"a later origin of its own":  one(9, 5, letter("abc", &at{9, 100}, nil)),
		"itself as its parent":       one(9, 0, forged{kind: 7, parent: &at{9, 0}, key: "k", content: number(1)}.bytes()),
		"bytes after the end":        append(one(9, 0, letter("x", nil, nil)), 0),
	} {
		if err := survive(t, name, update); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}

func TestHalfAnUpdateIsMalformed(t *testing.T) {
	update := victim(t).Encode()
	for n := range update {
		if err := survive(t, "cut", update[:n]); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("the first %d bytes of %x: %v, want ErrMalformed", n, update, err)
		}
	}
}

// These can be written, and Yjs takes them; so do we, without harm.
func TestStrangeLinksDoNoHarm(t *testing.T) {
	entry := func(parent *at, root, key string, left, right *at) []byte {
		return forged{kind: 8, root: root, parent: parent, key: key, left: left, right: right, content: []byte{1, 125, 1}}.bytes()
	}
	for name, update := range map[string][]byte{
		"a text as parent":                one(9, 0, entry(&at{1, 0}, "", "k", nil, nil)),
		"a deleted text as parent":        one(9, 0, entry(&at{1, 3}, "", "k", nil, nil)),
		"a parent that never comes":       one(9, 0, entry(&at{77, 5}, "", "k", nil, nil)),
		"an origin that never comes":      one(9, 0, letter("x", &at{77, 5}, nil)),
		"right of its right origin":       one(9, 0, letter("x", &at{1, 9}, &at{1, 0})),
		"the same origin on both sides":   one(9, 0, letter("x", &at{1, 4}, &at{1, 4})),
		"origins in two lists":            one(9, 0, letter("x", &at{1, 1}, &at{1, 17})),
		"a list item after a map entry":   one(9, 0, letter("x", &at{1, 14}, nil)),
		"a map entry after a list item":   one(9, 0, entry(nil, "m", "k", &at{1, 1}, nil)),
		"each the other's parent":         forge([][]byte{section(8, 0, forged{kind: 7, parent: &at{9, 0}, key: "k", content: number(1)}.bytes()), section(9, 0, forged{kind: 7, parent: &at{8, 0}, key: "k", content: number(1)}.bytes())}),
		"each the other's origin":         forge([][]byte{section(8, 0, letter("x", &at{9, 0}, nil)), section(9, 0, letter("y", &at{8, 0}, nil))}),
		"three in a ring":                 forge([][]byte{section(7, 0, letter("x", &at{8, 0}, nil)), section(8, 0, letter("x", nil, &at{9, 0})), section(9, 0, letter("y", &at{7, 0}, nil))}),
		"keys of JavaScript":              one(9, 0, entry(nil, "__proto__", "__proto__", nil, nil), entry(nil, "m", "constructor", nil, nil), entry(nil, "", "", nil, nil)),
		"other content for known units":   one(1, 0, letter("HELLO", nil, nil)),
		"other content, longer":           one(1, 0, letter(strings.Repeat("H", 90), nil, nil)),
		"overlapping structs of a client": forge([][]byte{section(9, 0, letter("abcdef", nil, nil)), section(9, 3, letter("DEFghi", &at{9, 2}, nil))}),
		"sections out of order":           forge([][]byte{section(9, 3, letter("def", &at{9, 2}, nil)), section(9, 0, letter("abc", nil, nil))}),
		"the same section twice":          forge([][]byte{section(9, 0, letter("abc", nil, nil)), section(9, 0, letter("abc", nil, nil))}),
		"a gap at the front":              one(9, 5, letter("x", nil, nil)),
		"a skip inside":                   one(9, 0, letter("x", nil, nil), forged{kind: 10, content: number(5)}.bytes(), letter("y", &at{9, 0}, nil)),
		"no structs":                      forge([][]byte{section(9, 0)}),
		"a delete of what never comes":    forge(nil, span{77, 0, 5}, span{77, 3, 1 << 30}),
		"a delete of everything":          forge(nil, span{1, 0, 1<<31 - 1}),
		"a delete of nothing":             forge(nil, span{1, 3, 0}),
		"deletes that overlap":            append([]byte{0, 1, 1, 3}, 0, 9, 4, 2, 3, 9),
		"a delete inside a pair":          forge(nil, span{1, 13, 1}),
		"an insert inside a pair":         one(9, 0, letter("x", &at{1, 12}, &at{1, 13})),
		"the largest client":              one(1<<53-1, 0, letter("x", nil, nil)),
		"the last clock":                  one(9, 1<<31-3, letter("x", nil, nil)),
		"a subdocument in itself":         one(9, 0, forged{kind: 9, root: "m", key: "d", content: append(text("guid"), 118, 1, 4, 'm', 'e', 't', 'a', 118, 0)}.bytes()),
		"an XML element without a name":   one(9, 0, forged{kind: 7, root: "x", content: append(number(3), 0)}.bytes()),
		"a script in an attribute":        one(9, 0, forged{kind: 7, root: "x", content: append(number(3), text("a")...)}.bytes(), entry(&at{9, 0}, "", "href", nil, nil)),
	} {
		if err := survive(t, name, update); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClockPoisoningIsSeenBeforeItIsTaken(t *testing.T) {
	doc := victim(t)
	next := uint64(doc.StateVector()[2])
	update := one(1, next, gc(1<<31-2-next))
	p, err := doc.Preview(update)
	if err != nil || len(p.Inserts) != 1 || p.Inserts[0].Client != 1 || p.Inserts[0].Len != uint32(1<<31-2-next) {
		t.Errorf("Preview(%x) = %+v, %v", update, p, err)
	}
	survive(t, "poisoned clock", update)
	p, err = doc.Preview(forge(nil, span{1, 0, 1<<31 - 1}))
	if err != nil || len(p.Deletes) == 0 || p.Deletes[0].Client != 1 {
		t.Errorf("Preview of a delete of everything = %+v, %v", p, err)
	}
}

func TestDeepNestingIsNoDeepStack(t *testing.T) {
	const depth = 50000
	structs := [][]byte{forged{kind: 7, root: "m", key: "k", content: number(1)}.bytes()}
	for i := range uint64(depth) {
		structs = append(structs, forged{kind: 7, parent: &at{9, i}, key: "k", content: number(1)}.bytes())
	}
	update := one(9, 0, structs...)
	if err := survive(t, "deep", update); err != nil {
		t.Errorf("deep: %v", err)
	}
	survive(t, "deep and deleted", append(bytes.Clone(update[:len(update)-1]), 1, 9, 1, 0, 1))
	doc := victim(t)
	if err := doc.Apply(update); err != nil {
		t.Fatal(err)
	}
	if err := doc.Apply(forge(nil, span{9, 0, 1})); err != nil || doc.Check() != nil {
		t.Errorf("deleting the outermost map: %v, %v", err, doc.Check())
	}
}

// Each of these is an update of many structs, whose cost has to grow with their
// number and not with its square.
func TestManyOfAKindCostTheirNumber(t *testing.T) {
	const n = 40000
	gap, chain, marks, clients := make([][]byte, n), make([][]byte, n), make([][]byte, n), make([][]byte, n)
	ranges, missing := make([]span, n), make([]span, n)
	for i := range uint64(n) {
		gap[i] = section(9, 2*i+1, letter("x", nil, nil))
		chain[i] = letter("x", &at{1, 1}, &at{1, 5})
		marks[i] = forged{kind: 6, root: "t", content: append(text("bold"), text("true")...)}.bytes()
		clients[i] = section(100000-i, 0, letter("x", nil, nil))
		ranges[i] = span{1, i % 12, 1}
		missing[i] = span{1000 + i, 7, 1}
	}
	for name, update := range map[string][]byte{
		"gaps":                   forge(gap),
		"letters at one spot":    one(9, 0, chain...),
		"formats":                one(9, 0, marks...),
		"clients":                forge(clients),
		"deletes of a few units": forge(nil, ranges...),
		"deletes of what misses": forge(nil, missing...),
	} {
		if err := survive(t, name, update); err != nil && !errors.Is(err, crdt.ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// In Yjs each update that waits makes the next one dearer.
func TestUpdatesThatWaitDoNotSlowOthers(t *testing.T) {
	doc := victim(t)
	spent(t, "waiting updates", func() {
		for i := range uint64(30000) {
			err := doc.Apply(one(1000+i%500, 2*(i/500)+1, letter("x", &at{1000 + i%500, 2 * (i / 500)}, nil)))
			if err != nil && !errors.Is(err, crdt.ErrLimit) {
				t.Fatal(err)
			}
		}
	})
	if !doc.Parked() {
		t.Error("nothing waits")
	}
	before := doc.Text("t").Len()
	if doc.Transact(func(tx *crdt.Tx) { doc.Text("t").Insert(tx, 0, "on") }) == nil || doc.Text("t").Len() != before+2 {
		t.Error("the document cannot be edited while others wait")
	}
}

func TestAStateVectorOfAMillionClientsIsCheapToAnswer(t *testing.T) {
	doc := victim(t)
	vector := number(1 << 20)
	for i := range uint64(1 << 20) {
		vector = appendAt(vector, at{i + 2, 7})
	}
	cost := spent(t, "vector", func() {
		diff, err := doc.Diff(vector)
		if err != nil || !bytes.Equal(diff, doc.Encode()) {
			t.Errorf("Diff = %d bytes, %v", len(diff), err)
		}
	})
	if cost > uint64(100*len(vector)) {
		t.Errorf("a vector of %d bytes allocated %d", len(vector), cost)
	}
	for name, bad := range map[string][]byte{
		"nothing": {}, "a count beyond the input": number(huge), "half": vector[:1000], "bytes after the end": {0, 0},
		"a client beyond 53 bits": {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1}, "a clock beyond 31 bits": {1, 1, 0xff, 0xff, 0xff, 0xff, 0x7f},
	} {
		if diff, err := doc.Diff(bad); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("%s: %x, %v, want ErrMalformed", name, diff, err)
		}
	}
}

// columnsOf is an update in V2 from its columns.
func columnsOf(rest []byte, columns ...[]byte) []byte {
	out := []byte{0}
	for _, c := range columns {
		out = lib0.AppendBytes(out, c)
	}
	return append(out, rest...)
}

func TestColumnsThatUnfoldWithoutEndAreRefused(t *testing.T) {
	var client, length lib0.UintWriter
	client.Write(9)
	length.Write(1)
	none := []byte{}
	forever := func(v uint64) []byte { // v, 2^40 times
		return append(lib0.AppendInt(nil, -int64(v)), number(1<<40)...)
	}
	key := strings.Repeat("k", 1000)
	var one lib0.StringWriter
	one.Write([]byte("t"))
	one.Write([]byte(key))
	for name, update := range map[string][]byte{
		"a million million structs":  columnsOf(append(append([]byte{1}, number(1<<40)...), 0, 0), none, client.Bytes(), none, none, []byte{0}, []byte{0}, none, none, forever(1)),
		"a million structs":          columnsOf(append(append([]byte{1}, number(1<<20)...), 0, 0), none, client.Bytes(), none, none, []byte{0}, []byte{0}, none, none, forever(1)),
		"a length of a million":      columnsOf([]byte{1, 1, 0, 0}, none, client.Bytes(), none, none, []byte{8}, []byte{0}, []byte{1}, none, forever(1<<40)),
		"one key again and again":    columnsOf(append(append([]byte{1}, number(60000)...), 0, 0), append([]byte{1}, number(1<<40)...), forever(9), forever(0), none, []byte{0x86}, one.Bytes(), none, none, none),
		"columns beyond the input":   append([]byte{0}, number(huge)...),
		"a hang of mergeUpdatesV2":   {0, 0, 3, 0x80, 0xff, 0x7f, 0, 0, 2, 10, 0, 1, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0, 0, 0, 0},
		"a column below zero":        columnsOf([]byte{1, 1, 0, 0}, none, append(client.Bytes(), 1), []byte{0x41}, none, []byte{0x84}, []byte{1, 'x', 1}, none, none, none),
		"no columns":                 {0},
		"a delete that wraps around": columnsOf(append([]byte{0, 1, 1, 2}, append(number(1<<63), 0, 5, 0)...), none, none, none, none, none, []byte{0}, none, none, none),
	} {
		cost := spent(t, name, func() {
			if v1, err := crdt.FromV2(update); !refused(err) {
				t.Errorf("%s: %d bytes, %v", name, len(v1), err)
			}
			doc := victim(t)
			before := doc.Encode()
			if err := doc.ApplyV2(update); !refused(err) || !bytes.Equal(before, doc.Encode()) {
				t.Errorf("%s: ApplyV2: %v", name, err)
			}
		})
		if cost > uint64(4<<20+4000*len(update)) {
			t.Errorf("%s: %d bytes allocated %d", name, len(update), cost)
		}
	}
}

// A struct that waits and claims units which the document has under other
// content must not take their place in what others are told.
func TestWhatWaitsDoesNotHideWhatIsThere(t *testing.T) {
	missing := at{48, 48}
	for name, update := range map[string][]byte{
		"an origin that is missing":       one(1, 16, letter("0123456789012345", &missing, &missing)),
		"a right origin that is missing":  one(1, 16, letter("0123456789012345", nil, &missing)),
		"a parent that is missing":        one(1, 1, forged{kind: 1, parent: &missing, content: number(48)}.bytes()),
		"a whole history that is missing": one(1, 0, letter(strings.Repeat("0", 90), &missing, nil)),
	} {
		doc, untouched := victim(t), victim(t)
		if err := doc.Apply(update); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		newcomer := crdt.New(crdt.Options{})
		if err := newcomer.Apply(doc.Encode()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, d := range []*crdt.Doc{doc, newcomer} {
			kept, err := crdt.DiffUpdate(untouched.Encode(), d.StateVector())
			if err != nil || kept[0] != 0 {
				t.Errorf("%s: units are lost: %x, %v", name, kept, err)
			}
			if got, want := d.Text("t").String(), untouched.Text("t").String(); !strings.HasPrefix(got, want) {
				t.Errorf("%s: the text reads %q, want %q", name, got, want)
			}
			if got, ok := d.Array("a").JSON()[2].(string); !ok || !strings.HasPrefix(got, "three") {
				t.Errorf("%s: the array's text reads %q, want %q", name, got, "three")
			}
		}
		if !bytes.Equal(newcomer.StateVector(), doc.StateVector()) {
			t.Errorf("%s: a newcomer is at %x, the document at %x", name, newcomer.StateVector(), doc.StateVector())
		}
	}
}

// What names neighbours that nobody saw side by side, or a parent that holds
// nothing, is told apart before it is taken.
func TestPreviewRefusesWhatHasNoPlace(t *testing.T) {
	doc := victim(t) // its units: 0 to 14 the text, 15 a map, 16 in it, 17 and 18 in the array
	for name, s := range map[string][]byte{
		"neighbours in two lists":          letter("x", &at{1, 1}, &at{1, 17}),
		"a list and a key":                 letter("x", &at{1, 1}, &at{1, 15}),
		"a text as parent":                 forged{kind: 8, parent: &at{1, 0}, key: "k", content: []byte{1, 125, 1}}.bytes(),
		"letters between the neighbours":   letter("x", &at{1, 0}, &at{1, 9}),
		"the first, before a later one":    letter("x", nil, &at{1, 9}),
		"its neighbours the wrong way":     letter("x", &at{1, 9}, &at{1, 12}),
		"behind itself, before its origin": letter("x", &at{1, 17}, &at{1, 1}),
	} {
		if _, err := doc.Preview(one(9, 0, s)); !errors.Is(err, crdt.ErrInconsistent) {
			t.Errorf("%s: Preview = %v, want %v", name, err, crdt.ErrInconsistent)
		}
	}
	for name, s := range map[string][]byte{
		"between":        letter("x", &at{1, 8}, &at{1, 9}),
		"at the front":   letter("x", nil, &at{1, 0}),
		"behind a value": forged{kind: 8, left: &at{1, 15}, content: []byte{1, 125, 1}}.bytes(),
		"another's unit": letter("x", &at{77, 5}, &at{1, 9}),
	} {
		if _, err := doc.Preview(one(9, 0, s)); err != nil {
			t.Errorf("%s: Preview = %v", name, err)
		}
	}
}
