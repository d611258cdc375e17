package server

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// namedMost is of how many versions it is remembered what they name.
const namedMost = 64

// idPattern finds ids in the JSON of a timeline.
var idPattern = regexp.MustCompile(`"(\w{22})"`)

// named are the ids that versions name, of scenes, clips and media. Versions do
// not change.
type named struct {
	mu  sync.Mutex // guards all
	all map[string]map[string]bool
}

// of returns what is remembered of a version.
func (n *named) of(version string) map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.all[version]
}

// keep remembers what a version names, in place of another when these are many.
func (n *named) keep(version string, ids map[string]bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for other := range n.all {
		if len(n.all) < namedMost {
			break
		}
		delete(n.all, other)
	}
	if n.all == nil {
		n.all = map[string]map[string]bool{}
	}
	n.all[version] = ids
}

// seen tells which media a guest sees: all of the project, or what the version
// that the link shows names.
func (s *Server) seen(ctx context.Context, p auth.Principal) (func(asset string) bool, error) {
	if p.Version == "" {
		return func(string) bool { return true }, nil
	}
	ids := s.named.of(p.Version)
	if ids == nil {
		var err error
		if ids, err = s.names(ctx, p); err != nil {
			return nil, err
		}
		s.named.keep(p.Version, ids)
	}
	return func(asset string) bool { return ids[asset] }, nil
}

// names reads the version that a guest is shown.
func (s *Server) names(ctx context.Context, p auth.Principal) (map[string]bool, error) {
	done, err := s.works.begin(ctx, p.Person, workMost)
	if err != nil {
		return nil, err
	}
	defer done()
	v, err := s.History.Shared(ctx, p.Project, p.Version)
	if err != nil {
		return nil, err
	}
	doc := crdt.New(crdt.Options{})
	if err := doc.Apply(v.State); err != nil {
		return nil, fmt.Errorf("reading a version: %w", err)
	}
	text, err := json.Marshal(timeline.Project(doc))
	if err != nil {
		return nil, fmt.Errorf("reading a version: %w", err)
	}
	ids := map[string]bool{}
	for _, id := range idPattern.FindAllSubmatch(text, -1) {
		ids[string(id[1])] = true
	}
	return ids, nil
}
