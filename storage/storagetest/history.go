package storagetest

import (
	"fmt"
	"maps"
	"reflect"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/history"
	"github.com/soratoo/soratoo/media"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// HistoryStore is what the contract of history.Store needs: versions are of
// projects, writers of documents.
type HistoryStore interface {
	auth.Store
	media.Store
	rooms.Log
	history.Store
}

// History runs the contract of history.Store. Each call of open returns an empty
// store.
func History(t *testing.T, open func(t *testing.T) HistoryStore) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, store HistoryStore)
	}{
		{"AVersionComesBackAsItWasStored", versionRoundTrip},
		{"VersionsAreListedTheNewestFirst", versionPages},
		{"VersionsAreChangedAndDeleted", versionChanges},
		{"WhatIsNoVersionIsNotFound", absentVersions},
		{"WritersAreWhoUsedAClientFirst", writers},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func newVersion(project string, after time.Duration) history.Version {
	return history.Version{
		ID: auth.NewID(), Project: project, Doc: project + "/timeline", Kind: history.Automatic, Person: auth.NewID(),
		People: []string{auth.NewID(), auth.NewID()}, Created: epoch.Add(after), State: []byte{0, 0},
		Changes: []timeline.Change{{Kind: timeline.ClipsMoved, Count: 3, Names: []timeline.Named{{ID: "c", Name: "Gulls “a”", Number: 4}}}},
	}
}

func versionRoundTrip(t *testing.T, store HistoryStore) {
	want := newVersion(projectIn(t, store), 0)
	want.Kind, want.Name, want.Of, want.Before, want.State = history.Restored, "Rough “cut”", auth.NewID(), auth.NewID(), []byte("state")
	must(t, store.AddVersion(t.Context(), want))
	got, err := store.Version(t.Context(), want.ID)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Version = %+v, %v, want %+v", got, err, want)
	}
	if store.AddVersion(t.Context(), newVersion(auth.NewID(), 0)) == nil {
		t.Error("AddVersion took a version of no project")
	}
}

func versionPages(t *testing.T, store HistoryStore) {
	project, other := projectIn(t, store), auth.NewID()
	want := []string{}
	for i := range 5 {
		v := newVersion(project, time.Duration(i)*time.Minute)
		must(t, store.AddVersion(t.Context(), v))
		want = append([]string{v.ID}, want...)
	}
	got := []string{}
	page := auth.Page{Limit: 2}
	for range 4 {
		found, err := store.Versions(t.Context(), project, page)
		must(t, err)
		for _, v := range found {
			got = append(got, v.ID)
			page.After = auth.Cursor(v.Created, v.ID)
			if v.State != nil || len(v.Changes) != 1 {
				t.Errorf("a list has %+v", v)
			}
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	if found, err := store.Versions(t.Context(), other, auth.Page{Limit: 2}); err != nil || len(found) != 0 {
		t.Errorf("another project has %v, %v", found, err)
	}
}

func versionChanges(t *testing.T, store HistoryStore) {
	ctx, project := t.Context(), projectIn(t, store)
	first, second, third := newVersion(project, 0), newVersion(project, 1), newVersion(project, 2)
	for _, v := range []history.Version{first, second, third} {
		must(t, store.AddVersion(ctx, v))
	}
	first.Kind, first.Name, first.State = history.Named, "Rough cut", nil
	must(t, store.SetVersion(ctx, first))
	second.State = []byte("another")
	must(t, store.SetVersion(ctx, second))
	for id, want := range map[string]string{first.ID: "named Rough cut \x00\x00", second.ID: "automatic  another"} {
		v, err := store.Version(ctx, id)
		if got := fmt.Sprintf("%s %s %s", v.Kind, v.Name, v.State); err != nil || got != want {
			t.Errorf("changed it is %q, %v, want %q", got, err, want)
		}
	}
	must(t, store.DeleteVersions(ctx, auth.NewID(), first.ID))
	must(t, store.DeleteVersions(ctx, project, first.ID, third.ID))
	if left, err := store.Versions(ctx, project, auth.Page{Limit: 9}); err != nil || len(left) != 1 || left[0].ID != second.ID {
		t.Errorf("left is %v, %v", left, err)
	}
	must(t, store.DeleteVersions(ctx, project))
	_, err := store.Version(ctx, second.ID)
	wantErr(t, "Version after all were deleted", err, auth.ErrNotFound)
}

func absentVersions(t *testing.T, store HistoryStore) {
	_, err := store.Version(t.Context(), auth.NewID())
	wantErr(t, "Version of nothing", err, auth.ErrNotFound)
	wantErr(t, "SetVersion of nothing", store.SetVersion(t.Context(), newVersion(auth.NewID(), 0)), auth.ErrNotFound)
}

func writers(t *testing.T, store HistoryStore) {
	ctx := t.Context()
	w := write("d", "one", "two", "three")
	w.Entries[0].Person, w.Entries[0].Clients = "ada", []uint64{7, 1<<53 - 1}
	w.Entries[1].Person, w.Entries[1].Clients = "ben", []uint64{8, 7}
	w.Entries[2].Person, w.Entries[2].Carried = "ben", []uint64{9, 10, 7}
	again := write("d", "four")
	again.Entries[0].Person, again.Entries[0].Clients, again.Entries[0].Carried = "cyd", []uint64{9, 8}, []uint64{10}
	again.Entries[0].Relays = []crdt.IDRange{{Client: 7, Clock: 3, Len: 2}}
	mustAppend(t, store, w)
	mustAppend(t, store, again)
	want := map[uint64]string{7: "ada", 1<<53 - 1: "ada", 8: "ben", 9: "cyd", 10: "ben"}
	stored, err := store.Load(ctx, "d")
	if got, err2 := store.Writers(ctx, "d"); err != nil || err2 != nil || !maps.Equal(got, want) {
		t.Errorf("writers are %v, %v, %v, want %v", got, err2, err, want)
	}
	for client, person := range want {
		if got := stored.Writers[client]; got != (rooms.Writer{Person: person, Carried: client == 10}) {
			t.Errorf("client %d is loaded as %v, want %s's", client, got, person)
		}
	}
	relays, err := store.Relays(ctx, "d")
	if err != nil || len(relays) != 1 || relays[0].Person != "cyd" || relays[0].Client != 7 || relays[0].Clock != 3 || relays[0].Len != 2 {
		t.Errorf("relays are %v, %v", relays, err)
	}
	must(t, store.Compact(ctx, rooms.Snapshot{Doc: "d", Generation: rooms.FirstGeneration, Seq: 4, State: []byte("all")}))
	if got, err := store.Writers(ctx, "d"); err != nil || !maps.Equal(got, want) {
		t.Errorf("after a snapshot the writers are %v, %v", got, err)
	}
	if _, err := store.Reset(ctx, "d", rooms.Replacement{}); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Writers(ctx, "d"); err != nil || len(got) != 0 {
		t.Errorf("after a reset the writers are %v, %v", got, err)
	}
	if got, err := store.Relays(ctx, "d"); err != nil || len(got) != 0 {
		t.Errorf("after a reset the relays are %v, %v", got, err)
	}
}
