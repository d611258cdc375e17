package main

import (
	"strings"
	"time"

	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/rooms/review"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// guard holds an update against what the document may hold, and against what its
// author may do there. Who may write a timeline may write all of it.
func guard(d *crdt.Doc, p *crdt.Preview, by rooms.Author) error {
	if strings.HasSuffix(by.Doc, "/review") {
		return review.Guard(d, p, review.Writer{Person: by.Person, Of: by.Of, Moderates: by.Moderate, Now: time.Now()})
	}
	return timeline.Shape.Check(d, p)
}
