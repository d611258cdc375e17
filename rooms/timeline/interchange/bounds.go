package interchange

import (
	"strings"
	"unicode/utf8"
)

// How much of a text a timeline document holds.
const (
	lineBytes   = 1_000   // of a name or a label
	titleBytes  = 1_000   // of a scene's title
	promptBytes = 100_000 // of a prompt, notes, a title or a caption
	wordBytes   = 64      // of a colour or the kind of a transition
	keptBytes   = 32 << 10
)

// bound cuts what is longer than a document holds, and tells.
func (s *Sequence) bound(r *Report) {
	cut := func(text *string, most int, what string) {
		if short := shorten(*text, most); short != *text {
			*text = short
			r.changed("%s is cut to %d bytes", what, most)
		}
	}
	for i := range s.Scenes {
		c := &s.Scenes[i]
		cut(&c.Title, titleBytes, "a scene's title")
		cut(&c.Prompt, promptBytes, "a scene's prompt")
		cut(&c.Notes, promptBytes, "a scene's notes")
		cut(&c.Color, wordBytes, "a scene's colour")
	}
	for i := range s.Tracks {
		t := &s.Tracks[i]
		cut(&t.Name, lineBytes, "a track's name")
		for n := range t.Clips {
			c := &t.Clips[n]
			cut(&c.Label, lineBytes, "a clip's name")
			cut(&c.Text, promptBytes, "a text")
			if c.Transition != nil {
				cut(&c.Transition.Kind, wordBytes, "the kind of a transition")
			}
			if len(c.Metadata) > keptBytes {
				r.lost("what another program noted at %q: it is longer than %d KB", s.name(c), keptBytes>>10)
				c.Metadata = nil
			}
		}
	}
	for i := range s.Markers {
		cut(&s.Markers[i].Label, lineBytes, "a marker's name")
		cut(&s.Markers[i].Color, wordBytes, "a marker's colour")
	}
}

// shorten is the beginning of a text that has at most so many bytes.
func shorten(text string, most int) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
