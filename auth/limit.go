package auth

import (
	"container/list"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// limiter allows so many tries in a while, by key. When there are too many keys to
// remember it forgets the one that has not tried for longest, so that who fills it
// wins back nothing for those who try now.
//
// Nodes that share their state ask it, too: what one has counted counts at all.
type limiter struct {
	name   string
	tries  int
	every  time.Duration
	now    func() time.Time
	nodes  Tries // nil when the node is alone
	secret []byte

	mu    sync.Mutex               // guards what follows
	used  map[string]*list.Element // of tries
	order *list.List               // the one that tried last in front
}

type tries struct {
	key   string
	count float64
	at    time.Time
}

const (
	limiterKeys  = 10_000          // remembered at most
	nodesTimeout = 2 * time.Second // that asking for what other nodes counted may take
)

// Tries counts tries for all nodes.
type Tries interface {
	// Try counts one for a key, unless there were so many, of which one comes back
	// every so often, and tells whether it did.
	Try(ctx context.Context, key string, most int, every time.Duration) (bool, error)
}

// limits makes limiters.
type limits struct {
	now    func() time.Time
	nodes  Tries
	secret []byte // that keys are hashed with, as they are emails and addresses
}

func (c limits) of(name string, n int, every time.Duration) *limiter {
	return &limiter{name: name, tries: n, every: every, now: c.now, nodes: c.nodes, secret: c.secret, used: map[string]*list.Element{}, order: list.New()}
}

// allow counts a try and tells whether it is within the limit. When other nodes cannot
// be asked, this one's count is what there is.
func (l *limiter) allow(key string) bool {
	if !l.allowHere(key) {
		return false
	}
	if l.nodes == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), nodesTimeout)
	defer cancel()
	ok, err := l.nodes.Try(ctx, l.hashed(key), l.tries, l.every/time.Duration(l.tries))
	return ok || err != nil
}

// hashed is a key that tells nobody what it is of.
func (l *limiter) hashed(key string) string {
	mac := hmac.New(sha256.New, l.secret)
	mac.Write([]byte(l.name + "\x00" + key))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// allowHere is allow by what this node has counted.
func (l *limiter) allowHere(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, now := l.of(key), l.now()
	t.count, t.at = max(0, t.count-l.refill(now.Sub(t.at))), now
	if t.count+1 > float64(l.tries) {
		return false
	}
	t.count++
	return true
}

// of returns what is remembered of a key, and makes it the last to be forgotten. The
// caller holds the lock.
func (l *limiter) of(key string) *tries {
	if e := l.used[key]; e != nil {
		l.order.MoveToFront(e)
		t, _ := e.Value.(*tries)
		return t
	}
	if len(l.used) >= limiterKeys {
		oldest, _ := l.order.Remove(l.order.Back()).(*tries)
		delete(l.used, oldest.key)
	}
	t := &tries{key: key, at: l.now()}
	l.used[key] = l.order.PushFront(t)
	return t
}

func (l *limiter) refill(d time.Duration) float64 {
	return float64(l.tries) * d.Seconds() / l.every.Seconds()
}

// netLimiter allows so many tries from one address, and widely times as many from a
// provider's whole network, of which one customer may have all addresses.
type netLimiter struct{ near, wide *limiter }

const (
	widely   = 8  // households in one network that may try at once
	wideBits = 48 // of an IPv6 address are what a provider gives one customer at most
)

func (c limits) net(name string, n int, every time.Duration) netLimiter {
	return netLimiter{c.of(name, n, every), c.of(name+" widely", n*widely, every)}
}

// allow counts a try from an address for something, which may be "".
func (l netLimiter) allow(address, what string) bool {
	if !l.near.allow(address + " " + what) {
		return false
	}
	network := wideOf(address)
	return network == "" || l.wide.allow(network+" "+what)
}

// wideOf is the wide network of an IPv6 address or network, "" for others.
func wideOf(address string) string {
	text, _, _ := strings.Cut(address, "/")
	a, err := netip.ParseAddr(text)
	if err != nil || a.Unmap().Is4() {
		return ""
	}
	network, err := a.WithZone("").Prefix(wideBits)
	if err != nil {
		return ""
	}
	return network.String()
}
