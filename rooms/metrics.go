package rooms

import "time"

// Metrics are told what rooms do, by calls that must be quick and safe to make
// at once. A nil field is not called.
type Metrics struct {
	Rooms   func(delta int)       // rooms open
	Updates func(result string)   // one of the Result constants, an update
	Update  func(d time.Duration) // from receipt to durable, an update
	Fanout  func(d time.Duration) // from durable to every member's outbox
	Batch   func(entries int)     // entries in one commit
	Panics  func()                // a room or what it called panicked
	Damaged func(rows int)        // stored rows that were set aside
	CatchUp func()                // a room reads the log for what other nodes wrote
	Bus     func(works bool)      // messages between nodes arrive, or not
}

// What becomes of an update, as Metrics.Updates tells.
const (
	ResultApplied   = "applied"   // new, stored
	ResultKnown     = "known"     // brought nothing new
	ResultRefused   = "refused"   // not allowed, or beyond a limit
	ResultMalformed = "malformed" // not an update; its connection ended
)

func (m Metrics) panicked() {
	if m.Panics != nil {
		m.Panics()
	}
}

func (m Metrics) damaged(rows int) {
	if m.Damaged != nil && rows > 0 {
		m.Damaged(rows)
	}
}

func (m Metrics) catchUp() {
	if m.CatchUp != nil {
		m.CatchUp()
	}
}

func (m Metrics) bus(works bool) {
	if m.Bus != nil {
		m.Bus(works)
	}
}

func (m Metrics) rooms(delta int) {
	if m.Rooms != nil {
		m.Rooms(delta)
	}
}

func (m Metrics) updates(result string) {
	if m.Updates != nil {
		m.Updates(result)
	}
}

func (m Metrics) update(since time.Time) {
	if m.Update != nil {
		m.Update(time.Since(since))
	}
}

func (m Metrics) fanout(since time.Time) {
	if m.Fanout != nil {
		m.Fanout(time.Since(since))
	}
}

func (m Metrics) batch(entries int) {
	if m.Batch != nil {
		m.Batch(entries)
	}
}
