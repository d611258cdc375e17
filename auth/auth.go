// Package auth knows who somebody is and what they may do: accounts, sessions,
// tokens, workspaces, projects and roles.
//
// A [Service] turns what a request carries (a session cookie, an access token,
// a ticket) into a [Principal], and answers questions about rights. It keeps
// its state in a store that the caller gives it; its methods may be called at
// once. Errors that callers act on are the sentinels below.
package auth

import (
	"crypto/rand"
	"errors"
	"math/big"
	"slices"
	"time"
)

// Why something is refused.
var (
	// ErrUnauthenticated: nobody is signed in, or the token is no longer good.
	ErrUnauthenticated = errors.New("not signed in")
	// ErrCredentials: no account has this email with this password.
	ErrCredentials = errors.New("email or password is wrong")
	// ErrForbidden: the person may see the thing, but not do this with it.
	ErrForbidden = errors.New("not allowed")
	// ErrNotFound: there is no such thing, or the person may not know of it.
	ErrNotFound = errors.New("not found")
	// ErrTaken: an account with this email exists.
	ErrTaken = errors.New("this email has an account already")
	// ErrTooYoung: the birth year is below the age limit.
	ErrTooYoung = errors.New("SoraToo is for people of 13 years and over")
	// ErrPolicy: the privacy policy was not accepted.
	ErrPolicy = errors.New("the privacy policy must be accepted")
	// ErrWeakPassword: the password is too short, too long or too common.
	ErrWeakPassword = errors.New("choose a password of 10 to 200 characters that is not a common one")
	// ErrName: a name has nothing that can be seen.
	ErrName = errors.New("a name needs something that can be seen")
	// ErrEmail: an email has letters that other people's might look like, or is none.
	ErrEmail = errors.New("an email has Latin letters without marks, digits, and one @")
	// ErrLastOwner: a workspace would be left without an owner.
	ErrLastOwner = errors.New("a workspace keeps an owner")
	// ErrInvitation: an invitation was used, taken back or is over, or there was none.
	ErrInvitation = errors.New("the invitation is no longer good")
	// ErrInvited: an invitation is for an account with another email.
	ErrInvited = errors.New("the invitation is for another email")
	// ErrSharePassword: a share has a password, and this is not it; or it is too
	// short to be one.
	ErrSharePassword = errors.New("the link has another password")
	// ErrShareEnded: a share was revoked or is over.
	ErrShareEnded = errors.New("the link is no longer good")
	// ErrExpiry: something would end before it began.
	ErrExpiry = errors.New("this end is in the past")
	// ErrTooMany: too many tries; wait a little.
	ErrTooMany = errors.New("too many tries, wait a minute")
)

// Principal is somebody who is signed in.
type Principal struct {
	Person  string    // account id
	Name    string    // as others see it
	Color   string    // hex, as others see it
	Expires time.Time // when what they showed stops being good
	Session string    // by which they are signed in; "" for guests

	// Of guests, who have no account.
	Share    string    // by which they came; "" for who has an account
	Project  string    // that it leads to
	Version  string    // that they see, "" for what is there now
	Download bool      // whether they may take media along
	Ends     time.Time // when the share does; zero: never
}

// Access is what somebody may do with a project's documents.
type Access uint8

// From nothing to everything.
const (
	AccessNone Access = iota
	AccessRead
	AccessComment
	AccessWrite
)

// Role is what somebody is in a workspace.
type Role string

// The roles, the mightiest first.
const (
	RoleOwner     Role = "owner"
	RoleAdmin     Role = "admin"
	RoleEditor    Role = "editor"
	RoleCommenter Role = "commenter"
	RoleViewer    Role = "viewer"
)

// Action is something that needs a right.
type Action uint8

// What roles allow.
const (
	ActionRead          Action = iota // see the workspace and its projects
	ActionComment                     // write reviews
	ActionEdit                        // write timelines; create and rename projects
	ActionDeleteProject               // delete projects
	ActionReset                       // replace what a project's documents hold
	ActionManageMembers               // invite and remove members, set their roles
	ActionShare                       // make links for guests, see who used them, end them
	ActionSpend                       // bound and stop what the workspace renders
)

// rights says from which role on an action is allowed.
var rights = map[Action][]Role{
	ActionRead:          {RoleOwner, RoleAdmin, RoleEditor, RoleCommenter, RoleViewer},
	ActionComment:       {RoleOwner, RoleAdmin, RoleEditor, RoleCommenter},
	ActionEdit:          {RoleOwner, RoleAdmin, RoleEditor},
	ActionDeleteProject: {RoleOwner, RoleAdmin},
	ActionReset:         {RoleOwner, RoleAdmin},
	ActionManageMembers: {RoleOwner, RoleAdmin},
	ActionShare:         {RoleOwner, RoleAdmin, RoleEditor},
	ActionSpend:         {RoleOwner, RoleAdmin},
}

// Can tells whether a role allows an action. An unknown role allows nothing.
func (r Role) Can(a Action) bool {
	return slices.Contains(rights[a], r)
}

// Access is what the role may do with documents.
func (r Role) Access() Access {
	switch {
	case r.Can(ActionEdit):
		return AccessWrite
	case r.Can(ActionComment):
		return AccessComment
	case r.Can(ActionRead):
		return AccessRead
	default:
		return AccessNone
	}
}

const (
	idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	idLength   = 22 // base 62 digits of 128 bits
)

// NewID returns a random id of 128 bits as 22 characters of base 62.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	n := new(big.Int).SetBytes(b[:])
	out := make([]byte, idLength)
	base, digit := big.NewInt(int64(len(idAlphabet))), new(big.Int)
	for i := idLength - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		out[i] = idAlphabet[digit.Int64()]
	}
	return string(out)
}

// ValidID tells whether s has the form of an id.
func ValidID(s string) bool {
	if len(s) != idLength {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
