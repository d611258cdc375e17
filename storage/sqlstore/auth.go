package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/auth"
)

// CreateAccount stores an account and its workspace; see auth.Accounts.
func (s *Store) CreateAccount(ctx context.Context, a auth.Account, first auth.Workspace) error {
	return s.tx(ctx, func(tx transaction) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO accounts (id, name, email, color, password, policy, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (email) DO NOTHING`,
			a.ID, a.Name, a.Email, a.Color, a.Password, a.Policy, a.Created.UnixMilli())
		if err := one(result, err, auth.ErrTaken); err != nil {
			return fmt.Errorf("storing an account: %w", err)
		}
		return createWorkspace(ctx, tx, first, a.ID)
	})
}

// Account returns an account by id.
func (s *Store) Account(ctx context.Context, id string) (auth.Account, error) {
	return s.account(ctx, "id", id)
}

// AccountByEmail returns an account by its normalised email.
func (s *Store) AccountByEmail(ctx context.Context, email string) (auth.Account, error) {
	return s.account(ctx, "email", email)
}

func (s *Store) account(ctx context.Context, column, value string) (auth.Account, error) {
	var a auth.Account
	var created, alarmed int64
	err := s.read.QueryRowContext(ctx, `SELECT id, name, email, color, password, policy, created, alarmed
		FROM accounts WHERE `+column+` = $1`, value).
		Scan(&a.ID, &a.Name, &a.Email, &a.Color, &a.Password, &a.Policy, &created, &alarmed)
	a.Created, a.Alarmed = millis(created), ended(alarmed)
	return a, found(err, "reading an account")
}

// Rename changes the name of an account.
func (s *Store) Rename(ctx context.Context, id, name string) error {
	return s.exec(ctx, "renaming an account", `UPDATE accounts SET name = $1 WHERE id = $2`, name, id)
}

// People lists those of ids who share a workspace with asker, or are guests of
// its projects.
func (s *Store) People(ctx context.Context, asker string, ids []string) ([]auth.Person, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := append([]any{asker}, anys(ids)...)
	rows, err := s.read.QueryContext(ctx, `SELECT id, name, color, FALSE FROM accounts
		WHERE id IN (`+params(2, len(ids))+`) AND (id = $1 OR EXISTS (
			SELECT 1 FROM members theirs JOIN members mine USING (workspace)
			WHERE theirs.person = accounts.id AND mine.person = $1))
		UNION SELECT g.id, g.name, g.color, TRUE FROM guests g JOIN shares s ON s.id = g.share JOIN projects p ON p.id = s.project
			JOIN members m ON m.workspace = p.workspace AND m.person = $1
			WHERE g.id IN (`+params(2, len(ids))+`) ORDER BY 1`, args...)
	return collect(rows, err, "listing people", readPerson)
}

// exec runs one statement durably. When it changed nothing it ends with
// auth.ErrNotFound.
func (s *Store) exec(ctx context.Context, doing, query string, args ...any) error {
	result, err := s.run(ctx, query, args...)
	if err := one(result, err, auth.ErrNotFound); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// run runs one statement durably.
func (s *Store) run(ctx context.Context, query string, args ...any) (sql.Result, error) {
	result, err := s.write.ExecContext(ctx, query, args...)
	return result, s.failed(err)
}

// one is none when a statement changed no row.
func one(result sql.Result, err, none error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		return none
	}
	return err
}

// found turns the absence of a row into auth.ErrNotFound.
func found(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return auth.ErrNotFound
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

func millis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// scanner reads the columns of a row.
type scanner func(dst ...any) error

// collect reads all rows of a query that may have failed.
func collect[T any](rows *sql.Rows, err error, doing string, read func(scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		t, err := read(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		out = append(out, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return out, nil
}
