package auth

import (
	"sync"
	"time"
)

// limiter allows so many tries in a while, by key. It forgets keys that are
// full again, and all of them when there are too many to remember.
type limiter struct {
	tries int
	every time.Duration
	now   func() time.Time

	mu   sync.Mutex // guards used
	used map[string]tries
}

type tries struct {
	count float64
	at    time.Time
}

const limiterKeys = 10_000 // remembered at most

func newLimiter(n int, every time.Duration, now func() time.Time) *limiter {
	return &limiter{tries: n, every: every, now: now, used: map[string]tries{}}
}

// allow counts a try and tells whether it is within the limit.
func (l *limiter) allow(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if len(l.used) >= limiterKeys {
		l.forget(now)
	}
	t := l.used[key]
	t.count = max(0, t.count-l.refill(now.Sub(t.at)))
	if t.count+1 > float64(l.tries) {
		return false
	}
	l.used[key] = tries{t.count + 1, now}
	return true
}

func (l *limiter) refill(d time.Duration) float64 {
	return float64(l.tries) * d.Seconds() / l.every.Seconds()
}

func (l *limiter) forget(now time.Time) {
	for key, t := range l.used {
		if t.count <= l.refill(now.Sub(t.at)) {
			delete(l.used, key)
		}
	}
	if len(l.used) >= limiterKeys {
		clear(l.used)
	}
}
