// Package web holds the built browser client. It has no behaviour: the
// server asks for its files and serves them.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built client with index.html at its root. Before the
// first build of the client it has no index.html; the server says so plainly.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: dist is not embedded: " + err.Error())
	}
	return files
}
