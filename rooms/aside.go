package rooms

import "slices"

// What waits in a room for edits that it builds on. Each edit that comes has all
// of it looked at again, so it is little.
const (
	asideUpdates = 32
	asideBytes   = 256 << 10
)

// setAside keeps an update that builds on edits which are not here: they come
// from another member, or by another connection of this one. It is judged when
// they are here, and lost with its member, who has it still.
func (r *Room) setAside(e event) {
	bytes := len(e.msg.Payload)
	for _, other := range r.aside {
		bytes += len(other.msg.Payload)
	}
	if len(r.aside) == asideUpdates || bytes > asideBytes {
		r.refuse(e.from, "it builds on edits that did not come")
		return
	}
	r.aside = append(r.aside, e)
}

// takeAsides takes what waits and can be taken now. An update that was taken may
// be what another waits for.
func (r *Room) takeAsides() {
	for i := 0; i < len(r.aside); {
		e := r.aside[i]
		if p, err := r.state.Preview(e.msg.Payload); err == nil && p.Missing() {
			i++
			continue
		}
		r.aside = slices.Delete(r.aside, i, i+1)
		r.judge(e)
		i = 0
	}
}

// dropAsides forgets what waits of a member who leaves.
func (r *Room) dropAsides(m *Member) {
	r.aside = slices.DeleteFunc(r.aside, func(e event) bool { return e.from == m })
}
