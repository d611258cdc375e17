package crdt

// ref names an item of a document's slab; 0 is none.
type ref uint32

// id names a unit of content: the clock of a client, given by its index in the
// document's table. Client 0 means that there is no id.
type id struct {
	client uint32
	clock  uint32
}

// The kinds of content, numbered as in an update.
const (
	kindGC      = 0
	kindDeleted = 1
	kindJSON    = 2
	kindBinary  = 3
	kindString  = 4
	kindEmbed   = 5
	kindFormat  = 6
	kindType    = 7
	kindAny     = 8
	kindDoc     = 9
	kindSkip    = 10
)

// The flags of an item.
const (
	flagDeleted = 1 << iota
	flagKept    // an undo may need the content, so it is not dropped
	flagRedone  // an undo has made it anew; Doc.redone says as what
	flagApart   // an item that stands behind it names it as right origin: not joined to its left
)

// item is a run of units that one client wrote one after the other and that
// still stand side by side: a struct of Yjs. It holds no pointers, so the
// garbage collector never looks inside a slab.
//
// A collected range (kindGC) uses only clock, size and client.
type item struct {
	clock, len  uint32
	client      uint32
	left, right ref // neighbours in the list or the key's chain
	origin      id  // the unit to the left when this was written
	rightOrigin id  // the unit to the right when this was written
	parent      uint32
	key         uint32 // the parent's key, for map entries
	off, size   uint32 // the content's bytes in the arena; off is the type for kindType
	kind, flags uint8
	slack       uint8 // the content has room for 1<<slack bytes, when not 0
	_           uint8
}

func (it *item) deleted() bool { return it.flags&flagDeleted != 0 }
func (it *item) end() uint32   { return it.clock + it.len }
func (it *item) id() id        { return id{it.client, it.clock} }
func (it *item) lastID() id    { return id{it.client, it.end() - 1} }

// countable content adds to the length of its parent.
func (it *item) countable() bool {
	return it.kind != kindDeleted && it.kind != kindFormat && it.kind != kindGC
}

// mergeable content can be joined with more of its kind.
func mergeable(kind uint8) bool {
	return kind == kindString || kind == kindDeleted || kind == kindAny || kind == kindJSON
}

const (
	pageBits = 9 // 512 items a page: exactly a size class of Go's allocator
	pageSize = 1 << pageBits
)

// itemBytes is the size of an item.
const itemBytes = 56

// slab holds the items of a document in pages. An *item is good only until the
// next alloc, because the first page grows.
type slab struct {
	pages [][]item
	free  ref // freed items, linked through right
	next  ref
	live  int
}

func (s *slab) at(r ref) *item { return &s.pages[r>>pageBits][r&(pageSize-1)] }

// alloc returns an item whose fields are all zero.
func (s *slab) alloc() ref {
	s.live++
	if r := s.free; r != 0 {
		it := s.at(r)
		s.free = it.right
		*it = item{}
		return r
	}
	if s.next == 0 {
		s.pages = [][]item{make([]item, 8)}
		s.next = 1
	}
	last := len(s.pages) - 1
	if int(s.next) == last*pageSize+len(s.pages[last]) {
		s.grow(last)
	}
	s.next++
	return s.next - 1
}

func (s *slab) grow(last int) {
	if n := len(s.pages[last]); n < pageSize {
		page := make([]item, min(n*4, pageSize))
		copy(page, s.pages[last])
		s.pages[last] = page
		return
	}
	s.pages = append(s.pages, make([]item, pageSize))
}

func (s *slab) release(r ref) {
	s.live--
	*s.at(r) = item{right: s.free}
	s.free = r
}

func (s *slab) memory() int {
	n := 0
	for _, page := range s.pages {
		n += len(page) * itemBytes
	}
	return n
}
