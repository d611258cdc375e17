package timeline_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/crdttest"
	"github.com/soratoo/soratoo/rooms/timeline"
)

var (
	mergeSeed = flag.Uint64("mergeseed", 1, "the first seed of the merges")
	mergeTime = flag.Duration("mergetime", 15*time.Second, "how long to go on with further seeds")
)

// scripts are what runs the web client's commands, and what it needs.
const (
	peerScript  = "../../web/scripts/peer.mjs"
	nodeModules = "../../web/node_modules/vite"
)

// People who edit at once, some with the commands of the web client on real Yjs,
// some through Go, end with the same timeline, and it says what they meant. A
// seed that fails is played again with
//
//	go test ./rooms/timeline -run Merge -mergeseed N -mergetime 0
func TestMergedTimelinesAreWhatEverybodyMeant(t *testing.T) {
	if _, err := os.Stat(nodeModules); err != nil {
		t.Fatalf("the web client's packages are not there: run `make test`, or `npm ci` in web (%v)", err)
	}
	end := time.Now().Add(*mergeTime)
	const shards = 2 // Node and Go take turns, so two runs fill two cores
	for shard := range uint64(shards) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			peer := crdttest.StartScript(t, peerScript)
			played, failed := 0, 0
			for seed := *mergeSeed + shard; failed < 3; seed += shards {
				if err := merge(peer, seed); err != nil {
					t.Errorf("-mergeseed %d: %v", seed, err)
					failed++
				}
				played++
				if !time.Now().Before(end) {
					break
				}
			}
			t.Logf("%d histories", played)
		})
	}
}

// network is people who edit copies of one document. The last replica is in Go
// and only watches.
type network struct {
	random   *rand.Rand
	replicas []replica
	watcher  *house
	gate     *crdt.Doc // what a server holds, which takes only what has the shape
	updates  [][]byte
	seen     []map[int]bool // by replica: which updates it was given
	made     map[string]bool
	gone     map[string]bool
	back     map[string]bool // made again after it was gone
	log      []string
}

// merge plays the history of one seed.
func merge(peer *crdttest.Peer, seed uint64) error {
	n := &network{
		random: rand.New(rand.NewPCG(seed, 0x717e)),
		made:   map[string]bool{}, gone: map[string]bool{}, back: map[string]bool{},
	}
	if err := n.begin(peer, seed); err != nil {
		return err
	}
	defer n.end()
	err := n.roam(10 + n.random.IntN(60))
	for range 4 {
		if err == nil {
			err = n.episode()
		}
	}
	if err != nil {
		return fmt.Errorf("%w\nwhat was done last:\n%s", err, strings.Join(n.log[max(0, len(n.log)-40):], "\n"))
	}
	return nil
}

// begin makes two to five people, at least one of them a page, and the watcher.
func (n *network) begin(peer *crdttest.Peer, seed uint64) error {
	start, err := startOf(n.random)
	if err != nil {
		return err
	}
	for i := range 2 + n.random.IntN(4) {
		client := uint64(1000 + n.random.IntN(1<<20)*8 + i)
		if i > 0 && n.random.IntN(5) < 2 {
			n.replicas = append(n.replicas, newHouse(client, seed+client, start))
			continue
		}
		p := page{peer, fmt.Sprintf("%d/%d", seed, i)}
		if err := p.call(nil, "new", p.name, client, n.random.Uint32(), start); err != nil {
			return err
		}
		n.replicas = append(n.replicas, p)
	}
	n.watcher = newHouse(7, seed, start)
	n.gate = newHouse(8, seed, start).doc
	n.replicas = append(n.replicas, n.watcher)
	for range n.replicas {
		n.seen = append(n.seen, map[int]bool{})
	}
	for _, id := range n.watcher.doc.Map(timeline.RootClips).Keys() {
		n.made[id] = true
	}
	return nil
}

// startOf is the document of one of the cases of the projection.
func startOf(random *rand.Rand) ([]byte, error) {
	name := "seeded"
	if i := random.IntN(25); i > 0 {
		name = fmt.Sprintf("random-%02d", i)
	}
	text, err := os.ReadFile(filepath.Join(cases, name+".json"))
	if err != nil {
		return nil, err
	}
	var c struct{ Updates [][]byte }
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, err
	}
	doc := crdt.New(crdt.Options{ClientID: 1})
	for _, u := range c.Updates {
		if err := doc.Apply(u); err != nil {
			return nil, err
		}
	}
	return doc.Encode(), nil
}

func (n *network) end() {
	for _, r := range n.replicas {
		if p, ok := r.(page); ok {
			p.peer.Queue(nil, "free", p.name)
		}
	}
}

// people are those who edit.
func (n *network) people() int { return len(n.replicas) - 1 }

// took notes what somebody did, and lets a server take it.
func (n *network) took(who int, d deed) error {
	n.log = append(n.log, fmt.Sprintf("%d %T %s made %v gone %v", who, n.replicas[who], d.Name, d.Made, d.Gone))
	for _, id := range d.Made {
		n.back[id] = n.back[id] || n.gone[id]
		n.made[id] = true
	}
	for _, id := range d.Gone {
		n.gone[id] = true
	}
	for _, u := range d.Updates {
		n.seen[who][len(n.updates)] = true
		n.updates = append(n.updates, u)
		preview, err := n.gate.Preview(u)
		if err == nil {
			err = timeline.Shape.Check(n.gate, preview)
		}
		if err := errors.Join(err, n.gate.Apply(u)); err != nil {
			return fmt.Errorf("%s by %T: %w", d.Name, n.replicas[who], err)
		}
	}
	return nil
}

// roam lets everybody do anything, their updates travelling late, in any order
// and twice; then all hear of everything.
func (n *network) roam(steps int) error {
	for range steps {
		who := n.random.IntN(n.people())
		d, err := n.replicas[who].act(n.random.Uint32())
		if err != nil {
			return err
		}
		if err := n.took(who, d); err != nil {
			return err
		}
		if n.random.IntN(3) == 0 {
			n.deliver(n.random.IntN(len(n.replicas)), 1+n.random.IntN(8))
		}
	}
	if err := n.settle(); err != nil {
		return err
	}
	return n.check()
}

// deliver gives somebody some of what they have not seen, some of it again.
func (n *network) deliver(to, most int) {
	for _, i := range n.random.Perm(len(n.updates)) {
		if n.seen[to][i] && n.random.IntN(40) > 0 {
			continue
		}
		n.replicas[to].apply(n.updates[i])
		n.seen[to][i] = true
		if most--; most == 0 {
			return
		}
	}
}

// settle gives everybody everything, and requires that all see the same.
func (n *network) settle() error {
	for to := range n.replicas {
		n.deliver(to, len(n.updates)+1)
	}
	want, _ := n.watcher.project()
	for who, r := range n.replicas {
		got, err := r.project()
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("replica %d (%T) shows\n%s\nthe watcher\n%s", who, r, got, want)
		}
	}
	return nil
}

// run lets somebody do one thing.
func (n *network) run(who int, o op) (deed, error) {
	d, err := n.replicas[who].run(o)
	if err != nil {
		return d, err
	}
	d.Name = fmt.Sprintf("%+v: %s", o, d.Name)
	return d, n.took(who, d)
}

// now is what the watcher sees.
func (n *network) now() timeline.Timeline { return timeline.Project(n.watcher.doc) }
