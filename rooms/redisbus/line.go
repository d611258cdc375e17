package redisbus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	pingAfter  = 3 * time.Second // of silence
	againFirst = 50 * time.Millisecond
	againMost  = time.Second // pauses between attempts double up to here
)

// line is one connection that follows topics. It is made anew whenever something goes
// wrong on it, and then says of each topic that it is followed from now on: the library
// would connect again by itself, but to whichever server it knew before.
type line struct {
	bus    *Bus
	number int
	prefix string
	anchor string // a channel that is always followed: it chooses the server

	changed chan struct{} // topics are wanted, or no more

	mu     sync.Mutex // guards topics
	topics map[string]bool
}

func newLine(b *Bus, number int, cluster bool) *line {
	l := &line{bus: b, number: number, prefix: channelPrefix, changed: make(chan struct{}, 1), topics: map[string]bool{}}
	if cluster {
		l.prefix = fmt.Sprintf("%s{%d}:", channelPrefix, number) // all of a line belong to one server
	}
	l.anchor = l.prefix
	return l
}

// channel is the channel of a topic.
func (l *line) channel(topic string) string { return l.prefix + topic }

func (l *line) want(topic string, wanted bool) {
	l.mu.Lock()
	if wanted {
		l.topics[topic] = true
	} else {
		delete(l.topics, topic)
	}
	l.mu.Unlock()
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

func (l *line) wanted() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.topics)
}

// run follows topics until ctx ends, on one connection after the other.
func (l *line) run(ctx context.Context, s *state) {
	for pause := againFirst; ctx.Err() == nil; {
		began := time.Now()
		l.serve(ctx, s)
		s.set(l.number, false)
		if time.Since(began) > againMost {
			pause = againFirst
		}
		jitter := time.Duration(rand.Int64N(int64(pause)))
		select {
		case <-time.After(pause/2 + jitter):
			pause = min(2*pause, againMost)
		case <-ctx.Done():
		}
	}
}

// serve is the life of one connection.
func (l *line) serve(ctx context.Context, s *state) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	if l.bus.kind.Load() == kindUnknown && l.bus.greet(ctx) != nil {
		return
	}
	ps := l.bus.client.Subscribe(ctx) // to nothing yet
	if l.follow(ctx, ps, []string{l.anchor}) != nil {
		_ = ps.Close()
		return
	}
	var asking sync.WaitGroup
	asking.Go(func() {
		defer end()
		l.ask(ctx, ps)
	})
	stop := context.AfterFunc(ctx, func() { _ = ps.Close() }) // ends what receives
	l.receive(ctx, ps, s)
	end()
	asking.Wait()
	if stop() {
		_ = ps.Close()
	}
}

func (l *line) follow(ctx context.Context, ps *redis.PubSub, channels []string) error {
	if l.bus.sharded() {
		return ps.SSubscribe(ctx, channels...)
	}
	return ps.Subscribe(ctx, channels...)
}

func (l *line) unfollow(ctx context.Context, ps *redis.PubSub, channels []string) error {
	if l.bus.sharded() {
		return ps.SUnsubscribe(ctx, channels...)
	}
	return ps.Unsubscribe(ctx, channels...)
}

// ask keeps the connection to the topics that are wanted, until ctx ends or it fails.
func (l *line) ask(ctx context.Context, ps *redis.PubSub) {
	asked := map[string]bool{}
	for {
		wanted := l.wanted()
		var more, less []string
		for topic := range wanted {
			if !asked[topic] {
				more = append(more, l.channel(topic))
			}
		}
		for topic := range asked {
			if !wanted[topic] {
				less = append(less, l.channel(topic))
			}
		}
		asked = wanted
		slices.Sort(more)
		if len(less) > 0 && l.unfollow(ctx, ps, less) != nil || len(more) > 0 && l.follow(ctx, ps, more) != nil {
			return
		}
		select {
		case <-l.changed:
		case <-ctx.Done():
			return
		}
	}
}

// receive delivers what comes until the connection fails. The library's channels are
// not used: they drop messages without a word when the reader is slow.
func (l *line) receive(ctx context.Context, ps *redis.PubSub, s *state) {
	silent := false
	for {
		got, err := ps.ReceiveTimeout(ctx, pingAfter)
		switch {
		case err != nil && timedOut(err) && !silent && ctx.Err() == nil:
			if silent = true; ps.Ping(ctx) != nil {
				return
			}
			continue
		case err != nil:
			return
		}
		silent = false
		switch m := got.(type) {
		case *redis.Subscription:
			if topic := strings.TrimPrefix(m.Channel, l.prefix); strings.HasSuffix(m.Kind, "subscribe") && !strings.Contains(m.Kind, "un") {
				s.set(l.number, true)
				if topic != "" {
					s.following(topic)
				}
			}
		case *redis.Message:
			s.message(strings.TrimPrefix(m.Channel, l.prefix), []byte(m.Payload))
		}
	}
}

func timedOut(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
