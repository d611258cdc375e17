package redisbus

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	queueMost   = 8192                   // messages that wait to be sent; more are lost
	pipelineMax = 256                    // that are sent at once
	restAfter   = 100 * time.Millisecond // after the server did not take them
)

// publisher sends what is published, in order, many at a time.
type publisher struct {
	bus   *Bus
	queue chan message
}

var errUnknown = errors.New("the server has not answered yet")

type message struct {
	channel string
	payload []byte
}

func (p *publisher) put(m message) {
	select {
	case p.queue <- m:
	default: // the log brings it
	}
}

// run sends until ctx ends. What the server does not take is lost.
func (p *publisher) run(ctx context.Context) {
	for {
		select {
		case m := <-p.queue:
			if p.send(ctx, m) != nil {
				select {
				case <-time.After(restAfter):
				case <-ctx.Done():
				}
			}
		case <-ctx.Done():
			p.last()
			return
		}
	}
}

// last sends what is left when the node goes down.
func (p *publisher) last() {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	for ctx.Err() == nil {
		select {
		case m := <-p.queue:
			if p.send(ctx, m) != nil {
				return
			}
		default:
			return
		}
	}
}

// send sends a message and what waits behind it.
func (p *publisher) send(ctx context.Context, m message) error {
	if p.bus.kind.Load() == kindUnknown {
		return errUnknown // nobody can follow yet, either
	}
	_, err := p.bus.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for n := 1; ; n++ {
			if p.bus.sharded() {
				pipe.SPublish(ctx, m.channel, m.payload)
			} else {
				pipe.Publish(ctx, m.channel, m.payload)
			}
			if n == pipelineMax {
				return nil
			}
			select {
			case m = <-p.queue:
			default:
				return nil
			}
		}
	})
	return err
}
