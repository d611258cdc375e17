package timeline_test

import (
	"errors"
	"fmt"
	"slices"

	"github.com/soratoo/soratoo/rooms/timeline"
)

// errSkip says that the document has nothing to play an episode with.
var errSkip = errors.New("nothing to play with")

// episodes are what people do at once on purpose, and what must come of it.
// Before each, everybody sees the same and nothing is to be repaired.
var episodes = map[string]func(n *network) error{
	"inserts show in full":         (*network).inserts,
	"batches stay together":        (*network).batches,
	"rows that move stay together": (*network).rows,
	"a move is one of the moves":   (*network).moves,
	"cuts are the union of cuts":   (*network).cuts,
	"a trim and a move both hold":  (*network).trimAndMove,
	"undo leaves what others did":  (*network).undoes,
	"nothing falls with its track": (*network).insertIntoDeleted,
}

var episodeNames = slices.Sorted(func(yield func(string) bool) {
	for name := range episodes {
		if !yield(name) {
			return
		}
	}
})

// episode plays one of them, with some of the people.
func (n *network) episode() error {
	if err := n.mend(); err != nil {
		return err
	}
	name := episodeNames[n.random.IntN(len(episodeNames))]
	n.log = append(n.log, name)
	if err := episodes[name](n); err != nil && !errors.Is(err, errSkip) {
		return fmt.Errorf("%s: %w", name, err)
	}
	return n.check()
}

// mend lets a page settle all repairs: what is shown stays the same, and there
// is nothing left to repair.
func (n *network) mend() error {
	before := n.now()
	if len(before.Repairs) == 0 {
		return nil
	}
	if _, err := n.run(0, op{Kind: "settle"}); err != nil {
		return err
	}
	if err := n.settle(); err != nil {
		return err
	}
	after := n.now()
	if len(after.Repairs) > 0 {
		return fmt.Errorf("settled %v, still %v", before.Repairs, after.Repairs)
	}
	if a, b := placesOf(before), placesOf(after); !slices.Equal(a, b) {
		return fmt.Errorf("settled %v:\nshown before %v\nnow          %v", before.Repairs, a, b)
	}
	return nil
}

// placesOf is when and what each clip shows, in order; what was recovered gets
// a track of its own, so tracks are not compared.
func placesOf(t timeline.Timeline) (all []string) {
	for _, c := range clipsOf(t) {
		transition := 0
		if c.Transition != nil {
			transition = c.Transition.Length
		}
		all = append(all, fmt.Sprintf("%s %d+%d in %d+%d %v /%d", c.ID, c.Start, c.Length, c.In, c.Span, c.Source, transition))
	}
	return all
}

// everybody lets each of two or more people do something without hearing of the
// others; then all hear of it. It returns what each of them made.
func (n *network) everybody(what func(i int) op) ([]deed, error) {
	who := n.random.Perm(n.people())
	who = who[:2+n.random.IntN(len(who)-1)]
	deeds := make([]deed, len(who))
	for i, w := range who {
		d, err := n.run(w, what(i))
		if err != nil {
			return nil, err
		}
		deeds[i] = d
	}
	return deeds, n.settle()
}

// story is the first story track, when it can be edited.
func (n *network) story(t timeline.Timeline) (timeline.Track, error) {
	for _, track := range t.Tracks {
		if track.Kind == timeline.TrackStory {
			if track.Locked || len(track.Clips) == 0 {
				return track, errSkip
			}
			return track, nil
		}
	}
	return timeline.Track{}, errSkip
}

// behind is a clip to stand after, or "" for the start.
func (n *network) behind(track timeline.Track) string {
	if i := n.random.IntN(len(track.Clips) + 1); i > 0 {
		return track.Clips[i-1].ID
	}
	return ""
}

func idsOf(clips []timeline.Clip) []string {
	ids := make([]string, len(clips))
	for i, c := range clips {
		ids[i] = c.ID
	}
	return ids
}

func trackOf(t timeline.Timeline, id string) timeline.Track {
	for _, track := range t.Tracks {
		if track.ID == id {
			return track
		}
	}
	return timeline.Track{}
}

