package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
)

// Auth runs the contract of auth.Store. Each call of open returns an empty
// store.
func Auth(t *testing.T, open func(t *testing.T) auth.Store) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, store auth.Store)
	}{
		{"AnAccountComesBackAsItWasStored", accountRoundTrip},
		{"AnAccountOwnsItsFirstWorkspace", firstWorkspace},
		{"AnEmailHasOneAccount", oneAccountAnEmail},
		{"OneOfManyConcurrentSignUpsGetsTheEmail", concurrentSignUps},
		{"WhatIsNotThereIsNotFound", absent},
		{"AnAccountIsRenamed", renameAccount},
		{"PeopleAreThoseWhoShareAWorkspace", sharedPeople},
		{"ASessionComesBackByItsHash", sessionRoundTrip},
		{"ARotatedSessionHasOnlyTheNewHash", rotateSession},
		{"OneOfManyConcurrentRotationsWins", concurrentRotations},
		{"SessionsEnd", endSessions},
		{"APasswordEndsTheOtherSessions", setPassword},
		{"WorkspacesAreListedWithTheRole", workspaceRoles},
		{"ARoleIsChanged", changeRole},
		{"ListsArePagedInOrder", paging},
		{"AProjectIsSeenByMembersOnly", projectForMembers},
		{"AProjectIsRenamedAndDeleted", changeProject},
		{"TextIsKeptAsItIs", hostileText},
		{"ATicketIsTakenOnce", tickets},
		{"ALinkKeepsToItsNumbers", sharing},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// epoch is when things are made in these tests, to the millisecond.
var epoch = time.UnixMilli(1_700_000_000_123).UTC()

// signUp stores an account with its first workspace.
func signUp(t *testing.T, store auth.Store, name string) (auth.Account, auth.Workspace) {
	t.Helper()
	a := auth.Account{
		ID: auth.NewID(), Name: name, Email: strings.ToLower(name) + "@storage.example", Color: "#3e63dd",
		Password: "$argon2id$hash of " + name, Policy: auth.PolicyVersion, Created: epoch,
	}
	w := auth.Workspace{ID: auth.NewID(), Name: name + "’s", Created: epoch}
	must(t, store.CreateAccount(t.Context(), a, w))
	return a, w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, doing string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", doing, err, want)
	}
}

func accountRoundTrip(t *testing.T, store auth.Store) {
	want, _ := signUp(t, store, "Ada")
	got, err := store.Account(t.Context(), want.ID)
	if err != nil || got != want {
		t.Errorf("Account = %+v, %v, want %+v", got, err, want)
	}
	got, err = store.AccountByEmail(t.Context(), want.Email)
	if err != nil || got != want {
		t.Errorf("AccountByEmail = %+v, %v, want %+v", got, err, want)
	}
}

func firstWorkspace(t *testing.T, store auth.Store) {
	a, w := signUp(t, store, "Ada")
	list, err := store.Workspaces(t.Context(), a.ID, auth.Page{Limit: 10})
	w.Role = auth.RoleOwner
	if err != nil || len(list) != 1 || list[0] != w {
		t.Errorf("Workspaces = %+v, %v, want %+v", list, err, w)
	}
}

func oneAccountAnEmail(t *testing.T, store auth.Store) {
	first, _ := signUp(t, store, "Ada")
	second := first
	second.ID, second.Name = auth.NewID(), "Eve"
	w := auth.Workspace{ID: auth.NewID(), Name: "Eve’s", Created: epoch}
	wantErr(t, "CreateAccount with a taken email", store.CreateAccount(t.Context(), second, w), auth.ErrTaken)
	_, err := store.Account(t.Context(), second.ID)
	wantErr(t, "Account after a refused sign-up", err, auth.ErrNotFound)
	_, err = store.Role(t.Context(), second.ID, w.ID)
	wantErr(t, "Role after a refused sign-up", err, auth.ErrNotFound)
	if got, err := store.AccountByEmail(t.Context(), first.Email); err != nil || got != first {
		t.Errorf("AccountByEmail = %+v, %v, want the first", got, err)
	}
}

// atOnce calls do n times at once and returns the errors.
func atOnce(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { errs[i] = do(i) })
	}
	running.Wait()
	return errs
}

