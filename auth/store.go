package auth

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Account is a person with a password.
type Account struct {
	ID       string
	Name     string
	Email    string // normalised, see NormalEmail
	Color    string
	Password string // the hash, see hashPassword
	Policy   string // version of the privacy policy that was accepted
	Created  time.Time
	Alarmed  time.Time // when a session of it was last used by two; zero: never, or the password has changed since
}

// Session is a browser that is signed in.
type Session struct {
	ID      string
	Person  string
	Hash    []byte // SHA-256 of the cookie
	Device  string // in words: "Firefox on Windows"
	Created time.Time
	Rotated time.Time // when it got this secret; zero: it has its first
	Used    time.Time // to some minutes
	Expires time.Time
}

// Rotation gives the session with one hash another, and a new end.
type Rotation struct {
	Old, Fresh  []byte
	At, Expires time.Time
}

// Workspace is a team and what it has, with the role of who asks.
type Workspace struct {
	ID      string
	Name    string
	Role    Role
	Created time.Time
}

// Member is somebody in a workspace.
type Member struct {
	Person string
	Name   string
	Color  string
	Role   Role
	Joined time.Time
}

// Project is a storyboard with its timeline and review, with the role of who
// asks.
type Project struct {
	ID        string
	Workspace string
	Name      string
	Role      Role
	Created   time.Time
	Updated   time.Time
}

// Person is what others may know of somebody.
type Person struct {
	ID    string
	Name  string
	Color string
	Guest bool // came by a link, and has no account
}

// Page asks for part of a list: at most Limit things after the one with the
// cursor After, "" for the first page. Lists are ordered by creation and id.
type Page struct {
	After string
	Limit int
}

// Cursor is where a list goes on behind something made then with this id.
func Cursor(created time.Time, id string) string {
	return strconv.FormatInt(created.UnixMilli(), 10) + "." + id
}

// Position takes a cursor apart; one that was not made by Cursor is the start.
func (p Page) Position() (createdMillis int64, id string) {
	millis, id, _ := strings.Cut(p.After, ".")
	createdMillis, err := strconv.ParseInt(millis, 10, 64)
	if err != nil || !ValidID(id) {
		return -1, ""
	}
	return createdMillis, id
}

// Accounts keeps accounts. Reads of what is not there end with ErrNotFound.
type Accounts interface {
	// CreateAccount stores an account and its first workspace, of which it is
	// the owner, or nothing: ErrTaken when the email has one.
	CreateAccount(ctx context.Context, a Account, first Workspace) error
	Account(ctx context.Context, id string) (Account, error)
	AccountByEmail(ctx context.Context, email string) (Account, error)
	// Rename changes the name that others see.
	Rename(ctx context.Context, id, name string) error
	// People lists those of ids who share a workspace with asker, and guests of its projects.
	People(ctx context.Context, asker string, ids []string) ([]Person, error)
}

// Sessions keeps sessions. Reads of what is not there end with ErrNotFound.
type Sessions interface {
	CreateSession(ctx context.Context, s Session) error
	SessionByHash(ctx context.Context, hash []byte) (Session, error)
	// SpentSession returns the session that had a hash before, and until when.
	SpentSession(ctx context.Context, hash []byte) (Session, time.Time, error)
	RotateSession(ctx context.Context, r Rotation) error
	// DeleteExpired removes sessions that are over, and spent hashes that would be.
	DeleteExpired(ctx context.Context, now time.Time) error
}

// OwnSessions is what people do with their sessions. What is not there, or not
// theirs, is ErrNotFound.
type OwnSessions interface {
	Session(ctx context.Context, id string) (Session, error)
	// SessionsOf lists sessions of a person, the newest first.
	SessionsOf(ctx context.Context, person string, p Page) ([]Session, error)
	UseSession(ctx context.Context, id string, at time.Time) error
	EndSession(ctx context.Context, person, id string) error
}

// Passwords keeps what people sign in with.
type Passwords interface {
	// SetPassword changes the hash of a password, ends all sessions of the person but
	// one, and returns the ended.
	SetPassword(ctx context.Context, person, hash, keep string) ([]string, error)
	// Alarm notes that a session of the person was used by two.
	Alarm(ctx context.Context, person string, at time.Time) error
}

// Workspaces keeps workspaces and who is in them. For who is not in one, it
// is not there: ErrNotFound.
type Workspaces interface {
	CreateWorkspace(ctx context.Context, w Workspace, owner string) error
	Workspaces(ctx context.Context, person string, p Page) ([]Workspace, error)
	Role(ctx context.Context, person, workspace string) (Role, error)
	Members(ctx context.Context, workspace string, p Page) ([]Member, error)
}

// Projects keeps projects. For who is not in its workspace, a project is not
// there: ErrNotFound.
type Projects interface {
	CreateProject(ctx context.Context, p Project) error
	Project(ctx context.Context, person, id string) (Project, error)
	Projects(ctx context.Context, workspace string, p Page) ([]Project, error)
	RenameProject(ctx context.Context, id, name string, now time.Time) error
	DeleteProject(ctx context.Context, id string) error
}

// Sharing keeps links and who came by them.
type Sharing interface {
	Shares
	Guests
	Views
}

// Store is all that a Service keeps.
type Store interface {
	Accounts
	Passwords
	Sessions
	OwnSessions
	Workspaces
	Memberships
	Invitations
	Projects
	Sharing
	Tickets
}
