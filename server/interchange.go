package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/rooms/timeline"
	"github.com/soratoo/soratoo/rooms/timeline/interchange"
)

// errFormat: no format is called that, or looks like that.
var errFormat = errors.New("unknown format")

const (
	namedAssets  = 10_000 // of a project whose names exports and imports know
	assetsAtOnce = 200
)

type exportRequest struct {
	InProject
	Format string `query:"format" default:"otio" enum:"otio,edl,fcpxml,vtt,srt,csv,json"`
	Report bool   `query:"report" doc:"Answer with what the format keeps, changes and cannot keep, and not with the file."`
}

// file is an answer that browsers save under a name.
type file struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

type importRequest struct {
	InProject
	Format string `query:"format" enum:"otio,edl,fcpxml,vtt,srt,csv,json" doc:"Without it, the name and the beginning of the file tell."`
	Name   string `query:"name" maxLength:"1000" doc:"What the file is called."`
	DryRun bool   `query:"dry_run" doc:"Only say what would happen."`
}

type importJSON struct {
	Format string             `json:"format"`
	Title  string             `json:"title"`
	Report interchange.Report `json:"report"`
	DryRun bool               `json:"dry_run"`
}

func (s *Server) interchangeRoutes(api huma.API) {
	export := member(http.MethodGet, "/projects/{project}/export", "export-project", "The cut or the storyboard, as a file of another program")
	export.Responses = map[string]*huma.Response{"200": {
		Description: "The file, or with report=true the report as JSON.",
		Content:     map[string]*huma.MediaType{"*/*": {Schema: &huma.Schema{Type: "string", Format: "binary"}}},
	}}
	handle(s, api, export, wholeOf(s, s.export))
	load := member(http.MethodPost, "/projects/{project}/import", "import-project",
		"Add a file of another program to a project: the body is the file itself. A version is kept before")
	load.DefaultStatus = http.StatusOK
	load.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}},
	}}
	handle(s, api, load, s.importFile)
}

func (s *Server) export(ctx context.Context, in *exportRequest) (*file, error) {
	project, err := s.Auth.Project(ctx, who(ctx), in.Project)
	if err != nil {
		return nil, err
	}
	format, ok := interchange.Find(in.Format, nil)
	if !ok {
		return nil, errFormat
	}
	doc, err := s.timelineOf(ctx, project.ID)
	if err != nil {
		return nil, err
	}
	assets, err := s.namesOf(ctx, project.ID)
	if err != nil {
		return nil, err
	}
	rate := interchange.Rate(timeline.Project(doc).Rate)
	sequence := interchange.FromDocument(doc, func(id string) (string, int) {
		a := assets[id]
		return a.Name, int(a.Facts.Duration.Seconds()*rate.Float() + 0.5)
	})
	b, report, err := format.Write(sequence)
	if err != nil {
		return nil, err
	}
	if in.Report {
		return reported(format, sequence.Title, report)
	}
	return &file{
		ContentType:        format.MIME,
		ContentDisposition: mime.FormatMediaType("attachment", map[string]string{"filename": fileName(project.Name) + format.Extension}),
		Body:               b,
	}, nil
}

// reported is a report in place of a file.
func reported(f interchange.Format, title string, r interchange.Report) (*file, error) {
	b, err := json.Marshal(importJSON{Format: f.Name, Title: title, Report: r, DryRun: true})
	return &file{ContentType: "application/json", ContentDisposition: "inline", Body: b}, err
}

// fileName is a project's name as one of a file, on every system.
func fileName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, strings.TrimSpace(name))
	if clean = strings.Trim(clean, ". "); clean == "" {
		return "timeline"
	}
	return clean
}

// timelineOf is a copy of a project's timeline as it is now.
func (s *Server) timelineOf(ctx context.Context, project string) (*crdt.Doc, error) {
	state, err := s.Hub.State(ctx, project+"/timeline")
	if err != nil {
		return nil, err
	}
	return opened(state)
}

