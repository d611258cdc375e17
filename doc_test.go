package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// docFile is the path of a file that real Yjs has written.
func docFile(name string) string { return filepath.Join("testdata", "doc", name) }

func readDocFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(docFile(name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func runDoc(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := docCommand(args, bytes.NewReader(stdin), &out); err != nil {
		t.Fatalf("doc %v: %v", args, err)
	}
	return out.String()
}

const wholeJSON = `{
  "list": [
    null,
    "two",
    "AQID",
    {
      "nan": null
    }
  ],
  "meta": {
    "rate": [
      24,
      1
    ],
    "ratio": 2.39,
    "title": "Harbour"
  },
  "notes": "Hold <b>& wait</b>",
  "scenes": {
    "s1": {
      "length": 120,
      "prompt": "Dawn breaks over the harbour"
    }
  }
}
`

func TestDocPrintsDocumentsAsJSON(t *testing.T) {
	for _, args := range [][]string{
		{"json", docFile("whole.bin")},
		{"json", docFile("first.bin"), docFile("second.bin")},
		{"json", docFile("second.bin"), docFile("first.bin")},
		{"json", docFile("whole.v2.bin"), "--v2"},
	} {
		if got := runDoc(t, nil, args...); got != wholeJSON {
			t.Errorf("doc %v prints\n%s\nwant\n%s", args, got, wholeJSON)
		}
	}
	if got := runDoc(t, readDocFile(t, "whole.bin"), "json", "-"); got != wholeJSON {
		t.Errorf("from standard input it prints\n%s", got)
	}
}

func TestDocWritesWhatYjsWrites(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"merge", docFile("first.bin"), docFile("second.bin")}, "whole.bin"},
		{[]string{"convert", "--to", "v2", docFile("whole.bin")}, "whole.v2.bin"},
		{[]string{"convert", "--to", "v1", "--v2", docFile("whole.v2.bin")}, "whole.bin"},
		{[]string{"diff", "--sv", docFile("first.sv"), docFile("whole.bin")}, "diff.bin"},
		{[]string{"diff", docFile("whole.v2.bin"), "--v2", "--sv", docFile("first.sv")}, "diff.bin"},
		{[]string{"sv", docFile("whole.bin")}, "whole.sv"},
	} {
		out := filepath.Join(t.TempDir(), "out")
		if got := runDoc(t, nil, append(c.args, "-o", out)...); got != "" {
			t.Errorf("doc %v prints %q beside its file", c.args, got)
		}
		got, err := os.ReadFile(out)
		if err != nil || !bytes.Equal(got, readDocFile(t, c.want)) {
			t.Errorf("doc %v writes %x, %v, want %s", c.args, got, err, c.want)
		}
	}
}

func TestDocPrintsStateVectorsAndStructs(t *testing.T) {
	if got, want := runDoc(t, nil, "sv", docFile("whole.bin")), "2 13\n1 47\n"; got != want {
		t.Errorf("sv prints %q, want %q", got, want)
	}
	got := runDoc(t, nil, "inspect", docFile("whole.bin"))
	for _, line := range []string{
		"2:0+7 string after 1:9 before 1:10 \"breaks \"\n",
		"1:0+1 any in \"meta\" key \"title\" [\"Harbour 🌅\"]\n",
		"1:4+1 type in 1:3 key \"prompt\" \"text\"\n",
		"1:27+1 format in \"notes\" {\"bold\":true}\n",
		"delete 2:8+1\n",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("inspect prints\n%s\nwithout %q", got, line)
		}
	}
}

func TestDocTellsTheFirstDefect(t *testing.T) {
	whole := readDocFile(t, "whole.bin")
	for _, args := range [][]string{{"verify"}, {"json"}, {"inspect"}, {"sv"}, {"merge"}, {"verify", "--v2"}} {
		err := docCommand(args, bytes.NewReader(whole[:len(whole)-9]), &bytes.Buffer{})
		if err == nil || !strings.HasPrefix(err.Error(), "-: ") {
			t.Errorf("doc %v of half an update: %v, want its defect", args, err)
		}
	}
	runDoc(t, whole, "verify")
	runDoc(t, readDocFile(t, "whole.v2.bin"), "verify", "--v2")
}

func TestDocRefusesWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{"draw"},
		{"json", "--nonsense"},
		{"convert", docFile("whole.bin")},
		{"convert", "--to", "v3", docFile("whole.bin")},
		{"diff", docFile("whole.bin")},
	} {
		var wrong usageError
		if err := docCommand(args, strings.NewReader(""), &bytes.Buffer{}); !errors.As(err, &wrong) {
			t.Errorf("doc %v: %v, want a usage error", args, err)
		}
	}
	if err := docCommand([]string{"json", docFile("none.bin")}, strings.NewReader(""), &bytes.Buffer{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	for _, args := range [][]string{nil, {"--help"}, {"json", "-h"}} {
		if got := runDoc(t, nil, args...); got != docUsage {
			t.Errorf("doc %v prints %q", args, got)
		}
	}
}
