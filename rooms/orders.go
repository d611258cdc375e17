package rooms

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// ordersMost is how many orders may wait for a room, which is when it loads.
const ordersMost = 1024

// orders are what others want a room to do and do not wait for.
type orders struct {
	wake chan struct{} // some wait

	mu      sync.Mutex // guards waiting
	waiting []func()
}

// add puts an order behind those that wait, and tells whether there was space.
func (o *orders) add(fn func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) >= ordersMost {
		return false
	}
	o.waiting = append(o.waiting, fn)
	signal(o.wake)
	return true
}

// instead replaces all that waits by one order, which does more than they would.
func (o *orders) instead(fn func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = []func(){fn}
	signal(o.wake)
}

// take removes what waits.
func (o *orders) take() []func() {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.waiting
	o.waiting = nil
	return all
}

// obey does what was ordered, in order.
func (r *Room) obey() {
	for _, fn := range r.orders.take() {
		fn()
	}
}

// safely calls what is not ours. A panic there ends nothing else: it is logged,
// counted and returned.
func (h *Hub) safely(what, doc string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			h.config.Logger.Error(what+" panicked", "doc", doc, "panic", p, "stack", string(debug.Stack()))
			h.config.Metrics.panicked()
			err = fmt.Errorf("%w: %s: panic: %v", ErrFailed, what, p)
		}
	}()
	return fn()
}
