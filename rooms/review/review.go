// Package review knows what is inside a project's review document: comment
// threads and approvals, and who may write what of it.
package review

import "github.com/soratoo/soratoo/rooms/shape"

// The names of the roots; each is a map.
const (
	RootThreads   = "threads"   // of maps, by thread id
	RootApprovals = "approvals" // of registers, by person
)

// Limits of what a thread holds.
const (
	bodyUnits   = 20_000
	shapes      = 200 // drawn on one frame
	shapePoints = 5_000
)

var anchor = shape.Fields(map[string]func(any) bool{
	"on":       shape.OneOf("timeline", "scene", "clip", "render"),
	"id?":      shape.Null(shape.String(64)),
	"start":    shape.Number,
	"end":      shape.Number,
	"version?": shape.Null(shape.String(64)),
	"shape?": shape.Null(shape.List(shapes, shape.Fields(map[string]func(any) bool{
		"kind":   shape.String(16),
		"points": shape.List(shapePoints, shape.Pair),
		"color?": shape.Null(shape.String(32)),
	}))),
})

// Shape is what a review document may hold.
var Shape = shape.Doc{
	RootThreads: shape.Things(shape.IsID, shape.Object(map[string]*shape.Node{
		"author":  shape.Register(shape.String(64)),
		"created": shape.Register(shape.Number),
		"anchor":  shape.Register(anchor),
		"state": shape.Register(shape.Fields(map[string]func(any) bool{
			"status": shape.OneOf("open", "resolved"),
			"by":     shape.String(64),
			"at":     shape.Number,
		})),
		"messages": shape.Things(shape.IsID, shape.Object(map[string]*shape.Node{
			"author":  shape.Register(shape.String(64)),
			"created": shape.Register(shape.Number),
			"body":    shape.Text(bodyUnits),
			"edited":  shape.Register(shape.Null(shape.Number)),
		})),
		"reactions": shape.Things(isReaction, shape.Register(shape.Bool)),
	})),
	RootApprovals: shape.Things(shape.IsID, shape.Register(shape.Fields(map[string]func(any) bool{
		"version?": shape.Null(shape.String(64)),
		"verdict":  shape.OneOf("approved", "changes", "none"),
		"at":       shape.Number,
	}))),
}

// isReaction takes "<person>:<emoji>".
func isReaction(key string) bool {
	person, emoji := splitReaction(key)
	return shape.IsID(person) && len(emoji) > 0 && len(emoji) <= 32
}
