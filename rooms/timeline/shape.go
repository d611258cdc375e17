package timeline

import "github.com/soratoo/soratoo/rooms/shape"

// How long the texts may be, in UTF-16 units.
const (
	titleUnits  = 1_000
	promptUnits = 200_000
)

const (
	idBytes    = 64
	orderBytes = 512 // pieces of pieces have long orders
	wordBytes  = 64
	lineBytes  = 1_000
)

var (
	isID    = shape.String(idBytes)
	isOrder = shape.String(orderBytes)
	isWord  = shape.String(wordBytes)
	isLine  = shape.String(lineBytes)
)

// Shape is what a timeline document may hold. Only kinds are held against it: a
// value that means nothing, such as a length of -3, is mended by the projection.
var Shape = shape.Doc{
	RootMeta: shape.Object(map[string]*shape.Node{
		"schema":     shape.Register(shape.Number),
		"title":      shape.Register(isLine),
		"rate":       shape.Register(shape.Pair),
		"size":       shape.Register(shape.Pair),
		"background": shape.Register(isWord),
	}),
	RootScenes: shape.Things(shape.IsID, shape.Object(map[string]*shape.Node{
		"order":  shape.Register(isOrder),
		"title":  shape.Text(titleUnits),
		"prompt": shape.Text(promptUnits),
		"notes":  shape.Text(promptUnits),
		"length": shape.Register(shape.Number),
		"render": shape.Object(nil),
		"refs":   shape.Things(shape.IsID, shape.Register(shape.Fields(map[string]func(any) bool{"role?": isWord, "order?": isOrder}))),
		"take":   shape.Register(shape.Null(isID)),
		"color":  shape.Register(shape.Null(isWord)),
	})),
	RootTracks: shape.Things(shape.IsID, shape.Object(map[string]*shape.Node{
		"order":  shape.Register(isOrder),
		"kind":   shape.Register(isWord),
		"name":   shape.Register(isLine),
		"locked": shape.Register(shape.Bool),
		"muted":  shape.Register(shape.Bool),
		"hidden": shape.Register(shape.Bool),
		"gain":   shape.Register(shape.Number),
	})),
	RootClips: shape.Things(shape.IsID, shape.Object(map[string]*shape.Node{
		"place": shape.Register(shape.Fields(map[string]func(any) bool{
			"track": isID, "order?": isOrder, "gap?": shape.Number,
			"clip?": shape.Null(isID), "offset?": shape.Number, "at?": shape.Number,
		})),
		"span":   shape.Register(shape.Fields(map[string]func(any) bool{"in": shape.Number, "length": shape.Number})),
		"source": shape.Register(shape.Fields(map[string]func(any) bool{"scene?": isID, "asset?": isID, "title?": isLine})),
		"label":  shape.Register(isLine),
		"speed":  shape.Register(shape.Number),
		"gain":   shape.Register(shape.Number),
		"fade":   shape.Register(shape.Fields(map[string]func(any) bool{"in": shape.Number, "out": shape.Number})),
		"transition": shape.Register(shape.Null(shape.Fields(map[string]func(any) bool{
			"kind": isWord, "length": shape.Number,
		}))),
		"text":   shape.Text(promptUnits),
		"origin": shape.Register(shape.Null(isID)),
	})),
	RootMarkers: shape.Things(shape.IsID, shape.Object(map[string]*shape.Node{
		"at":     shape.Register(shape.Fields(map[string]func(any) bool{"clip?": shape.Null(isID), "offset": shape.Number})),
		"length": shape.Register(shape.Number),
		"label":  shape.Register(isLine),
		"color":  shape.Register(shape.Null(isWord)),
	})),
}
