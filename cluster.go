package main

import (
	"context"
	"encoding/json"
	"syscall"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/rooms"
)

const (
	beatEvery   = 5 * time.Second // a node says how it is
	beatTimeout = 5 * time.Second
)

// toldSessions is the kind of a notice of sessions that have ended.
const toldSessions = "sessions"

// hubConfig is what the rooms of the node work with.
func (n *node) hubConfig() rooms.Config {
	c := rooms.Config{
		Log: n.store, Logger: n.log, Metrics: n.metrics.Rooms(), Guard: guard, Rest: n.rested,
		Told: n.told, Reasons: []error{auth.ErrNotFound, auth.ErrForbidden, auth.ErrShareEnded, auth.ErrUnauthenticated},
	}
	if n.cluster {
		c.Shared = n.store
	}
	if n.bus != nil {
		c.Bus = n.bus
	}
	return c
}

// authConfig is what the node's accounts work with.
func (n *node) authConfig(c config) auth.Config {
	out := auth.Config{Store: n.store, Key: n.key, Issuer: c.publicURL}
	if n.cluster {
		out.Tries, out.Ended = n.store, n.tellSessions
	}
	return out
}

// tellSessions tells other nodes of sessions that have ended.
func (n *node) tellSessions(sessions []string) {
	payload, err := json.Marshal(sessions)
	if err != nil {
		panic("encoding sessions: " + err.Error())
	}
	n.hub.Tell(toldSessions, payload)
}

// told does what other nodes tell.
func (n *node) told(kind string, payload []byte) {
	var sessions []string
	if kind == toldSessions && json.Unmarshal(payload, &sessions) == nil {
		n.auth.EndedElsewhere(sessions...)
	}
}

// beat says from time to time how the node is, until ctx ends.
func (n *node) beat(ctx context.Context) error {
	self := rooms.Node{ID: n.hub.Node(), Address: n.address, Version: release, Started: time.Now()}
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for before, at := processorTime(), time.Now(); ; {
		self.Rooms, self.Members = n.hub.Size()
		n.beatOnce(ctx, self)
		select {
		case <-tick.C:
		case <-ctx.Done():
			leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), beatTimeout)
			defer cancel()
			if err := n.store.Leave(leaving, self.ID); err != nil {
				n.log.Warn("node did not take its leave", "err", err)
			}
			return nil
		}
		used, now := processorTime(), time.Now()
		self.Load = (used - before).Seconds() / now.Sub(at).Seconds()
		before, at = used, now
	}
}

func (n *node) beatOnce(ctx context.Context, self rooms.Node) {
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	if err := n.store.Beat(ctx, self); err != nil && ctx.Err() == nil {
		n.log.Warn("node could not say how it is", "err", err)
	}
}

// processorTime is what the process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
