package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/history"
	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/media/ffprobe"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/rooms/redisbus"
	"github.com/soratoo/soratoo/rooms/timeline"
	"github.com/soratoo/soratoo/server"
	"github.com/soratoo/soratoo/storage"
	"github.com/soratoo/soratoo/storage/blob"
	"github.com/soratoo/soratoo/storage/seal"
	"github.com/soratoo/soratoo/web"
)

const (
	drainTimeout  = 15 * time.Second // everything may take to end after a signal
	headerTimeout = 10 * time.Second
	bodyTimeout   = 30 * time.Second
	answerTimeout = 60 * time.Second
	keepAlive     = 2 * time.Minute
	headerBytes   = 32 << 10
	restTimeout   = 10 * time.Second // keeping a version may take
)

func serveHelp() string {
	return "Run the server until Ctrl-C or SIGTERM, which let everybody go in order.\n\nUsage: soratoo serve [flags]\n\n" + settingsHelp()
}

// serve runs the server until ctx ends, then lets everybody go in order.
func (p program) serve(ctx context.Context) error {
	c, err := p.configure("serve")
	if err != nil {
		return err
	}
	log, err := c.logger(p.stderr)
	if err != nil {
		return err
	}
	public, private, err := listen(ctx, c)
	if err != nil {
		return err
	}
	c.listens(public.Addr())
	n, err := open(ctx, c, log)
	if err != nil {
		return errors.Join(err, public.Close(), private.Close())
	}
	n.address = public.Addr().String()
	if err := n.clearWork(); err != nil {
		return errors.Join(err, n.close(), public.Close(), private.Close())
	}
	p.say("SoraToo is at %s (metrics at http://%s/metrics). Ctrl-C ends it.\n", c.publicURL, private.Addr())
	return errors.Join(n.run(ctx, public, private), n.close())
}

// listen opens both listeners, or none.
func listen(ctx context.Context, c config) (public, private net.Listener, err error) {
	var l net.ListenConfig
	public, err = l.Listen(ctx, "tcp", c.listen)
	if err != nil {
		return nil, nil, fmt.Errorf("%w; set SORATOO_LISTEN to another address", err)
	}
	private, err = l.Listen(ctx, "tcp", c.metricsListen)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%w; set SORATOO_METRICS_LISTEN to another address", err), public.Close())
	}
	return public, private, nil
}

// node is the parts of a running server, wired.
type node struct {
	store   storage.Store
	files   blob.Store
	blobs   *seal.Blobs // in files
	auth    *auth.Service
	hub     *rooms.Hub
	history *history.Service
	media   *media.Service
	renders rendering
	server  *server.Server
	metrics *server.Metrics
	log     *slog.Logger
	key     ed25519.PrivateKey
	work    string        // of renders
	bus     *redisbus.Bus // nil without Redis
	address string        // of the public listener
	cluster bool          // other nodes may share the store
}

// open opens the store and wires the parts on it.
func open(ctx context.Context, c config, log *slog.Logger) (*node, error) {
	proxies, err := c.trusted()
	if err != nil {
		return nil, err
	}
	n := &node{log: log, metrics: server.NewMetrics(prometheus.NewRegistry()), cluster: c.databaseURL != ""}
	if err := n.openStores(ctx, c); err != nil {
		return nil, errors.Join(err, n.close())
	}
	store := n.store
	n.auth = auth.New(n.authConfig(c))
	n.hub = rooms.New(n.hubConfig())
	n.history = history.New(history.Config{Store: store, Live: n.hub, Rights: n.auth})
	n.media = n.mediaService()
	if n.renders, err = n.rendering(c.dataDir); err != nil {
		return nil, errors.Join(err, n.close())
	}
	personSockets, err := strconv.Atoi(c.personSockets)
	if err != nil {
		return nil, usageError{err}
	}
	n.server = server.New(server.Config{
		Hub: n.hub, Auth: n.auth, Media: n.media, History: n.history, Renders: n.renders.service, Log: log, Metrics: n.metrics, PublicURL: c.publicURL, Version: release, Web: web.Files(), Proxies: proxies,
		Ping: store.Ping, PersonSockets: personSockets,
		Prepare: func(ctx context.Context, project auth.Project, person string) error {
			return n.begin(ctx, project.ID, person, timeline.Seed(project.Name))
		},
	})
	return n, nil
}

