// Package awareness keeps who is here and what they point at: one small JSON
// object for each client of a room, with a clock, as y-protocols 1.0.7 does.
// Nothing of it is ever stored.
//
// A client raises its clock with each change of its state. A later clock wins;
// at an equal clock only "gone" wins over a state. A client that has not been
// heard of for [Timeout] is gone.
package awareness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/soratoo/soratoo/crdt/lib0"
)

// The reasons for which an update is refused.
var (
	// ErrMalformed: the bytes are not an awareness update.
	ErrMalformed = errors.New("awareness: malformed update")
	// ErrLimit: the update holds more than this package allows.
	ErrLimit = errors.New("awareness: limit exceeded")
)

const (
	// MaxState is the longest state, in bytes of JSON.
	MaxState = 16 << 10
	// MaxStates is how many states one update and one Set may hold.
	MaxStates = 4096

	maxClient = 1<<53 - 1 // what JavaScript can read
	maxClock  = 1<<53 - 2 // so that the clock after it can be read, too
)

// State is what one client says about itself.
type State struct {
	Client uint64
	Clock  uint64
	JSON   []byte // an object, or nil when the client is gone
}

// Decode reads an awareness update. The states alias it. It allocates no more
// than the update's own size in states.
func Decode(update []byte) ([]State, error) {
	r := lib0.NewReader(update)
	n := r.Count(3)
	if n > MaxStates {
		return nil, fmt.Errorf("%w: %d states, at most %d", ErrLimit, n, MaxStates)
	}
	states := make([]State, 0, n)
	for range n {
		s, err := next(r)
		if err != nil {
			return nil, err
		}
		states = append(states, s)
	}
	if r.Len() > 0 {
		r.Fail("bytes after the states")
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return states, nil
}

func next(r *lib0.Reader) (State, error) {
	s := State{Client: r.Uint(), Clock: r.Uint(), JSON: r.RawString()}
	if len(s.JSON) > MaxState {
		return State{}, fmt.Errorf("%w: state of %d bytes, at most %d", ErrLimit, len(s.JSON), MaxState)
	}
	switch {
	case r.Err() != nil:
	case s.Client > maxClient:
		r.Fail("client id beyond 53 bits")
	case s.Clock > maxClock:
		r.Fail("clock beyond 53 bits")
	case isNull(s.JSON):
		s.JSON = nil
	case !isObject(s.JSON):
		r.Fail("state is not a JSON object")
	}
	if err := r.Err(); err != nil {
		return State{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return s, nil
}

func isNull(text []byte) bool { return string(bytes.Trim(text, " \t\r\n")) == "null" }

func isObject(text []byte) bool {
	start := bytes.TrimLeft(text, " \t\r\n")
	return len(start) > 0 && start[0] == '{' && json.Valid(text)
}

// Append appends an awareness update that holds the states.
func Append(dst []byte, states ...State) []byte {
	dst = lib0.AppendUint(dst, uint64(len(states)))
	for _, s := range states {
		dst = lib0.AppendUint(dst, s.Client)
		dst = lib0.AppendUint(dst, s.Clock)
		if s.JSON == nil {
			dst = lib0.AppendString(dst, "null")
		} else {
			dst = lib0.AppendBytes(dst, s.JSON)
		}
	}
	return dst
}
