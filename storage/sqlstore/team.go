package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/auth"
)

// CreateWorkspace stores a workspace and its owner.
func (s *Store) CreateWorkspace(ctx context.Context, w auth.Workspace, owner string) error {
	return s.tx(ctx, func(tx transaction) error { return createWorkspace(ctx, tx, w, owner) })
}

func createWorkspace(ctx context.Context, tx transaction, w auth.Workspace, owner string) error {
	at := w.Created.UnixMilli()
	if _, err := tx.ExecContext(ctx, `INSERT INTO workspaces (id, name, created) VALUES ($1, $2, $3)`, w.ID, w.Name, at); err != nil {
		return fmt.Errorf("storing a workspace: %w", err)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO members (workspace, person, role, joined) VALUES ($1, $2, $3, $4)`, w.ID, owner, auth.RoleOwner, at)
	if err != nil {
		return fmt.Errorf("storing a workspace's owner: %w", err)
	}
	return nil
}

// Workspaces lists the workspaces that a person is in, with the role there.
func (s *Store) Workspaces(ctx context.Context, person string, p auth.Page) ([]auth.Workspace, error) {
	created, id := p.Position()
	rows, err := s.read.QueryContext(ctx, `SELECT w.id, w.name, m.role, w.created FROM workspaces w
		JOIN members m ON m.workspace = w.id WHERE m.person = $1 AND (w.created, w.id) > ($2, $3)
		ORDER BY w.created, w.id LIMIT $4`, person, created, id, p.Limit)
	return collect(rows, err, "listing workspaces", func(scan scanner) (w auth.Workspace, err error) {
		var at int64
		err = scan(&w.ID, &w.Name, &w.Role, &at)
		w.Created = millis(at)
		return w, err
	})
}

// Role returns a person's role in a workspace.
func (s *Store) Role(ctx context.Context, person, workspace string) (auth.Role, error) {
	var role auth.Role
	err := s.read.QueryRowContext(ctx, `SELECT role FROM members WHERE workspace = $1 AND person = $2`, workspace, person).Scan(&role)
	return role, found(err, "reading a role")
}

// Members lists who is in a workspace.
func (s *Store) Members(ctx context.Context, workspace string, p auth.Page) ([]auth.Member, error) {
	joined, id := p.Position()
	rows, err := s.read.QueryContext(ctx, `SELECT a.id, a.name, a.color, m.role, m.joined FROM members m
		JOIN accounts a ON a.id = m.person WHERE m.workspace = $1 AND (m.joined, a.id) > ($2, $3)
		ORDER BY m.joined, a.id LIMIT $4`, workspace, joined, id, p.Limit)
	return collect(rows, err, "listing members", readMember)
}

// CreateProject stores a project.
func (s *Store) CreateProject(ctx context.Context, p auth.Project) error {
	return s.exec(ctx, "storing a project", `INSERT INTO projects (id, workspace, name, created, updated) VALUES ($1, $2, $3, $4, $5)`,
		p.ID, p.Workspace, p.Name, p.Created.UnixMilli(), p.Updated.UnixMilli())
}

// Project returns a project with the person's role, if they are in its workspace.
func (s *Store) Project(ctx context.Context, person, id string) (auth.Project, error) {
	var p auth.Project
	var created, updated int64
	err := s.read.QueryRowContext(ctx, `SELECT p.id, p.workspace, p.name, m.role, p.created, p.updated FROM projects p
		JOIN members m ON m.workspace = p.workspace AND m.person = $1 WHERE p.id = $2`, person, id).
		Scan(&p.ID, &p.Workspace, &p.Name, &p.Role, &created, &updated)
	p.Created, p.Updated = millis(created), millis(updated)
	return p, found(err, "reading a project")
}

// Projects lists the projects of a workspace.
func (s *Store) Projects(ctx context.Context, workspace string, p auth.Page) ([]auth.Project, error) {
	created, id := p.Position()
	rows, err := s.read.QueryContext(ctx, `SELECT id, workspace, name, created, updated FROM projects
		WHERE workspace = $1 AND (created, id) > ($2, $3) ORDER BY created, id LIMIT $4`, workspace, created, id, p.Limit)
	return collect(rows, err, "listing projects", func(scan scanner) (p auth.Project, err error) {
		var created, updated int64
		err = scan(&p.ID, &p.Workspace, &p.Name, &created, &updated)
		p.Created, p.Updated = millis(created), millis(updated)
		return p, err
	})
}

// RenameProject changes a project's name.
func (s *Store) RenameProject(ctx context.Context, id, name string, now time.Time) error {
	return s.exec(ctx, "renaming a project", `UPDATE projects SET name = $1, updated = $2 WHERE id = $3`, name, now.UnixMilli(), id)
}

// DeleteProject removes a project.
func (s *Store) DeleteProject(ctx context.Context, id string) error {
	return s.exec(ctx, "removing a project", `DELETE FROM projects WHERE id = $1`, id)
}
