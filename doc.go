package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/soratoo/soratoo/crdt"
)

const docUsage = `Work on Yjs update files without a server.

Usage: soratoo doc <what> [flags] [FILE…]

  json     merge the files and print the document as JSON
  inspect  list the structs and the delete set
  sv       print the state vector, or write it with -o
  diff     write what the state vector in the file --sv lacks
  merge    join the files into one update
  convert  write the update in another version: --to v1 or --to v2
  verify   exit with status 1 and the first defect, if there is one

  --v2       the files are updates in version 2 (else in version 1)
  --sv FILE  a state vector
  --to V     v1 or v2
  -o FILE    write there and not to standard output

FILE "-" is standard input, as is no file at all. Updates are written in version 1,
except by convert.
`

// docJob is one run of a doc command.
type docJob struct {
	v2          bool
	sv, to, out string
	files       []string
	stdin       io.Reader
	stdout      io.Writer
	updates     [][]byte // what the files hold, in version 1
}

// docCommand works on Yjs update files.
func docCommand(args []string, stdin io.Reader, stdout io.Writer) error {
	if len(args) == 0 || args[0] == "--help" || args[0] == "-h" || args[0] == "help" {
		_, err := io.WriteString(stdout, docUsage)
		return err
	}
	run, ok := map[string]func(*docJob) error{
		"json": (*docJob).json, "inspect": (*docJob).inspect, "sv": (*docJob).stateVector, "diff": (*docJob).diff,
		"merge": (*docJob).merge, "convert": (*docJob).convert, "verify": (*docJob).verify,
	}[args[0]]
	if !ok {
		return usageError{fmt.Errorf("doc has no %q; soratoo doc --help lists what it has", args[0])}
	}
	job := &docJob{stdin: stdin, stdout: stdout}
	if err := job.parse(args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			_, err = io.WriteString(stdout, docUsage)
			return err
		}
		return usageError{fmt.Errorf("doc %s: %w", args[0], err)}
	}
	if err := job.read(); err != nil {
		return err
	}
	return run(job)
}

// parse reads flags and files in any order.
func (j *docJob) parse(args []string) error {
	flags := flag.NewFlagSet("doc", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&j.v2, "v2", false, "")
	flags.StringVar(&j.sv, "sv", "", "")
	flags.StringVar(&j.to, "to", "", "")
	flags.StringVar(&j.out, "o", "", "")
	for {
		if err := flags.Parse(args); err != nil {
			return err
		}
		if flags.NArg() == 0 {
			break
		}
		j.files = append(j.files, flags.Arg(0))
		args = flags.Args()[1:]
	}
	if len(j.files) == 0 {
		j.files = []string{"-"}
	}
	return nil
}

// read takes in all files.
func (j *docJob) read() error {
	for _, name := range j.files {
		b, err := j.file(name)
		if err != nil {
			return err
		}
		if j.v2 {
			if b, err = crdt.FromV2(b); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := crdt.Verify(b); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		j.updates = append(j.updates, b)
	}
	return nil
}

func (j *docJob) file(name string) (b []byte, err error) {
	if name == "-" {
		b, err = io.ReadAll(j.stdin)
	} else {
		b, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading an update: %w", err)
	}
	return b, nil
}

// write puts bytes where -o says.
func (j *docJob) write(b []byte) error {
	if j.out == "" || j.out == "-" {
		_, err := j.stdout.Write(b)
		return err
	}
	return os.WriteFile(j.out, b, 0o644)
}

// merged is all files as one update.
func (j *docJob) merged() ([]byte, error) { return crdt.MergeUpdates(j.updates...) }

func (j *docJob) merge() error {
	update, err := j.merged()
	if err != nil {
		return err
	}
	return j.write(update)
}

func (j *docJob) json() error {
	doc := crdt.New(crdt.Options{})
	for i, u := range j.updates {
		if err := doc.Apply(u); err != nil {
			return fmt.Errorf("%s: %w", j.files[i], err)
		}
	}
	out, err := marshal(doc.JSON(), "  ")
	if err != nil {
		return err
	}
	return j.write(out)
}

// marshal is v as JSON for people to read.
func marshal(v any, indent string) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(finite(v)); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return out.Bytes(), nil
}

// finite turns numbers that JSON does not have into null, as JavaScript does.
func finite(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case []any:
		for i, e := range v {
			v[i] = finite(e)
		}
	case map[string]any:
		for k, e := range v {
			v[k] = finite(e)
		}
	}
	return v
}

func (j *docJob) stateVector() error {
	update, err := j.merged()
	if err != nil {
		return err
	}
	vector, err := crdt.StateVectorFromUpdate(update)
	if err != nil || j.out != "" {
		return errors.Join(err, j.write(vector))
	}
	entries, err := crdt.StateVectorEntries(vector)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for _, client := range slices.Backward(slices.Sorted(maps.Keys(entries))) {
		fmt.Fprintf(&out, "%d %d\n", client, entries[client])
	}
	return j.write(out.Bytes())
}

func (j *docJob) diff() error {
	if j.sv == "" {
		return usageError{errors.New("doc diff needs a state vector: --sv FILE")}
	}
	vector, err := j.file(j.sv)
	if err != nil {
		return err
	}
	update, err := j.merged()
	if err != nil {
		return err
	}
	lacking, err := crdt.DiffUpdate(update, vector)
	if err != nil {
		return err
	}
	return j.write(lacking)
}

func (j *docJob) convert() error {
	update, err := j.merged()
	if err != nil {
		return err
	}
	switch j.to {
	case "v1":
	case "v2":
		if update, err = crdt.ToV2(update); err != nil {
			return err
		}
	default:
		return usageError{fmt.Errorf("doc convert needs --to v1 or --to v2, not %q", j.to)}
	}
	return j.write(update)
}

// verify has nothing left to do: a file with a defect is not read.
func (j *docJob) verify() error { return nil }

// shownContent is how many bytes of a struct's content are shown.
const shownContent = 100

func (j *docJob) inspect() error {
	var out bytes.Buffer
	for i, u := range j.updates {
		if len(j.updates) > 1 {
			fmt.Fprintf(&out, "# %s\n", j.files[i])
		}
		for s, err := range crdt.Structs(u) {
			if err != nil {
				return fmt.Errorf("%s: %w", j.files[i], err)
			}
			out.WriteString(structLine(s))
		}
		deletes, err := crdt.DeletesOf(u)
		if err != nil {
			return fmt.Errorf("%s: %w", j.files[i], err)
		}
		for d := range deletes.Ranges() {
			fmt.Fprintf(&out, "delete %v\n", d)
		}
	}
	return j.write(out.Bytes())
}

// structLine is one struct in a line.
func structLine(s crdt.Struct) string {
	line := fmt.Sprintf("%v %s", s.IDRange, s.Kind)
	if s.Parent != "" {
		line += " in " + s.Parent
	}
	if s.Key != "" {
		line += fmt.Sprintf(" key %q", s.Key)
	}
	if s.Origin != nil {
		line += fmt.Sprintf(" after %v", *s.Origin)
	}
	if s.RightOrigin != nil {
		line += fmt.Sprintf(" before %v", *s.RightOrigin)
	}
	if s.Content == nil {
		return line + "\n"
	}
	content, err := marshal(s.Content, "")
	if err != nil {
		content = fmt.Appendf(nil, "%v", s.Content)
	}
	content = bytes.TrimRight(content, "\n")
	if len(content) > shownContent {
		content = append(bytes.ToValidUTF8(content[:shownContent], nil), "…"...)
	}
	return line + " " + string(content) + "\n"
}