// onlyOne fails unless one of errs is nil and all others are want.
func onlyOne(t *testing.T, errs []error, want error) {
	t.Helper()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else if !errors.Is(err, want) {
			t.Errorf("a loser got %v, want %v", err, want)
		}
	}
	if done != 1 {
		t.Errorf("%d of %d succeeded, want 1", done, len(errs))
	}
}

func concurrentSignUps(t *testing.T, store auth.Store) {
	onlyOne(t, atOnce(8, func(int) error {
		a := auth.Account{ID: auth.NewID(), Name: "Ada", Email: "ada@storage.example", Created: epoch}
		return store.CreateAccount(t.Context(), a, auth.Workspace{ID: auth.NewID(), Created: epoch})
	}), auth.ErrTaken)
}

func absent(t *testing.T, store auth.Store) {
	ctx, id := t.Context(), auth.NewID()
	for doing, read := range map[string]func() error{
		"Account":        func() error { _, err := store.Account(ctx, id); return err },
		"AccountByEmail": func() error { _, err := store.AccountByEmail(ctx, "nobody@storage.example"); return err },
		"Rename":         func() error { return store.Rename(ctx, id, "x") },
		"SessionByHash":  func() error { _, err := store.SessionByHash(ctx, []byte("hash")); return err },
		"RotateSession":  func() error { return store.RotateSession(ctx, rotation("hash", "fresh")) },
		"Role":           func() error { _, err := store.Role(ctx, id, id); return err },
		"Project":        func() error { _, err := store.Project(ctx, id, id); return err },
		"RenameProject":  func() error { return store.RenameProject(ctx, id, "x", epoch) },
		"DeleteProject":  func() error { return store.DeleteProject(ctx, id) },
	} {
		wantErr(t, doing+" of nothing", read(), auth.ErrNotFound)
	}
	if list, err := store.Workspaces(ctx, id, auth.Page{Limit: 5}); err != nil || len(list) != 0 {
		t.Errorf("Workspaces of nobody = %v, %v", list, err)
	}
	if list, err := store.Members(ctx, id, auth.Page{Limit: 5}); err != nil || len(list) != 0 {
		t.Errorf("Members of nothing = %v, %v", list, err)
	}
}

func renameAccount(t *testing.T, store auth.Store) {
	a, _ := signUp(t, store, "Ada")
	other, _ := signUp(t, store, "Ben")
	must(t, store.Rename(t.Context(), a.ID, "Ada L."))
	a.Name = "Ada L."
	if got, err := store.Account(t.Context(), a.ID); err != nil || got != a {
		t.Errorf("Account = %+v, %v, want %+v", got, err, a)
	}
	if got, err := store.Account(t.Context(), other.ID); err != nil || got != other {
		t.Errorf("Account of another = %+v, %v, want %+v", got, err, other)
	}
}

func sharedPeople(t *testing.T, store auth.Store) {
	ada, w := signUp(t, store, "Ada")
	ben, _ := signUp(t, store, "Ben")
	eve, _ := signUp(t, store, "Eve")
	must(t, store.SetMember(t.Context(), w.ID, ben.ID, auth.RoleViewer))
	for _, c := range []struct {
		asker string
		want  []string
	}{
		{ada.ID, []string{ada.ID, ben.ID}},
		{ben.ID, []string{ada.ID, ben.ID}},
		{eve.ID, []string{eve.ID}},
		{"", nil},
	} {
		found, err := store.People(t.Context(), c.asker, []string{ada.ID, ben.ID, eve.ID, "nobody", ada.ID})
		must(t, err)
		var got []string
		for _, p := range found {
			got = append(got, p.ID)
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("People(%q) = %v, want %v", c.asker, got, c.want)
		}
	}
	if found, err := store.People(t.Context(), ada.ID, []string{ben.ID}); err != nil || len(found) != 1 ||
		found[0] != (auth.Person{ID: ben.ID, Name: ben.Name, Color: ben.Color}) {
		t.Errorf("People = %+v, %v, want what others may know of Ben", found, err)
	}
}

// session makes a session of a person that began at epoch.
func session(person, hash string, expires time.Time) auth.Session {
	return auth.Session{ID: auth.NewID(), Person: person, Hash: []byte(hash), Device: "Firefox on Windows", Created: epoch, Used: epoch, Expires: expires}
}

// rotation gives a session another hash, a minute after epoch.
func rotation(old, fresh string) auth.Rotation {
	return auth.Rotation{Old: []byte(old), Fresh: []byte(fresh), At: epoch.Add(time.Minute), Expires: epoch.Add(2 * time.Hour)}
}

