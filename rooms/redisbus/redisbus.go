// Package redisbus carries messages between nodes through Redis: a rooms.Bus. Where
// the server has sharded pub/sub (Redis 7 and later) it is used, so that in a cluster
// of servers a message goes only to the one that its topic belongs to.
//
// Pub/sub keeps nothing: what is published while a line is broken is gone. The bus says
// when that may have been, and rooms then read the log.
package redisbus

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/soratoo/soratoo/rooms"
)

const (
	dialTimeout    = 2 * time.Second
	commandTimeout = 2 * time.Second
	shards         = 16 // parts into which topics are divided in a cluster of servers
	channelPrefix  = "soratoo:"
	shardedSince   = 7 // the version of Redis that has sharded pub/sub
)

// Bus is a rooms.Bus on a Redis server, or a cluster of them.
type Bus struct {
	client    redis.UniversalClient
	kind      atomic.Int32 // of pub/sub, once the server has answered
	cluster   bool
	lines     []*line
	publisher publisher
}

var silence sync.Once

// quiet is the library's log: it writes a line for each attempt to connect, and what
// fails is told by Receiver.Working and the metrics.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// What a server has.
const (
	kindUnknown int32 = iota
	kindPlain
	kindSharded
)

// Open makes a bus on the server of a URL: redis://user:password@host:port, rediss:// for
// TLS, and a cluster with one or more ?addr=host:port. The server may come later, and go,
// see Ping.
func Open(address string) (*Bus, error) {
	silence.Do(func() { redis.SetLogger(quiet{}) })
	client, cluster, err := connect(address)
	if err != nil {
		return nil, err
	}
	b := &Bus{client: client, cluster: cluster}
	count := 1
	if cluster {
		count = shards
	}
	for i := range count {
		b.lines = append(b.lines, newLine(b, i, cluster))
	}
	b.publisher = publisher{bus: b, queue: make(chan message, queueMost)}
	return b, nil
}

// connect makes a client, which connects when it is used.
func connect(address string) (client redis.UniversalClient, cluster bool, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, false, errors.New("the Redis URL is not one: redis://host:port is")
	}
	off := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if u.Query().Has("addr") {
		o, err := redis.ParseClusterURL(address)
		if err != nil {
			return nil, false, fmt.Errorf("reading the Redis URL: %w", redacted(err, u))
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = dialTimeout, commandTimeout, commandTimeout
		o.DisableIdentity, o.MaxRetries, o.Protocol, o.MaintNotificationsConfig = true, 1, 2, off
		return redis.NewClusterClient(o), true, nil
	}
	o, err := redis.ParseURL(address)
	if err != nil {
		return nil, false, fmt.Errorf("reading the Redis URL: %w", redacted(err, u))
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = dialTimeout, commandTimeout, commandTimeout
	o.DisableIdentity, o.MaxRetries, o.Protocol, o.MaintNotificationsConfig = true, -1, 2, off
	return redis.NewClient(o), false, nil
}

// redacted is an error without the password of the URL.
func redacted(err error, u *url.URL) error {
	if password, ok := u.User.Password(); ok && password != "" {
		return errors.New(strings.ReplaceAll(err.Error(), password, "…"))
	}
	return err
}

// Ping tells whether the server is there, takes the password and can do what is needed.
func (b *Bus) Ping(ctx context.Context) error {
	if err := b.greet(ctx); err != nil {
		return fmt.Errorf("reaching Redis: %w", err)
	}
	return nil
}

// greet finds out whether the server is there, and what it can do.
func (b *Bus) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout+commandTimeout)
	defer cancel()
	info, err := b.client.Info(ctx, "server").Result()
	if err != nil {
		return err
	}
	kind := kindPlain
	for field := range strings.FieldsSeq(info) {
		if version, ok := strings.CutPrefix(field, "redis_version:"); ok {
			major, _, _ := strings.Cut(version, ".")
			if n, err := strconv.Atoi(major); err == nil && n >= shardedSince {
				kind = kindSharded
			}
		}
	}
	if b.cluster && kind != kindSharded {
		return fmt.Errorf("a cluster needs Redis %d or later", shardedSince)
	}
	b.kind.Store(kind)
	return nil
}

func (b *Bus) sharded() bool { return b.kind.Load() == kindSharded }

// Close lets go of the connections. It is called after Run.
func (b *Bus) Close() error { return b.client.Close() }

// lineOf is the line of a topic.
func (b *Bus) lineOf(topic string) *line {
	h := fnv.New32a()
	_, _ = h.Write([]byte(topic)) // never fails
	return b.lines[h.Sum32()%uint32(len(b.lines))]
}

// Publish sends a message; see rooms.Bus. When too much waits, it is lost.
func (b *Bus) Publish(topic string, payload []byte) {
	b.publisher.put(message{b.lineOf(topic).channel(topic), payload})
}

// Follow has the messages of a topic delivered; see rooms.Bus.
func (b *Bus) Follow(topic string) { b.lineOf(topic).want(topic, true) }

// Unfollow ends that.
func (b *Bus) Unfollow(topic string) { b.lineOf(topic).want(topic, false) }

// Run delivers until ctx ends; see rooms.Bus. It is called once.
func (b *Bus) Run(ctx context.Context, to rooms.Receiver) error {
	state := &state{to: to, up: make([]bool, len(b.lines))}
	var parts sync.WaitGroup
	defer parts.Wait()
	parts.Go(func() { b.publisher.run(ctx) })
	for _, l := range b.lines {
		parts.Go(func() { l.run(ctx, state) })
	}
	<-ctx.Done()
	return nil
}

// state tells the receiver whether all lines stand. Lines call it at once; the receiver
// is called one at a time.
type state struct {
	mu sync.Mutex // guards up, and calls of to
	to rooms.Receiver
	up []bool
	is bool // all are up
}

// set notes whether a line stands.
func (s *state) set(line int, up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up[line] = up
	if all := !slices.Contains(s.up, false); all != s.is {
		s.is = all
		s.to.Working(all)
	}
}

func (s *state) message(topic string, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to.Message(topic, payload)
}

func (s *state) following(topic string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to.Following(topic)
}
