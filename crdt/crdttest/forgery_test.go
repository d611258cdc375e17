package crdttest_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/crdttest"
	"github.com/soratoo/soratoo/crdt/lib0"
)

var forgeries = flag.Int("forgeries", 4000, "forged updates in TestForgedStructsDoNoHarm")

// wireStruct is one struct of an update, in parts that can be exchanged.
type wireStruct struct {
	client, clock, len uint64
	forged
}

// taken apart: the structs of an update.
func takenApart(update []byte) (out []wireStruct) {
	r := lib0.NewReader(update)
	for range r.Count(3) {
		n := r.Count(2)
		client, clock := r.Uint(), r.Uint()
		for range n {
			s := readStruct(r)
			s.client, s.clock = client, clock
			clock += s.len
			out = append(out, s)
		}
	}
	return out
}

func readStruct(r *lib0.Reader) (s wireStruct) {
	info := r.Byte()
	s.kind, s.keyed = info&0x1f, info&0x20 != 0
	if s.kind != 0 && s.kind != 10 {
		readLinks(r, info, &s)
	}
	start := r.Pos()
	s.len = 1
	switch s.kind {
	case 0, 1, 10:
		s.len = r.Uint()
	case 2:
		s.len = uint64(r.Count(1))
		for range s.len {
			r.RawString()
		}
	case 4:
		s.len = 0
		for _, c := range r.String() {
			s.len++
			if c > 0xffff {
				s.len++
			}
		}
	case 6:
		r.RawString()
		r.RawString()
	case 7:
		if t := r.Uint(); t == 3 || t == 5 {
			r.RawString()
		}
	case 8:
		s.len = uint64(r.Count(1))
		for range s.len {
			r.SkipAny()
		}
	case 9:
		r.RawString()
		r.SkipAny()
	default:
		r.Bytes()
	}
	s.content = r.Slice(start, r.Pos())
	return s
}

func readLinks(r *lib0.Reader, info byte, s *wireStruct) {
	if info&0x80 != 0 {
		s.left = &at{r.Uint(), r.Uint()}
	}
	if info&0x40 != 0 {
		s.right = &at{r.Uint(), r.Uint()}
	}
	if info&0xc0 != 0 {
		return
	}
	if r.Uint() == 1 {
		s.root = r.String()
	} else {
		s.parent = &at{r.Uint(), r.Uint()}
	}
	if s.keyed {
		s.key = r.String()
	}
}

// together is an update of structs, each in a section of its own.
func together(structs []wireStruct) []byte {
	var sections [][]byte
	for _, s := range structs {
		sections = append(sections, section(s.client, s.clock, s.bytes()))
	}
	return forge(sections)
}

// forger makes updates that nobody honest writes out of honest ones.
type forger struct {
	r     *rand.Rand
	known []wireStruct // what a reference may name
}

func (f *forger) unit() *at {
	s := f.known[f.r.IntN(len(f.known))]
	return &at{s.client, s.clock + f.r.Uint64N(s.len)}
}

// near is a unit of the same client as another, or any.
func (f *forger) near(u *at) *at {
	if u == nil || f.r.IntN(3) == 0 {
		return f.unit()
	}
	return &at{u.client, u.clock - min(u.clock, f.r.Uint64N(5)) + f.r.Uint64N(3)}
}

// twist changes one thing about a struct.
func (f *forger) twist(s *wireStruct) {
	switch f.r.IntN(12) {
	case 0, 1:
		s.left = f.near(s.left)
	case 2, 3:
		s.right = f.near(s.right)
	case 4:
		s.left, s.right = s.right, s.left
	case 5:
		s.left, s.right = f.unit(), f.unit()
	case 6:
		s.left, s.right, s.root, s.parent = nil, nil, "", f.unit()
	case 7:
		s.left, s.right, s.parent, s.root = nil, nil, nil, []string{"t", "m", "a", "new"}[f.r.IntN(4)]
	case 8:
		s.key, s.keyed = []string{"k", "title", ""}[f.r.IntN(3)], f.r.IntN(4) != 0
	case 9:
		other := f.known[f.r.IntN(len(f.known))]
		s.kind, s.content, s.len = other.kind, other.content, other.len
	case 10:
		other := f.known[f.r.IntN(len(f.known))]
		s.client = other.client
	default:
		s.clock += f.r.Uint64N(3)
	}
}

// forgery is an update with forged structs for a document of a base, while others
// write the rest.
type forgery struct {
	base, rest [][]byte
	update     []byte
	equivocal  bool // its client ids are those of others, who go on writing
}

func forgeryOf(seed uint64) forgery {
	f := &forger{r: rand.New(rand.NewPCG(seed, 0xf0))}
	updates := honest(seed % 512)
	cut := 1 + f.r.IntN(len(updates)-1)
	state, err := crdt.MergeUpdates(updates[:cut]...)
	if err != nil {
		panic(err)
	}
	f.known = takenApart(state)
	vector, _ := crdt.StateVectorFromUpdate(state)
	next, _ := crdt.StateVectorEntries(vector)
	structs := takenApart(updates[cut])
	if len(structs) == 0 {
		structs = []wireStruct{{client: 9, forged: forged{kind: 4, root: "t", content: text("forged")}, len: 6}}
	}
	f.known = append(f.known, structs...)
	if f.r.IntN(2) == 0 { // as somebody new, who has heard everything
		for i := range structs {
			structs[i].client = 9
		}
	}
	for range 1 + f.r.IntN(3) {
		f.twist(&structs[f.r.IntN(len(structs))])
	}
	if f.r.IntN(4) != 0 { // clocks go on
		for i := range structs {
			s := &structs[i]
			s.clock = uint64(next[s.client])
			next[s.client] += uint32(s.len)
		}
	}
	of := forgery{base: updates[:cut], rest: updates[cut+1:], update: together(structs)}
	for _, s := range structs {
		of.equivocal = of.equivocal || s.client != 9
	}
	return of
}

