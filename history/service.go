package history

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/timeline"
)

const (
	docKind      = "timeline"
	storeTimeout = 10 * time.Second // for what must be noted after an edit, though the caller has gone
	listPage     = 200              // versions looked through at a time
)

// Config is what a Service works with.
type Config struct {
	Store  Store
	Live   Live
	Rights Rights
	Now    func() time.Time
}

// Service makes, shows and restores versions for who may.
type Service struct{ Config }

// New makes a service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{Config: c}
}

// docOf is the document that a project has versions of.
func docOf(project string) string { return project + "/" + docKind }

func (s *Service) may(ctx context.Context, p auth.Principal, project string, least auth.Access) error {
	access, err := s.Rights.Document(ctx, p, project, docKind)
	if err == nil && access < least {
		err = auth.ErrForbidden
	}
	return err
}

// List lists a project's versions without their states, the newest first.
func (s *Service) List(ctx context.Context, p auth.Principal, project string, page auth.Page) ([]Version, error) {
	if err := s.may(ctx, p, project, auth.AccessRead); err != nil {
		return nil, err
	}
	return s.Store.Versions(ctx, project, page)
}

// Version returns a version.
func (s *Service) Version(ctx context.Context, p auth.Principal, id string) (Version, error) {
	return s.version(ctx, p, id, auth.AccessRead)
}

func (s *Service) version(ctx context.Context, p auth.Principal, id string, least auth.Access) (Version, error) {
	v, err := s.Store.Version(ctx, id)
	if err != nil {
		return Version{}, err
	}
	if err := s.may(ctx, p, v.Project, least); err != nil {
		return Version{}, err
	}
	return v, nil
}

// Shared returns the version of a project that a link shows. Who asks came by
// that link; what the version is of has been asked when the link was made.
func (s *Service) Shared(ctx context.Context, project, id string) (Version, error) {
	v, err := s.Store.Version(ctx, id)
	if err == nil && v.Project != project {
		err = auth.ErrNotFound
	}
	return v, err
}

// Writers are the people behind the clients that wrote in a project's timeline.
func (s *Service) Writers(ctx context.Context, p auth.Principal, project string) (map[uint64]string, error) {
	if err := s.may(ctx, p, project, auth.AccessRead); err != nil {
		return nil, err
	}
	return s.Store.Writers(ctx, docOf(project))
}

// Relays are units of a project's timeline that somebody else brought than who
// wrote them.
func (s *Service) Relays(ctx context.Context, p auth.Principal, project string) ([]Relay, error) {
	if err := s.may(ctx, p, project, auth.AccessRead); err != nil {
		return nil, err
	}
	return s.Store.Relays(ctx, docOf(project))
}

// Create keeps the timeline as it is now, under a name.
func (s *Service) Create(ctx context.Context, p auth.Principal, project, name string) (Version, error) {
	if err := s.may(ctx, p, project, auth.AccessWrite); err != nil {
		return Version{}, err
	}
	name, err := auth.NormalName(name)
	if err != nil {
		return Version{}, err
	}
	if err := s.room(ctx, project); err != nil {
		return Version{}, err
	}
	return s.keepNow(ctx, Version{Project: project, Kind: Named, Name: name, Person: p.Person})
}

// Rename gives a version a name; it stays then until it is deleted by hand.
func (s *Service) Rename(ctx context.Context, p auth.Principal, id, name string) (Version, error) {
	v, err := s.version(ctx, p, id, auth.AccessWrite)
	if err != nil {
		return Version{}, err
	}
	if v.Name, err = auth.NormalName(name); err != nil {
		return Version{}, err
	}
	if v.Kind == Automatic || v.Kind == BeforeImport || v.Kind == BeforeRestore {
		if err := s.room(ctx, v.Project); err != nil {
			return Version{}, err
		}
		v.Kind = Named
	}
	v.State = nil
	return v, s.Store.SetVersion(ctx, v)
}

