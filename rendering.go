package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/render/ffmpeg"
	"github.com/soratoo/soratoo/render/pack"
	"github.com/soratoo/soratoo/rooms/timeline"
)

const (
	assetsAtOnce = 200    // of a project that are read at once
	knownAssets  = 10_000 // of a project that renders know
)

// workDir is where renders are made, in the data directory.
const workDir = "work"

// rendering is the queue and the renderers of a node, wired to the rest.
type rendering struct {
	dispatcher *render.Dispatcher
	service    *render.Service
}

// rendering makes the queue. Without ffmpeg it says so, and jobs wait.
func (n *node) rendering(dir string) (rendering, error) {
	// Commands run beside a server that shares their database.
	work := filepath.Join(dir, workDir, auth.NewID())
	if err := os.MkdirAll(work, 0o700); err != nil {
		return rendering{}, fmt.Errorf("making the directory of renders: %w", err)
	}
	n.work = work
	renderers, missing := map[string]render.Renderer{}, ""
	embedded, err := ffmpeg.New(ffmpeg.Config{Open: n.openFootage, Logger: n.log})
	if err != nil {
		missing = err.Error()
		n.log.Warn("nothing can be rendered", "err", err)
	} else {
		renderers[render.Embedded] = pack.New(embedded)
	}
	r := rendering{}
	told := func(c render.Change) {
		n.server.RenderChanged(c)
		r.service.Told(c)
	}
	workers := max(1, runtime.NumCPU()/2)
	r.dispatcher = render.NewDispatcher(render.Config{
		Store: n.store, Renderers: renderers, Workers: workers, Node: auth.NewID(), Dir: work, Logger: n.log,
		Keep: n.keepFootage, Drop: n.media.TakeBack, Told: told,
	})
	r.service = render.NewService(render.ServiceConfig{
		Queue: render.NewQueue(n.store, n.store, r.dispatcher, told), Desk: n.store, Rights: n.auth, Cuts: cuts{n}, Missing: missing, Logger: n.log,
		Workers: workers, Near: func(spending render.Spending) { n.server.RendersNotice("budget", spending.Projects) },
	})
	return r, nil
}

// clearWork removes what processes that were killed have left of renders. It is for who
// has the data directory for itself.
func (n *node) clearWork() error {
	left, err := os.ReadDir(filepath.Dir(n.work))
	for _, entry := range left {
		if entry.Name() != filepath.Base(n.work) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(filepath.Dir(n.work), entry.Name())))
		}
	}
	if err != nil {
		return fmt.Errorf("clearing the directory of renders: %w", err)
	}
	return nil
}

// openFootage opens an asset of a job's project.
func (n *node) openFootage(ctx context.Context, job render.Job, id string) (io.ReadCloser, string, error) {
	a, err := n.store.Asset(ctx, id)
	if err == nil && a.Project != job.Project {
		err = auth.ErrNotFound
	}
	if err != nil {
		return nil, "", err
	}
	content, err := mediaBlobs{n.blobs}.Open(ctx, a)
	return content, a.Type, err
}

// keepFootage stores what a job made as an asset of its project.
func (n *node) keepFootage(ctx context.Context, job render.Job, dir string, out render.Output) (asset string, err error) {
	f, err := os.Open(filepath.Join(dir, out.File))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	a, err := n.media.Keep(ctx, job.Person, media.Upload{Project: job.Project, Name: job.Title + filepath.Ext(out.File), Length: -1, Content: f, Made: string(job.Kind)})
	switch {
	case errors.Is(err, media.ErrType), errors.Is(err, media.ErrBroken):
		return "", &render.Failure{Reason: render.Reason{Code: "result", Message: "what was rendered cannot be kept: " + err.Error()}, Err: err}
	case errors.Is(err, media.ErrFull):
		return "", &render.Failure{Reason: render.Reason{Code: "full", Message: "the project has no room for the result: delete media that nobody needs, and try again"}, Err: err}
	case errors.Is(err, media.ErrTooLarge):
		return "", &render.Failure{Reason: render.Reason{Code: "too-large", Message: "the result is larger than a file may be"}, Err: err}
	}
	return a.ID, err
}

// cuts is the timelines that are rendered.
type cuts struct{ *node }

// Cut is a project's timeline as it is now; see render.Cuts.
func (c cuts) Cut(ctx context.Context, project string) (timeline.Timeline, error) {
	state, err := c.hub.State(ctx, project+"/timeline")
	if err != nil {
		return timeline.Timeline{}, err
	}
	doc, err := timeline.Open(state)
	if err != nil {
		return timeline.Timeline{}, fmt.Errorf("reading a timeline: %w", err)
	}
	return timeline.Project(doc), nil
}

// Footage is what there is to show; see render.Cuts.
func (c cuts) Footage(ctx context.Context, project string) (map[string]render.Footage, error) {
	assets, err := c.assets(ctx, project)
	out := map[string]render.Footage{}
	for id, a := range assets {
		out[id] = render.Footage{Kind: string(a.Kind), Length: a.Facts.Duration, Sound: a.Facts.Channels > 0}
	}
	return out, err
}

// assets are those of a project, by id.
func (c cuts) assets(ctx context.Context, project string) (map[string]media.Asset, error) {
	out := map[string]media.Asset{}
	page := auth.Page{Limit: assetsAtOnce}
	for len(out) < knownAssets {
		found, err := c.store.Assets(ctx, project, "", page)
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

// Choose has a scene show a take; see render.Cuts.
func (c cuts) Choose(ctx context.Context, project, person, scene, asset string) error {
	return c.hub.Edit(ctx, project+"/timeline", person, func(state []byte) (update []byte, err error) {
		doc, err := timeline.Open(state)
		if err != nil {
			return nil, fmt.Errorf("reading a timeline: %w", err)
		}
		update = doc.Transact(func(tx *crdt.Tx) { err = timeline.Edit{Doc: doc, Tx: tx}.SetTake(scene, asset) })
		if errors.Is(err, timeline.ErrGone) {
			return nil, nil
		}
		return update, err
	})
}