// signIn stores a session.
func signIn(t *testing.T, store auth.Store, s auth.Session) auth.Session {
	t.Helper()
	must(t, store.CreateSession(t.Context(), s))
	return s
}

func sameSession(a, b auth.Session) bool {
	return a.ID == b.ID && a.Person == b.Person && string(a.Hash) == string(b.Hash) &&
		a.Created.Equal(b.Created) && a.Expires.Equal(b.Expires) && a.Device == b.Device &&
		a.Rotated.Equal(b.Rotated) && a.Used.Equal(b.Used)
}

func sessionRoundTrip(t *testing.T, store auth.Store) {
	a, _ := signUp(t, store, "Ada")
	want := signIn(t, store, session(a.ID, "one", epoch.Add(time.Hour)))
	signIn(t, store, session(a.ID, "two", epoch.Add(time.Hour)))
	must(t, store.UseSession(t.Context(), want.ID, epoch.Add(time.Minute)))
	want.Used = epoch.Add(time.Minute)
	if got, err := store.Session(t.Context(), want.ID); err != nil || !sameSession(got, want) {
		t.Errorf("Session = %+v, %v, want %+v", got, err, want)
	}
	if got, err := store.SessionByHash(t.Context(), []byte("one")); err != nil || !sameSession(got, want) {
		t.Errorf("SessionByHash = %+v, %v, want %+v", got, err, want)
	}
}

func rotateSession(t *testing.T, store auth.Store) {
	a, _ := signUp(t, store, "Ada")
	want := signIn(t, store, session(a.ID, "old", epoch.Add(time.Hour)))
	want.Hash, want.Rotated, want.Expires = []byte("new"), epoch.Add(time.Minute), epoch.Add(2*time.Hour)
	must(t, store.RotateSession(t.Context(), rotation("old", "new")))
	spent, at, err := store.SpentSession(t.Context(), []byte("old"))
	if err != nil || !sameSession(spent, want) || !at.Equal(epoch.Add(time.Minute)) {
		t.Errorf("SpentSession = %+v, %v, %v, want %+v", spent, at, err, want)
	}
	_, _, err = store.SpentSession(t.Context(), []byte("new"))
	wantErr(t, "SpentSession of the new hash", err, auth.ErrNotFound)
	_, err = store.SessionByHash(t.Context(), []byte("old"))
	wantErr(t, "SessionByHash of the old hash", err, auth.ErrNotFound)
	if got, err := store.SessionByHash(t.Context(), []byte("new")); err != nil || !sameSession(got, want) {
		t.Errorf("SessionByHash = %+v, %v, want %+v", got, err, want)
	}
}

func concurrentRotations(t *testing.T, store auth.Store) {
	a, _ := signUp(t, store, "Ada")
	signIn(t, store, session(a.ID, "old", epoch.Add(time.Hour)))
	onlyOne(t, atOnce(8, func(i int) error {
		return store.RotateSession(t.Context(), rotation("old", fmt.Sprintf("new %d", i)))
	}), auth.ErrNotFound)
}

func endSessions(t *testing.T, store auth.Store) {
	ctx := t.Context()
	a, _ := signUp(t, store, "Ada")
	signIn(t, store, session(a.ID, "past", epoch.Add(-time.Hour)))
	signIn(t, store, session(a.ID, "now", epoch))
	signIn(t, store, session(a.ID, "later", epoch.Add(time.Millisecond)))
	ended := signIn(t, store, session(a.ID, "ended", epoch.Add(time.Hour)))
	wantErr(t, "EndSession of another", store.EndSession(ctx, auth.NewID(), ended.ID), auth.ErrNotFound)
	must(t, store.EndSession(ctx, a.ID, ended.ID))
	wantErr(t, "EndSession again", store.EndSession(ctx, a.ID, ended.ID), auth.ErrNotFound)
	must(t, store.DeleteExpired(ctx, epoch))
	must(t, store.DeleteExpired(ctx, epoch))
	for hash, there := range map[string]bool{"past": false, "now": false, "later": true, "ended": false} {
		if _, err := store.SessionByHash(ctx, []byte(hash)); there != (err == nil) {
			t.Errorf("SessionByHash(%s) = %v, want there: %t", hash, err, there)
		}
	}
}

