package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed js/package.json js/package-lock.json js/.npmrc js/engine.mjs js/hocuspocus.mjs js/ywebsocket.mjs js/trace.mjs
var scripts embed.FS

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
	if _, err := os.Stat(filepath.Join(dir, "ready")); err == nil {
		return dir, nil
	}
	say("installing the peers from npm")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, name := range files {
		b, _ := scripts.ReadFile(name) // embedded
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), b, 0o644); err != nil {
			return "", err
		}
	}
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("installing the peers: %w\n%s", err, out)
	}
	return dir, os.WriteFile(filepath.Join(dir, "ready"), nil, 0o644)
}

// node runs a script of the peers and decodes the JSON that it prints.
func (b *bench) node(out any, args ...string) error {
	cmd := exec.CommandContext(b.ctx, "node", append([]string{"--max-old-space-size=4096"}, args...)...)
	cmd.Dir = b.peers
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("node %v: %w\n%s", args, err, &stderr)
	}
	return json.Unmarshal(text, out)
}

func (b *bench) nodeVersion() string {
	out, err := exec.CommandContext(b.ctx, "node", "--version").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
}

// version is that of a package of the peers.
func (b *bench) version(name string) string {
	text, err := os.ReadFile(filepath.Join(b.peers, "node_modules", name, "package.json"))
	var about struct{ Version string }
	if err != nil || json.Unmarshal(text, &about) != nil {
		return name
	}
	return name + " " + about.Version
}
