package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms/timeline"
	"github.com/soratoo/soratoo/rooms/timeline/interchange"
)

// Papers are the files of text that go into a package; see render.Cuts.
func (c cuts) Papers(ctx context.Context, project string) ([]render.Paper, error) {
	doc, err := c.document(ctx, project+"/timeline")
	if err != nil {
		return nil, err
	}
	assets, err := c.assets(ctx, project)
	if err != nil {
		return nil, err
	}
	cut := timeline.Project(doc)
	rate := interchange.Rate(cut.Rate)
	sequence := interchange.FromDocument(doc, func(id string) (string, int) {
		a := assets[id]
		return a.Name, int(a.Facts.Duration.Seconds()*rate.Float() + 0.5)
	})
	var papers []render.Paper
	for _, name := range []string{"otio", "edl", "fcpxml"} {
		format, _ := interchange.Find(name, nil)
		b, _, err := format.Write(sequence)
		if err != nil {
			return nil, fmt.Errorf("writing the cut as %s: %w", name, err)
		}
		papers = append(papers, render.Paper{Name: "cut" + format.Extension, Text: string(b)})
	}
	n := names{c, map[string]string{}}
	review, err := c.document(ctx, project+"/review")
	if err != nil {
		return nil, err
	}
	comments, err := commentsOf(ctx, review, cut, n)
	if err != nil {
		return nil, err
	}
	origin, err := c.provenance(ctx, project, provenanceOf{doc, cut, assets, n})
	return append(papers, render.Paper{Name: "comments.csv", Text: comments}, render.Paper{Name: "provenance.json", Text: origin}), err
}

// document is a copy of a document as it is now.
func (c cuts) document(ctx context.Context, name string) (*crdt.Doc, error) {
	state, err := c.hub.State(ctx, name)
	if err != nil {
		return nil, err
	}
	doc := crdt.New(crdt.Options{})
	if err := doc.Apply(state); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return doc, nil
}

// names finds what people are called.
type names struct {
	cuts
	known map[string]string
}

// of is the name of a person or a guest; "" of who has gone.
func (n names) of(ctx context.Context, id string) (string, error) {
	if name, ok := n.known[id]; ok || id == "" {
		return name, nil
	}
	account, err := n.store.Account(ctx, id)
	name := account.Name
	if errors.Is(err, auth.ErrNotFound) {
		var guest auth.Guest
		guest, err = n.store.Guest(ctx, id)
		name = guest.Name
	}
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return "", err
	}
	n.known[id] = name
	return name, nil
}

// commentsOf is the comments of a review as a table (RFC 4180), in the order of the
// cut and of their writing. The team's own comments are no part of a delivery.
func commentsOf(ctx context.Context, review *crdt.Doc, cut timeline.Timeline, n names) (string, error) {
	type row struct {
		start, created int
		cells          []string
	}
	var rows []row
	for _, thread := range review.Map("threads").JSON() {
		thread, _ := thread.(map[string]any)
		anchor, _ := thread["anchor"].(map[string]any)
		state, _ := thread["state"].(map[string]any)
		status, _ := state["status"].(string)
		on, _ := anchor["on"].(string)
		start, end := whole(anchor["start"]), whole(anchor["end"])
		messages, _ := thread["messages"].(map[string]any)
		for _, message := range messages {
			message, _ := message.(map[string]any)
			author, _ := message["author"].(string)
			body, _ := message["body"].(string)
			name, err := n.of(ctx, author)
			if err != nil {
				return "", err
			}
			created := whole(message["created"])
			rows = append(rows, row{start, created, []string{
				on, strconv.Itoa(start), strconv.Itoa(end), secondsOf(start, cut.Rate), plain(name),
				time.UnixMilli(int64(created)).UTC().Format(time.RFC3339), plain(body), plain(status),
			}})
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		if a.start != b.start {
			return a.start - b.start
		}
		if a.created != b.created {
			return a.created - b.created
		}
		return slices.Compare(a.cells, b.cells)
	})
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	_ = w.Write([]string{"on", "from frame", "to frame", "at second", "who", "when", "comment", "state"}) // a buffer takes all
	for _, r := range rows {
		_ = w.Write(r.cells)
	}
	w.Flush()
	return b.String(), w.Error()
}

