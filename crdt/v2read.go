package crdt

import (
	"fmt"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// A few bytes of columns can stand for very many structs, so what comes out of
// them is bounded by what went in.
const (
	maxV2Structs = 64  // structs a byte of V2
	maxV2Bytes   = 256 // bytes of V1 a byte of V2
	freeV2       = 4096
)

// FromV2 writes an update in V2 as V1, like Y.convertUpdateFormatV2ToV1. What
// is not such an update ends with [ErrMalformed]; one that unfolds to very much
// more than its size ends with [ErrLimit].
func FromV2(update []byte) ([]byte, error) {
	var c columns
	if err := c.open(update); err != nil {
		return nil, err
	}
	blocks := c.rest.Count(2)
	out := lib0.AppendUint(nil, uint64(blocks))
	for range blocks {
		count := c.rest.Uint()
		if c.structs += count; c.structs > freeV2+maxV2Structs*uint64(len(update)) || count > maxClock {
			return nil, fmt.Errorf("%w: %d structs in an update of %d bytes", ErrLimit, c.structs, len(update))
		}
		client, clock := c.clients.Read(), c.rest.Uint()
		out = lib0.AppendUint(lib0.AppendUint(lib0.AppendUint(out, count), client), clock)
		for range count {
			var err error
			if out, err = c.appendStruct(out); err != nil {
				return nil, err
			}
			if len(out) > freeV2+maxV2Bytes*len(update) {
				return nil, fmt.Errorf("%w: %d bytes unfolded from %d", ErrLimit, len(out), len(update))
			}
		}
	}
	out = c.appendDeletes(out)
	if err := c.err(); err != nil {
		return nil, err
	}
	return out, Verify(out)
}

// columns is an update in V2 while it is read.
type columns struct {
	keyClocks   lib0.DiffReader
	clients     lib0.UintReader
	leftClocks  lib0.DiffReader
	rightClocks lib0.DiffReader
	infos       lib0.ByteReader
	strings     lib0.StringReader
	parents     lib0.ByteReader
	types       lib0.UintReader
	lengths     lib0.UintReader
	rest        lib0.Reader
	keys        [][]byte
	structs     uint64 // announced so far
	defect      error
}

func (c *columns) open(update []byte) error {
	c.rest.Reset(update)
	c.rest.Uint() // features: none are known, and Yjs looks at none
	c.keyClocks.Reset(c.rest.Bytes())
	c.clients.Reset(c.rest.Bytes())
	c.leftClocks.Reset(c.rest.Bytes())
	c.rightClocks.Reset(c.rest.Bytes())
	c.infos.Reset(c.rest.Bytes())
	c.strings.Reset(c.rest.Bytes())
	c.parents.Reset(c.rest.Bytes())
	c.types.Reset(c.rest.Bytes())
	c.lengths.Reset(c.rest.Bytes())
	return c.err()
}

// err is the first defect of any column.
func (c *columns) err() error {
	if c.defect != nil {
		return c.defect
	}
	for _, r := range [...]*lib0.Reader{
		&c.rest, &c.infos.Reader, &c.clients.Reader, &c.leftClocks.Reader, &c.rightClocks.Reader, &c.strings.Reader,
		&c.parents.Reader, &c.types.Reader, &c.lengths.Reader, &c.keyClocks.Reader,
	} {
		if err := r.Err(); err != nil {
			return malformed(err)
		}
	}
	return nil
}

// appendStruct reads one struct and appends it in V1.
func (c *columns) appendStruct(dst []byte) ([]byte, error) {
	info := c.infos.Read()
	s := incoming{kind: info & infoKind}
	switch {
	case info == kindSkip:
		s.len = c.length(c.rest.Uint())
	case s.kind == kindGC:
		s.len = c.length(c.lengths.Read())
	default:
		c.links(&s, info)
		c.content(&s)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return s.append(dst), nil
}

// length checks a length that is still to be taken for 32 bits.
func (c *columns) length(n uint64) uint32 {
	if n > maxClock {
		c.rest.Fail("length beyond 31 bits")
		return 0
	}
	return uint32(n)
}

func (c *columns) left() wireID {
	return wireID{client: c.clients.Read(), clock: c.length(c.leftClocks.Read()), ok: true}
}

func (c *columns) links(s *incoming, info byte) {
	if info&infoOrigin != 0 {
		s.origin = c.left()
	}
	if info&infoRightOrigin != 0 {
		s.rightOrigin = wireID{client: c.clients.Read(), clock: c.length(c.rightClocks.Read()), ok: true}
	}
	if info&(infoOrigin|infoRightOrigin) != 0 {
		return
	}
	if c.parents.Read() == 1 {
		s.root = notNil(c.strings.Read())
	} else {
		s.parent = c.left()
	}
	if info&infoKey != 0 {
		s.key = notNil(c.strings.Read())
	}
}

// notNil keeps apart what is empty from what is not there.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// key reads a key through the table of those that were read before.
func (c *columns) key() []byte {
	if at := c.keyClocks.Read(); at < uint64(len(c.keys)) {
		return c.keys[at]
	}
	k := notNil(c.strings.Read())
	c.keys = append(c.keys, k)
	return k
}

func (c *columns) content(s *incoming) {
	switch s.kind {
	case kindDeleted:
		s.len = c.length(c.lengths.Read())
	case kindString:
		s.content = c.strings.Read()
	case kindAny:
		s.len = c.length(c.lengths.Read())
		c.values(s)
	case kindJSON:
		s.len = c.length(c.lengths.Read())
		c.texts(s)
	case kindBinary:
		s.content = lib0.AppendBytes(nil, c.rest.Bytes())
	case kindEmbed:
		s.content = lib0.AppendBytes(nil, c.json())
	case kindFormat:
		s.content = lib0.AppendBytes(nil, c.key())
		s.content = lib0.AppendBytes(s.content, c.json())
	case kindType:
		t := c.types.Read()
		if t > typeXMLText {
			c.rest.Fail("unknown type")
			return
		}
		s.typeRef = uint8(t)
		if t == typeElement || t == typeHook {
			s.label = c.key()
		}
	case kindDoc:
		s.content = lib0.AppendBytes(nil, c.strings.Read())
		s.content = lib0.Canonical(s.content, &c.rest)
	default:
		c.rest.Fail(fmt.Sprintf("unknown content %d", s.kind))
	}
}

// values reads the elements of an Any content; each takes at least a byte.
func (c *columns) values(s *incoming) {
	start := c.rest.Pos()
	for range s.len {
		s.foreign = !c.rest.SkipAny() || s.foreign
		if c.rest.Err() != nil {
			return
		}
	}
	s.content = c.rest.Slice(start, c.rest.Pos())
}

// texts reads the elements of a JSON content; none is empty.
func (c *columns) texts(s *incoming) {
	for range s.len {
		text := c.strings.Read()
		if len(text) == 0 {
			c.rest.Fail("element is not JSON")
			return
		}
		s.content = lib0.AppendBytes(s.content, text)
	}
}

// json reads a value and writes it as JSON.
func (c *columns) json() []byte {
	v := c.rest.Any()
	if c.rest.Err() != nil {
		return nil
	}
	out, err := appendJSON(nil, lib0.Ordered(v))
	if err != nil {
		c.rest.Fail(err.Error())
	}
	return out
}

// appendDeletes reads the delete set and appends it in V1, the highest client
// first.
func (c *columns) appendDeletes(dst []byte) []byte {
	ranges := readRangesV2(&c.rest)
	if c.rest.Len() > 0 {
		c.rest.Fail("bytes after the end")
	}
	groups := groupRanges(ranges)
	dst = lib0.AppendUint(dst, uint64(len(groups)))
	for _, g := range groups {
		dst = appendRanges(dst, g)
	}
	return dst
}

// readRangesV2 reads a delete set in V2.
func readRangesV2(r *lib0.Reader) (out []IDRange) {
	for range r.Count(2) {
		client, end := clientID(r), uint64(0)
		for range r.Count(2) {
			from := end + uint64(clock(r))
			end = from + 1 + uint64(clock(r))
			if end > maxClock {
				r.Fail("clock beyond 31 bits")
			}
			if r.Err() != nil {
				return nil
			}
			out = append(out, IDRange{client, uint32(from), uint32(end - from)})
		}
	}
	return out
}