func clipOf(t timeline.Timeline, id string) timeline.Clip {
	for _, c := range clipsOf(t) {
		if c.ID == id {
			return c
		}
	}
	return timeline.Clip{}
}

func (n *network) inserts() error { return n.insertRows(1) }

func (n *network) batches() error { return n.insertRows(2 + n.random.IntN(4)) }

// insertRows lets everybody insert a row of clips at one spot: each is there in
// full, its clips side by side, and what was there is as it was.
func (n *network) insertRows(size int) error {
	before, err := n.story(n.now())
	if err != nil {
		return err
	}
	after := n.behind(before)
	row := make([]int, size)
	for i := range row {
		row[i] = 1 + n.random.IntN(50)
	}
	deeds, err := n.everybody(func(int) op { return op{Kind: "insert", Track: before.ID, After: after, Lengths: row} })
	if err != nil {
		return err
	}
	now := trackOf(n.now(), before.ID)
	ids, length := idsOf(now.Clips), before.Length
	for _, d := range deeds {
		at := slices.Index(ids, d.IDs[0])
		if at < 0 || at+size > len(ids) || !slices.Equal(ids[at:at+size], d.IDs) {
			return fmt.Errorf("of %v only part stands side by side in %v", d.IDs, ids)
		}
		for i, n := range row {
			if c := now.Clips[at+i]; c.Length != n || c.In != 0 {
				return fmt.Errorf("clip %s is %d long from %d, not %d", c.ID, c.Length, c.In, n)
			}
			length += n
		}
	}
	if now.Length != length {
		return fmt.Errorf("the story is %d long, not %d", now.Length, length)
	}
	old := slices.DeleteFunc(ids, func(id string) bool { return !slices.Contains(idsOf(before.Clips), id) })
	if !slices.Equal(old, idsOf(before.Clips)) {
		return fmt.Errorf("what was %v is %v", idsOf(before.Clips), old)
	}
	return nil
}

// rows lets everybody put some clips side by side at one spot, pages by moving
// clips of their own choice, Go by inserting some: each row stays together.
func (n *network) rows() error {
	track, err := n.story(n.now())
	if err != nil {
		return err
	}
	clips := idsOf(n.loners(track))
	each := len(clips) / n.people()
	if each == 0 {
		return errSkip
	}
	after := "" // or what nobody moves
	if rest := clips[each*n.people():]; len(rest) > 0 {
		after = rest[0]
	}
	deeds, err := n.everybody(func(i int) op {
		return op{Kind: "row", Track: track.ID, After: after, Clips: clips[i*each : (i+1)*each], Lengths: []int{3, 4}}
	})
	if err != nil {
		return err
	}
	ids := idsOf(trackOf(n.now(), track.ID).Clips)
	for _, d := range deeds {
		at := slices.Index(ids, d.IDs[0])
		if at < 0 || at+len(d.IDs) > len(ids) || !slices.Equal(ids[at:at+len(d.IDs)], d.IDs) {
			return fmt.Errorf("of %v only part stands side by side in %v", d.IDs, ids)
		}
	}
	return nil
}

// alone is one of the loners of a track.
func (n *network) alone(track timeline.Track) (timeline.Clip, error) {
	if found := n.loners(track); len(found) > 0 {
		return found[0], nil
	}
	return timeline.Clip{}, errSkip
}

// loners are clips that share their source with no piece, and that are not shown
// at another speed, in any order.
func (n *network) loners(track timeline.Track) (found []timeline.Clip) {
	pieces := map[string]int{}
	for _, c := range clipsOf(n.now()) {
		pieces[lineage(c)]++
	}
	for _, i := range n.random.Perm(len(track.Clips)) {
		if c := track.Clips[i]; pieces[lineage(c)] == 1 && c.Speed == 1 {
			found = append(found, c)
		}
	}
	return found
}

