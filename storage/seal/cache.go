package seal

import (
	"container/list"
	"time"
)

// A cache keeps the keys that were used last, each for cacheAge. Who uses it
// holds a lock.
type cache struct {
	size    int
	order   *list.List // of *cached, the one used last in front
	byScope map[string]*list.Element
}

type cached struct {
	scope string
	key   *xaes
	since time.Time
}

func newCache(size int) cache {
	return cache{size: size, order: list.New(), byScope: map[string]*list.Element{}}
}

// get returns a key, or nil.
func (c cache) get(scope string, now time.Time) *xaes {
	e, ok := c.byScope[scope]
	if !ok {
		return nil
	}
	entry := e.Value.(*cached)
	if now.Sub(entry.since) >= cacheAge {
		c.forget(scope)
		return nil
	}
	c.order.MoveToFront(e)
	return entry.key
}

func (c cache) add(scope string, key *xaes, since time.Time) {
	c.forget(scope)
	c.byScope[scope] = c.order.PushFront(&cached{scope, key, since})
	if c.order.Len() > c.size {
		c.forget(c.order.Back().Value.(*cached).scope)
	}
}

func (c cache) forget(scope string) {
	if e, ok := c.byScope[scope]; ok {
		c.order.Remove(e)
		delete(c.byScope, scope)
	}
}