// whole is a number of a document, 0 where it is none that a calendar or a cut has.
func whole(v any) int {
	const most = 1 << 53
	switch n := v.(type) {
	case float64:
		if n > -most && n < most {
			return int(n)
		}
	case int64:
		return int(n)
	case int:
		return n
	}
	return 0
}

func secondsOf(frame int, rate [2]int) string {
	return strconv.FormatFloat(float64(frame)*float64(rate[1])/float64(rate[0]), 'f', 3, 64)
}

// plain is a cell that no spreadsheet takes for a formula.
func plain(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r'", rune(text[0])) {
		return "'" + text
	}
	return text
}

// provenanceOf is what a provenance tells of.
type provenanceOf struct {
	doc    *crdt.Doc
	cut    timeline.Timeline
	assets map[string]media.Asset
	names  names
}

type assetOrigin struct {
	Asset   string    `json:"asset"`
	Name    string    `json:"name"`
	Type    string    `json:"type"`
	SHA256  string    `json:"sha256"`
	Made    string    `json:"made_by,omitempty"` // what kind of render; absent for what somebody added
	Who     string    `json:"who,omitempty"`
	Created time.Time `json:"created_at"`
	Missing bool      `json:"missing,omitempty"`
}

type sceneOrigin struct {
	Scene      string        `json:"scene"`
	Title      string        `json:"title"`
	Prompt     string        `json:"prompt"`
	Backend    string        `json:"backend"`
	Model      string        `json:"model,omitempty"`
	Seed       *int          `json:"seed,omitempty"`
	Style      string        `json:"style,omitempty"`
	Take       *assetOrigin  `json:"take"` // null: the scene has none, its card is shown
	ChosenBy   string        `json:"chosen_by,omitempty"`
	References []assetOrigin `json:"references"`
}

// provenance says of each scene where its pictures come from.
func (c cuts) provenance(ctx context.Context, project string, of provenanceOf) (string, error) {
	writers, err := c.store.Writers(ctx, project+"/timeline")
	if err != nil {
		return "", err
	}
	scenes := []sceneOrigin{}
	for _, s := range of.cut.Scenes {
		o := sceneOrigin{
			Scene: s.ID, Title: s.Title, Prompt: s.Prompt, Backend: given(s.Render.Backend, render.Embedded), Model: given(s.Render.Model, ""),
			Seed: s.Render.Seed, Style: given(s.Render.Style, ""), References: []assetOrigin{},
		}
		if s.Take != nil {
			take, err := of.asset(ctx, *s.Take)
			if err != nil {
				return "", err
			}
			o.Take = &take
			if o.ChosenBy, err = of.names.of(ctx, of.chooser(s.ID, writers)); err != nil {
				return "", err
			}
		}
		for _, ref := range s.Refs {
			a, err := of.asset(ctx, ref.Asset)
			if err != nil {
				return "", err
			}
			o.References = append(o.References, a)
		}
		scenes = append(scenes, o)
	}
	b, err := json.MarshalIndent(map[string]any{"title": of.cut.Title, "scenes": scenes}, "", "  ")
	return string(b) + "\n", err
}

// chooser is who chose the take of a scene, where only one person ever has.
func (p provenanceOf) chooser(scene string, writers map[uint64]string) (person string) {
	found, _ := p.doc.Map("scenes").Get(scene)
	m, ok := found.(crdt.Map)
	if !ok {
		return ""
	}
	for r := range m.Units("take").Ranges() {
		by := writers[r.Client]
		if by == "" || person != "" && by != person {
			return ""
		}
		person = by
	}
	return person
}

func (p provenanceOf) asset(ctx context.Context, id string) (assetOrigin, error) {
	a, ok := p.assets[id]
	if !ok {
		return assetOrigin{Asset: id, Missing: true}, nil
	}
	who, err := p.names.of(ctx, a.Person)
	return assetOrigin{Asset: id, Name: a.Name, Type: a.Type, SHA256: a.Hash, Made: a.Made, Who: who, Created: a.Created}, err
}

// given is what is said, or what goes without saying.
func given(s *string, or string) string {
	if s == nil || *s == "" {
		return or
	}
	return *s
}
