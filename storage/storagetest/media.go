package storagetest

import (
	"slices"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/media"
)

// MediaStore is what the contract of media.Store needs: assets are of projects.
type MediaStore interface {
	auth.Store
	media.Store
}

// Media runs the contract of media.Store. Each call of open returns an empty
// store.
func Media(t *testing.T, open func(t *testing.T) MediaStore) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, store MediaStore)
	}{
		{"AnAssetComesBackAsItWasStored", assetRoundTrip},
		{"AProjectHasRoomForSoMuch", assetRoom},
		{"OneOfManyConcurrentAssetsGetsTheRoom", concurrentAssets},
		{"AssetsAreListedInPages", assetPages},
		{"FactsAreStoredOnce", assetFacts},
		{"WhatIsNoAssetIsNotFound", absentAssets},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func newAsset(project string) media.Asset {
	return media.Asset{
		ID: auth.NewID(), Project: project, Name: "Gulls “a”.wav", Kind: media.Audio, Type: "audio/wav",
		Size: 100, Hash: "00ff", Person: auth.NewID(), Created: epoch,
	}
}

// projectIn makes a project in a workspace of its own.
func projectIn(t *testing.T, store MediaStore) string {
	t.Helper()
	_, w := signUp(t, store, "Ada")
	return newProject(t, store, w.ID, "Harbour").ID
}

func assetRoundTrip(t *testing.T, store MediaStore) {
	want := newAsset(projectIn(t, store))
	want.Kind, want.Type, want.Size = media.Video, "video/mp4", 5<<30
	want.Facts = media.Facts{
		Duration: 83 * time.Millisecond, Width: 1920, Height: 1080, Rate: [2]int{30000, 1001}, Channels: 2, SampleRate: 48000,
	}
	must(t, store.AddAsset(t.Context(), want, 6<<30))
	if got, err := store.Asset(t.Context(), want.ID); err != nil || got != want {
		t.Errorf("Asset = %+v, %v, want %+v", got, err, want)
	}
	must(t, store.DeleteAsset(t.Context(), want.ID))
	_, err := store.Asset(t.Context(), want.ID)
	wantErr(t, "Asset after its end", err, auth.ErrNotFound)
}

func assetRoom(t *testing.T, store MediaStore) {
	ctx, project := t.Context(), projectIn(t, store)
	first, second := newAsset(project), newAsset(project)
	must(t, store.AddAsset(ctx, first, 199))
	wantErr(t, "AddAsset beyond the limit", store.AddAsset(ctx, second, 199), media.ErrFull)
	_, err := store.Asset(ctx, second.ID)
	wantErr(t, "Asset that had no room", err, auth.ErrNotFound)
	must(t, store.AddAsset(ctx, second, 200))
	must(t, store.DeleteAsset(ctx, first.ID))
	must(t, store.AddAsset(ctx, newAsset(project), 200))
	if store.AddAsset(ctx, newAsset(auth.NewID()), 200) == nil {
		t.Error("AddAsset took an asset of no project")
	}
}

func concurrentAssets(t *testing.T, store MediaStore) {
	project := projectIn(t, store)
	onlyOne(t, atOnce(8, func(int) error { return store.AddAsset(t.Context(), newAsset(project), 150) }), media.ErrFull)
}

func assetPages(t *testing.T, store MediaStore) {
	ctx, project := t.Context(), projectIn(t, store)
	var want []string
	for i := range 7 {
		a := newAsset(project)
		a.Created = epoch.Add(time.Duration(i/3) * time.Millisecond)
		must(t, store.AddAsset(ctx, a, 1000))
		want = append(want, auth.Cursor(a.Created, a.ID))
	}
	slices.Sort(want)
	var got []string
	for page := (auth.Page{Limit: 3}); ; page.After = got[len(got)-1] {
		list, err := store.Assets(ctx, project, "", page)
		must(t, err)
		for _, a := range list {
			got = append(got, auth.Cursor(a.Created, a.ID))
		}
		if len(list) < 3 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("Assets in pages = %v, want %v", got, want)
	}
}

func assetFacts(t *testing.T, store MediaStore) {
	ctx := t.Context()
	a := newAsset(projectIn(t, store))
	must(t, store.AddAsset(ctx, a, 1000))
	a.Facts = media.Facts{Duration: time.Second, Channels: 1, SampleRate: 44100}
	must(t, store.SetFacts(ctx, a.ID, a.Facts))
	wantErr(t, "SetFacts again", store.SetFacts(ctx, a.ID, media.Facts{Duration: time.Hour}), auth.ErrNotFound)
	if got, err := store.Asset(ctx, a.ID); err != nil || got != a {
		t.Errorf("Asset = %+v, %v, want %+v", got, err, a)
	}
}

func absentAssets(t *testing.T, store MediaStore) {
	ctx, id := t.Context(), auth.NewID()
	_, err := store.Asset(ctx, id)
	wantErr(t, "Asset of nothing", err, auth.ErrNotFound)
	wantErr(t, "SetFacts of nothing", store.SetFacts(ctx, id, media.Facts{Duration: 1}), auth.ErrNotFound)
	wantErr(t, "DeleteAsset of nothing", store.DeleteAsset(ctx, id), auth.ErrNotFound)
	if list, err := store.Assets(ctx, id, "", auth.Page{Limit: 5}); err != nil || len(list) != 0 {
		t.Errorf("Assets of nothing = %v, %v", list, err)
	}
}
