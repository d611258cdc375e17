package timeline

import (
	"reflect"

	"github.com/soratoo/soratoo/crdt"
)

// roots are those of a timeline document.
var roots = []string{RootMeta, RootScenes, RootTracks, RootClips, RootMarkers}

// Restore is the update that makes a document, given by its state, what it was
// in another state: as edits of what differs, so that edits made meanwhile
// elsewhere stay. It is nil when nothing differs.
func Restore(state, wanted []byte) ([]byte, error) { return turnBack(state, wanted, nil) }

// Undo is the update that takes back what a restore made of a document: before
// and after are its states around the restore, now is the state that the update
// is for. What was changed since stays as it is.
func Undo(before, after, now []byte) ([]byte, error) {
	current, err := Open(now)
	if err != nil {
		return nil, err
	}
	return turnBack(after, before, current)
}

// Open reads a state.
func Open(state []byte) (*crdt.Doc, error) {
	doc := crdt.New(crdt.Options{})
	if len(state) == 0 {
		return doc, nil
	}
	return doc, doc.Apply(state)
}

// turnBack edits a copy of the document of a state, and is the edits alone.
func turnBack(state, wanted []byte, now *crdt.Doc) ([]byte, error) {
	doc, err := Open(state)
	if err != nil {
		return nil, err
	}
	want, err := Open(wanted)
	if err != nil {
		return nil, err
	}
	update := doc.Transact(func(tx *crdt.Tx) {
		t := turner{tx}
		for _, root := range roots {
			var current any
			if now != nil {
				current = now.Map(root)
			}
			t.maps(doc.Map(root), want.Map(root), current)
		}
	})
	return update, nil
}

// turner writes what differs between two documents into the first. A third,
// where there is one, is what has become of the first since: what is not the
// same there is left alone.
type turner struct{ tx *crdt.Tx }

// maps makes m what want is; now is the same map today, nil when nobody asks.
func (t turner) maps(m, want crdt.Map, now any) {
	for _, key := range m.Keys() {
		if _, ok := want.Get(key); ok {
			continue
		}
		if v, _ := m.Get(key); stands(v, now, key) {
			m.Delete(t.tx, key)
		}
	}
	for _, key := range want.Keys() {
		v, there := m.Get(key)
		w, _ := want.Get(key)
		t.value(m, key, values{v, w, there}, now)
	}
}

// values are what a key has, and what it is to have.
type values struct {
	is, want any
	there    bool
}

func (t turner) value(m crdt.Map, key string, v values, now any) {
	switch want := v.want.(type) {
	case crdt.Map:
		if is, ok := v.is.(crdt.Map); ok {
			t.maps(is, want, today(now, key))
			return
		}
	case crdt.Text:
		if is, ok := v.is.(crdt.Text); ok {
			t.text(is, want)
			return
		}
	default:
		if v.there && reflect.DeepEqual(v.is, want) {
			return
		}
	}
	if !v.there {
		v.is = absent{}
	}
	if stands(v.is, now, key) {
		m.Set(t.tx, key, fresh(v.want))
	}
}

// text edits a text where it differs, word by word, so that what others write
// beside stays whole.
func (t turner) text(is, want crdt.Text) {
	if units(is.String()) != is.Len() {
		// Something that is no letter is in it.
		is.Delete(t.tx, 0, is.Len())
	}
	at := 0
	for _, p := range Words(is.String(), want.String()) {
		n := units(p.Text)
		switch p.In {
		case InFrom:
			is.Delete(t.tx, at, n)
		case InTo:
			is.Insert(t.tx, at, p.Text)
			at += n
		default:
			at += n
		}
	}
}

// absent stands for the value of a key that has none.
type absent struct{}

// gone stands for a map that is no more.
type gone struct{}

// today is what a key of a map has by now.
func today(now any, key string) any {
	switch now := now.(type) {
	case nil:
		return nil
	case crdt.Map:
		if v, ok := now.Get(key); ok && v != nil {
			return v
		}
	}
	return gone{}
}

// stands tells whether a key has today what it had.
func stands(was, now any, key string) bool {
	switch now := now.(type) {
	case nil:
		return true
	case crdt.Map:
		v, ok := now.Get(key)
		if !ok {
			v = absent{}
		}
		return reflect.DeepEqual(plain(was), plain(v))
	default:
		return false
	}
}

// plain is a value without types in it.
func plain(v any) any {
	switch v := v.(type) {
	case crdt.Map:
		fields := make(map[string]any, v.Len())
		for _, key := range v.Keys() {
			f, _ := v.Get(key)
			fields[key] = plain(f)
		}
		return fields
	case crdt.Text:
		return v.String()
	default:
		return v
	}
}

// fresh is a value to be written, with new types where it has types.
func fresh(v any) any {
	switch v := v.(type) {
	case crdt.Map:
		return crdt.NewMap(copyFields(v))
	case crdt.Text:
		return crdt.NewText(v.String())
	default:
		return v
	}
}
