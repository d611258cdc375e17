package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// config is all that an operator sets.
type config struct {
	listen        string // of the web, REST and WebSocket listener
	publicURL     string // how browsers reach it
	metricsListen string
	dataDir       string
	databaseURL   string // of PostgreSQL; empty: embedded in dataDir
	blobURL       string // of media; empty: files in dataDir
	masterKey     string // file of the master key; empty: in dataDir
	redisURL      string // empty: nodes find each other's edits in the database
	log           string // level and form
	personSockets string // how many one person may have at once
	proxies       string // whose X-Forwarded-For is believed: CIDRs
	portless      bool   // publicURL lacks the port, which the system will choose
}

// setting is one environment variable, and the flag of the same meaning.
type setting struct {
	env, flag, help string
	value           func(*config) *string
}

var settings = []setting{
	{"SORATOO_LISTEN", "listen", "address of the web, REST and WebSocket listener", func(c *config) *string { return &c.listen }},
	{"SORATOO_PUBLIC_URL", "public-url", "how browsers reach it (default: http://localhost with the listener's port)", func(c *config) *string { return &c.publicURL }},
	{"SORATOO_METRICS_LISTEN", "metrics-listen", "address of /metrics and /debug/pprof/; keep it private", func(c *config) *string { return &c.metricsListen }},
	{"SORATOO_DATA_DIR", "data-dir", "embedded database, media and keys", func(c *config) *string { return &c.dataDir }},
	{"SORATOO_DATABASE_URL", "database-url", "PostgreSQL, postgres://…, which nodes may share (default: embedded in the data directory)", func(c *config) *string { return &c.databaseURL }},
	{"SORATOO_REDIS_URL", "redis-url", "Redis, redis://…, which brings nodes together at once; needs a database URL", func(c *config) *string { return &c.redisURL }},
	{"SORATOO_BLOB_URL", "blob-url", "where media are: s3://bucket/prefix?endpoint=…, or file:///path that nodes share (default: in the data directory)", func(c *config) *string { return &c.blobURL }},
	{"SORATOO_MASTER_KEY_FILE", "master-key-file", "the key that unlocks everything, made at the first start; all nodes read the same (default: master.key in the data directory)", func(c *config) *string { return &c.masterKey }},
	{"SORATOO_TRUSTED_PROXIES", "trusted-proxies", "networks whose X-Forwarded-For is believed, with commas between", func(c *config) *string { return &c.proxies }},
	{"SORATOO_LOG", "log", "debug, info, warn or error, and text or json", func(c *config) *string { return &c.log }},
	{"SORATOO_PERSON_SOCKETS", "person-sockets", "connections that one person may have at once", func(c *config) *string { return &c.personSockets }},
}

// planned are settings whose part of the product is not in this version. They
// are refused: who sets one relies on it.
var planned = []string{
	"SORATOO_SMTP_URL",
	"SORATOO_OIDC_ISSUER", "SORATOO_OIDC_CLIENT_ID", "SORATOO_OIDC_CLIENT_SECRET",
	"SORATOO_VIDEOS_URL", "SORATOO_VIDEOS_API_KEY", "SORATOO_VIDEOS_MODELS", "SORATOO_RENDER_WORKERS",
}

func defaults() config {
	return config{listen: "127.0.0.1:8080", metricsListen: "127.0.0.1:9090", dataDir: "./data", log: "info,text", personSockets: "64"}
}

// settingsHelp lists the settings for people.
func settingsHelp() string {
	var b strings.Builder
	c := defaults()
	b.WriteString("Settings (flag, environment variable, default):\n\n")
	for _, s := range settings {
		fmt.Fprintf(&b, "  --%-15s %-23s %s\n  %42s%s\n", s.flag, s.env, *s.value(&c), "", s.help)
	}
	return b.String()
}

// configure reads the settings of a command: environment first, flags override.
// What is unknown or malformed is an error that says so. A command may add flags
// of its own.
func (p program) configure(command string, own ...func(*flag.FlagSet)) (config, error) {
	c := defaults()
	for _, pair := range p.environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "SORATOO_") || value == "" {
			continue
		}
		i := slices.IndexFunc(settings, func(s setting) bool { return s.env == name })
		if i < 0 {
			return c, usageError{unknownSetting(name)}
		}
		*settings[i].value(&c) = value
	}
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for _, s := range settings {
		flags.StringVar(s.value(&c), s.flag, *s.value(&c), s.help)
	}
	for _, add := range own {
		add(flags)
	}
	if err := flags.Parse(p.args); err != nil {
		return c, usageError{fmt.Errorf("%s: %w", command, err)}
	}
	if flags.NArg() > 0 {
		return c, usageError{fmt.Errorf("%s takes no argument %q", command, flags.Arg(0))}
	}
	return c, c.check()
}

