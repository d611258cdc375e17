package timeline_test

import (
	"fmt"
	"math"

	"github.com/soratoo/soratoo/rooms/timeline"
)

// check holds what everybody sees to the rules of the projection.
func (n *network) check() error {
	t := n.now()
	if err := n.checkComplete(t); err != nil {
		return err
	}
	for _, track := range t.Tracks {
		if err := checkTrack(t, track); err != nil {
			return fmt.Errorf("track %s (%s): %w", track.ID, track.Kind, err)
		}
	}
	return nil
}

// checkComplete requires that each clip that was inserted and not deleted is
// shown exactly once; a piece of which another shows every frame is reported.
func (n *network) checkComplete(t timeline.Timeline) error {
	times := map[string]int{}
	for _, c := range clipsOf(t) {
		times[c.ID]++
	}
	for _, r := range t.Repairs {
		if r.Kind == timeline.RepairHidden {
			times[r.ID]++
		}
	}
	there := map[string]bool{}
	for _, id := range n.watcher.doc.Map(timeline.RootClips).Keys() {
		there[id] = true
		if times[id] != 1 {
			return fmt.Errorf("clip %s is shown %d times", id, times[id])
		}
		if !n.made[id] {
			return fmt.Errorf("clip %s was made by nobody", id)
		}
	}
	if len(times) != len(there) {
		return fmt.Errorf("%d clips are shown, %d are there", len(times), len(there))
	}
	for id := range n.made {
		switch {
		case !n.gone[id] && !there[id]:
			return fmt.Errorf("clip %s is lost", id)
		case n.gone[id] && !n.back[id] && there[id]:
			return fmt.Errorf("clip %s was deleted and is there", id)
		}
	}
	return nil
}

func checkTrack(t timeline.Timeline, track timeline.Track) error {
	end, length := 0, 0
	for i, c := range track.Clips {
		if err := checkClip(t, c); err != nil {
			return fmt.Errorf("clip %s: %w", c.ID, err)
		}
		end = max(end, c.Start+c.Length)
		length += c.Gap + c.Length
		if track.Kind == timeline.TrackStory && c.Start+c.Length != length {
			return fmt.Errorf("clip %s ends at %d, the gaps and lengths up to it are %d", c.ID, c.Start+c.Length, length)
		}
		if i+1 == len(track.Clips) {
			if c.Transition != nil {
				return fmt.Errorf("clip %s leads into nothing", c.ID)
			}
			continue
		}
		next := track.Clips[i+1]
		if c.Transition != nil && c.Transition.Length > min(c.Length, next.Length)/2 {
			return fmt.Errorf("the transition of %s is too long", c.ID)
		}
		if lineage(c) == lineage(next) && c.Source == next.Source && c.In < next.In+next.Span && next.In < c.In+c.Span {
			return fmt.Errorf("%s and %s show one frame twice", c.ID, next.ID)
		}
	}
	if track.Length != end {
		return fmt.Errorf("its length is %d, its end %d", track.Length, end)
	}
	return checkLanes(track)
}

func checkClip(t timeline.Timeline, c timeline.Clip) error {
	most := math.MaxInt
	for _, s := range t.Scenes {
		if c.Source == (timeline.Source{Kind: "scene", Of: s.ID}) {
			most = s.Length
		}
	}
	if c.Start < 0 || c.Length < 1 || c.In < 0 || c.Span < 1 || c.In+c.Span > most {
		return fmt.Errorf("from %d for %d, in %d for %d of %d", c.Start, c.Length, c.In, c.Span, most)
	}
	return nil
}

func checkLanes(track timeline.Track) error {
	if track.Kind == timeline.TrackStory {
		return nil
	}
	for i, c := range track.Clips {
		for _, later := range track.Clips[i+1:] {
			if later.Start < c.Start+c.Length && later.Lane <= c.Lane {
				return fmt.Errorf("%s starts while %s plays and is in lane %d", later.ID, c.ID, later.Lane)
			}
		}
	}
	return nil
}