func opened(state []byte) (*crdt.Doc, error) {
	d := crdt.New(crdt.Options{})
	if err := d.Apply(state); err != nil {
		return nil, fmt.Errorf("reading a timeline: %w", err)
	}
	return d, nil
}

// namesOf is the assets of a project, by id.
func (s *Server) namesOf(ctx context.Context, project string) (map[string]media.Asset, error) {
	out := map[string]media.Asset{}
	page := auth.Page{Limit: assetsAtOnce}
	for len(out) < namedAssets {
		found, err := s.Media.Assets(ctx, who(ctx), project, page)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			out[a.ID] = a
		}
		if len(found) < page.Limit {
			break
		}
		last := found[len(found)-1]
		page.After = auth.Cursor(last.Created, last.ID)
	}
	return out, nil
}

func (s *Server) importFile(ctx context.Context, in *importRequest) (*body[importJSON], error) {
	access, err := s.access(ctx, who(ctx), in.Project+"/timeline")
	if err != nil {
		return nil, err
	}
	if access != auth.AccessWrite {
		return nil, auth.ErrForbidden
	}
	r := requestOf(ctx)
	b, err := io.ReadAll(io.LimitReader(moving{r.Body, controlOf(ctx)}, interchange.MaxBytes+1))
	if err != nil {
		return nil, media.ErrCutOff
	}
	// Only now: a slow body holds up nobody.
	done, err := s.works.begin(ctx, who(ctx).Person, workMost)
	if err != nil {
		return nil, err
	}
	defer done()
	format, ok := interchange.Find(in.Format, nil)
	if in.Format == "" {
		format, ok = interchange.Find(in.Name, b)
	}
	if !ok {
		return nil, errFormat
	}
	doc, err := s.timelineOf(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	sequence, report, err := format.Parse(b, interchange.Options{Rate: interchange.Rate(timeline.Project(doc).Rate)})
	if err != nil {
		return nil, err
	}
	out := &importJSON{Format: format.Name, Title: sequence.Title, DryRun: in.DryRun}
	if err := s.put(ctx, in, sequence, &report); err != nil {
		return nil, err
	}
	out.Report = report
	return &body[importJSON]{*out}, nil
}

// put adds a sequence to the live timeline, or to a copy of it.
func (s *Server) put(ctx context.Context, in *importRequest, sequence *interchange.Sequence, report *interchange.Report) error {
	assets, err := s.namesOf(ctx, in.Project)
	if err != nil {
		return err
	}
	byName := map[string]string{}
	for id, a := range assets {
		byName[a.Name] = max(byName[a.Name], id)
	}
	link := func(id, name string) string {
		if _, ok := assets[id]; ok {
			return id
		}
		return byName[name]
	}
	edit := func(state []byte) (update []byte, err error) {
		d, err := opened(state)
		if err != nil {
			return nil, err
		}
		update = d.Transact(func(tx *crdt.Tx) {
			err = interchange.IntoDocument(timeline.Edit{Doc: d, Tx: tx}, sequence, link, report)
		})
		if err == nil && update != nil {
			err = fitting(state, update)
		}
		return update, err
	}
	if in.DryRun {
		state, err := s.Hub.State(ctx, in.Project+"/timeline")
		if err == nil {
			_, err = edit(state)
		}
		return err
	}
	if _, err := s.announced(s.History.BeforeImport(ctx, in.Project, who(ctx).Person)); err != nil {
		return err
	}
	return s.Hub.Edit(ctx, in.Project+"/timeline", who(ctx).Person, edit)
}

// fitting holds what an import would write against the shape of a timeline, as
// everybody's edits are: Hub.Edit goes by no guard.
func fitting(state, update []byte) error {
	d, err := opened(state)
	if err != nil {
		return err
	}
	p, err := d.Preview(update)
	if err != nil {
		return err
	}
	if err := timeline.Shape.Check(d, p); err != nil {
		return fmt.Errorf("%w: %w", interchange.ErrLimit, err)
	}
	return nil
}
