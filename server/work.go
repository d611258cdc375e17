package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	workBytes  = 64 << 20         // of documents that a node looks through at once
	workLeast  = 1 << 20          // as which a small one counts
	workMost   = 16 << 20         // as which one counts whose size is not known before
	personWork = 3                // documents that one person may have looked through at once
	workTime   = 10 * time.Second // to wait for a turn
)

// errWork: too many documents are looked through at once.
var errWork = errors.New("too many documents at once")

// works admits what reads whole documents: it takes many times their bytes.
type works struct {
	bytes *semaphore.Weighted

	mu     sync.Mutex // guards what follows
	people map[string]int
}

func newWorks() *works {
	return &works{bytes: semaphore.NewWeighted(workBytes), people: map[string]int{}}
}

// begin waits for the turn of a person's work on so many bytes, which ends when
// done is called; or it returns errWork.
func (w *works) begin(ctx context.Context, person string, bytes int) (done func(), err error) {
	n := int64(min(max(bytes, workLeast), workBytes))
	w.mu.Lock()
	if w.people[person] >= personWork {
		w.mu.Unlock()
		return nil, errWork
	}
	w.people[person]++
	w.mu.Unlock()
	leave := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.people[person]--; w.people[person] == 0 {
			delete(w.people, person)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	if err := w.bytes.Acquire(ctx, n); err != nil {
		leave()
		return nil, errWork
	}
	return func() {
		w.bytes.Release(n)
		leave()
	}, nil
}

// whole is an operation that reads a whole document, as large as such may be.
func whole[In, Out any](s *Server, do func(context.Context, *In) (*Out, error)) func(context.Context, *In) (*Out, error) {
	return func(ctx context.Context, in *In) (*Out, error) {
		done, err := s.works.begin(ctx, who(ctx).Person, workMost)
		if err != nil {
			return nil, err
		}
		defer done()
		return do(ctx, in)
	}
}

// wholeOf is an operation that reads a whole document of a project, which counts
// as what it has. Who may not read it is told so by the operation.
func wholeOf[In projectOf, Out any](s *Server, do func(context.Context, In) (*Out, error)) func(context.Context, In) (*Out, error) {
	return func(ctx context.Context, in In) (*Out, error) {
		doc := in.project() + "/timeline"
		if _, err := s.access(ctx, who(ctx), doc); err != nil {
			return do(ctx, in)
		}
		state, err := s.Hub.State(ctx, doc)
		if err != nil {
			return nil, err
		}
		done, err := s.works.begin(ctx, who(ctx).Person, len(state))
		if err != nil {
			return nil, err
		}
		defer done()
		return do(ctx, in)
	}
}

// projectOf is an input that names a project.
type projectOf interface{ project() string }

func (in *InProject) project() string { return in.Project }
