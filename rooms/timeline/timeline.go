// Package timeline knows what is inside a project's timeline document: the
// storyboard (scenes) and the cut (tracks, clips, markers), as maps of things
// under random ids. It makes the documents that projects begin with, projects
// them, and edits them.
//
// Positions are relations: on a story track a clip stands after the one before
// it in order, on any other track it is tied to a story clip. What must change
// together is one register. Times are frames of the project's rate.
package timeline

// Schema is the version of the document's shape, kept in its meta map.
const Schema = 1

// The names of the roots; each is a map.
const (
	RootMeta    = "meta"
	RootScenes  = "scenes"  // of maps, by scene id
	RootTracks  = "tracks"  // of maps, by track id
	RootClips   = "clips"   // of maps, by clip id
	RootMarkers = "markers" // of maps, by marker id
)

// The kinds of tracks.
const (
	TrackStory   = "story"
	TrackVideo   = "video"
	TrackAudio   = "audio"
	TrackCaption = "caption"
)

// EmptySceneLength is how long a new scene is: five seconds at 24 frames.
const EmptySceneLength = 120

// Seed is the document of a new project, as an update: what there is to know
// about the whole, one story track, and on it one empty scene.
func Seed(title string) []byte {
	w := newWriter(title)
	w.track(TrackStory, "Story")
	w.scene(scene{length: EmptySceneLength})
	w.cut([]shot{{length: EmptySceneLength}})
	return w.update()
}

// Sample is the document of a project that shows what a project can be: eight
// scenes with prompts, a cut of them with titles, and markers.
func Sample(title string) []byte {
	w := newWriter(title)
	w.track(TrackStory, "Story")
	for _, s := range sampleScenes {
		w.scene(s)
	}
	w.cut(sampleCut)
	w.track(TrackCaption, "Titles")
	for _, c := range sampleCaptions {
		w.caption(c)
	}
	for _, m := range sampleMarkers {
		w.marker(m)
	}
	return w.update()
}

// scene is a card of the storyboard.
type scene struct {
	title, prompt, notes string
	length               int
	color                string
	style                string
}

// shot is a clip of the story track.
type shot struct {
	scene      int // index of the scene that it shows
	in, length int
	piece      bool // split off the shot before it
	label      string
	dissolve   int // frames of dissolve into the next
	gap        int
}

// caption is a clip of the caption track.
type caption struct {
	shot, offset, length int
	text                 string
}

// marker is a named place in the cut.
type marker struct {
	shot, offset, length int
	label, color         string
}