func setPassword(t *testing.T, store auth.Store) {
	ctx := t.Context()
	ada, _ := signUp(t, store, "Ada")
	ben, _ := signUp(t, store, "Ben")
	mine, other := signIn(t, store, session(ada.ID, "mine", epoch.Add(time.Hour))), signIn(t, store, session(ada.ID, "other", epoch.Add(time.Hour)))
	his := signIn(t, store, session(ben.ID, "his", epoch.Add(time.Hour)))
	must(t, store.Alarm(ctx, ada.ID, epoch))
	if a, err := store.Account(ctx, ada.ID); err != nil || !a.Alarmed.Equal(epoch) {
		t.Errorf("Account = %+v, %v, want the alarm", a, err)
	}
	ended, err := store.SetPassword(ctx, ada.ID, "another hash", mine.ID)
	if err != nil || !slices.Equal(ended, []string{other.ID}) {
		t.Errorf("SetPassword = %v, %v, want %s", ended, err, other.ID)
	}
	if a, err := store.Account(ctx, ada.ID); err != nil || a.Password != "another hash" || !a.Alarmed.IsZero() {
		t.Errorf("Account = %+v, %v", a, err)
	}
	for person, want := range map[string]auth.Session{ada.ID: mine, ben.ID: his} {
		if list, err := store.SessionsOf(ctx, person, auth.Page{Limit: 5}); err != nil || len(list) != 1 || !sameSession(list[0], want) {
			t.Errorf("SessionsOf = %+v, %v, want %+v", list, err, want)
		}
	}
	_, err = store.SetPassword(ctx, auth.NewID(), "hash", "")
	wantErr(t, "SetPassword of nobody", err, auth.ErrNotFound)
}

func workspaceRoles(t *testing.T, store auth.Store) {
	ctx := t.Context()
	ada, first := signUp(t, store, "Ada")
	ben, _ := signUp(t, store, "Ben")
	second := auth.Workspace{ID: auth.NewID(), Name: "Film", Role: auth.RoleOwner, Created: epoch.Add(time.Second)}
	must(t, store.CreateWorkspace(ctx, second, ben.ID))
	must(t, store.SetMember(ctx, second.ID, ada.ID, auth.RoleCommenter))
	first.Role, second.Role = auth.RoleOwner, auth.RoleCommenter
	list, err := store.Workspaces(ctx, ada.ID, auth.Page{Limit: 10})
	if err != nil || !slices.Equal(list, []auth.Workspace{first, second}) {
		t.Errorf("Workspaces = %+v, %v, want %+v", list, err, []auth.Workspace{first, second})
	}
	_, err = store.Role(ctx, ben.ID, first.ID)
	wantErr(t, "Role of a stranger", err, auth.ErrNotFound)
}

func changeRole(t *testing.T, store auth.Store) {
	ctx := t.Context()
	_, w := signUp(t, store, "Ada")
	ben, _ := signUp(t, store, "Ben")
	for _, role := range []auth.Role{auth.RoleViewer, auth.RoleCommenter, auth.RoleEditor, auth.RoleAdmin} {
		must(t, store.SetMember(ctx, w.ID, ben.ID, role))
		if got, err := store.Role(ctx, ben.ID, w.ID); err != nil || got != role {
			t.Errorf("Role = %q, %v, want %q", got, err, role)
		}
	}
	if list, err := store.Members(ctx, w.ID, auth.Page{Limit: 10}); err != nil || len(list) != 2 {
		t.Errorf("Members = %+v, %v, want two", list, err)
	}
	if err := store.SetMember(ctx, w.ID, ben.ID, "emperor"); err == nil {
		t.Error("SetMember took an unknown role")
	}
	if err := store.SetMember(ctx, auth.NewID(), ben.ID, auth.RoleEditor); err == nil {
		t.Error("SetMember took an unknown workspace")
	}
}

