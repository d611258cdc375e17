package crdt

// textCursor walks a text and knows which formats are on where it stands. A
// format is an item of its own, that holds from there until another one of its
// name; this file puts such items in and takes out those that do nothing.
type textCursor struct {
	d           *Doc
	t           uint32
	left, right ref
	on          *formats
}

// walkTo returns a cursor at unit index of text t, splitting an item if it must.
func (d *Doc) walkTo(t, index uint32) *textCursor {
	c := &textCursor{d: d, t: t, right: d.types[t].start, on: &formats{}}
	for c.right != 0 && index > 0 {
		if units := c.units(index); units > 0 {
			index -= units
		}
		c.forward()
	}
	return c
}

// units is how many units the item to the right shows, which is at most limit:
// a longer one is split.
func (c *textCursor) units(limit uint32) uint32 {
	units := visible(c.d.items.at(c.right))
	if units > limit {
		c.d.split(c.right, limit)
		units = limit
	}
	return units
}

func (c *textCursor) forward() {
	it := c.d.items.at(c.right)
	if it.kind == kindFormat && !it.deleted() {
		c.on.update(c.d.formatOf(it))
	}
	c.left, c.right = c.right, it.right
}

// put inserts a content and goes behind it.
func (c *textCursor) put(x content) {
	r := c.d.insert(spot{parent: c.t, left: c.left, right: c.right}, x)
	if x.kind == kindFormat {
		c.on.update(c.d.formatOf(c.d.items.at(r)))
	}
	c.left, c.right = r, c.d.items.at(r).right
}

// insert puts a content where the formats want are on, and no others.
func (c *textCursor) insert(x content, want *formats) {
	c.on.each(func(name string, _ []byte) {
		if !want.has(name) {
			want.set(name, jsonNull)
		}
	})
	c.skipAlready(want)
	negated := c.turnOn(want)
	c.put(x)
	c.turnBack(negated)
}

// skipAlready goes behind deleted items and formats that are as wanted.
func (c *textCursor) skipAlready(want *formats) {
	for c.right != 0 {
		it := c.d.items.at(c.right)
		if !it.deleted() {
			if it.kind != kindFormat {
				return
			}
			if name, value := c.d.formatOf(it); !equalFormat(want.get(name), value) {
				return
			}
		}
		c.forward()
	}
}

// turnOn inserts the formats that are not as wanted, and returns what they have
// to be turned back to.
func (c *textCursor) turnOn(want *formats) (negated *formats) {
	negated = &formats{}
	want.each(func(name string, value []byte) {
		if now := c.on.get(name); !equalFormat(now, value) {
			negated.set(name, now)
			c.put(formatContent(name, value))
		}
	})
	return negated
}

// turnBack ends what turnOn began, as far as what follows does not do so.
func (c *textCursor) turnBack(negated *formats) {
	for c.right != 0 {
		it := c.d.items.at(c.right)
		if !it.deleted() {
			if it.kind != kindFormat {
				break
			}
			name, value := c.d.formatOf(it)
			if !negated.has(name) || !equalFormat(negated.get(name), value) {
				break
			}
			negated.remove(name)
		}
		c.forward()
	}
	negated.each(func(name string, value []byte) { c.put(formatContent(name, value)) })
}

// format sets formats of the next n units. Beyond the end of the text, newlines
// are added, as Yjs does for editors that begin with an empty line.
func (c *textCursor) format(n uint32, want *formats) {
	c.skipAlready(want)
	negated := c.turnOn(want)
	for c.right != 0 {
		it := c.d.items.at(c.right)
		if n == 0 && (negated.len() == 0 || !it.deleted() && it.kind != kindFormat) {
			break
		}
		if !it.deleted() {
			if it.kind != kindFormat {
				n -= c.units(n)
			} else if !c.overrule(it, n == 0, want, negated) {
				break
			}
		}
		c.forward()
	}
	if n > 0 {
		c.put(textContent(string(newlines(n))))
	}
	c.turnBack(negated)
}

func newlines(n uint32) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = '\n'
	}
	return out
}

// overrule deletes a format inside a range that is formatted anew. At the end of
// the range one that differs stays: false.
func (c *textCursor) overrule(it *item, atEnd bool, want, negated *formats) bool {
	name, value := c.d.formatOf(it)
	if !want.has(name) {
		return true
	}
	if equalFormat(want.get(name), value) {
		negated.remove(name)
	} else {
		if atEnd {
			return false
		}
		negated.set(name, value)
	}
	c.d.delete(c.right)
	return true
}

// delete deletes the next n units, and the formats that then do nothing.
func (c *textCursor) delete(n uint32) {
	start, before := c.right, c.on.clone()
	for n > 0 && c.right != 0 {
		if units := c.units(n); units > 0 {
			n -= units
			c.d.delete(c.right)
		}
		c.forward()
	}
	if start != 0 {
		c.d.cleanGap(start, c.right, before, c.on)
	}
}

// gapEnd is the first item from r on that shows something, or 0, and the last
// format of each name before it.
func (d *Doc) gapEnd(r ref) (end ref, last map[string]ref) {
	last = map[string]ref{}
	for r != 0 && visible(d.items.at(r)) == 0 {
		if it := d.items.at(r); it.kind == kindFormat && !it.deleted() {
			name, _ := d.formatOf(it)
			last[name] = r
		}
		r = d.items.at(r).right
	}
	return r, last
}

// cleanGap deletes the formats between two visible items that do nothing: those
// that are overruled in the same gap, and those that are on already. before is
// what is on at start, on what is on at curr, which is kept true; it returns how
// many were deleted.
func (d *Doc) cleanGap(start, curr ref, before, on *formats) (deleted int) {
	end, last := d.gapEnd(start)
	reached := false
	for r := start; r != end; r = d.items.at(r).right {
		reached = reached || r == curr
		it := d.items.at(r)
		if it.deleted() || it.kind != kindFormat {
			continue
		}
		name, value := d.formatOf(it)
		if was := before.get(name); last[name] != r || identicalFormat(was, value) {
			d.delete(r)
			deleted++
			if !reached && identicalFormat(on.get(name), value) && !identicalFormat(was, value) {
				on.update(name, was)
			}
		} else if !reached {
			on.update(name, value)
		}
	}
	return deleted
}

// cleanFormats deletes all formats of a text that do nothing, and returns how
// many there were.
func (d *Doc) cleanFormats(t uint32) (deleted int) {
	start := d.types[t].start
	before, on := &formats{}, &formats{}
	for r := start; r != 0; r = d.items.at(r).right {
		it := d.items.at(r)
		switch {
		case it.deleted():
		case it.kind == kindFormat:
			on.update(d.formatOf(it))
		default:
			deleted += d.cleanGap(start, r, before, on)
			before = on.clone()
			start = r
		}
	}
	return deleted
}
