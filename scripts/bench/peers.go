package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed js/package.json js/package-lock.json js/.npmrc js/engines.mjs js/engine.mjs js/memory.mjs js/hocuspocus.mjs js/ywebsocket.mjs js/trace.mjs
var scripts embed.FS

// installTime bounds the installation of the peers.
const installTime = 2 * time.Minute

// installPeers puts the scripts and their packages into a cache directory that
// is named after their content.
func installPeers(ctx context.Context) (dir string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	files, err := fs.Glob(scripts, "js/*")
	if err != nil {
		return "", err
	}
	for _, name := range files {
		b, _ := scripts.ReadFile(name) // embedded
		fmt.Fprintf(sum, "%s %d\n%s", name, len(b), b)
	}
	dir = filepath.Join(cache, "soratoo-bench", fmt.Sprintf("%x", sum.Sum(nil)[:8]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := installInto(ctx, dir, files); err != nil {
		return "", err
	}
	return dir, nil
}

// installInto prepares a directory beside dir and renames it, so that there is
// never half of one.
func installInto(ctx context.Context, dir string, files []string) error {
	say("installing the peers from npm")
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	for _, name := range files {
		b, _ := scripts.ReadFile(name) // embedded
		if err := os.WriteFile(filepath.Join(fresh, filepath.Base(name)), b, 0o644); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, installTime)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir = fresh
	npm.WaitDelay = time.Second
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	if err := os.Rename(fresh, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// errNoPeers is why a peer is not measured when none could be installed.
var errNoPeers = errors.New("it is not installed")

// node runs a script of the peers and decodes the JSON that it prints.
func (b *bench) node(ctx context.Context, out any, args ...string) error {
	if b.peers == "" {
		return errNoPeers
	}
	cmd := exec.CommandContext(ctx, "node", append([]string{"--expose-gc", "--max-old-space-size=4096"}, args...)...)
	cmd.Dir = b.peers
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("node %s: %w\n%s", args[0], err, &stderr)
	}
	return json.Unmarshal(text, out)
}

func nodeVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return notMeasured
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
}

// version is the name of a peer with the version of its package.
func (b *bench) version(name, npm string) string {
	text, err := os.ReadFile(filepath.Join(b.peers, "node_modules", npm, "package.json"))
	var about struct{ Version string }
	if err != nil || json.Unmarshal(text, &about) != nil {
		return name
	}
	return name + " " + about.Version
}

// versions names all that was installed to measure with.
func (b *bench) versions() string {
	return strings.Join([]string{
		b.version("Yjs", "yjs"), b.version("ywasm", "ywasm"),
		b.version("@hocuspocus/server", "@hocuspocus/server"), b.version("@hocuspocus/extension-redis", "@hocuspocus/extension-redis"), b.version("y-websocket's server", "y-websocket-2"),
		b.version("@hocuspocus/provider", "@hocuspocus/provider"), b.version("y-websocket's client", "y-websocket"),
	}, ", ")
}