// Delete removes a named version.
func (s *Service) Delete(ctx context.Context, p auth.Principal, id string) error {
	v, err := s.version(ctx, p, id, auth.AccessWrite)
	if err != nil {
		return err
	}
	if v.Kind != Named {
		return ErrKept
	}
	return s.Store.DeleteVersions(ctx, v.Project, id)
}

// Drop removes all versions of a project that is no more.
func (s *Service) Drop(ctx context.Context, project string) error {
	return s.Store.DeleteVersions(ctx, project)
}

// BeforeImport keeps the timeline as it is, for somebody who is about to import a
// file and may. Call it with rights checked.
func (s *Service) BeforeImport(ctx context.Context, project, person string) (Version, error) {
	return s.keepNow(ctx, Version{Project: project, Kind: BeforeImport, Person: person})
}

// BeforeReset keeps the timeline as it is, for somebody who is about to replace it
// and may. Call it with rights checked.
func (s *Service) BeforeReset(ctx context.Context, project, person string) (Version, error) {
	return s.keepNow(ctx, Version{Project: project, Kind: BeforeRestore, Person: person})
}

// Keep makes an automatic version of a document that rests, if anything changed
// since the last version. Documents that have no versions are ignored.
func (s *Service) Keep(ctx context.Context, doc string, state []byte, people []string) error {
	project, kind, _ := strings.Cut(doc, "/")
	if kind != docKind {
		return nil
	}
	if _, err := s.add(ctx, Version{Project: project, Kind: Automatic, People: people, State: state}); err != nil {
		return fmt.Errorf("keeping a version of %s: %w", doc, err)
	}
	return s.thin(ctx, project)
}

// keepNow adds a version of the present state.
func (s *Service) keepNow(ctx context.Context, v Version) (Version, error) {
	state, err := s.Live.State(ctx, docOf(v.Project))
	if err != nil {
		return Version{}, err
	}
	v.State = state
	return s.add(ctx, v)
}

// add stores a version, with what changed since the last one and who did. An
// automatic version in which nothing changed is not stored.
func (s *Service) add(ctx context.Context, v Version) (Version, error) {
	last, err := s.last(ctx, v.Project)
	if err != nil {
		return Version{}, err
	}
	from, err := timeline.Open(last.State)
	if err != nil {
		return Version{}, err
	}
	to, err := timeline.Open(v.State)
	if err != nil {
		return Version{}, err
	}
	v.Changes = timeline.Changes(timeline.Compare(from, to))
	if v.Kind == Automatic && len(v.Changes) == 0 {
		return Version{}, nil
	}
	writers, err := s.Store.Writers(ctx, docOf(v.Project))
	if err != nil {
		return Version{}, err
	}
	v.ID, v.Doc, v.Created = auth.NewID(), docOf(v.Project), s.Now().UTC().Truncate(time.Millisecond)
	if !v.Created.After(last.Created) {
		v.Created = last.Created.Add(time.Millisecond) // the order is that in which they came
	}
	v.People = union(v.People, authors(last.State, v.State, writers))
	return v, s.Store.AddVersion(ctx, v)
}

// last is a project's newest version, or none.
func (s *Service) last(ctx context.Context, project string) (Version, error) {
	found, err := s.Store.Versions(ctx, project, auth.Page{Limit: 1})
	if err != nil || len(found) == 0 {
		return Version{}, err
	}
	return s.Store.Version(ctx, found[0].ID)
}

// authors are the people who wrote what a state has beyond an older one.
func authors(older, state []byte, writers map[uint64]string) (people []string) {
	had, has := clocks(older), clocks(state)
	for client, clock := range has {
		if person := writers[client]; person != "" && clock > had[client] {
			people = append(people, person)
		}
	}
	return people
}

