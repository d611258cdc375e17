package review

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms/shape"
)

// ErrOthers is wrapped by what [Guard] returns when an update would write in
// somebody else's name, or change what is somebody else's.
var ErrOthers = errors.New("not yours")

// Writer is who would change the document.
type Writer struct {
	Person    string
	Moderates bool // may resolve every thread, and take away every message
	// Of is the person behind a client of which the update brings units: another
	// when the writer passes on what that one wrote. Nil: the writer.
	Of func(client uint64) string
	// Now is the server's clock, for the times that are written.
	Now time.Time
}

// Times that clients write are those of their clocks: a little ahead, or as long
// ago as somebody may have been without a network.
const (
	timeAhead = 24 * time.Hour
	timePast  = 90 * 24 * time.Hour
)

// ErrTime is wrapped by what [Guard] returns for a time that is not near now.
var ErrTime = errors.New("not a time of today")

// Guard tells whether a writer may do what an update would do: nil, or an error
// that wraps [ErrOthers] or [shape.ErrShape]. Everybody writes threads, messages,
// reactions and a verdict in their own name, which never changes afterwards;
// edits and takes away what is their own; and resolves threads that they opened.
func Guard(d *crdt.Doc, p *crdt.Preview, by Writer) error {
	if err := Shape.Check(d, p); err != nil {
		return err
	}
	g := guard{doc: d, by: by, person: by.Person, made: map[string]bool{}, gone: map[string]bool{}}
	g.look(p)
	for i := range p.Inserts {
		in := &p.Inserts[i]
		if in.Where.Known && in.Kind != "gc" {
			if by.Of != nil {
				g.person = by.Of(in.Client)
			}
			if err := errors.Join(g.insert(in), g.timely(in)); err != nil {
				return err
			}
		}
	}
	g.person = by.Person
	for _, del := range p.Deletes {
		if del.Where.Known && !g.withWhole(del.Where) {
			if err := g.change(del.Where.Root, del.Where.Path, true); err != nil {
				return err
			}
		}
	}
	return g.signed()
}

// guard is what is known of one update.
type guard struct {
	doc    *crdt.Doc
	by     Writer
	person string          // in whose name the content is that is being looked at
	made   map[string]bool // threads and messages that it makes → whether they say by whom
	gone   map[string]bool // threads and messages that it takes away
}

// look finds the threads and messages that come and go as a whole.
func (g *guard) look(p *crdt.Preview) {
	for i := range p.Inserts {
		in := &p.Inserts[i]
		if w := in.Where; w.Known && in.Kind == "type" && isThing(w) {
			g.made[key(w.Path)] = false
		}
	}
	for _, del := range p.Deletes {
		if del.Where.Known && isThing(del.Where) {
			g.gone[key(del.Where.Path)] = true
		}
	}
}

// isThing tells whether a place is that of a thread or message.
func isThing(w crdt.Where) bool {
	return w.Root == RootThreads && (len(w.Path) == 1 || len(w.Path) == 3 && w.Path[1] == "messages")
}

func key(path []string) string { return strings.Join(path, "/") }

// withWhole tells whether a place is inside of something that goes as a whole.
func (g *guard) withWhole(w crdt.Where) bool {
	if w.Root != RootThreads {
		return false
	}
	return len(w.Path) > 1 && g.gone[w.Path[0]] || len(w.Path) > 3 && g.gone[key(w.Path[:3])]
}

// insert judges content that comes: its place, and the names that it gives.
func (g *guard) insert(in *crdt.PreviewInsert) error {
	path := in.Where.Path
	if in.Where.Root == RootApprovals || len(path) == 1 {
		if in.Where.Root == RootThreads && in.Kind == "type" && g.author(path[0]) != "" {
			return fmt.Errorf("%w: the thread %s is there already", ErrOthers, path[0])
		}
		return g.change(in.Where.Root, path, in.Kind != "type")
	}
	switch last := path[len(path)-1]; {
	case in.Kind == "deleted": // a value that is gone already says nothing
	case last == "author" && (len(path) == 2 || len(path) == 4):
		if value(in) != g.person {
			return fmt.Errorf("%w: %s has another author", ErrOthers, path[len(path)-2])
		}
		if _, made := g.made[key(path[:len(path)-1])]; made {
			g.made[key(path[:len(path)-1])] = true
		}
	case last == "state" && len(path) == 2:
		state, _ := value(in).(map[string]any)
		if state["by"] != g.person {
			return fmt.Errorf("%w: %s would be %v by another", ErrOthers, path[0], state["status"])
		}
	}
	return g.change(in.Where.Root, path, in.Kind == "deleted")
}

