package rooms

import "sync"

const (
	mailMost  = 1024    // messages of other nodes that may wait for a room,
	mailBytes = 8 << 20 // and bytes of them
)

// mailbox is what other nodes have sent to a room and it has not read. When it is full,
// messages are lost, as the bus may lose them, and the room is told that.
type mailbox struct {
	wake chan struct{} // some wait

	mu      sync.Mutex // guards what follows
	waiting []parcel
	bytes   int
	lost    bool // something was lost, or the room is behind: it is to read the log
}

// put adds a message, or notes that one was lost.
func (m *mailbox) put(p parcel, bytes int) {
	m.mu.Lock()
	if len(m.waiting) >= mailMost || m.bytes+bytes > mailBytes {
		m.lost = true
	} else {
		m.waiting = append(m.waiting, p)
		m.bytes += bytes
	}
	m.mu.Unlock()
	signal(m.wake)
}

// behind has the room read the log.
func (m *mailbox) behind() {
	m.mu.Lock()
	m.lost = true
	m.mu.Unlock()
	signal(m.wake)
}

// take removes what waits, and tells whether the room is to read the log.
func (m *mailbox) take() (all []parcel, behind bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all, behind = m.waiting, m.lost
	m.waiting, m.bytes, m.lost = nil, 0, false
	return all, behind
}
