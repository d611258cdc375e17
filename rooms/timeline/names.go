package timeline

import "github.com/soratoo/soratoo/crdt"

// called is what a thing is called and where it stands among its like, from 1.
type called struct {
	name          string
	number, place int
}

// names are what the things of a document are called, by root and id.
type names map[string]map[string]called

// naming names the things of a document as it is shown.
func naming(doc *crdt.Doc) names {
	t := Project(doc)
	n := names{RootMeta: {"": {name: t.Title}}, RootScenes: {}, RootTracks: {}, RootClips: {}, RootMarkers: {}}
	for i, s := range t.Scenes {
		n[RootScenes][s.ID] = called{s.Title, i + 1, i + 1}
	}
	place := 0
	for i, track := range t.Tracks {
		n[RootTracks][track.ID] = called{name: track.Name, place: i + 1}
		for _, c := range track.Clips {
			place++
			n[RootClips][c.ID] = n.clip(c, place)
		}
	}
	for i, m := range t.Markers {
		n[RootMarkers][m.ID] = called{name: m.Label, place: i + 1}
	}
	return n
}

// clip is called by its label, else by its text, else by the scene that it shows.
func (n names) clip(c Clip, place int) called {
	out := called{name: c.Label, place: place}
	if out.name == "" && c.Text != nil {
		out.name = *c.Text
	}
	if c.Source.Kind == "scene" {
		scene := n[RootScenes][c.Source.Of]
		out.number = scene.number
		if out.name == "" {
			out.name = scene.name
		}
	}
	return out
}
