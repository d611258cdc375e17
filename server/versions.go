package server

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/history"
	"github.com/soratoo/soratoo/rooms/timeline"
)

type versionJSON struct {
	ID        string            `json:"id"`
	Project   string            `json:"project"`
	Kind      history.Kind      `json:"kind" enum:"automatic,named,before-restore,restored,before-import"`
	Name      string            `json:"name,omitempty"`
	Person    string            `json:"person,omitempty" doc:"Who made it; absent when it was made by itself."`
	People    []string          `json:"people" doc:"Who edited since the version before."`
	Changes   []timeline.Change `json:"changes" doc:"What was done since the version before, for a client to say in its language."`
	Of        string            `json:"of,omitempty" doc:"The version that was restored."`
	Before    string            `json:"before,omitempty" doc:"What was there before that."`
	CreatedAt time.Time         `json:"created_at"`
}

func showVersion(v history.Version) versionJSON {
	out := versionJSON{
		ID: v.ID, Project: v.Project, Kind: v.Kind, Name: v.Name, Person: v.Person, People: v.People, Changes: v.Changes,
		Of: v.Of, Before: v.Before, CreatedAt: timestamp(v.Created),
	}
	if out.People == nil {
		out.People = []string{}
	}
	if out.Changes == nil {
		out.Changes = []timeline.Change{}
	}
	return out
}

type comparedJSON struct {
	Changes []timeline.Change `json:"changes"`
	Things  []timeline.Thing  `json:"things"`
}

type writerJSON struct {
	Person  string   `json:"person"`
	Clients []uint64 `json:"clients" doc:"The Yjs client ids that they wrote as."`
}

// relayJSON is a run of units that one person wrote and another brought.
type relayJSON struct {
	Client uint64    `json:"client"`
	Clock  uint32    `json:"clock"`
	Length uint32    `json:"length"`
	Person string    `json:"person" doc:"Who brought it."`
	At     time.Time `json:"at"`
}

type writersJSON struct {
	Items  []writerJSON `json:"items"`
	Relays []relayJSON  `json:"relays" doc:"What somebody else brought than who wrote it."`
}

// InVersion is the path of a version.
type InVersion struct {
	Version string `path:"version" maxLength:"64"`
}

type versionsRequest struct {
	InProject
	Paging
}

type createVersionRequest struct {
	InProject
	Named
}

type renameVersionRequest struct {
	InVersion
	Named
}

type compareRequest struct {
	InVersion
	With string `query:"with" maxLength:"64" doc:"Another version; without it, what is there now."`
}

// content is an answer whose bytes are written as they are.
type content struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) versionRoutes(api huma.API) {
	handle(s, api, member(http.MethodGet, "/projects/{project}/versions", "list-versions", "The versions of a timeline, the newest first"), s.versions)
	handle(s, api, member(http.MethodPost, "/projects/{project}/versions", "create-version", "Keep the timeline as it is now, under a name"), wholeOf(s, s.createVersion))
	handle(s, api, member(http.MethodGet, "/projects/{project}/writers", "list-writers",
		"Who wrote what in a timeline: the people behind its client ids"), s.writers)
	handle(s, api, member(http.MethodGet, "/versions/{version}", "get-version", "A version"), s.version)
	handle(s, api, member(http.MethodPatch, "/versions/{version}", "rename-version", "Name a version, which keeps it"), s.renameVersion)
	handle(s, api, member(http.MethodDelete, "/versions/{version}", "delete-version", "Delete a named version"), s.deleteVersion)
	handle(s, api, member(http.MethodGet, "/versions/{version}/timeline", "get-version-timeline",
		"The timeline of a version, as it was shown"), whole(s, s.versionTimeline))
	handle(s, api, member(http.MethodGet, "/versions/{version}/state", "get-version-state", "The document of a version, as a Yjs update (V1)"), whole(s, s.versionState))
	handle(s, api, member(http.MethodGet, "/versions/{version}/compare", "compare-version",
		"What came to be after a version, thing by thing, until now or until another version"), whole(s, s.compareVersion))
	handle(s, api, member(http.MethodPost, "/versions/{version}/restore", "restore-version",
		"Make the timeline what it was, as edits, while others go on editing"), whole(s, s.restoreVersion))
	handle(s, api, member(http.MethodPost, "/versions/{version}/undo", "undo-restore",
		"Take back what a restore did, and nothing that was done since"), whole(s, s.undoRestore))
}

