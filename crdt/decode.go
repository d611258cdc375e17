package crdt

import (
	"encoding/json"
	"fmt"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// wireID is an id as updates write it. The zero value means that there is none.
type wireID struct {
	client uint64
	clock  uint32
	ok     bool
}

// incoming is one struct as it stands in an update. Its slices alias the update.
type incoming struct {
	client      uint64
	clock, len  uint32
	kind        uint8
	foreign     bool // content is not in the form in which Yjs would write it
	origin      wireID
	rightOrigin wireID
	parent      wireID // the item that holds the parent type, or
	root        []byte // the name of the root type (nil: none given)
	key         []byte // written only when there is no origin (nil: none given)
	content     []byte // elements without their count; for strings the text alone
	typeRef     uint8
	label       []byte // the name of an XML element or hook
}

func (s *incoming) end() uint32 { return s.clock + s.len }

// The bits of an info byte above the content's kind.
const (
	infoOrigin      = 0x80
	infoRightOrigin = 0x40
	infoKey         = 0x20
	infoKind        = 0x1f
)

// The kinds of types, as updates number them.
const (
	typeArray    = 0
	typeMap      = 1
	typeText     = 2
	typeElement  = 3
	typeFragment = 4
	typeHook     = 5
	typeXMLText  = 6
	typeGone     = 254 // collected, with all inside
	typeUnknown  = 255 // a root that nobody has asked for by kind
)

// block is the structs of one client in an update.
type block struct {
	client uint64
	clock  uint32
	count  int
	pos    int // where its first struct stands in the update
	end    int // where its last struct ends
}

// blockHeader reads the head of a client's structs.
func blockHeader(r *lib0.Reader) block {
	b := block{count: r.Count(2)}
	b.client = clientID(r)
	b.clock = clock(r)
	b.pos = r.Pos()
	return b
}

func clientID(r *lib0.Reader) uint64 {
	c := r.Uint()
	if c > maxClient {
		r.Fail("client id beyond 53 bits")
	}
	return c
}

func clock(r *lib0.Reader) uint32 {
	c := r.Uint()
	if c > maxClock {
		r.Fail("clock beyond 31 bits")
		return 0
	}
	return uint32(c)
}

func readID(r *lib0.Reader) wireID {
	client := clientID(r)
	return wireID{client: client, clock: clock(r), ok: true}
}

// next reads one struct of client at clock into s and checks all of it that
// can be checked without a document.
func (s *incoming) next(r *lib0.Reader, client uint64, at uint32) {
	*s = incoming{client: client, clock: at}
	info := r.Byte()
	s.kind = info & infoKind
	switch s.kind {
	case kindGC, kindSkip:
		s.len = clock(r)
	default:
		s.readLinks(r, info)
		s.readContent(r)
	}
	if s.len == 0 {
		r.Fail("struct of no length")
	} else if uint64(at)+uint64(s.len) > maxClock {
		r.Fail("clock beyond 31 bits")
	}
}

func (s *incoming) readLinks(r *lib0.Reader, info byte) {
	if info&infoOrigin != 0 {
		s.origin = readID(r)
		s.checkOwn(r, s.origin)
	}
	if info&infoRightOrigin != 0 {
		s.rightOrigin = readID(r)
		s.checkOwn(r, s.rightOrigin)
	}
	if info&(infoOrigin|infoRightOrigin) != 0 {
		return // parent and key are those of the neighbour
	}
	if r.Uint() == 1 {
		s.root = r.RawString()
		if s.root == nil {
			s.root = []byte{}
		}
	} else {
		s.parent = readID(r)
		s.checkOwn(r, s.parent)
	}
	if info&infoKey != 0 {
		s.key = r.RawString()
		if s.key == nil {
			s.key = []byte{}
		}
	}
}

// checkOwn refuses a struct that refers to later content of its own writer.
func (s *incoming) checkOwn(r *lib0.Reader, to wireID) {
	if to.client == s.client && to.clock >= s.clock {
		r.Fail("reference into the writer's own future")
	}
}

func (s *incoming) readContent(r *lib0.Reader) {
	start := r.Pos()
	switch s.kind {
	case kindDeleted:
		s.len = clock(r)
		return
	case kindString:
		s.content = r.RawString()
		s.len = utf16Len(s.content)
		return
	case kindJSON, kindAny:
		s.readElements(r)
		return
	case kindType:
		s.readType(r)
		return
	case kindBinary:
		b := r.Bytes()
		s.foreign = r.Pos()-start != lib0.UintSize(uint64(len(b)))+len(b)
	case kindEmbed:
		s.foreign = readJSON(r)
	case kindFormat:
		key := r.RawString()
		s.foreign = r.Pos()-start != lib0.UintSize(uint64(len(key)))+len(key)
		s.foreign = readJSON(r) || s.foreign
	case kindDoc:
		guid := r.RawString()
		s.foreign = r.Pos()-start != lib0.UintSize(uint64(len(guid)))+len(guid)
		if r.Len() > 0 && r.Slice(r.Pos(), r.Pos()+1)[0] != 118 {
			r.Fail("options of a subdocument are not an object")
		}
		s.foreign = !r.SkipAny() || s.foreign
	default:
		r.Fail(fmt.Sprintf("unknown content %d", s.kind))
		return
	}
	s.len = 1
	s.content = r.Slice(start, r.Pos())
}

func (s *incoming) readElements(r *lib0.Reader) {
	n := r.Count(1)
	start := r.Pos()
	for range n {
		if s.kind == kindAny {
			s.foreign = !r.SkipAny() || s.foreign
		} else {
			s.foreign = readJSONElement(r) || s.foreign
		}
		if r.Err() != nil {
			return
		}
	}
	s.len = uint32(n)
	s.content = r.Slice(start, r.Pos())
}

func (s *incoming) readType(r *lib0.Reader) {
	t := r.Uint()
	if t > typeXMLText {
		r.Fail("unknown type")
		return
	}
	s.len, s.typeRef = 1, uint8(t)
	if t == typeElement || t == typeHook {
		s.label = r.RawString()
	}
}

// readJSON reads past a string that holds JSON, and tells whether its length
// was written in more bytes than it takes.
func readJSON(r *lib0.Reader) (foreign bool) {
	start := r.Pos()
	text := r.RawString()
	if r.Err() == nil && !json.Valid(text) {
		r.Fail("embedded value is not JSON")
	}
	return r.Pos()-start != lib0.UintSize(uint64(len(text)))+len(text)
}

func readJSONElement(r *lib0.Reader) (foreign bool) {
	start := r.Pos()
	text := r.RawString()
	if r.Err() == nil && string(text) != "undefined" && !json.Valid(text) {
		r.Fail("element is not JSON")
	}
	return r.Pos()-start != lib0.UintSize(uint64(len(text)))+len(text)
}

// normal returns the content in the form in which Yjs would write it, so that
// equal documents are equal bytes whoever wrote them.
func (s *incoming) normal() []byte {
	if !s.foreign {
		return s.content
	}
	r := lib0.NewReader(s.content)
	var out []byte
	switch s.kind {
	case kindAny:
		for r.Len() > 0 {
			out = lib0.Canonical(out, r)
		}
	case kindDoc:
		out = lib0.Canonical(lib0.AppendBytes(out, r.Bytes()), r)
	default: // length-prefixed strings and bytes
		for r.Len() > 0 {
			out = lib0.AppendBytes(out, r.Bytes())
		}
	}
	return out
}

// clip takes the first n units off s, as if it had been written in two parts.
func (s *incoming) clip(n uint32) {
	if s.kind != kindGC && s.kind != kindSkip {
		s.origin = wireID{client: s.client, clock: s.clock + n - 1, ok: true}
		s.root, s.parent, s.key = nil, wireID{}, nil
	}
	s.clock += n
	s.len -= n
	switch s.kind {
	case kindString:
		cut, inside := utf16Cut(s.content, n)
		rest := s.content[cut:]
		if inside {
			rest = append([]byte("\uFFFD"), s.content[cut+4:]...)
		}
		s.content = rest
	case kindAny, kindJSON:
		s.content = s.content[elementsCut(s.kind, s.content, n):]
	}
}

// checkUpdate reads a whole update and returns its blocks, and where its delete
// set starts. It changes nothing.
func checkUpdate(r *lib0.Reader, blocks []block) ([]block, int, error) {
	n := r.Count(3)
	var s incoming
	for range n {
		b := blockHeader(r)
		at := b.clock
		for range b.count {
			s.next(r, b.client, at)
			if r.Err() != nil {
				break
			}
			at = s.end()
		}
		if r.Err() != nil {
			break
		}
		b.end = r.Pos()
		blocks = append(blocks, b)
	}
	deletes := r.Pos()
	eachDelete(r, func(uint64, uint32, uint32) {})
	if r.Err() == nil && r.Len() != 0 {
		r.Fail("bytes after the end")
	}
	return blocks, deletes, malformed(r.Err())
}

// eachDelete reads a delete set and yields its ranges.
func eachDelete(r *lib0.Reader, yield func(client uint64, clock, n uint32)) {
	clients := r.Count(2)
	for range clients {
		client := clientID(r)
		ranges := r.Count(2)
		for range ranges {
			at := clock(r)
			n := clock(r)
			if uint64(at)+uint64(n) > maxClock {
				r.Fail("clock beyond 31 bits")
			}
			if r.Err() != nil {
				return
			}
			if n > 0 {
				yield(client, at, n)
			}
		}
	}
}

func malformed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}