func unknownSetting(name string) error {
	if slices.Contains(planned, name) {
		return fmt.Errorf("%s is set, but this version does not have that part yet; unset it", name)
	}
	return fmt.Errorf("%s is not a setting; soratoo --help lists them", name)
}

// check completes the settings and refuses those that cannot be.
func (c *config) check() error {
	_, port, err := net.SplitHostPort(c.listen)
	if err != nil {
		return usageError{fmt.Errorf("SORATOO_LISTEN %q is not an address like 127.0.0.1:8080", c.listen)}
	}
	if _, _, err := net.SplitHostPort(c.metricsListen); err != nil {
		return usageError{fmt.Errorf("SORATOO_METRICS_LISTEN %q is not an address like 127.0.0.1:9090", c.metricsListen)}
	}
	if c.publicURL == "" {
		c.publicURL, c.portless = "http://localhost:"+port, port == "0"
	}
	u, err := url.Parse(c.publicURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return usageError{fmt.Errorf("SORATOO_PUBLIC_URL %q is not an address like https://video.example.org", c.publicURL)}
	}
	c.publicURL = u.Scheme + "://" + u.Host
	// Programs that are run in other directories are given paths of this one.
	if c.dataDir, err = filepath.Abs(c.dataDir); err != nil {
		return usageError{fmt.Errorf("SORATOO_DATA_DIR: %w", err)}
	}
	if c.masterKey == "" {
		c.masterKey = filepath.Join(c.dataDir, "master.key")
	}
	if n, err := strconv.Atoi(c.personSockets); err != nil || n < 1 {
		return usageError{fmt.Errorf("SORATOO_PERSON_SOCKETS %q is not a number like 64", c.personSockets)}
	}
	if err := c.checkCluster(); err != nil {
		return err
	}
	if _, err := c.trusted(); err != nil {
		return err
	}
	_, err = c.logger(io.Discard)
	return err
}

// checkCluster refuses URLs of services that cannot be.
func (c *config) checkCluster() error {
	if c.databaseURL != "" && !strings.HasPrefix(c.databaseURL, "postgres://") && !strings.HasPrefix(c.databaseURL, "postgresql://") {
		return usageError{errors.New("SORATOO_DATABASE_URL is not like postgres://user:password@host:5432/database")}
	}
	if c.redisURL == "" {
		return nil
	}
	if !strings.HasPrefix(c.redisURL, "redis://") && !strings.HasPrefix(c.redisURL, "rediss://") {
		return usageError{errors.New("SORATOO_REDIS_URL is not like redis://host:6379")}
	}
	if c.databaseURL == "" {
		return usageError{errors.New("SORATOO_REDIS_URL is for nodes that share a database: set SORATOO_DATABASE_URL, too, or unset it")}
	}
	return nil
}

// trusted are the networks of trusted proxies. An address alone is a network of one.
func (c *config) trusted() (out []netip.Prefix, err error) {
	for each := range strings.SplitSeq(c.proxies, ",") {
		each = strings.TrimSpace(each)
		if each == "" {
			continue
		}
		network, err := netip.ParsePrefix(each)
		if address, failed := netip.ParseAddr(each); failed == nil {
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			return nil, usageError{fmt.Errorf("SORATOO_TRUSTED_PROXIES %q is not like 127.0.0.1/32,10.0.0.0/8", c.proxies)}
		}
		out = append(out, network.Masked())
	}
	return out, nil
}

// listens completes the public URL once the port is known.
func (c *config) listens(public net.Addr) {
	if _, port, err := net.SplitHostPort(public.String()); err == nil && c.portless {
		c.publicURL, c.portless = "http://localhost:"+port, false
	}
}

// logger makes the logger that SORATOO_LOG asks for.
func (c *config) logger(w io.Writer) (*slog.Logger, error) {
	name, form, _ := strings.Cut(c.log, ",")
	var level slog.Level
	err := level.UnmarshalText([]byte(name))
	if form != "" && form != "text" && form != "json" {
		err = errors.New("unknown form")
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("SORATOO_LOG %q is not like info,text or warn,json", c.log)}
	}
	options := &slog.HandlerOptions{Level: level}
	if form == "json" {
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return slog.New(slog.NewTextHandler(w, options)), nil
}