func paging(t *testing.T, store auth.Store) {
	ctx := t.Context()
	ada, w := signUp(t, store, "Ada")
	var want []string
	for i := range 25 {
		// Several are made in one millisecond: then the id decides.
		p := auth.Project{ID: auth.NewID(), Workspace: w.ID, Name: fmt.Sprint(i), Created: epoch.Add(time.Duration(i/5) * time.Millisecond)}
		p.Updated = p.Created
		must(t, store.CreateProject(ctx, p))
		want = append(want, auth.Cursor(p.Created, p.ID))
	}
	slices.Sort(want)
	for _, limit := range []int{1, 5, 7, 25, 100} {
		if got := walk(t, store, auth.Page{Limit: limit}, w.ID); !slices.Equal(got, want) {
			t.Errorf("pages of %d = %v, want %v", limit, got, want)
		}
	}
	list, err := store.Projects(ctx, w.ID, auth.Page{After: "no cursor of ours", Limit: 3})
	if err != nil || len(list) != 3 || auth.Cursor(list[0].Created, list[0].ID) != want[0] {
		t.Errorf("Projects behind a made-up cursor = %+v, %v, want the start", list, err)
	}
	if list, err := store.Workspaces(ctx, ada.ID, auth.Page{After: auth.Cursor(epoch, w.ID), Limit: 3}); err != nil || len(list) != 0 {
		t.Errorf("Workspaces behind the last = %+v, %v", list, err)
	}
}

// walk reads all pages of a workspace's projects.
func walk(t *testing.T, store auth.Store, p auth.Page, workspace string) []string {
	t.Helper()
	var cursors []string
	for range 100 {
		list, err := store.Projects(t.Context(), workspace, p)
		must(t, err)
		if len(list) == 0 {
			return cursors
		}
		if len(list) > p.Limit {
			t.Fatalf("a page of %d has %d", p.Limit, len(list))
		}
		for _, project := range list {
			p.After = auth.Cursor(project.Created, project.ID)
			cursors = append(cursors, p.After)
		}
	}
	t.Fatal("paging does not end")
	return nil
}

func newProject(t *testing.T, store auth.Store, workspace, name string) auth.Project {
	t.Helper()
	p := auth.Project{ID: auth.NewID(), Workspace: workspace, Name: name, Created: epoch, Updated: epoch}
	must(t, store.CreateProject(t.Context(), p))
	return p
}

func projectForMembers(t *testing.T, store auth.Store) {
	ctx := t.Context()
	ada, w := signUp(t, store, "Ada")
	ben, _ := signUp(t, store, "Ben")
	eve, _ := signUp(t, store, "Eve")
	must(t, store.SetMember(ctx, w.ID, ben.ID, auth.RoleViewer))
	p := newProject(t, store, w.ID, "Lighthouse")
	for person, role := range map[string]auth.Role{ada.ID: auth.RoleOwner, ben.ID: auth.RoleViewer} {
		want := p
		want.Role = role
		if got, err := store.Project(ctx, person, p.ID); err != nil || got != want {
			t.Errorf("Project = %+v, %v, want %+v", got, err, want)
		}
	}
	_, err := store.Project(ctx, eve.ID, p.ID)
	wantErr(t, "Project of a stranger", err, auth.ErrNotFound)
}

func changeProject(t *testing.T, store auth.Store) {
	ctx := t.Context()
	ada, w := signUp(t, store, "Ada")
	p, other := newProject(t, store, w.ID, "Lighthouse"), newProject(t, store, w.ID, "Other")
	p.Name, p.Updated = "Tower", epoch.Add(time.Minute)
	must(t, store.RenameProject(ctx, p.ID, p.Name, p.Updated))
	p.Role, other.Role = auth.RoleOwner, auth.RoleOwner
	if got, err := store.Project(ctx, ada.ID, p.ID); err != nil || got != p {
		t.Errorf("Project = %+v, %v, want %+v", got, err, p)
	}
	must(t, store.DeleteProject(ctx, p.ID))
	_, err := store.Project(ctx, ada.ID, p.ID)
	wantErr(t, "Project after its end", err, auth.ErrNotFound)
	if got, err := store.Project(ctx, ada.ID, other.ID); err != nil || got != other {
		t.Errorf("Project of another = %+v, %v, want %+v", got, err, other)
	}
}

func hostileText(t *testing.T, store auth.Store) {
	for i, text := range []string{"'; DROP TABLE accounts; --", `a"b\c`, "日本 🗼 e\u0301", strings.Repeat("x", 10_000), "%_?"} {
		a := auth.Account{ID: auth.NewID(), Name: text, Email: fmt.Sprint(i, text), Password: text, Created: epoch}
		must(t, store.CreateAccount(t.Context(), a, auth.Workspace{ID: auth.NewID(), Name: text, Created: epoch}))
		if got, err := store.AccountByEmail(t.Context(), a.Email); err != nil || got != a {
			t.Errorf("AccountByEmail = %+v, %v, want %+v", got, err, a)
		}
	}
}
