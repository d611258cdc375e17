package crdttest

import (
	"math/rand/v2"
	"slices"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// Page is a text of single units, each with its origins, in a plain list: the
// integration rule of Yjs read naively, without runs, splits or an index. It
// checks that a real document puts the same units in the same order.
type Page struct {
	client uint64
	next   map[uint64]uint64 // the next clock of each client
	units  []Unit
}

// UnitID names a unit. The zero value is the edge of the page.
type UnitID struct {
	Client, Clock uint64
}

// Unit is one letter of a page.
type Unit struct {
	ID          UnitID
	Left, Right UnitID // what stood beside it when it was written
	Letter      byte
	Deleted     bool
}

// NewPage makes an empty page for a client, whose id is not 0.
func NewPage(client uint64) *Page {
	return &Page{client: client, next: map[uint64]uint64{}}
}

// Text is what is visible.
func (p *Page) Text() string {
	var out []byte
	for _, u := range p.units {
		if !u.Deleted {
			out = append(out, u.Letter)
		}
	}
	return string(out)
}

// at is the index of a unit; edge stands for the zero id.
func (p *Page) at(id UnitID, edge int) int {
	if id == (UnitID{}) {
		return edge
	}
	return slices.IndexFunc(p.units, func(u Unit) bool { return u.ID == id })
}

// Ready tells whether all that u refers to is here and u is not.
func (p *Page) Ready(u Unit) bool {
	return u.ID.Clock == p.next[u.ID.Client] && p.at(u.Left, 0) >= 0 && p.at(u.Right, 0) >= 0
}

// Put integrates a unit that is ready. Of units that were written at one spot,
// that of the smaller client comes first, and what was written behind a unit
// stays behind it.
func (p *Page) Put(u Unit) {
	left := p.at(u.Left, -1)
	right := p.at(u.Right, len(p.units))
	at, skipping := left+1, false
	for i := left + 1; ; i++ {
		if !skipping {
			at = i
		}
		if i == right {
			break
		}
		other := p.units[i]
		otherLeft := p.at(other.Left, -1)
		if otherLeft < left {
			break
		}
		if otherLeft == left {
			if u.ID.Client < other.ID.Client && p.at(other.Right, len(p.units)) == right {
				break
			}
			skipping = u.ID.Client < other.ID.Client
		}
	}
	p.units = slices.Insert(p.units, at, u)
	p.next[u.ID.Client] = u.ID.Clock + 1
}

// Insert writes a letter behind a random unit, deleted ones included.
func (p *Page) Insert(r *rand.Rand) Unit {
	at := r.IntN(len(p.units) + 1)
	u := Unit{ID: UnitID{p.client, p.next[p.client]}, Letter: 'a' + byte(r.IntN(26))}
	if at > 0 {
		u.Left = p.units[at-1].ID
	}
	if at < len(p.units) {
		u.Right = p.units[at].ID
	}
	p.Put(u)
	return u
}

// Delete deletes a random unit; false when the page has none.
func (p *Page) Delete(r *rand.Rand) (UnitID, bool) {
	if len(p.units) == 0 {
		return UnitID{}, false
	}
	u := &p.units[r.IntN(len(p.units))]
	u.Deleted = true
	return u.ID, true
}

// Erase deletes a unit; false when it is not here yet.
func (p *Page) Erase(id UnitID) bool {
	at := p.at(id, 0)
	if at < 0 {
		return false
	}
	p.units[at].Deleted = true
	return true
}

// Update is a unit as an update (V1) into the root text of that name.
func (u Unit) Update(root string) []byte {
	const text, hasLeft, hasRight = 4, 0x80, 0x40
	info := byte(text)
	if u.Left != (UnitID{}) {
		info |= hasLeft
	}
	if u.Right != (UnitID{}) {
		info |= hasRight
	}
	out := []byte{1, 1}
	out = appendID(out, u.ID)
	out = append(out, info)
	if info&hasLeft != 0 {
		out = appendID(out, u.Left)
	}
	if info&hasRight != 0 {
		out = appendID(out, u.Right)
	}
	if info&(hasLeft|hasRight) == 0 {
		out = lib0.AppendString(append(out, 1), root)
	}
	out = lib0.AppendString(out, string(u.Letter))
	return append(out, 0)
}

// DeleteUpdate is the deletion of a unit as an update (V1).
func (id UnitID) DeleteUpdate() []byte {
	out := []byte{0, 1}
	out = lib0.AppendUint(out, id.Client)
	out = append(out, 1)
	out = lib0.AppendUint(out, id.Clock)
	return append(out, 1)
}

func appendID(dst []byte, id UnitID) []byte {
	return lib0.AppendUint(lib0.AppendUint(dst, id.Client), id.Clock)
}