func (s *Server) versions(ctx context.Context, in *versionsRequest) (*body[list[versionJSON]], error) {
	found, err := s.History.List(ctx, who(ctx), in.Project, in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.Paging, found, showVersion, func(v history.Version) string { return auth.Cursor(v.Created, v.ID) }), nil
}

func (s *Server) createVersion(ctx context.Context, in *createVersionRequest) (*body[versionJSON], error) {
	v, err := s.History.Create(ctx, who(ctx), in.Project, in.Body.Name)
	return s.announced(v, err)
}

// announced is a version as an answer; who has the project open hears that there is
// one.
func (s *Server) announced(v history.Version, err error) (*body[versionJSON], error) {
	if err != nil {
		return nil, err
	}
	out := showVersion(v)
	s.announce(out)
	return &body[versionJSON]{out}, nil
}

// announce tells everybody in a timeline that its versions are not what they were.
func (s *Server) announce(v versionJSON) {
	message, err := json.Marshal(struct {
		Type   string `json:"type"`
		Notice string `json:"notice"`
		ID     string `json:"id"`
	}{"notice", "versions", v.ID})
	if err != nil {
		panic(fmt.Sprintf("server: encoding a notice: %v", err))
	}
	s.Hub.Broadcast(v.Project+"/timeline", message)
}

func (s *Server) version(ctx context.Context, in *InVersion) (*body[versionJSON], error) {
	v, err := s.History.Version(ctx, who(ctx), in.Version)
	return &body[versionJSON]{showVersion(v)}, err
}

func (s *Server) renameVersion(ctx context.Context, in *renameVersionRequest) (*body[versionJSON], error) {
	v, err := s.History.Rename(ctx, who(ctx), in.Version, in.Body.Name)
	return s.announced(v, err)
}

func (s *Server) deleteVersion(ctx context.Context, in *InVersion) (*empty, error) {
	return &empty{}, s.History.Delete(ctx, who(ctx), in.Version)
}

func (s *Server) versionTimeline(ctx context.Context, in *InVersion) (*content, error) {
	v, err := s.History.Version(ctx, who(ctx), in.Version)
	if err != nil {
		return nil, err
	}
	doc, err := timeline.Open(v.State)
	if err != nil {
		return nil, err
	}
	out, err := json.Marshal(timeline.Project(doc))
	return &content{"application/json", out}, err
}

func (s *Server) versionState(ctx context.Context, in *InVersion) (*content, error) {
	v, err := s.History.Version(ctx, who(ctx), in.Version)
	return &content{"application/octet-stream", v.State}, err
}

func (s *Server) compareVersion(ctx context.Context, in *compareRequest) (*body[comparedJSON], error) {
	c, err := s.History.Compare(ctx, who(ctx), in.Version, in.With)
	if err != nil {
		return nil, err
	}
	if c.Things == nil {
		c.Things = []timeline.Thing{}
	}
	return &body[comparedJSON]{comparedJSON(c)}, nil
}

func (s *Server) restoreVersion(ctx context.Context, in *InVersion) (*body[versionJSON], error) {
	v, err := s.History.Restore(ctx, who(ctx), in.Version)
	return s.announced(v, err)
}

func (s *Server) undoRestore(ctx context.Context, in *InVersion) (*body[versionJSON], error) {
	v, err := s.History.Undo(ctx, who(ctx), in.Version)
	return s.announced(v, err)
}

func (s *Server) writers(ctx context.Context, in *InProject) (*body[writersJSON], error) {
	found, err := s.History.Writers(ctx, who(ctx), in.Project)
	if err != nil {
		return nil, err
	}
	relays, err := s.History.Relays(ctx, who(ctx), in.Project)
	if err != nil {
		return nil, err
	}
	byPerson := map[string][]uint64{}
	for client, person := range found {
		byPerson[person] = append(byPerson[person], client)
	}
	out := &body[writersJSON]{Body: writersJSON{Items: []writerJSON{}, Relays: []relayJSON{}}}
	for _, r := range relays {
		out.Body.Relays = append(out.Body.Relays, relayJSON{r.Client, r.Clock, r.Len, r.Person, r.At})
	}
	for _, person := range slices.Sorted(maps.Keys(byPerson)) {
		slices.Sort(byPerson[person])
		out.Body.Items = append(out.Body.Items, writerJSON{person, byPerson[person]})
	}
	return out, nil
}
