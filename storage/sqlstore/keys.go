package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/soratoo/soratoo/storage/seal"
)

// Key returns the wrapped key of a scope; see seal.Store.
func (s *Store) Key(ctx context.Context, scope string) (wrapped []byte, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT wrapped FROM data_keys WHERE scope = $1`, scope).Scan(&wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, seal.ErrNoKey
	}
	if err != nil {
		return nil, fmt.Errorf("reading a key: %w", err)
	}
	return wrapped, nil
}

// AddKey stores a key for a scope that has none; see seal.Store.
func (s *Store) AddKey(ctx context.Context, scope string, wrapped []byte) (stored []byte, err error) {
	err = s.tx(ctx, func(tx transaction) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO data_keys (scope, wrapped) VALUES ($1, $2) ON CONFLICT (scope) DO NOTHING`, scope, wrapped); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT wrapped FROM data_keys WHERE scope = $1`, scope).Scan(&stored)
	})
	if err != nil {
		return nil, fmt.Errorf("storing a key: %w", err)
	}
	return stored, nil
}

// Keys lists keys by scope; see seal.Store.
func (s *Store) Keys(ctx context.Context, after string, limit int) ([]seal.StoredKey, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT scope, wrapped FROM data_keys WHERE scope > $1 ORDER BY scope LIMIT $2`, after, limit)
	return collect(rows, err, "listing keys", func(scan scanner) (k seal.StoredKey, err error) {
		return k, scan(&k.Scope, &k.Wrapped)
	})
}

// ReplaceKey stores another form of a key; see seal.Store.
func (s *Store) ReplaceKey(ctx context.Context, scope string, old, fresh []byte) error {
	err := s.locking(ctx, func(tx transaction) error {
		var there []byte
		err := tx.QueryRowContext(ctx, `SELECT wrapped FROM data_keys WHERE scope = $1`+tx.exclusive, scope).Scan(&there)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return seal.ErrNoKey
		case err != nil:
			return err
		case !bytes.Equal(there, old):
			return seal.ErrChanged
		}
		_, err = tx.ExecContext(ctx, `UPDATE data_keys SET wrapped = $1 WHERE scope = $2`, fresh, scope)
		return err
	})
	if err != nil {
		return fmt.Errorf("replacing a key: %w", err)
	}
	return nil
}

// DropKey removes the key of a scope; see seal.Store.
func (s *Store) DropKey(ctx context.Context, scope string) error {
	if _, err := s.run(ctx, `DELETE FROM data_keys WHERE scope = $1`, scope); err != nil {
		return fmt.Errorf("removing a key: %w", err)
	}
	return nil
}
