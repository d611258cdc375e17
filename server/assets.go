package server

import (
	"context"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/media"
)

// stallTimeout is how long a file on its way may stand still.
const stallTimeout = 30 * time.Second

// mediaPolicy is what a file may do when it is opened as a page: nothing.
const mediaPolicy = "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; sandbox"

type assetJSON struct {
	ID        string     `json:"id"`
	Project   string     `json:"project"`
	Name      string     `json:"name" doc:"As the uploader called it."`
	Kind      media.Kind `json:"kind" enum:"image,video,audio,file"`
	Type      string     `json:"type" doc:"The content type, as the bytes tell it."`
	Size      int64      `json:"size" doc:"In bytes."`
	SHA256    string     `json:"sha256"`
	Person    string     `json:"person" doc:"Who added it."`
	CreatedAt time.Time  `json:"created_at"`
	Made      string     `json:"made,omitempty" enum:"scene,preview,delivery" doc:"What kind of render made it; absent for what somebody added."`
	Facts     *factsJSON `json:"facts,omitempty" doc:"Absent until somebody has looked into the file."`
}

type factsJSON struct {
	DurationMS int64   `json:"duration_ms,omitempty" minimum:"0" maximum:"86400000"`
	Width      int     `json:"width,omitempty" minimum:"0" maximum:"16384" doc:"As it is shown, in pixels."`
	Height     int     `json:"height,omitempty" minimum:"0" maximum:"16384"`
	Rate       *[2]int `json:"rate,omitempty" doc:"Frames a second, as a fraction."`
	Channels   int     `json:"channels,omitempty" minimum:"0" maximum:"64"`
	SampleRate int     `json:"sample_rate,omitempty" minimum:"0" maximum:"768000"`
}

func showAsset(a media.Asset) assetJSON {
	out := assetJSON{
		ID: a.ID, Project: a.Project, Name: a.Name, Kind: a.Kind, Type: a.Type, Size: a.Size, SHA256: a.Hash,
		Person: a.Person, CreatedAt: timestamp(a.Created), Made: a.Made,
	}
	if f := a.Facts; f.Known() {
		out.Facts = &factsJSON{
			DurationMS: f.Duration.Milliseconds(), Width: f.Width, Height: f.Height,
			Channels: f.Channels, SampleRate: f.SampleRate,
		}
		if f.Rate[1] > 0 {
			out.Facts.Rate = &f.Rate
		}
	}
	return out
}

func (f factsJSON) facts() media.Facts {
	out := media.Facts{
		Duration: time.Duration(f.DurationMS) * time.Millisecond, Width: f.Width, Height: f.Height,
		Channels: f.Channels, SampleRate: f.SampleRate,
	}
	if f.Rate != nil {
		out.Rate = *f.Rate
	}
	return out
}

// InAsset is the path of an asset.
type InAsset struct {
	Asset string `path:"asset" maxLength:"64"`
}

type assetsRequest struct {
	InProject
	Paging
}

type uploadRequest struct {
	InProject
	Name string `query:"name" maxLength:"1000" doc:"What the file is called; for people only."`
}

type factsRequest struct {
	InAsset
	Body factsJSON
}

type contentRequest struct {
	InAsset
	Download bool `query:"download" doc:"Have browsers save the file and not show it."`
}

func (s *Server) assetRoutes(api huma.API) {
	handle(s, api, member(http.MethodGet, "/projects/{project}/assets", "list-assets", "The media of a project"), s.assets)
	upload := member(http.MethodPost, "/projects/{project}/assets", "create-asset",
		"Add an image, a video or a sound to a project: the body is the file itself")
	upload.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}},
	}}
	handle(s, api, upload, s.createAsset)
	handle(s, api, member(http.MethodGet, "/assets/{asset}", "get-asset", "What is known of a file"), s.asset)
	handle(s, api, member(http.MethodPatch, "/assets/{asset}", "describe-asset",
		"Say what was found in a file that the server did not look into, once"), s.describeAsset)
	handle(s, api, member(http.MethodDelete, "/assets/{asset}", "delete-asset", "Remove a file"), s.deleteAsset)
	handle(s, api, member(http.MethodGet, "/projects/{project}/deliveries", "list-deliveries", "The films of a project that left the house"), s.deliveries)
	content := member(http.MethodGet, "/assets/{asset}/content", "get-asset-content", "The file, or parts of it by Range")
	content.Responses = fileResponses()
	handle(s, api, content, s.assetContent)
}