// timely judges the times that content names.
func (g *guard) timely(in *crdt.PreviewInsert) error {
	if in.Kind != "any" {
		return nil
	}
	fields, _ := value(in).(map[string]any)
	last := in.Where.Path[len(in.Where.Path)-1]
	var at any
	switch {
	case in.Where.Root == RootApprovals, last == "state" && len(in.Where.Path) == 2:
		at = fields["at"]
	case last == "created", last == "edited":
		at = value(in)
	}
	if at == nil {
		return nil
	}
	ms, ok := at.(float64)
	if whole, is := at.(int64); is {
		ms, ok = float64(whole), true
	}
	from, to := g.by.Now.Add(-timePast).UnixMilli(), g.by.Now.Add(timeAhead).UnixMilli()
	if !ok || ms < float64(from) || ms > float64(to) {
		return fmt.Errorf("%w: %s says %v", ErrTime, strings.Join(in.Where.Path, "/"), at)
	}
	return nil
}

// value is the plain value of a register.
func value(in *crdt.PreviewInsert) any {
	if values, _ := in.Content().([]any); len(values) == 1 {
		return values[0]
	}
	return nil
}

// change judges a change of what is at a place. Takes says that it goes.
func (g *guard) change(root string, path []string, takes bool) error {
	if root == RootApprovals {
		return g.own(path[0], "the verdict of another")
	}
	thread := path[0]
	if len(path) == 1 {
		return g.whole(path, takes)
	}
	if _, made := g.made[thread]; made {
		return g.inNew(path)
	}
	switch path[1] {
	case "author", "created":
		return fmt.Errorf("%w: %s of the thread %s never changes", ErrOthers, path[1], thread)
	case "state":
		if g.by.Moderates {
			return nil
		}
	case "messages":
		if len(path) > 2 {
			return g.message(path, takes)
		}
		return fmt.Errorf("%w: the messages of %s go one by one", ErrOthers, thread)
	case "reactions":
		return g.reaction(path)
	}
	return g.own(g.author(thread), "a thread of another")
}

// inNew judges what comes in a thread that the update itself brings.
func (g *guard) inNew(path []string) error {
	if path[1] == "reactions" && len(path) > 2 {
		return g.reaction(path)
	}
	return nil // names are looked at where they come
}

// whole judges that a thread or message comes or goes.
func (g *guard) whole(path []string, takes bool) error {
	if !takes || g.by.Moderates {
		return nil
	}
	if shape.Lookup(g.doc, RootThreads, path...) == nil {
		return nil // it came and went before anybody heard of it
	}
	if err := g.own(g.author(path...), "another has written "+path[len(path)-1]); err != nil || len(path) > 1 {
		return err
	}
	messages, _ := shape.Lookup(g.doc, RootThreads, path[0], "messages").(crdt.Map)
	if messages == (crdt.Map{}) {
		return nil
	}
	for _, id := range messages.Keys() {
		if err := g.own(g.author(path[0], "messages", id), "others have written in "+path[0]); err != nil {
			return err
		}
	}
	return nil
}

func (g *guard) message(path []string, takes bool) error {
	made := false
	if len(path) > 3 {
		_, made = g.made[key(path[:3])]
	}
	author := g.author(path[0], "messages", path[2])
	switch {
	case len(path) == 3:
		if !takes && author != "" {
			return fmt.Errorf("%w: the message %s is there already", ErrOthers, path[2])
		}
		return g.whole(path, takes)
	case made:
		return nil
	case path[3] == "author" || path[3] == "created":
		return fmt.Errorf("%w: %s of the message %s never changes", ErrOthers, path[3], path[2])
	}
	return g.own(author, "a message of another")
}

func (g *guard) reaction(path []string) error {
	if len(path) == 2 {
		return fmt.Errorf("%w: the reactions on %s go one by one", ErrOthers, path[0])
	}
	person, _ := splitReaction(path[2])
	return g.own(person, "a reaction of another")
}

func splitReaction(key string) (person, emoji string) {
	person, emoji, _ = strings.Cut(key, ":")
	return person, emoji
}

// author is who wrote a thread or message that is there, "" for nobody.
func (g *guard) author(path ...string) string {
	author, _ := shape.Lookup(g.doc, RootThreads, append(path[:len(path):len(path)], "author")...).(string)
	return author
}

func (g *guard) own(person, what string) error {
	if person == g.person {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrOthers, what)
}

// signed tells whether all that comes says whose it is.
func (g *guard) signed() error {
	for thing, author := range g.made {
		if !author {
			return fmt.Errorf("%w: %s has no author", ErrOthers, thing)
		}
	}
	return nil
}
