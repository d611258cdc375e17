package history_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/soratoo/soratoo/history"
)

func TestOldAutomaticVersionsAreThinnedOut(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var versions []history.Version
	for i := range 40 * 24 * 4 { // every quarter of an hour, the newest first
		v := history.Version{ID: fmt.Sprint(i), Kind: history.Automatic, Created: now.Add(-time.Duration(i) * 15 * time.Minute)}
		if i%500 == 0 {
			v.Kind, v.Name = history.Named, "Rough cut"
		}
		versions = append(versions, v)
	}
	gone := map[string]bool{}
	for _, id := range history.Thin(versions, now) {
		gone[id] = true
	}
	kept := map[string]int{}
	for _, v := range versions {
		if gone[v.ID] {
			if v.Kind == history.Named {
				t.Errorf("the named version %s goes", v.ID)
			}
			continue
		}
		switch age := now.Sub(v.Created); {
		case v.Kind == history.Named:
			kept["named"]++
		case age <= 24*time.Hour:
			kept["day"]++
		case age <= 7*24*time.Hour:
			kept["week"]++
		default:
			kept["older"]++
		}
	}
	// A day has 96 of a quarter each, less the named one; hours and days end on
	// the clock.
	if kept["named"] != 8 || kept["day"] != 96 || kept["day"]+kept["week"]+kept["older"] != 200 {
		t.Errorf("kept are %v", kept)
	}
	left := slices.DeleteFunc(slices.Clone(versions), func(v history.Version) bool { return gone[v.ID] })
	if again := history.Thin(left, now); len(again) != 0 {
		t.Errorf("thinning again takes %v", again)
	}
	if few := history.Thin(versions[:50], now); len(few) != 0 {
		t.Errorf("of the last day %v go", few)
	}
}
