package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// InDocument is the path of a document of a project.
type InDocument struct {
	Project  string `path:"project" maxLength:"64"`
	Document string `path:"document" enum:"timeline,review"`
}

type resetRequest struct {
	InDocument
	Body struct {
		Version string   `json:"version,omitempty" maxLength:"64" doc:"Of a timeline: what it becomes. Without it, what a new project has."`
		Without []string `json:"without,omitempty" maxItems:"50" doc:"People: the document becomes what it is without all that they wrote, and what was inside of that."`
	}
}

type resetJSON struct {
	Version string `json:"version,omitempty" doc:"The version that was kept before, of a timeline."`
}

func (s *Server) resetRoutes(api huma.API) {
	reset := member(http.MethodPost, "/projects/{project}/documents/{document}/reset", "reset-document",
		"Replace a document that cannot be used any more. Whoever has it open is told, and copies of before do not come back")
	reset.DefaultStatus = http.StatusOK
	handle(s, api, reset, whole(s, s.resetDocument))
	handle(s, api, member(http.MethodGet, "/projects/{project}/documents/{document}/state", "get-document-state",
		"The document as it is now, as a Yjs update (V1)"), whole(s, s.documentState))
}

func (s *Server) documentState(ctx context.Context, in *InDocument) (*content, error) {
	doc := in.Project + "/" + in.Document
	if _, err := s.access(ctx, who(ctx), doc); err != nil {
		return nil, err
	}
	state, err := s.Hub.State(ctx, doc)
	return &content{"application/octet-stream", state}, err
}

// resetDocument replaces a document. A timeline is kept as a version before, unless
// it cannot be read.
func (s *Server) resetDocument(ctx context.Context, in *resetRequest) (*body[resetJSON], error) {
	project, err := s.Auth.May(ctx, who(ctx), in.Project, auth.ActionReset)
	if err != nil {
		return nil, err
	}
	remake, err := s.remake(ctx, project, in)
	if err != nil {
		return nil, err
	}
	out := &body[resetJSON]{}
	if in.Document == "timeline" {
		before, err := s.History.BeforeReset(ctx, in.Project, who(ctx).Person)
		if err != nil {
			s.Log.Warn("no version was kept before a reset", "project", in.Project, "err", err)
		}
		out.Body.Version = before.ID
	}
	s.Log.Info("document reset", "project", in.Project, "document", in.Document, "person", who(ctx).Person)
	return out, s.Hub.Reset(ctx, in.Project+"/"+in.Document, remake)
}

// remake is what a document becomes.
func (s *Server) remake(ctx context.Context, project auth.Project, in *resetRequest) (rooms.Remake, error) {
	switch {
	case len(in.Body.Without) > 0:
		return without(in.Body.Without), nil
	case in.Document == "review":
		return func(*crdt.Doc, func(uint64) string) ([]byte, error) { return nil, nil }, nil
	case in.Body.Version == "":
		return func(*crdt.Doc, func(uint64) string) ([]byte, error) { return timeline.Seed(project.Name), nil }, nil
	}
	v, err := s.History.Version(ctx, who(ctx), in.Body.Version)
	if err == nil && v.Project != project.ID {
		err = auth.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return func(*crdt.Doc, func(uint64) string) ([]byte, error) {
		// Written anew: deletes that replicas of before remember do not reach it.
		return timeline.Restore(nil, v.State)
	}, nil
}

// without makes a document what it is without all that some people wrote.
func without(people []string) rooms.Remake {
	return func(d *crdt.Doc, of func(client uint64) string) ([]byte, error) {
		var theirs []crdt.IDRange
		for client := range d.ClientBytes() {
			if slices.Contains(people, of(client)) {
				theirs = append(theirs, crdt.IDRange{Client: client, Len: d.Next(client)})
			}
		}
		state, err := d.Scrub(d.Expand(crdt.NewIDs(theirs...)))
		if err != nil {
			return nil, fmt.Errorf("leaving out what people wrote: %w", err)
		}
		return state, nil
	}
}
