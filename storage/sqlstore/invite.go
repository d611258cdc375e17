package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/auth"
)

const invitationColumns = `id, workspace, email, role, hash, person, created, expires`

func readInvitation(scan scanner) (i auth.Invitation, err error) {
	var created, expires int64
	err = scan(&i.ID, &i.Workspace, &i.Email, &i.Role, &i.Hash, &i.Person, &created, &expires)
	i.Created, i.Expires = millis(created), millis(expires)
	return i, err
}

// CreateInvitation stores an invitation, and forgets those that are over.
func (s *Store) CreateInvitation(ctx context.Context, i auth.Invitation, most int) error {
	return s.tx(ctx, func(tx transaction) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM invitations WHERE expires <= $1`, i.Created.UnixMilli()); err != nil {
			return fmt.Errorf("removing invitations: %w", err)
		}
		result, err := tx.ExecContext(ctx, `INSERT INTO invitations (`+invitationColumns+`) SELECT $1, $2, $3, $4, $5, $6, $7, $8
			WHERE (SELECT count(*) FROM invitations WHERE workspace = $9) < $10`, i.ID, i.Workspace, i.Email, i.Role, i.Hash, i.Person,
			i.Created.UnixMilli(), i.Expires.UnixMilli(), i.Workspace, most)
		if err := one(result, err, auth.ErrTooMany); err != nil {
			return fmt.Errorf("storing an invitation: %w", err)
		}
		return nil
	})
}

// Invitations lists the invitations to a workspace.
func (s *Store) Invitations(ctx context.Context, workspace string, p auth.Page) ([]auth.Invitation, error) {
	created, id := p.Position()
	rows, err := s.read.QueryContext(ctx, `SELECT `+invitationColumns+` FROM invitations WHERE workspace = $1 AND (created, id) > ($2, $3)
		ORDER BY created, id LIMIT $4`, workspace, created, id, p.Limit)
	return collect(rows, err, "listing invitations", readInvitation)
}

// InvitationByHash returns the invitation whose token has this hash.
func (s *Store) InvitationByHash(ctx context.Context, hash []byte) (auth.Invitation, error) {
	i, err := readInvitation(s.read.QueryRowContext(ctx, `SELECT `+invitationColumns+` FROM invitations WHERE hash = $1`, hash).Scan)
	return i, found(err, "reading an invitation")
}

// DeleteInvitation removes an invitation to a workspace.
func (s *Store) DeleteInvitation(ctx context.Context, workspace, id string) error {
	return s.exec(ctx, "removing an invitation", `DELETE FROM invitations WHERE workspace = $1 AND id = $2`, workspace, id)
}

// AcceptInvitation uses an invitation up. Who is in the workspace already keeps the
// role that allows more.
func (s *Store) AcceptInvitation(ctx context.Context, i auth.Invitation, person string) error {
	return s.tx(ctx, func(tx transaction) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM invitations WHERE id = $1`, i.ID)
		if err := one(result, err, auth.ErrNotFound); err != nil {
			return fmt.Errorf("accepting an invitation: %w", err)
		}
		var present auth.Role
		err = tx.QueryRowContext(ctx, `SELECT role FROM members WHERE workspace = $1 AND person = $2`, i.Workspace, person).Scan(&present)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("accepting an invitation: %w", err)
		}
		if err == nil && !i.Role.Above(present) {
			return nil
		}
		return setMember(ctx, tx, auth.Membership{Workspace: i.Workspace, Person: person, Role: i.Role})
	})
}

func setMember(ctx context.Context, tx transaction, m auth.Membership) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO members (workspace, person, role, joined) VALUES ($1, $2, $3, $4)
		ON CONFLICT (workspace, person) DO UPDATE SET role = excluded.role`, m.Workspace, m.Person, m.Role, time.Now().UnixMilli())
	if err != nil {
		return fmt.Errorf("storing a member: %w", err)
	}
	return nil
}

// SetMember adds a person to a workspace or changes their role. A workspace keeps an
// owner.
func (s *Store) SetMember(ctx context.Context, workspace, person string, role auth.Role) error {
	m := auth.Membership{Workspace: workspace, Person: person, Role: role}
	return s.tx(ctx, func(tx transaction) error {
		if err := setMember(ctx, tx, m); err != nil {
			return err
		}
		return cared(ctx, tx, m)
	})
}

// RemoveMember takes a person out of a workspace. A workspace keeps an owner.
func (s *Store) RemoveMember(ctx context.Context, workspace, person string) error {
	return s.tx(ctx, func(tx transaction) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM members WHERE workspace = $1 AND person = $2`, workspace, person)
		if err := one(result, err, auth.ErrNotFound); err != nil {
			return fmt.Errorf("removing a member: %w", err)
		}
		return cared(ctx, tx, auth.Membership{Workspace: workspace, Person: person})
	})
}

// cared looks after a change of somebody's role: somebody must be left who owns the
// workspace, and invitations of who may no longer invite are void.
func cared(ctx context.Context, tx transaction, m auth.Membership) error {
	var owners int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM members WHERE workspace = $1 AND role = $2`, m.Workspace, auth.RoleOwner).Scan(&owners)
	if err != nil {
		return fmt.Errorf("counting owners: %w", err)
	}
	if owners == 0 {
		return auth.ErrLastOwner
	}
	if m.Role.Can(auth.ActionManageMembers) {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM invitations WHERE workspace = $1 AND person = $2`, m.Workspace, m.Person); err != nil {
		return fmt.Errorf("revoking invitations: %w", err)
	}
	return nil
}

// Member returns somebody in a workspace.
func (s *Store) Member(ctx context.Context, workspace, person string) (auth.Member, error) {
	m, err := readMember(s.read.QueryRowContext(ctx, `SELECT a.id, a.name, a.color, m.role, m.joined FROM members m
		JOIN accounts a ON a.id = m.person WHERE m.workspace = $1 AND m.person = $2`, workspace, person).Scan)
	return m, found(err, "reading a member")
}

func readMember(scan scanner) (m auth.Member, err error) {
	var at int64
	err = scan(&m.Person, &m.Name, &m.Color, &m.Role, &at)
	m.Joined = millis(at)
	return m, err
}
