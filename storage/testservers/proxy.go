package testservers

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Proxy stands between a program and a server of TCP, and does to their connections
// what networks do. Its methods may be called at once.
type Proxy struct {
	Address string // where programs reach the server

	l net.Listener

	mu      sync.Mutex // guards what follows
	to      []string   // servers that take turns
	turn    int
	conns   map[net.Conn]struct{}
	latency time.Duration
	hole    chan struct{} // closed when bytes flow; nil while they do
	cut     int           // bytes from the server after which the next connection ends; 0: never
	frames  func() Fault  // what becomes of the next message of Redis's pub/sub; nil: nothing
}

// Fault is what becomes of a message.
type Fault int

// Faults of messages.
const (
	None Fault = iota
	Lost
	Doubled
	Delayed // behind the next one
)

// NewProxy stands before the servers at addresses, which get connections in turn, for the
// time of the test. There may be more later, see Add.
func NewProxy(t testing.TB, to ...string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: l.Addr().String(), to: to, l: l, conns: map[net.Conn]struct{}{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.Hole(false)
		p.Reset()
		running.Wait()
	})
	return p
}

// Add has another server get connections, too.
func (p *Proxy) Add(to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = append(p.to, to)
}

// Latency holds bytes up for a while, each way.
func (p *Proxy) Latency(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latency = d
}

// Hole has bytes go nowhere, while connections stand; false lets them flow again.
func (p *Proxy) Hole(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case on && p.hole == nil:
		p.hole = make(chan struct{})
	case !on && p.hole != nil:
		close(p.hole)
		p.hole = nil
	}
}

// CutAfter ends the next connection after so many bytes of the server.
func (p *Proxy) CutAfter(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = bytes
}

// Misbehave has every third message of Redis's pub/sub lost, doubled or delayed.
func (p *Proxy) Misbehave(seed uint64) {
	rnd, n := rand.New(rand.NewPCG(seed, seed)), 0
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frames = func() Fault {
		p.mu.Lock()
		defer p.mu.Unlock()
		if n++; n%3 != 0 {
			return None
		}
		return Lost + Fault(rnd.IntN(3))
	}
	if seed == 0 {
		p.frames = nil
	}
}

// Reset ends all connections at once.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
}

// serve carries one connection.
func (p *Proxy) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	p.mu.Lock()
	cut := p.cut
	p.cut = 0
	to := p.to[p.turn%len(p.to)]
	p.turn++
	p.mu.Unlock()
	s, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = s.Close() }()
	p.mu.Lock()
	p.conns[c], p.conns[s] = struct{}{}, struct{}{}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, c)
		delete(p.conns, s)
		p.mu.Unlock()
	}()
	done := make(chan struct{}, 2)
	go func() {
		p.carry(s, c, 0)
		done <- struct{}{}
	}()
	go func() {
		p.carry(c, p.messages(s), cut)
		done <- struct{}{}
	}()
	<-done
	_ = c.Close()
	_ = s.Close()
	<-done
}

// carry moves bytes until one end is closed, or so many have gone.
func (p *Proxy) carry(to io.Writer, from io.Reader, cut int) {
	buf := make([]byte, 32<<10)
	for sent := 0; ; {
		n, err := from.Read(buf)
		if cut > 0 && sent+n >= cut {
			_, _ = to.Write(buf[:max(0, cut-sent)])
			return
		}
		p.wait()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
			sent += n
		}
		if err != nil {
			return
		}
	}
}

// wait holds bytes up as long as it is to be.
func (p *Proxy) wait() {
	p.mu.Lock()
	latency, hole := p.latency, p.hole
	p.mu.Unlock()
	if latency > 0 {
		time.Sleep(latency)
	}
	if hole != nil {
		<-hole
	}
}

// messages is what the server says, with faults in its pub/sub messages. Without any,
// bytes are not looked at.
func (p *Proxy) messages(s net.Conn) io.Reader {
	p.mu.Lock()
	frames := p.frames
	p.mu.Unlock()
	if frames == nil {
		return s
	}
	r, w := io.Pipe()
	go func() {
		in := bufio.NewReader(s)
		var held []byte
		for {
			frame, err := readFrame(in)
			if err != nil {
				w.CloseWithError(err)
				return
			}
			out := frame
			if bytes.Contains(frame[:min(len(frame), 24)], []byte("message\r\n")) {
				switch frames() {
				case Lost:
					out = nil
				case Doubled:
					out = append(bytes.Clone(frame), frame...)
				case Delayed:
					held, out = frame, held
				case None:
					out = append(bytes.Clone(frame), held...)
					held = nil
				}
			}
			if _, err := w.Write(out); err != nil {
				return
			}
		}
	}()
	return r
}

// readFrame reads one reply of Redis's protocol (RESP2).
func readFrame(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadBytes('\n')
	if err != nil || len(line) < 3 {
		return line, err
	}
	n, _ := strconv.Atoi(string(bytes.TrimSpace(line[1:])))
	switch line[0] {
	case '$':
		if n < 0 {
			return line, nil
		}
		body := make([]byte, n+2)
		_, err := io.ReadFull(in, body)
		return append(line, body...), err
	case '*':
		for range n {
			part, err := readFrame(in)
			if err != nil {
				return nil, err
			}
			line = append(line, part...)
		}
	case '+', '-', ':':
	default:
		return nil, fmt.Errorf("not a reply of Redis: %q", line)
	}
	return line, nil
}