// A struct that Preview lets pass leaves a document whole, and equal to one that
// is loaded from its state, and moves nobody's words.
//
// One that fails is played again with
//
//	go test ./crdt/crdttest -run ForgedStructs -seed N -forgeries 1
func TestForgedStructsDoNoHarm(t *testing.T) {
	taken, failed := 0, 0
	for s := *seed; s < *seed+uint64(*forgeries) && failed < 5; s++ {
		ok, err := harmless(forgeryOf(s))
		if err != nil {
			t.Errorf("seed %d: %v", s, err)
			failed++
		}
		if ok {
			taken++
		}
	}
	if *forgeries > 100 && taken*5 < *forgeries {
		t.Errorf("only %d of %d forged updates were taken", taken, *forgeries)
	}
	t.Logf("%d of %d forged updates were taken", taken, *forgeries)
}

// harmless gives a document a forged update, and then what others wrote meanwhile.
// Whatever the update is, the document stays whole; if its Preview lets it pass,
// it also stays what others see.
func harmless(f forgery) (taken bool, err error) {
	doc := applied(f.base...)
	before, words := doc.Encode(), wordsOf(doc)
	p, err := doc.Preview(f.update)
	switch {
	case errors.Is(err, crdt.ErrInconsistent), err == nil && p.Missing():
	case refused(err):
		return false, nil
	case err != nil:
		return false, err
	default:
		taken = true
	}
	whole := (*crdt.Doc).Check
	if taken {
		whole = sameWhenLoaded
	}
	for i, u := range append([][]byte{f.update}, f.rest...) {
		if i == 1 && f.equivocal {
			whole = (*crdt.Doc).Check
		}
		if err = doc.Apply(u); err == nil {
			err = whole(doc)
		}
		if err == nil && i == 0 && taken && len(p.Deletes) == 0 && !inOrder(words, wordsOf(doc)) {
			err = fmt.Errorf("%q became %q", words, wordsOf(doc))
		}
		if err != nil {
			return taken, fmt.Errorf("%w\nof   %s\nupon %s\nand %d more", err, crdttest.Explain(f.update), crdttest.Explain(before), i)
		}
	}
	return taken, nil
}

// sameWhenLoaded tells whether a new document that is given doc's state is equal.
// Only its bytes may differ: a document that has lived joins fewer collected ranges.
func sameWhenLoaded(doc *crdt.Doc) error {
	if err := doc.Check(); err != nil {
		return err
	}
	state := doc.Encode()
	loaded := crdt.New(crdt.Options{})
	if err := loaded.Apply(state); err != nil {
		return fmt.Errorf("loading: %w", err)
	}
	if err := loaded.Check(); err != nil {
		return fmt.Errorf("loaded: %w", err)
	}
	for _, d := range [...]*crdt.Doc{doc, loaded} {
		d.Text("t")
		d.Map("m")
		d.Array("a")
	}
	if live, again := doc.JSON(), loaded.JSON(); !reflect.DeepEqual(live, again) {
		return fmt.Errorf("live\n     %v\nloaded %v", live, again)
	}
	if !bytes.Equal(loaded.StateVector(), doc.StateVector()) {
		return fmt.Errorf("state vector %x, loaded %x", doc.StateVector(), loaded.StateVector())
	}
	once := loaded.Encode()
	if again := applied(once).Encode(); !bytes.Equal(again, once) {
		return fmt.Errorf("state\n     %s\nloaded %s", crdttest.Explain(once), crdttest.Explain(again))
	}
	gone, _ := crdt.DeletesOf(state)
	if again, _ := crdt.DeletesOf(once); !again.Equal(gone) {
		return fmt.Errorf("deleted %v, loaded %v", gone, again)
	}
	return nil
}

// wordsOf is the text of a document and the plain values of its array, without
// the insides of types.
func wordsOf(doc *crdt.Doc) []string {
	text := strings.Map(func(c rune) rune {
		if c > 0xffff || c == '\uFFFD' {
			return -1 // pairs can be cut, as in Yjs
		}
		return c
	}, doc.Text("t").String())
	words := strings.Split(text, "")
	for i := range doc.Array("a").Len() {
		if v := doc.Array("a").Get(i); !isShared(v) {
			words = append(words, fmt.Sprint(v))
		}
	}
	return words
}

func isShared(v any) bool {
	_, ok := v.(crdt.Shared)
	return ok
}

// inOrder tells whether all of some is in all, in its order.
func inOrder(some, all []string) bool {
	for _, w := range all {
		if len(some) > 0 && some[0] == w {
			some = some[1:]
		}
	}
	return len(some) == 0
}

// Any update upon any base: what Preview lets pass does no harm.
func FuzzForgery(f *testing.F) {
	for s := range uint64(64) {
		of := forgeryOf(s)
		f.Add(s, of.update)
	}
	f.Fuzz(func(t *testing.T, base uint64, update []byte) {
		updates := honest(base % 512)
		of := forgery{base: updates[:len(updates)/2], rest: updates[len(updates)/2:], update: update, equivocal: true}
		if _, err := harmless(of); err != nil {
			t.Error(err)
		}
	})
}
