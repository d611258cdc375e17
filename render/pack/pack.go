// Package pack makes the package of a delivery: one ZIP with the film, its sound,
// a picture of it, its captions and the papers that other programs and people
// need, with the name, size and SHA-256 of each in a manifest.
package pack

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/soratoo/soratoo/render"
)

// Preset is what a plan of a package has for its preset.
const Preset = "package"

// Renderer makes packages of what another renderer makes, and leaves all other
// plans to that one. It may be used by several workers at once if the other may.
type Renderer struct{ films render.Renderer }

// New makes a renderer around one that makes h264, wav, still, vtt and srt.
func New(films render.Renderer) *Renderer { return &Renderer{films} }

// part is a file of the package that is rendered.
type part struct {
	preset, name string
	share        float64 // of the work
}

// entry is a file as the manifest has it.
type entry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Render makes a file of the job's plan.
func (r *Renderer) Render(ctx context.Context, job render.Job, dir string, report func(float64)) (render.Output, error) {
	var plan render.Plan
	if err := json.Unmarshal(job.Spec, &plan); err != nil || plan.Preset != Preset {
		return r.films.Render(ctx, job, dir, report) // which says what is wrong with it
	}
	if err := plan.Check(); err != nil {
		return render.Output{}, &render.Failure{Reason: render.Reason{Code: "plan", Message: err.Error()}, Err: err}
	}
	const name = "result.zip"
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return render.Output{}, err
	}
	p := packing{Renderer: r, job: job, plan: plan, dir: dir, report: report, zip: zip.NewWriter(f)}
	err = p.fill(ctx)
	if err = errors.Join(err, p.zip.Close(), f.Close()); err != nil {
		return render.Output{}, err
	}
	return render.Output{File: name, Type: "application/zip", Frames: plan.Frames, Seconds: p.seconds}, nil
}

// packing is a package being made.
type packing struct {
	*Renderer
	job     render.Job
	plan    render.Plan
	dir     string
	report  func(float64)
	zip     *zip.Writer
	entries []entry
	done    float64 // of the work
	seconds float64
}

// fill makes all files, and the manifest of them at the end.
func (p *packing) fill(ctx context.Context) error {
	parts := []part{{"h264", "film.mp4", 0.8}, {"wav", "sound.wav", 0.1}, {"still", "poster.png", 0.05}}
	if len(p.plan.Captions) > 0 {
		parts = append(parts, part{"vtt", "captions.vtt", 0.01}, part{"srt", "captions.srt", 0.01})
	}
	for _, one := range parts {
		if err := p.render(ctx, one); err != nil {
			return err
		}
	}
	for _, paper := range p.plan.Papers {
		if filepath.Base(paper.Name) != paper.Name {
			return fmt.Errorf("pack: a paper called %.40q", paper.Name)
		}
		if err := p.add(paper.Name, zip.Deflate, strings.NewReader(paper.Text)); err != nil {
			return err
		}
	}
	manifest, err := json.MarshalIndent(map[string]any{"files": p.entries}, "", "  ")
	if err != nil {
		return err
	}
	return p.add("manifest.json", zip.Deflate, strings.NewReader(string(manifest)+"\n"))
}

// render has a part made in a directory of its own, and takes it into the package.
func (p *packing) render(ctx context.Context, one part) error {
	plan := p.plan
	plan.Preset, plan.Papers, plan.Still = one.preset, nil, nil
	if one.preset == "still" {
		middle := plan.Frames / 2
		plan.Still = &middle
	}
	job := p.job
	job.Spec = plan.Spec()
	dir := filepath.Join(p.dir, one.preset)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	out, err := p.films.Render(ctx, job, dir, func(far float64) { p.report(p.done + one.share*far) })
	if err != nil {
		return err
	}
	p.done += one.share
	p.seconds += out.Seconds
	f, err := os.Open(filepath.Join(dir, out.File))
	if err != nil {
		return err
	}
	method := zip.Store // what is packed already does not become smaller
	if strings.HasPrefix(one.name, "captions") {
		method = zip.Deflate
	}
	if err := errors.Join(p.add(one.name, method, watched{f, ctx, p}), f.Close()); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// add takes a file into the package.
func (p *packing) add(name string, method uint16, r io.Reader) error {
	w, err := p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: p.job.Created.UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), r)
	if err != nil {
		return fmt.Errorf("packing %s: %w", name, err)
	}
	p.entries = append(p.entries, entry{name, n, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// watched is a file that is read while somebody waits: it says that the work goes
// on, and ends with the work.
type watched struct {
	io.Reader
	ctx     context.Context
	packing *packing
}

func (w watched) Read(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	w.packing.report(w.packing.done)
	return w.Reader.Read(b)
}

var _ render.Renderer = (*Renderer)(nil)