// moves lets everybody move one clip: it stands where one of them put it, whole.
func (n *network) moves() error {
	t := n.now()
	track, err := n.story(t)
	if err != nil {
		return err
	}
	clip, err := n.alone(track)
	if err != nil {
		return err
	}
	var wanted []string
	_, err = n.everybody(func(int) op {
		to := track
		if other := t.Tracks[n.random.IntN(len(t.Tracks))]; !other.Locked {
			to = other
		}
		o := op{Kind: "move", Clip: clip.ID, Track: to.ID}
		if to.Kind == timeline.TrackStory {
			for o.After = clip.ID; o.After == clip.ID; {
				o.After = n.behind(to)
			}
		}
		wanted = append(wanted, to.ID+" after "+o.After)
		return o
	})
	if err != nil {
		return err
	}
	now := clipOf(n.now(), clip.ID)
	on := trackOf(n.now(), now.Track)
	stands := on.ID + " after "
	if i := slices.Index(idsOf(on.Clips), clip.ID); i > 0 && on.Kind == timeline.TrackStory {
		stands += on.Clips[i-1].ID
	}
	if !slices.Contains(wanted, stands) {
		return fmt.Errorf("clip %s stands on %q, wanted on one of %q", clip.ID, stands, wanted)
	}
	if now.In != clip.In || now.Span != clip.Span {
		return fmt.Errorf("clip %s shows %d+%d, not %d+%d", clip.ID, now.In, now.Span, clip.In, clip.Span)
	}
	return nil
}

// cuts lets everybody cut one clip, and what came of it, at some frames.
func (n *network) cuts() error {
	track, err := n.story(n.now())
	if err != nil {
		return err
	}
	clip, err := n.alone(track)
	if err != nil || clip.Span < 4 {
		return errSkip
	}
	want := map[int]bool{clip.In: true}
	for range 1 + n.random.IntN(3) {
		_, err = n.everybodyTwice(func() op {
			at := clip.In + 1 + n.random.IntN(clip.Span-1)
			want[at] = true
			return op{Kind: "cut", Clip: lineage(clip), Start: at}
		})
		if err != nil {
			return err
		}
	}
	var starts []int
	end := clip.In
	for _, c := range trackOf(n.now(), track.ID).Clips {
		if lineage(c) != lineage(clip) {
			continue
		}
		if c.In != end {
			return fmt.Errorf("piece %s goes on from %d, not %d, in %v", c.ID, c.In, end, rowOf(trackOf(n.now(), track.ID)))
		}
		starts, end = append(starts, c.In), c.In+c.Span
	}
	if len(starts) != len(want) || end != clip.In+clip.Span {
		return fmt.Errorf("the pieces begin at %v and end at %d, the cuts were %v", starts, end, want)
	}
	if now := trackOf(n.now(), track.ID).Length; now != track.Length {
		return fmt.Errorf("the story is %d long, not %d", now, track.Length)
	}
	return nil
}

// everybodyTwice lets everybody do one or two things before all hear of it.
func (n *network) everybodyTwice(what func() op) ([]deed, error) {
	for who := range n.people() {
		if n.random.IntN(2) == 0 {
			if _, err := n.run(who, what()); err != nil {
				return nil, err
			}
		}
	}
	return n.everybody(func(int) op { return what() })
}

// trimAndMove lets one trim the clip that the others move.
func (n *network) trimAndMove() error {
	track, err := n.story(n.now())
	if err != nil {
		return err
	}
	clip, err := n.alone(track)
	if err != nil || clip.Span < 2 {
		return errSkip
	}
	by := 1 + n.random.IntN(clip.Span-1)
	after := clip.ID
	for after == clip.ID {
		after = n.behind(track)
	}
	_, err = n.everybody(func(i int) op {
		if i == 0 {
			return op{Kind: "tail", Clip: clip.ID, Start: -by}
		}
		return op{Kind: "move", Clip: clip.ID, Track: track.ID, After: after}
	})
	if err != nil {
		return err
	}
	now := trackOf(n.now(), track.ID)
	at := slices.Index(idsOf(now.Clips), clip.ID)
	if at < 0 || now.Clips[at].Span != clip.Span-by || now.Clips[at].In != clip.In {
		return fmt.Errorf("the trim of %s by %d is lost", clip.ID, by)
	}
	if at == 0 && after != "" || at > 0 && now.Clips[at-1].ID != after {
		return fmt.Errorf("clip %s was moved after %q and stands in %v", clip.ID, after, idsOf(now.Clips))
	}
	return nil
}

