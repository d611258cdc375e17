package crdt

import (
	"fmt"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Preview is what [Doc.Apply] would do with an update.
type Preview struct {
	// Inserts are the structs that the document does not have yet.
	Inserts []PreviewInsert
	// Deletes are ranges that the update deletes and that are not deleted yet,
	// in units that are here or that the update brings.
	Deletes []PreviewDelete
	// Differs are ranges that the document has already, with other content or at
	// another place: two replicas wrote under one client id. Apply would keep what
	// the document has.
	Differs []IDRange

	fresh   bool
	missing bool
	viewer  *viewer
}

// PreviewInsert is content that an update would bring.
type PreviewInsert struct {
	IDRange
	Kind  string // as in [Struct]
	Where Where  // unknown when the parent is not here yet

	content *incoming
}

// Content is what the struct carries, as in [Struct]. It is decoded anew by each
// call, from the bytes of the update.
func (p PreviewInsert) Content() any { return p.content.value() }

// PreviewDelete is content that an update would delete.
type PreviewDelete struct {
	IDRange
	Where   Where
	Brought bool // the update itself brings it; Where is not said then
}

// Where is a place in a document: a root, and the keys on the way to a value.
// For an element of a list the last key is "".
type Where struct {
	Root  string
	Path  []string
	Known bool
	Gone  bool // in what was collected: content that goes there is dropped
}

// New tells whether the update brings anything that the document lacks.
func (p *Preview) New() bool { return p.fresh }

// Missing tells whether part of the update would be parked, because it depends
// on units that neither the document nor the update has.
func (p *Preview) Missing() bool { return p.missing }

// Preview tells what Apply would do, in time proportional to the update, and
// changes nothing. It refuses what Apply would refuse as malformed, and with
// [ErrInconsistent] structs that have no place on which replicas agree: Apply takes
// them without harm to the document, but no honest writer makes them.
func (d *Doc) Preview(update []byte) (*Preview, error) {
	var r lib0.Reader
	r.Reset(update)
	blocks, deletes, err := checkUpdate(&r, nil)
	if err != nil {
		return nil, err
	}
	v := &viewer{doc: d, brought: map[uint64][]int{}, end: map[uint64]uint32{}, places: map[int]Where{}}
	for _, b := range blocks {
		v.read(&r, b)
	}
	for i := range v.structs {
		if err := v.consistent(&v.structs[i]); err != nil {
			return nil, err
		}
		v.insert(&v.structs[i])
	}
	if v.compared > maxCompared {
		return nil, fmt.Errorf("%w: the update repeats too much of what is here", ErrLimit)
	}
	r.Seek(deletes)
	eachDelete(&r, v.delete)
	v.deletes, v.out.viewer = update[deletes:], v
	return &v.out, nil
}

// viewer looks at an update beside a document.
type viewer struct {
	doc     *Doc
	structs []incoming       // those with units that the document lacks
	brought map[uint64][]int // client → their indices, by clock
	end     map[uint64]uint32
	places  map[int]Where // by index of a struct
	depth   int           // of types in types
	deletes []byte        // the delete set
	steps   int           // from neighbour to neighbour
	out     Preview

	compared int // bytes, see maxCompared
}

func (v *viewer) read(r *lib0.Reader, b block) {
	r.Seek(b.pos)
	at, have := b.clock, v.doc.state(b.client)
	if e, ok := v.end[b.client]; ok {
		have = e
	}
	for range b.count {
		var s incoming
		s.next(r, b.client, at)
		at = s.end()
		if s.kind == kindSkip {
			continue
		}
		if here := v.doc.state(b.client); s.clock < here {
			v.overlap(&s, min(at, here))
		}
		if at <= have {
			continue
		}
		if s.clock > have {
			v.out.missing = true
		} else {
			if s.clock < have {
				s.clip(have - s.clock)
			}
			have = at
		}
		v.brought[b.client] = append(v.brought[b.client], len(v.structs))
		v.structs = append(v.structs, s)
	}
	v.end[b.client] = have
}

// holder returns the index of the struct of this update that holds a unit, or -1.
func (v *viewer) holder(w wireID) int {
	list := v.brought[w.client]
	low, high := 0, len(list)
	for low < high {
		if mid := (low + high) / 2; v.structs[list[mid]].end() <= w.clock {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(list) && v.structs[list[low]].clock <= w.clock {
		return list[low]
	}
	return -1
}

func (v *viewer) insert(s *incoming) {
	v.out.fresh = true
	for _, w := range [...]wireID{s.origin, s.rightOrigin, s.parent} {
		if w.ok && !v.doc.has(w) && v.holder(w) < 0 {
			v.out.missing = true
		}
	}
	v.out.Inserts = append(v.out.Inserts, PreviewInsert{
		IDRange: s.ids(), Kind: kindNames[s.kind], Where: v.where(s), content: s,
	})
}

// maxPath bounds how deep a path is followed; deeper ones are unknown.
const maxPath = 128

// where follows a struct to its parent, and that to the root. Neighbours in a
// text lead from one to the next, so what was found is remembered.
func (v *viewer) where(s *incoming) Where {
	var chain []int
	found := Where{}
	for at := s; ; {
		next, place := v.step(at)
		if next < 0 {
			found = place
			break
		}
		if known, ok := v.places[next]; ok {
			found = known
			break
		}
		if len(chain) > len(v.structs) {
			break // a cycle of a hostile peer
		}
		chain = append(chain, next)
		at = &v.structs[next]
	}
	for _, i := range chain {
		v.places[i] = found
	}
	return found
}

// step goes from a struct to one beside it in the same place (its index), or
// tells the place.
func (v *viewer) step(s *incoming) (next int, place Where) {
	for _, w := range [...]wireID{s.origin, s.rightOrigin} {
		if !w.ok {
			continue
		}
		if v.doc.has(w) {
			return -1, v.doc.whereItem(v.doc.find(v.doc.local(w)))
		}
		return v.holder(w), Where{}
	}
	switch {
	case s.kind == kindGC:
		return -1, Where{}
	case s.root != nil:
		return -1, Where{Root: string(s.root), Path: []string{string(s.key)}, Known: true}
	case v.doc.has(s.parent):
		r := v.doc.find(v.doc.local(s.parent))
		if v.doc.items.at(r).kind != kindType {
			return -1, Where{Gone: true}
		}
		return -1, v.doc.whereItem(r).with(s.key)
	}
	holder := v.holder(s.parent)
	switch {
	case holder < 0:
		return -1, Where{}
	case v.structs[holder].kind != kindType:
		return -1, Where{Gone: true}
	}
	return -1, v.inside(holder).with(s.key)
}

// inside is the place of a type that the update itself brings.
func (v *viewer) inside(holder int) Where {
	if known, ok := v.places[holder]; ok {
		return known
	}
	if v.depth == maxPath {
		return Where{}
	}
	v.depth++
	found := v.where(&v.structs[holder])
	v.depth--
	v.places[holder] = found
	return found
}

func (w Where) with(key []byte) Where {
	if w.Gone {
		return w
	}
	if !w.Known || len(w.Path) >= maxPath {
		return Where{}
	}
	path := make([]string, 0, len(w.Path)+1)
	w.Path = append(append(path, w.Path...), string(key))
	return w
}

// whereItem is the place of an item that is here.
func (d *Doc) whereItem(r ref) Where {
	var path []string
	for range maxPath {
		it := d.items.at(r)
		if it.kind == kindGC {
			return Where{Gone: true}
		}
		path = append(path, d.keys[it.key])
		parent := &d.types[it.parent]
		if parent.item == 0 {
			for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
				path[i], path[j] = path[j], path[i]
			}
			return Where{Root: d.keys[parent.label], Path: path, Known: true}
		}
		r = parent.item
	}
	return Where{}
}

// delete notes which units of a range are not deleted yet.
func (v *viewer) delete(client uint64, clock, n uint32) {
	have := v.doc.state(client)
	end := clock + n
	if end > v.end[client] && end > have {
		v.out.missing = true
	}
	if clock >= have {
		v.out.fresh = true
		v.out.Deletes = append(v.out.Deletes, PreviewDelete{IDRange: IDRange{client, clock, n}, Brought: end <= v.end[client]})
		return
	}
	if end > have {
		v.out.fresh = true
	}
	c := v.doc.clientAt(client)
	l := &v.doc.clients[c].spans
	p := l.find(clock)
	for more := true; more && l.at(p).clock < end; p, more = l.nextPlace(p) {
		it := v.doc.items.at(l.at(p).item)
		if it.deleted() {
			continue
		}
		from, to := max(clock, it.clock), min(end, it.end())
		v.out.fresh = true
		v.out.Deletes = append(v.out.Deletes, PreviewDelete{
			IDRange: IDRange{client, from, to - from}, Where: v.doc.whereItem(l.at(p).item),
		})
	}
}
