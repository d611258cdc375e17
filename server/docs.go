package server

import (
	"cmp"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// docs serves the description of the REST interface for people: one page that
// needs nothing but itself.
func (s *Server) docs(api *huma.OpenAPI) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page := docsPage{Version: s.Version, OpenAPI: apiPath + "/openapi.json"}
		for path, item := range api.Paths {
			for method, o := range map[string]*huma.Operation{
				"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete,
			} {
				if o != nil {
					page.Operations = append(page.Operations, describe(api, method, path, o))
				}
			}
		}
		slices.SortFunc(page.Operations, func(a, b docsOperation) int {
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
		})
		for _, p := range problems {
			page.Problems = append(page.Problems, docsProblem{p.name, p.status, p.title})
		}
		page.Problems = append(page.Problems,
			docsProblem{"invalid-request", http.StatusUnprocessableEntity, "The request is not as described; the errors say where"},
			docsProblem{"internal", http.StatusInternalServerError, "Something went wrong on our side, try again"})
		if err := docsTemplate.Execute(w, page); err != nil {
			s.Log.Warn("writing the documentation", "err", err)
		}
	}
}

type docsPage struct {
	Version    string
	OpenAPI    string
	Operations []docsOperation
	Problems   []docsProblem
}

type docsOperation struct {
	Method, Path, Summary string
	SignedIn              bool
	Parameters            []*huma.Param
	Body                  string // the JSON schema of the request, if it has one
}

type docsProblem struct {
	Name   string
	Status int
	Title  string
}

func describe(api *huma.OpenAPI, method, path string, o *huma.Operation) docsOperation {
	d := docsOperation{Method: method, Path: path, Summary: o.Summary, SignedIn: len(o.Security) > 0, Parameters: o.Parameters}
	if o.RequestBody == nil {
		return d
	}
	for _, content := range o.RequestBody.Content {
		schema := content.Schema
		if schema.Format == "binary" {
			d.Body = "the bytes of the file"
			continue
		}
		if schema.Ref != "" {
			schema = api.Components.Schemas.SchemaFromRef(schema.Ref)
		}
		if b, err := json.MarshalIndent(schema.Properties, "", "  "); err == nil {
			d.Body = string(b)
		}
	}
	return d
}

var docsTemplate = template.Must(template.New("docs").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>SoraToo REST interface</title><link rel="icon" href="data:,">
<style>
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
code,pre,.m{font-family:ui-monospace,monospace;font-size:13px}
section{border-top:1px solid #8884;padding:.6rem 0}
h2{font-size:1.05rem;margin:.2rem 0}.m{display:inline-block;min-width:4.2rem;font-weight:700}
pre{background:#8881;padding:.6rem;border-radius:6px;overflow:auto}small{opacity:.75}
</style>
<h1>SoraToo REST interface</h1>
<p>Version {{.Version}}. For programs: <a href="{{.OpenAPI}}">OpenAPI 3.1</a>. Send <code>Authorization: Bearer &lt;access token&gt;</code>, or the
session cookie. Lists are paged by <code>limit</code> and <code>cursor</code>.</p>
{{range .Operations}}<section><h2><span class="m">{{.Method}}</span> <code>{{.Path}}</code></h2>
<p>{{.Summary}}. {{if .SignedIn}}<small>Needs sign-in.</small>{{end}}</p>
{{range .Parameters}}<p><code>{{.Name}}</code> <small>in {{.In}}{{if .Required}}, required{{end}}</small> {{.Description}}</p>{{end}}
{{if .Body}}<details><summary>Body</summary><pre>{{.Body}}</pre></details>{{end}}</section>
{{end}}<h1>Problems</h1><p>Errors are <code>application/problem+json</code> (RFC 9457); <code>type</code> leads here.</p>
{{range .Problems}}<section id="{{.Name}}"><h2><code>{{.Name}}</code> {{.Status}}</h2><p>{{.Title}}.</p></section>
{{end}}`))
