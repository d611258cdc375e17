package server

import (
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/soratoo/soratoo/rooms"
)

// Metrics are the figures of a node. None has the name of a user, a project or
// a document.
type Metrics struct {
	registry *prometheus.Registry
	rooms    prometheus.Gauge
	sockets  *prometheus.GaugeVec
	updates  *prometheus.CounterVec
	update   prometheus.Histogram
	fanout   prometheus.Histogram
	batch    prometheus.Histogram
	requests *prometheus.HistogramVec
	failures *prometheus.CounterVec
	panics   prometheus.Counter
	damaged  prometheus.Counter
	bus      prometheus.Gauge
	catchUps prometheus.Counter
}

// NewMetrics makes the figures and registers them, with those of the process.
func NewMetrics(registry *prometheus.Registry) *Metrics {
	fast := prometheus.ExponentialBuckets(0.0001, 2, 16) // 0.1 ms to 3 s
	m := &Metrics{
		registry: registry,
		rooms:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "soratoo_rooms_open", Help: "Documents that are open."}),
		sockets: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "soratoo_connections",
			Help: "WebSocket connections.",
		}, []string{"kind"}),
		updates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "soratoo_updates_total",
			Help: "Updates that clients sent, by what became of them.",
		}, []string{"result"}),
		update: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "soratoo_update_seconds",
			Help: "From the receipt of an update until it is durable.", Buckets: fast,
		}),
		fanout: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "soratoo_fanout_seconds",
			Help: "From an update's being durable until every member's outbox has it.", Buckets: fast,
		}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "soratoo_persist_batch_size",
			Help: "Updates in one commit.", Buckets: prometheus.ExponentialBuckets(1, 2, 12),
		}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "soratoo_http_request_seconds",
			Help: "HTTP requests by route and status.", Buckets: prometheus.DefBuckets,
		}, []string{"route", "code"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "soratoo_auth_failures_total",
			Help: "Requests that were not let in, by reason.",
		}, []string{"reason"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "soratoo_panics_total",
			Help: "Faults of the program that ended one request, room or job and nothing else.",
		}),
		damaged: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "soratoo_damaged_rows_total",
			Help: "Stored rows that were found damaged and set aside.",
		}),
		bus: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "soratoo_redis_up",
			Help: "1 while messages between nodes arrive by Redis; 0 without it.",
		}),
		catchUps: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "soratoo_log_tail_catchups_total",
			Help: "Times that the log was read for what another node had written.",
		}),
	}
	registry.MustRegister(m.rooms, m.sockets, m.updates, m.update, m.fanout, m.batch, m.requests, m.failures, m.panics, m.damaged, m.bus, m.catchUps,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Rooms are the figures that rooms tell.
func (m *Metrics) Rooms() rooms.Metrics {
	return rooms.Metrics{
		Rooms:   func(delta int) { m.rooms.Add(float64(delta)) },
		Updates: func(result string) { m.updates.WithLabelValues(result).Inc() },
		Update:  func(d time.Duration) { m.update.Observe(d.Seconds()) },
		Fanout:  func(d time.Duration) { m.fanout.Observe(d.Seconds()) },
		Batch:   func(entries int) { m.batch.Observe(float64(entries)) },
		Panics:  m.panics.Inc,
		Damaged: func(rows int) { m.damaged.Add(float64(rows)) },
		CatchUp: m.catchUps.Inc,
		Bus: func(works bool) {
			m.bus.Set(0)
			if works {
				m.bus.Set(1)
			}
		},
	}
}

// Handler is what the listener for operators serves: /metrics and the
// profiler. It must not be reachable from outside.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func (m *Metrics) request(route string, status int, d time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(d.Seconds())
}

func (m *Metrics) failed(reason string) { m.failures.WithLabelValues(reason).Inc() }