// fileResponses describes the answer with a file.
func fileResponses() map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: "The bytes; 206 for a part of them, 304 when they are known by their ETag.",
		Content:     map[string]*huma.MediaType{"*/*": {Schema: &huma.Schema{Type: "string", Format: "binary"}}},
	}}
}

func (s *Server) assets(ctx context.Context, in *assetsRequest) (*body[list[assetJSON]], error) {
	found, err := s.Media.Assets(ctx, who(ctx), in.Project, in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.Paging, found, showAsset, func(a media.Asset) string { return auth.Cursor(a.Created, a.ID) }), nil
}

func (s *Server) deliveries(ctx context.Context, in *assetsRequest) (*body[list[assetJSON]], error) {
	found, err := s.Media.Deliveries(ctx, who(ctx), in.Project, in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.Paging, found, showAsset, func(a media.Asset) string { return auth.Cursor(a.Created, a.ID) }), nil
}

func (s *Server) createAsset(ctx context.Context, in *uploadRequest) (*body[assetJSON], error) {
	r := requestOf(ctx)
	a, err := s.Media.Add(ctx, who(ctx), media.Upload{
		Project: in.Project, Name: in.Name, Length: r.ContentLength, Content: moving{r.Body, controlOf(ctx)},
	})
	if err != nil {
		return nil, err
	}
	return &body[assetJSON]{showAsset(a)}, nil
}

func (s *Server) asset(ctx context.Context, in *InAsset) (*body[assetJSON], error) {
	a, err := s.Media.Asset(ctx, who(ctx), in.Asset)
	return &body[assetJSON]{showAsset(a)}, err
}

func (s *Server) describeAsset(ctx context.Context, in *factsRequest) (*body[assetJSON], error) {
	a, err := s.Media.SetFacts(ctx, who(ctx), in.Asset, in.Body.facts())
	return &body[assetJSON]{showAsset(a)}, err
}

func (s *Server) deleteAsset(ctx context.Context, in *InAsset) (*empty, error) {
	return &empty{}, s.Media.Remove(ctx, who(ctx), in.Asset)
}

// assetContent sends a file as what it is, for showing inside our pages only.
func (s *Server) assetContent(ctx context.Context, in *contentRequest) (*huma.StreamResponse, error) {
	return s.file(ctx, who(ctx), in)
}

func (s *Server) file(ctx context.Context, p auth.Principal, in *contentRequest) (*huma.StreamResponse, error) {
	a, content, err := s.Media.Open(ctx, p, in.Asset)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		defer func() { _ = content.Close() }()
		r, w := humachi.Unwrap(hctx)
		h := w.Header()
		h.Set("Content-Type", a.Type)
		h.Set("Content-Security-Policy", mediaPolicy)
		h.Set("ETag", `"`+a.Hash+`"`)
		h.Set("Cache-Control", "private, no-cache") // rights are asked for each time
		disposition := "inline"
		if in.Download {
			disposition = "attachment"
		}
		h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": a.Name}))
		http.ServeContent(movingWriter{w, controlOf(ctx)}, r, "", time.Time{}, content)
	}}, nil
}

// moving reads a body that may take long as long as it moves.
type moving struct {
	io.Reader
	control *http.ResponseController
}

func (m moving) Read(p []byte) (int, error) {
	// Where there are no deadlines there is none to move.
	_ = m.control.SetReadDeadline(time.Now().Add(stallTimeout))
	_ = m.control.SetWriteDeadline(time.Now().Add(2 * stallTimeout))
	return m.Reader.Read(p)
}

// movingWriter writes an answer that may take long as long as it moves.
type movingWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (m movingWriter) Write(p []byte) (int, error) {
	_ = m.control.SetWriteDeadline(time.Now().Add(stallTimeout))
	return m.ResponseWriter.Write(p)
}
