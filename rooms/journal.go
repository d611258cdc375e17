package rooms

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	batchRows     = 4096             // rows of one commit, about
	batchBytes    = 8 << 20          // bytes of one commit, about
	shareRows     = 1024             // of them one room's, while others wait: the rest comes with the next
	shareBytes    = 2 << 20          // the same, bytes
	appendTimeout = 30 * time.Second // how long the log may take for a commit
	retryFirst    = 20 * time.Millisecond
	retryMost     = time.Second // pauses between attempts double up to here
)

// journal writes the entries of all rooms to the log: one write is in flight,
// and whatever arrives meanwhile makes up the next.
type journal struct {
	log     Log
	metrics Metrics
	kick    chan struct{}             // something waits
	failed  func(error)               // is told of each attempt that failed
	told    func(w Write, seq uint64) // is told of what was stored; or nil
	safely  func(what, doc string, fn func() error) error

	mu    sync.Mutex // guards what follows and the slots
	queue []*slot    // slots with waiting entries
	bytes int        // waiting or in flight
	count int        // entries of that
}

// slot is the place of one room in the journal. Except for wake its fields are
// the journal's; the room reads them with progress.
type slot struct {
	doc        string
	generation uint64
	wake       chan struct{} // the room should look at its progress

	waiting []Entry
	queued  bool
	stored  uint64 // entries stored since the room opened
	places  []span // where in the log, as far as the room has not asked
	err     error  // the log refuses this document
}

func newJournal(h *Hub) *journal {
	c := h.config
	j := &journal{
		log: c.Log, metrics: c.Metrics, kick: make(chan struct{}, 1), safely: h.safely,
		failed: func(err error) { c.Logger.Error("log does not take entries", "err", err) },
	}
	if c.Shared != nil {
		j.told = func(w Write, seq uint64) { h.cluster.published(w, seq) }
	}
	return j
}

func newSlot(doc string, s Stored) *slot {
	return &slot{doc: doc, generation: s.Generation, wake: make(chan struct{}, 1)}
}

// add puts an entry behind those that wait. It never blocks: rooms limit what
// they add, see Room.full.
func (j *journal) add(s *slot, e Entry) {
	j.mu.Lock()
	s.waiting = append(s.waiting, e)
	j.bytes += len(e.Update)
	j.count++
	if !s.queued {
		s.queued = true
		j.queue = append(j.queue, s)
	}
	j.mu.Unlock()
	signal(j.kick)
}

// progress tells how many entries of s are stored, and the log's refusal.
func (j *journal) progress(s *slot) (stored uint64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return s.stored, s.err
}

// places tells where in the log entries of s were stored since it was last called.
func (j *journal) places(s *slot) []span {
	j.mu.Lock()
	defer j.mu.Unlock()
	places := s.places
	s.places = nil
	return places
}

// unsaved is how many entries wait.
func (j *journal) unsaved() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.count
}

// full tells whether more waits than the node may hold.
func (j *journal) full() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes > nodeBytes
}

// run writes until ctx ends; what waits then is given up.
func (j *journal) run(ctx context.Context) {
	for ctx.Err() == nil {
		if slots, writes := j.take(); len(writes) > 0 {
			j.store(ctx, slots, writes)
			continue
		}
		select {
		case <-j.kick:
		case <-ctx.Done():
		}
	}
}

// take removes the next batch from the queue: of each room that waits a share, so
// that none keeps the others from their commit. What is left waits behind them.
func (j *journal) take() (slots []*slot, writes []Write) {
	j.mu.Lock()
	defer j.mu.Unlock()
	rows, bytes := 0, 0
	for n := len(j.queue); n > 0 && rows < batchRows && bytes < batchBytes; n-- {
		s := j.queue[0]
		j.queue[0] = nil
		j.queue = j.queue[1:]
		entries, r, b := s.share()
		rows, bytes = rows+r, bytes+b
		slots = append(slots, s)
		writes = append(writes, Write{Doc: s.doc, Generation: s.generation, Entries: entries})
		if s.queued = len(s.waiting) > 0; s.queued {
			j.queue = append(j.queue, s)
		}
	}
	return slots, writes
}

// share takes the first entries of a room, at least one, and tells how many rows
// and bytes they are. The caller holds the journal's lock.
func (s *slot) share() (entries []Entry, rows, bytes int) {
	n := 0
	for ; n < len(s.waiting); n++ {
		e := &s.waiting[n]
		if n > 0 && (rows+e.rows() > shareRows || bytes+len(e.Update) > shareBytes) {
			break
		}
		rows, bytes = rows+e.rows(), bytes+len(e.Update)
	}
	entries = s.waiting[:n:n]
	if s.waiting = s.waiting[n:]; len(s.waiting) == 0 {
		s.waiting = nil
	}
	return entries, rows, bytes
}

// rows is how many rows an entry is in the log.
func (e *Entry) rows() int { return 1 + len(e.Clients) + len(e.Carried) + len(e.Relays) }

// store appends the batch, again and again until the log has it or ctx ends.
func (j *journal) store(ctx context.Context, slots []*slot, writes []Write) {
	for pause := retryFirst; ; pause = min(2*pause, retryMost) {
		receipts, err := j.append(ctx, writes)
		if err == nil {
			j.settle(slots, writes, receipts)
			return
		}
		j.failed(err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

func (j *journal) append(ctx context.Context, writes []Write) ([]Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, appendTimeout)
	defer cancel()
	var receipts []Receipt
	err := j.safely("appending", "", func() (err error) {
		receipts, err = j.log.Append(ctx, writes)
		return err
	})
	if err == nil && len(receipts) != len(writes) {
		panic(fmt.Sprintf("rooms: the log answered %d writes with %d receipts", len(writes), len(receipts)))
	}
	return receipts, err
}

// settle notes what was stored and wakes the rooms.
func (j *journal) settle(slots []*slot, writes []Write, receipts []Receipt) {
	entries := 0
	j.mu.Lock()
	for i, s := range slots {
		for _, e := range writes[i].Entries {
			j.bytes -= len(e.Update)
		}
		entries += len(writes[i].Entries)
		j.count -= len(writes[i].Entries)
		if err := receipts[i].Err; err != nil {
			s.err = err
			continue
		}
		n, last := uint64(len(writes[i].Entries)), receipts[i].Seq
		s.stored += n
		s.places = append(s.places, span{last - n + 1, last})
	}
	j.mu.Unlock()
	j.metrics.batch(entries)
	for i, w := range writes {
		if j.told != nil && receipts[i].Err == nil {
			j.told(w, receipts[i].Seq)
		}
	}
	for _, s := range slots {
		signal(s.wake)
	}
}

// signal leaves a mark in c, unless one is there already.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
