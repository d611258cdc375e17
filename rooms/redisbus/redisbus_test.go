package redisbus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/rooms/redisbus"
	"github.com/soratoo/soratoo/storage/testservers"
)

const patience = 20 * time.Second

// hearer writes down what a bus delivers.
type hearer struct {
	messages, following chan string
	working             chan bool
}

func (h *hearer) Message(topic string, message []byte) { h.messages <- topic + " " + string(message) }
func (h *hearer) Following(topic string)               { h.following <- topic }
func (h *hearer) Working(ok bool)                      { h.working <- ok }

func next[T any](t *testing.T, from chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// listen opens a bus and runs it.
func listen(t *testing.T, url string) (*redisbus.Bus, *hearer) {
	t.Helper()
	b, err := redisbus.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	h := &hearer{make(chan string, 1<<16), make(chan string, 1<<16), make(chan bool, 1<<10)}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx, h) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
		if err := b.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	var _ rooms.Bus = b
	if !next(t, h.working) {
		t.Fatal("it does not work")
	}
	return b, h
}

// servers are the kinds of Redis that there are.
func servers(t *testing.T, test func(t *testing.T, s *testservers.Server, url string)) {
	t.Run("one server", func(t *testing.T) {
		s := testservers.Redis(t)
		test(t, s, s.URL)
	})
	t.Run("a cluster", func(t *testing.T) {
		s := testservers.Redis(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")
		c := redis.NewClient(&redis.Options{Addr: s.Address})
		defer c.Close()
		if err := c.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); ; {
			info, err := c.ClusterInfo(t.Context()).Result()
			if err == nil && strings.Contains(info, "cluster_state:ok") {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("the cluster is not ready: %s %v", info, err)
			}
		}
		test(t, s, s.URL+"?addr="+s.Address)
	})
}

func TestMessagesReachWhoFollows(t *testing.T) {
	servers(t, func(t *testing.T, _ *testservers.Server, url string) {
		a, heardA := listen(t, url)
		b, heardB := listen(t, url)
		for i := range 100 {
			a.Follow(fmt.Sprint("doc ", i))
		}
		b.Follow("doc 7")
		for range 100 {
			next(t, heardA.following)
		}
		next(t, heardB.following)
		payload := strings.Repeat("\x00\xff", 30_000)
		for i := range 100 {
			b.Publish(fmt.Sprint("doc ", i), []byte(payload))
		}
		heard := map[string]bool{}
		for range 100 {
			topic, got, _ := strings.Cut(strings.TrimPrefix(next(t, heardA.messages), "doc "), " ")
			if heard[topic] = true; got != payload {
				t.Fatalf("%d bytes came, want %d", len(got), len(payload))
			}
		}
		if len(heard) != 100 {
			t.Errorf("messages of %d topics came, want 100", len(heard))
		}
		if got := next(t, heardB.messages); !strings.HasPrefix(got, "doc 7 ") {
			t.Errorf("b heard %.20q", got)
		}
		a.Unfollow("doc 7")
		a.Follow("after")
		next(t, heardA.following)
		b.Publish("doc 7", []byte("x"))
		b.Publish("after", []byte("y"))
		if got := next(t, heardA.messages); got != "after y" {
			t.Errorf("after Unfollow a heard %q", got)
		}
	})
}

func TestEachConnectionSaysThatTopicsAreFollowed(t *testing.T) {
	s := testservers.Redis(t)
	b, heard := listen(t, s.URL)
	b.Follow("a")
	next(t, heard.following)
	s.Kill()
	if next(t, heard.working) {
		t.Error("it works without a server")
	}
	b.Follow("b") // returns at once
	for range 20_000 {
		b.Publish("a", []byte("lost")) // so does this
	}
	s.Start(t)
	if !next(t, heard.working) {
		t.Error("it does not work after the server came back")
	}
	if got := next(t, heard.following) + next(t, heard.following); got != "ab" && got != "ba" {
		t.Errorf("followed are %q, want a and b", got)
	}
	for range 9000 {
		b.Publish("a", []byte("x")) // what waited goes first, or is lost
	}
	for got := ""; got != "a x"; got = next(t, heard.messages) {
		b.Publish("a", []byte("x"))
	}
}

// A server that is not there when a node starts is found when it comes.
func TestTheServerMayComeLater(t *testing.T) {
	s := testservers.Redis(t)
	s.Kill()
	b, err := redisbus.Open(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if b.Ping(t.Context()) == nil {
		t.Error("a server answers that is not there")
	}
	h := &hearer{make(chan string, 1<<16), make(chan string, 1<<16), make(chan bool, 1<<10)}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx, h) }()
	b.Follow("a")
	b.Publish("a", []byte("lost"))
	s.Start(t)
	if !next(t, h.working) || next(t, h.following) != "a" {
		t.Error("the server is not found")
	}
	b.Publish("a", []byte("x"))
	if got := next(t, h.messages); got != "a x" {
		t.Errorf("heard %q", got)
	}
	stop()
	if err := errors.Join(<-done, b.Close()); err != nil {
		t.Error(err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	s := testservers.Redis(t, "--requirepass", "right")
	for url, want := range map[string]string{
		"redis://127.0.0.1:1":                    "reaching Redis",
		"http://" + s.Address:                    "reading the Redis URL",
		"redis://:secretword@" + s.Address:       "WRONGPASS",
		"redis://:secretword@127.0.0.1:x":        "Redis URL",
		"redis://:right@" + s.Address + "/notdb": "Redis URL",
	} {
		b, err := redisbus.Open(url)
		if err == nil {
			err = errors.Join(b.Ping(t.Context()), b.Close())
		}
		if err == nil {
			t.Errorf("%s is taken", url)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secretword") {
			t.Errorf("Open(%s) = %v, want a word of %s and no password", url, err, want)
		}
	}
}
