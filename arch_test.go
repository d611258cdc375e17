package main_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/soratoo/soratoo"

// domain is what adapters may import.
var domain = []string{
	"crdt", "crdt/lib0", "crdt/awareness", "crdt/wire",
	"rooms", "rooms/shape", "rooms/timeline", "rooms/timeline/interchange", "rooms/review",
	"auth", "media", "history",
	"render",
}

// packages is the table of ARCHITECTURE.md: each package with what it may
// import of ours, and of others. A new row or arrow is a design decision.
var packages = map[string]struct {
	ours   []string
	others []string // prefixes of import paths
}{
	".": {
		ours:   append([]string{"server", "storage", "storage/blob", "storage/seal", "storage/backup", "rooms/redisbus", "media/ffprobe", "render/ffmpeg", "render/pack", "web"}, domain...),
		others: []string{"github.com/prometheus/client_golang", "golang.org/x/sync"},
	},
	"crdt":                       {ours: []string{"crdt/lib0"}},
	"crdt/lib0":                  {},
	"crdt/awareness":             {ours: []string{"crdt/lib0"}},
	"crdt/wire":                  {ours: []string{"crdt/lib0"}},
	"crdt/crdttest":              {ours: []string{"crdt", "crdt/lib0", "crdt/awareness", "crdt/wire"}},
	"rooms":                      {ours: []string{"crdt", "crdt/lib0", "crdt/awareness", "crdt/wire", "auth"}},
	"rooms/redisbus":             {ours: []string{"rooms"}, others: []string{"github.com/redis/go-redis"}},
	"rooms/shape":                {ours: []string{"crdt"}},
	"rooms/timeline":             {ours: []string{"crdt", "rooms/shape"}},
	"rooms/timeline/interchange": {ours: []string{"crdt", "rooms/timeline"}},
	"rooms/review":               {ours: []string{"crdt", "rooms/shape"}},
	"auth":                       {others: []string{"github.com/golang-jwt/jwt", "golang.org/x/crypto/argon2", "golang.org/x/text"}},
	"media":                      {ours: []string{"auth"}, others: []string{"golang.org/x/image/webp"}},
	"history":                    {ours: []string{"auth", "crdt", "rooms/timeline"}},
	"render":                     {ours: []string{"auth", "rooms/timeline"}},
	"render/mark":                {},
	"render/pack":                {ours: []string{"render"}},
	"render/ffmpeg":              {ours: []string{"render", "render/mark"}, others: []string{"golang.org/x/image"}},
	"media/ffprobe":              {ours: []string{"media"}},
	"storage/blob":               {others: []string{"github.com/minio/minio-go"}},
	"storage/backup":             {ours: []string{"storage/blob", "storage/sqlstore"}, others: []string{"filippo.io/age"}},
	"storage/seal":               {others: []string{"filippo.io/age"}},
	"storage":                    {ours: append([]string{"storage/sqlstore", "storage/blob", "storage/seal"}, domain...)},
	"storage/sqlstore": {
		ours:   append([]string{"storage/seal"}, domain...),
		others: []string{"github.com/pressly/goose", "modernc.org/sqlite", "github.com/jackc/pgx"},
	},
	"storage/storagetest": {ours: append([]string{"storage/blob", "storage/seal"}, domain...)}, // whose interfaces are theirs: several call them
	"storage/testservers": {others: []string{"github.com/jackc/pgx"}},
	"server": {
		ours: domain,
		others: []string{
			"github.com/coder/websocket", "github.com/go-chi/chi", "github.com/danielgtaylor/huma",
			"github.com/prometheus/client_golang", "golang.org/x/sync/semaphore",
		},
	},
	"web": {},
}

// goFiles yields the Go files of the repository that are not tests.
func goFiles(t *testing.T, yield func(file string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "testdata"):
			return filepath.SkipDir
		case strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go"):
			yield(filepath.ToSlash(file))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPackagesImportWhatTheTableAllows(t *testing.T) {
	goFiles(t, func(file string) {
		dir := path.Dir(file)
		if strings.HasPrefix(dir, "scripts/") { // programs of their own, outside the house
			return
		}
		row, ok := packages[dir]
		if !ok {
			t.Errorf("%s: the package %s is not in the table", file, dir)
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !allowed(imported, row.ours, row.others) {
				t.Errorf("%s: %s must not import %s", file, dir, imported)
			}
		}
	})
}

// allowed tells whether a package with this row may import a path.
func allowed(imported string, ours, others []string) bool {
	if own, ok := strings.CutPrefix(imported, module+"/"); ok {
		return slices.Contains(ours, own)
	}
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(others, func(prefix string) bool {
		return imported == prefix || strings.HasPrefix(imported, prefix+"/")
	})
}

// webLayers are the page's layers, and which others each may import.
var webLayers = map[string][]string{"ui": {"model", "sync"}, "model": {}, "sync": {}}

var webImport = regexp.MustCompile(`from\s+"(\.[^"]+)"`)

func TestThePageImportsDownwardsOnly(t *testing.T) {
	for layer, below := range webLayers {
		err := filepath.WalkDir(filepath.Join("web", "src", layer), func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			source, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			for _, found := range webImport.FindAllSubmatch(source, -1) {
				target := path.Join(path.Dir(filepath.ToSlash(file)), string(found[1]))
				to, _, _ := strings.Cut(strings.TrimPrefix(target, "web/src/"), "/")
				if to != layer && !slices.Contains(below, to) {
					t.Errorf("%s: %s must not import %s", file, layer, found[1])
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestTheTableOfTheDocumentsNamesEveryPackage(t *testing.T) {
	page, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range packages {
		if name != "." && !strings.Contains(string(page), "`"+name+"/`") && name != "storage/storagetest" {
			t.Errorf("ARCHITECTURE.md does not name %s/", name)
		}
	}
}
