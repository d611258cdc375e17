package crdt

import "math/bits"

// arena keeps the bytes of all contents. Offsets are positions in buf; what is
// no longer used is counted, and squeezed out when it is most of the arena.
type arena struct {
	buf  []byte
	dead int // bytes of buf that no item refers to
}

// put appends b and returns where it stands.
func (a *arena) put(b []byte) uint32 {
	off := len(a.buf)
	a.buf = append(a.buf, b...)
	return uint32(off)
}

func (a *arena) bytes(it *item) []byte {
	return a.buf[it.off : it.off+it.size : it.off+it.size]
}

// room is the number of bytes that it occupies.
func room(it *item) int {
	if it.slack != 0 {
		return 1 << it.slack
	}
	return int(it.size)
}

// drop forgets the bytes of it.
func (a *arena) drop(it *item) {
	a.dead += room(it)
	it.off, it.size, it.slack = 0, 0, 0
}

// extend appends b to the bytes of it: in place when they end the arena or
// have room, else by moving them to the end with room to grow, so that people
// who type in turns do not copy their texts at every key.
func (a *arena) extend(it *item, b []byte) {
	need := int(it.size) + len(b)
	switch {
	case it.slack != 0 && need <= 1<<it.slack:
		copy(a.buf[int(it.off)+int(it.size):], b)
	case it.slack == 0 && int(it.off+it.size) == len(a.buf):
		a.buf = append(a.buf, b...)
	default:
		slack := uint8(bits.Len(uint(need + need/2)))
		off := len(a.buf)
		a.buf = append(a.buf, a.bytes(it)...)
		a.buf = append(a.buf, b...)
		a.buf = append(a.buf, make([]byte, off+1<<slack-len(a.buf))...)
		a.dead += room(it)
		it.off, it.slack = uint32(off), slack
	}
	it.size = uint32(need)
}

// squeeze rewrites the arena without the dead bytes once they are most of it.
func (d *Doc) squeeze() {
	a := &d.content
	if a.dead < 4096 || a.dead < len(a.buf)/2 {
		return
	}
	fresh := make([]byte, 0, len(a.buf)-a.dead+1024)
	for c := range d.clients {
		for _, chunk := range d.clients[c].spans.chunks {
			for _, s := range chunk {
				it := d.items.at(s.item)
				if it.size == 0 || it.kind == kindType {
					continue
				}
				off := len(fresh)
				fresh = append(fresh, a.bytes(it)...)
				it.off, it.slack = uint32(off), 0
			}
		}
	}
	*a = arena{buf: fresh}
}
