package timeline_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/crdttest"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// replica is somebody who edits one copy of a document.
type replica interface {
	apply(update []byte)
	act(seed uint32) (deed, error) // some command, by chance
	run(o op) (deed, error)
	project() (string, error) // canonical JSON
}

// deed is what one edit did. IDs are those of the clips that it was to make;
// Made and Gone are the clips that are there since, and no more.
type deed struct {
	Name    string
	Updates [][]byte
	Made    []string
	Gone    []string
	IDs     []string
}

// op is an edit that Go and TypeScript both know. Start is a frame of the track,
// the frames to trim by, or the source frame to cut at; Lengths are those of new
// clips.
type op struct {
	Kind    string   `json:"kind"`
	Track   string   `json:"track"`
	Clip    string   `json:"clip"`
	Clips   []string `json:"clips"`
	After   string   `json:"after"`
	Start   int      `json:"start"`
	Lengths []int    `json:"lengths"`
}

// page is a replica that is real Yjs with the commands of the web client.
type page struct {
	peer *crdttest.Peer
	name string
}

func (p page) call(out any, call ...any) (err error) {
	p.peer.Queue(func(raw json.RawMessage) {
		if out != nil {
			err = json.Unmarshal(raw, out)
		}
	}, call...)
	if flushed := p.peer.Flush(); flushed != nil {
		return flushed
	}
	return err
}

// apply waits for the next call.
func (p page) apply(update []byte) { p.peer.Queue(nil, "apply", p.name, update) }

func (p page) act(seed uint32) (d deed, err error) {
	err = p.call(&d, "act", p.name, seed)
	return d, err
}

func (p page) run(o op) (d deed, err error) {
	o.Lengths = append([]int{}, o.Lengths...) // never null
	err = p.call(&d, "run", p.name, o)
	return d, err
}

func (p page) project() (text string, err error) {
	err = p.call(&text, "project", p.name)
	return text, err
}

// house is a replica in Go.
type house struct {
	doc    *crdt.Doc
	undo   *crdt.UndoManager
	random *rand.Rand
}

func newHouse(client, seed uint64, start []byte) *house {
	doc := crdt.New(crdt.Options{ClientID: client})
	if err := doc.Apply(start); err != nil {
		panic(err)
	}
	undo := crdt.NewUndoManager(doc, crdt.UndoOptions{CaptureTimeout: -1})
	return &house{doc, undo, rand.New(rand.NewPCG(seed, 0x60))}
}

func (h *house) apply(update []byte) {
	if err := h.doc.Apply(update); err != nil {
		panic(err)
	}
}

func (h *house) project() (string, error) { return canonical(timeline.Project(h.doc)), nil }

