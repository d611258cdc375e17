package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
)

// formerNumbers are those that migrations had when there were gaps between them, in the
// order of the numbers that they have now, which begin with 5.
var formerNumbers = []int{6, 9, 10, 11, 12, 13, 20, 21, 30, 40, 50}

// renumber gives migrations that a database has seen under their former numbers those
// that they have now.
func renumber(ctx context.Context, db *sql.DB) error {
	var former bool
	err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'goose_db_version')`).Scan(&former)
	if err != nil || !former {
		return err
	}
	// There was no fifth, and now nothing is behind it without it.
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM goose_db_version WHERE version_id > 5)
		AND NOT EXISTS (SELECT 1 FROM goose_db_version WHERE version_id = 5)`).Scan(&former)
	if err != nil || !former {
		return err
	}
	return attempt(ctx, db, nil, func(tx *sql.Tx) error {
		for i, number := range formerNumbers {
			if _, err := tx.ExecContext(ctx, `UPDATE goose_db_version SET version_id = $1 WHERE version_id = $2`, 5+i, number); err != nil {
				return fmt.Errorf("numbering migrations: %w", err)
			}
		}
		return nil
	})
}