// media makes the service of media. Without ffprobe, browsers tell what they
// find in files.
func (n *node) mediaService() *media.Service {
	c := media.Config{Store: n.store, Blobs: mediaBlobs{n.blobs}, Rights: n.auth}
	if prober := ffprobe.Find(); prober != nil {
		c.Prober = prober
	}
	return media.New(c)
}

// rested keeps a version of a document that rests.
func (n *node) rested(r rooms.Rested) {
	ctx, cancel := context.WithTimeout(context.Background(), restTimeout)
	defer cancel()
	if err := n.history.Keep(ctx, r.Doc, r.State, r.People); err != nil {
		n.log.Error("version was not kept", "doc", r.Doc, "err", err)
		return
	}
	n.hub.Broadcast(r.Doc, []byte(`{"type":"notice","notice":"versions"}`))
}

// close lets go of what was opened.
func (n *node) close() error {
	var errs []error
	if n.work != "" {
		errs = append(errs, os.RemoveAll(n.work))
	}
	if n.bus != nil {
		errs = append(errs, n.bus.Close())
	}
	if n.files != nil {
		errs = append(errs, n.files.Close())
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	return errors.Join(errs...)
}

// begin writes what a project's timeline begins with.
func (n *node) begin(ctx context.Context, project, person string, update []byte) error {
	clients, err := writersOf(update)
	if err != nil {
		return err
	}
	receipts, err := n.store.Append(ctx, []rooms.Write{{
		Doc: project + "/timeline", Generation: rooms.FirstGeneration,
		Entries: []rooms.Entry{{Update: update, Person: person, At: time.Now(), Clients: clients}},
	}})
	if err != nil {
		return fmt.Errorf("writing the timeline of a new project: %w", err)
	}
	return receipts[0].Err
}

// writersOf are the clients that an update of ours was written as.
func writersOf(update []byte) ([]uint64, error) {
	vector, err := crdt.StateVectorFromUpdate(update)
	if err != nil {
		return nil, err
	}
	clocks, err := crdt.StateVectorEntries(vector)
	return slices.Collect(maps.Keys(clocks)), err
}

// run serves until ctx ends or a part fails, and returns when nothing runs.
func (n *node) run(ctx context.Context, public, private net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.hub.Run(ctx) })
	group.Go(func() error { return n.auth.Run(ctx) })
	if n.cluster {
		group.Go(func() error { return n.beat(ctx) })
	}
	group.Go(func() error { return n.renders.dispatcher.Run(ctx) })
	group.Go(func() error { return n.renders.service.Run(ctx) })
	group.Go(func() error { return n.listen(ctx, public, n.server.Handler(), n.server.Drain) })
	group.Go(func() error { return n.listen(ctx, private, n.metrics.Handler(), func(context.Context) {}) })
	return group.Wait()
}

// listen serves a listener until ctx ends; then it calls drain, answers the
// requests that are under way, and returns.
func (n *node) listen(ctx context.Context, l net.Listener, h http.Handler, drain func(context.Context)) error {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: answerTimeout,
		IdleTimeout: keepAlive, MaxHeaderBytes: headerBytes, ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
	var group errgroup.Group
	stopped := make(chan struct{})
	group.Go(func() error {
		defer close(stopped)
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving %s: %w", l.Addr(), err)
		}
		return nil
	})
	select {
	case <-ctx.Done():
	case <-stopped:
		return group.Wait()
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	group.Go(func() error {
		if err := s.Shutdown(ending); err != nil {
			return errors.Join(fmt.Errorf("ending requests: %w", err), s.Close())
		}
		return nil
	})
	drain(ending)
	return group.Wait()
}