// canonical is a timeline as JSON with sorted keys.
func canonical(t timeline.Timeline) string {
	text, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	var plain any
	if err := in.Decode(&plain); err != nil {
		panic(err)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(plain); err != nil {
		panic(err)
	}
	return string(bytes.TrimSpace(out.Bytes()))
}

// doing runs an edit and tells what it wrote and changed.
func (h *house) doing(name string, edit func(timeline.Edit) ([]string, error)) (d deed, err error) {
	d.Name = name
	before := h.doc.Map(timeline.RootClips).Keys()
	var refused error
	update := h.doc.Transact(func(tx *crdt.Tx) {
		d.IDs, refused = edit(timeline.Edit{Doc: h.doc, Tx: tx, Random: h.random.Uint64N})
	})
	h.fill(&d, before, update)
	if refused != nil {
		d.Name += ": " + refused.Error()
	}
	return d, err
}

func (h *house) fill(d *deed, before []string, update []byte) {
	if update != nil {
		d.Updates = [][]byte{update}
	}
	now := h.doc.Map(timeline.RootClips).Keys()
	d.Made = slices.DeleteFunc(slices.Clone(now), func(id string) bool { return slices.Contains(before, id) })
	d.Gone = slices.DeleteFunc(before, func(id string) bool { return slices.Contains(now, id) })
}

// again undoes or repeats.
func (h *house) again(redo bool) (d deed, err error) {
	d.Name = "undo"
	before := h.doc.Map(timeline.RootClips).Keys()
	step := h.undo.Undo
	if redo {
		d.Name, step = "redo", h.undo.Redo
	}
	h.fill(&d, before, step())
	return d, nil
}

func (h *house) run(o op) (deed, error) {
	switch o.Kind {
	case "undo", "redo":
		return h.again(o.Kind == "redo")
	}
	return h.doing(o.Kind, func(e timeline.Edit) ([]string, error) {
		switch o.Kind {
		case "insert", "row":
			return e.Insert(timeline.Spot{Track: o.Track, After: o.After}, fresh(o.Lengths, o.Start)...)
		case "move":
			return nil, e.Move(o.Clip, timeline.Spot{Track: o.Track, After: o.After})
		case "tail":
			return nil, e.TrimTail(o.Clip, o.Start)
		case "cut":
			return cut(e, o)
		case "delete":
			return nil, e.Delete(o.Clip)
		case "deleteTrack":
			return nil, e.DeleteTrack(o.Track)
		default:
			panic("timeline: no op " + o.Kind)
		}
	})
}

func fresh(lengths []int, start int) []timeline.NewClip {
	clips := make([]timeline.NewClip, len(lengths))
	for i, n := range lengths {
		clips[i] = timeline.NewClip{Source: timeline.Source{Kind: "asset", Of: "new"}, Length: n, Start: start}
	}
	return clips
}

// cut splits the piece of a clip that shows a frame of the source, at it.
func cut(e timeline.Edit, o op) ([]string, error) {
	for _, c := range clipsOf(timeline.Project(e.Doc)) {
		if lineage(c) == o.Clip && c.In < o.Start && o.Start < c.In+c.Span {
			id, err := e.Split(c.ID, c.Start+o.Start-c.In)
			return []string{id}, err
		}
	}
	return nil, nil
}

func lineage(c timeline.Clip) string {
	if c.Origin != nil {
		return *c.Origin
	}
	return c.ID
}

func clipsOf(t timeline.Timeline) (all []timeline.Clip) {
	for _, track := range t.Tracks {
		all = append(all, track.Clips...)
	}
	return all
}

// act makes some edit of those that the server knows.
func (h *house) act(seed uint32) (deed, error) {
	r := rand.New(rand.NewPCG(uint64(seed), 0xac7))
	t := timeline.Project(h.doc)
	clips := clipsOf(t)
	if len(clips) == 0 || r.IntN(9) == 0 {
		return h.again(r.IntN(3) == 0)
	}
	clip, track := clips[r.IntN(len(clips))], t.Tracks[r.IntN(len(t.Tracks))]
	spot := timeline.Spot{Track: track.ID, Start: r.IntN(400), Gap: r.IntN(3)}
	if n := r.IntN(len(track.Clips) + 1); n > 0 {
		spot.After = track.Clips[n-1].ID
	}
	name := []string{
		"insert", "insert", "move", "move", "head", "tail", "split", "split", "delete", "addTrack", "deleteTrack", "transition", "meta",
	}[r.IntN(13)]
	return h.doing(name, func(e timeline.Edit) ([]string, error) {
		switch name {
		case "insert":
			return e.Insert(spot, fresh(lengths(r), r.IntN(400))...)
		case "move":
			return nil, e.Move(clip.ID, spot)
		case "head":
			return nil, e.TrimHead(clip.ID, r.IntN(41)-20)
		case "tail":
			return nil, e.TrimTail(clip.ID, r.IntN(41)-20)
		case "split":
			_, err := e.Split(clip.ID, clip.Start+1+r.IntN(clip.Length))
			return nil, err
		default:
			return nil, h.rare(e, r, name, clip.ID, track.ID)
		}
	})
}

func (h *house) rare(e timeline.Edit, r *rand.Rand, name, clip, track string) error {
	switch chance := r.IntN(4); name {
	case "delete":
		if chance < 2 {
			return e.Delete(clip)
		}
	case "deleteTrack":
		if chance == 0 {
			return e.DeleteTrack(track)
		}
	case "addTrack":
		kinds := []string{timeline.TrackStory, timeline.TrackVideo, timeline.TrackAudio, timeline.TrackCaption}
		if len(timeline.Project(h.doc).Tracks) < 6 {
			_, err := e.AddTrack(kinds[chance], "made")
			return err
		}
	case "transition":
		return e.SetTransition(clip, &timeline.Transition{Kind: "dissolve", Length: 1 + r.IntN(40)})
	case "meta":
		return e.SetMeta(timeline.Meta{Title: "film", Size: [2]int{640, 360}})
	}
	return nil
}

func lengths(r *rand.Rand) []int {
	out := make([]int, 1+r.IntN(3))
	for i := range out {
		out[i] = 1 + r.IntN(60)
	}
	return out
}
