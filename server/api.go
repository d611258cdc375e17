package server

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"github.com/soratoo/soratoo/auth"
)

const (
	apiPath   = "/api/v1"
	docsPath  = apiPath + "/docs"
	bodyBytes = 64 << 10 // of a request; media go another way
)

// routes adds the REST interface, which describes itself.
func (s *Server) routes(r chi.Router) {
	config := huma.DefaultConfig("SoraToo", s.Version)
	config.Info.Description = "The REST interface of a SoraToo installation. Programs send a bearer token, browsers a cookie."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = apiPath+"/openapi", "", ""
	config.CreateHooks = nil
	config.Transformers = append(config.Transformers, typed)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
		"cookie": {Type: "apiKey", In: "cookie", Name: s.cookieName()},
	}
	api := humachi.New(r, config)
	api.UseMiddleware(s.signedIn)
	s.accountRoutes(api)
	s.sessionRoutes(api)
	s.workspaceRoutes(api)
	s.memberRoutes(api)
	s.projectRoutes(api)
	s.assetRoutes(api)
	s.shareRoutes(api)
	s.versionRoutes(api)
	s.resetRoutes(api)
	s.renderRoutes(api)
	s.interchangeRoutes(api)
	r.Get(docsPath, s.docs(api.OpenAPI()))
}

// handle adds an operation to the interface.
func handle[In, Out any](s *Server, api huma.API, o huma.Operation, do func(context.Context, *In) (*Out, error)) {
	o.Path = apiPath + o.Path
	o.MaxBodyBytes = bodyBytes
	huma.Register(api, o, func(ctx context.Context, in *In) (*Out, error) {
		out, err := do(ctx, in)
		if err != nil {
			p := s.fail(ctx, err)
			return nil, huma.ErrorWithHeaders(p, advice(p.Status))
		}
		return out, nil
	})
}

// anyone is an operation for everybody.
func anyone(method, path, id, summary string) huma.Operation {
	return huma.Operation{Method: method, Path: path, OperationID: id, Summary: summary}
}

// member is an operation for who is signed in.
func member(method, path, id, summary string) huma.Operation {
	o := anyone(method, path, id, summary)
	o.Security = []map[string][]string{{"bearer": {}}, {"cookie": {}}}
	if method == http.MethodPost {
		o.DefaultStatus = http.StatusCreated
	}
	return o
}

// body is an answer with a JSON body.
type body[T any] struct{ Body T }

// empty is an answer without a body.
type empty struct{}

// list is one page of something.
type list[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Where the next page begins; absent on the last."`
}

// Paging is how a page of a list is asked for.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Items on a page."`
	Cursor string `query:"cursor" maxLength:"64" doc:"The next_cursor of the page before."`
}

// page asks the store for one item more than wanted, which tells whether there
// is a next page.
func (p Paging) page() auth.Page { return auth.Page{After: p.Cursor, Limit: p.Limit + 1} }

// pageOf turns what the store found into a page. cursor is where a list goes
// on behind an item.
func pageOf[T, J any](p Paging, found []T, show func(T) J, cursor func(T) string) *body[list[J]] {
	out := &body[list[J]]{Body: list[J]{Items: []J{}}}
	if len(found) > p.Limit {
		found = found[:p.Limit]
		out.Body.NextCursor = cursor(found[len(found)-1])
	}
	for _, t := range found {
		out.Body.Items = append(out.Body.Items, show(t))
	}
	return out
}

// timestamp is a time as JSON has it: UTC, to the millisecond.
func timestamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
