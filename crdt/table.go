package crdt

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
)

// table finds what has a number in one of the document's lists, by a hash of it:
// slots with numbers, 0 for a free one. What it finds is compared in the list, so
// a table is four to eight bytes for each, without pointers. Nothing leaves one.
type table []uint32

// Both are drawn when the program starts, so that nobody can choose ids and names
// that meet in one slot.
var (
	hashOdd  = rand.Uint64() | 1
	hashSeed = maphash.MakeSeed()
)

func newTable() table { return make(table, 4) }

// first is the slot where the search for a hash begins; the next ones follow it.
func (t table) first(hash uint64) int {
	return int(hash * hashOdd >> (64 - bits.Len(uint(len(t)-1))))
}

func (t table) next(slot int) int { return (slot + 1) & (len(t) - 1) }

// add puts the last number of a list into its table. hash tells the hash of each.
func (t *table) add(last int, hash func(n uint32) uint64) {
	from := last
	if 2*last >= len(*t) {
		*t = make(table, 2*len(*t))
		from = 1
	}
	for n := uint32(from); n <= uint32(last); n++ {
		s := t.first(hash(n))
		for (*t)[s] != 0 {
			s = t.next(s)
		}
		(*t)[s] = n
	}
}

// clientAt returns the index of a client, or 0.
func (d *Doc) clientAt(clientID uint64) uint32 {
	t := d.clientOf
	for s := t.first(clientID); ; s = t.next(s) {
		if c := t[s]; c == 0 || d.clients[c].id == clientID {
			return c
		}
	}
}

// clientIndex returns the index of a client, giving it one when it is new.
func (d *Doc) clientIndex(clientID uint64) uint32 {
	if c := d.clientAt(clientID); c != 0 {
		return c
	}
	d.clients = append(d.clients, client{id: clientID})
	last := len(d.clients) - 1
	d.clientOf.add(last, func(c uint32) uint64 { return d.clients[c].id })
	return uint32(last)
}

// keyAt returns the number of a key, or 0.
func (d *Doc) keyAt(name string) uint32 {
	t := d.keyOf
	for s := t.first(maphash.String(hashSeed, name)); ; s = t.next(s) {
		if k := t[s]; k == 0 || d.keys[k] == name {
			return k
		}
	}
}

// key returns the number of a key, giving it one when it is new.
func (d *Doc) key(name []byte) uint32 {
	t := d.keyOf
	for s := t.first(maphash.Bytes(hashSeed, name)); ; s = t.next(s) {
		k := t[s]
		if k == 0 {
			break
		}
		if d.keys[k] == string(name) {
			return k
		}
	}
	d.keys = append(d.keys, string(name))
	last := len(d.keys) - 1
	d.keyOf.add(last, func(k uint32) uint64 { return maphash.String(hashSeed, d.keys[k]) })
	return uint32(last)
}

// entryAt returns the entry of a key in a map, or 0.
func (d *Doc) entryAt(t, key uint32) uint32 {
	slots := d.entryOf
	for s := slots.first(entryHash(t, key)); ; s = slots.next(s) {
		if e := slots[s]; e == 0 || d.entries[e].key == key && d.entries[e].typ == t {
			return e
		}
	}
}

func entryHash(t, key uint32) uint64 { return uint64(t)<<32 | uint64(key) }