// undoes lets two people do something to two clips; one takes it back, and all
// is as if only the other had done anything.
func (n *network) undoes() error {
	track, err := n.story(n.now())
	if err != nil {
		return err
	}
	mine, err1 := n.alone(track)
	theirs, err2 := n.alone(track)
	if err1 != nil || err2 != nil || mine.ID == theirs.ID || mine.Span < 2 || theirs.Span < 2 {
		return errSkip
	}
	one := n.random.IntN(n.people())
	other := (one + 1) % n.people()
	control := newHouse(6, 1, n.watcher.doc.Encode())
	first, err1 := n.run(one, n.something(track, mine, theirs))
	second, err2 := n.run(other, n.something(track, theirs, mine))
	if err := errors.Join(err1, err2, n.settle()); err != nil {
		return err
	}
	if len(first.Updates) == 0 {
		return errSkip
	}
	done, _ := n.watcher.project()
	for _, u := range second.Updates {
		control.apply(u)
	}
	if _, err := n.run(one, op{Kind: "undo"}); err != nil {
		return err
	}
	if err := n.settle(); err != nil {
		return err
	}
	got, _ := n.watcher.project()
	if want, _ := control.project(); got != want {
		return fmt.Errorf("after the undo:\n%s\nwithout what was undone:\n%s", got, want)
	}
	if _, err := n.run(one, op{Kind: "redo"}); err != nil {
		return err
	}
	if err := n.settle(); err != nil {
		return err
	}
	if again, _ := n.watcher.project(); again != done {
		return fmt.Errorf("after the redo:\n%s\nbefore the undo:\n%s", again, done)
	}
	return nil
}

// something is an edit of one clip, beside which another is edited.
func (n *network) something(track timeline.Track, clip, other timeline.Clip) op {
	after := n.behind(track)
	for after == clip.ID || after == other.ID {
		after = n.behind(track)
	}
	switch n.random.IntN(5) {
	case 0:
		return op{Kind: "insert", Track: track.ID, After: after, Lengths: []int{7, 8}}
	case 1:
		return op{Kind: "move", Clip: clip.ID, Track: track.ID, After: after}
	case 2:
		return op{Kind: "cut", Clip: lineage(clip), Start: clip.In + 1 + n.random.IntN(clip.Span-1)}
	case 3:
		return op{Kind: "delete", Clip: clip.ID}
	default:
		return op{Kind: "tail", Clip: clip.ID, Start: -1}
	}
}

// insertIntoDeleted lets one delete a track into which the others insert: what
// they inserted is recovered.
func (n *network) insertIntoDeleted() error {
	t := n.now()
	track := t.Tracks[n.random.IntN(len(t.Tracks))]
	if track.Locked || track.Kind == timeline.TrackStory {
		return errSkip
	}
	deeds, err := n.everybody(func(i int) op {
		if i == 0 {
			return op{Kind: "deleteTrack", Track: track.ID}
		}
		return op{Kind: "insert", Track: track.ID, Start: 5, Lengths: []int{4}}
	})
	if err != nil {
		return err
	}
	for _, d := range deeds[1:] {
		if c := clipOf(n.now(), d.IDs[0]); c.Track != timeline.Recovered {
			return fmt.Errorf("clip %s stands on track %q", d.IDs[0], c.Track)
		}
	}
	return nil
}

// rowOf is a track in short: order, source and length of each clip.
func rowOf(track timeline.Track) (row []string) {
	for _, c := range track.Clips {
		row = append(row, fmt.Sprintf("%s %s %d+%d", c.Order, lineage(c)[:4], c.In, c.Span))
	}
	return row
}