// clocks are how far each client wrote in a state of ours.
func clocks(state []byte) map[uint64]uint32 {
	if len(state) == 0 {
		return nil
	}
	vector, err := crdt.StateVectorFromUpdate(state)
	if err != nil {
		return nil
	}
	entries, err := crdt.StateVectorEntries(vector)
	if err != nil {
		return nil
	}
	return entries
}

func union(a, b []string) []string {
	all := map[string]bool{}
	for _, person := range append(slices.Clone(a), b...) {
		if person != "" {
			all[person] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Compared is how two timelines differ.
type Compared struct {
	Changes []timeline.Change
	Things  []timeline.Thing
}

// Compare tells how a version differs from another, or from now when other is
// "": what came to be after the first.
func (s *Service) Compare(ctx context.Context, p auth.Principal, id, other string) (Compared, error) {
	v, err := s.version(ctx, p, id, auth.AccessRead)
	if err != nil {
		return Compared{}, err
	}
	to := Version{}
	if other == "" {
		to.State, err = s.Live.State(ctx, docOf(v.Project))
	} else {
		to, err = s.version(ctx, p, other, auth.AccessRead)
	}
	if err != nil {
		return Compared{}, err
	}
	from, err := timeline.Open(v.State)
	if err != nil {
		return Compared{}, err
	}
	now, err := timeline.Open(to.State)
	if err != nil {
		return Compared{}, err
	}
	things := timeline.Compare(from, now)
	return Compared{timeline.Changes(things), things}, nil
}

// Restore makes the timeline what it was in a version, as edits of the person,
// while others go on. What it was is kept before; the version returned is of what
// it is after, and Undo takes it back.
func (s *Service) Restore(ctx context.Context, p auth.Principal, id string) (Version, error) {
	v, err := s.version(ctx, p, id, auth.AccessWrite)
	if err != nil {
		return Version{}, err
	}
	return s.bringBack(ctx, Version{Project: v.Project, Person: p.Person, Name: v.Name, Of: v.ID}, func(state []byte) ([]byte, error) {
		return timeline.Restore(state, v.State)
	})
}

// Undo takes back what a restore did, and nothing that anybody did since. It can
// be taken back itself.
func (s *Service) Undo(ctx context.Context, p auth.Principal, id string) (Version, error) {
	after, err := s.version(ctx, p, id, auth.AccessWrite)
	if err != nil {
		return Version{}, err
	}
	if after.Kind != Restored {
		return Version{}, ErrNoRestore
	}
	before, err := s.Store.Version(ctx, after.Before)
	if err != nil {
		return Version{}, err
	}
	return s.bringBack(ctx, Version{Project: after.Project, Person: p.Person, Of: before.ID}, func(state []byte) ([]byte, error) {
		return timeline.Undo(before.State, after.State, state)
	})
}

// bringBack keeps what is, edits, and keeps what is then.
func (s *Service) bringBack(ctx context.Context, v Version, edit func(state []byte) ([]byte, error)) (Version, error) {
	before, err := s.keepNow(ctx, Version{Project: v.Project, Kind: BeforeRestore, Person: v.Person})
	if err != nil {
		return Version{}, err
	}
	var was, is []byte
	err = s.Live.Edit(ctx, docOf(v.Project), v.Person, func(state []byte) ([]byte, error) {
		update, err := edit(state)
		if err != nil {
			return nil, err
		}
		if update == nil {
			return nil, ErrSame
		}
		was = bytes.Clone(state)
		is, err = crdt.MergeUpdates(state, update)
		return update, err
	})
	// The edit is made or not: both are noted, whether the caller waits or not.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err != nil {
		if was == nil { // nothing was edited, so there is nothing to go back to
			_ = s.Store.DeleteVersions(ctx, v.Project, before.ID)
		}
		return Version{}, err
	}
	if !bytes.Equal(was, before.State) { // somebody was faster
		before.State = was
		if err := s.Store.SetVersion(ctx, before); err != nil {
			return Version{}, err
		}
	}
	v.Kind, v.Before, v.State = Restored, before.ID, is
	return s.add(ctx, v)
}
