package crdt

// cleanEnd makes the unit i the last of its item, and returns the item. A
// collected range is returned as it is.
func (d *Doc) cleanEnd(i id) ref {
	r := d.find(i)
	it := d.items.at(r)
	if it.kind != kindGC && i.clock+1 != it.end() {
		d.split(r, i.clock+1-it.clock)
	}
	return r
}

// cleanStart makes the unit i the first of its item, and returns the item.
func (d *Doc) cleanStart(i id) ref {
	r := d.find(i)
	it := d.items.at(r)
	if it.kind != kindGC && i.clock != it.clock {
		return d.split(r, i.clock-it.clock)
	}
	return r
}

// split cuts item r before its unit n and returns the right part. The parts
// are joined again at the end of the transaction if nothing came between.
func (d *Doc) split(r ref, n uint32) ref {
	rightRef := d.items.alloc()
	left, right := d.items.at(r), d.items.at(rightRef)
	*right = item{
		clock:       left.clock + n,
		len:         left.len - n,
		client:      left.client,
		left:        r,
		right:       left.right,
		origin:      id{left.client, left.clock + n - 1},
		rightOrigin: left.rightOrigin,
		parent:      left.parent,
		key:         left.key,
		kind:        left.kind,
		flags:       left.flags &^ flagApart,
	}
	if left.flags&flagRedone != 0 {
		to := d.redone[left.id()]
		d.redone[right.id()] = id{to.client, to.clock + n}
	}
	left.right = rightRef
	if right.right != 0 {
		d.items.at(right.right).left = rightRef
	} else if right.key != 0 {
		d.setTail(right.parent, right.key, rightRef)
	}
	left.len = n
	if right.key == 0 {
		d.indexSplit(right.parent, r, rightRef)
	}
	d.splitContent(left, right)
	l := &d.clients[left.client].spans
	l.insert(l.find(left.clock), span{right.clock, rightRef})
	d.tx.joins = append(d.tx.joins, right.id())
	return rightRef
}

// splitContent divides the bytes of left at its new length. Half a surrogate
// pair becomes U+FFFD on each side, as in Yjs.
func (d *Doc) splitContent(left, right *item) {
	if left.size == 0 {
		return
	}
	// The room behind the bytes cannot be told apart from the right part's.
	d.content.dead += room(left) - int(left.size)
	left.slack = 0
	whole := d.content.bytes(left)
	if left.kind != kindString {
		cut := uint32(elementsCut(left.kind, whole, left.len))
		right.off, right.size = left.off+cut, left.size-cut
		left.size = cut
		return
	}
	if left.size == left.len+right.len { // ASCII
		right.off, right.size = left.off+left.len, right.len
		left.size = left.len
		return
	}
	at, inside := utf16Cut(whole, left.len)
	cut := uint32(at)
	if !inside {
		right.off, right.size = left.off+cut, left.size-cut
		left.size = cut
		return
	}
	rest := append([]byte("\uFFFD"), whole[cut+4:]...)
	copy(whole[cut:], "\uFFFD")
	d.content.dead += int(left.size - cut - 3)
	right.off, right.size = d.content.put(rest), uint32(len(rest))
	left.size = cut + 3
}
