package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/soratoo/soratoo/rooms"
)

// Compact lets a snapshot stand for entries; see rooms.Log.
func (s *Store) Compact(ctx context.Context, snap rooms.Snapshot) error {
	state, err := s.sealed(ctx, scopeOfDoc(snap.Doc), labelOf(snap.Doc), snap.State)
	if err != nil {
		return fmt.Errorf("compacting %s: %w", snap.Doc, err)
	}
	// The lock keeps a reset away, and lets others append. Whoever compacts the document
	// at this moment does it for this node, too.
	err = s.locking(ctx, func(tx transaction) error {
		var id int64
		err := tx.QueryRowContext(ctx, `SELECT id FROM documents WHERE name = $1 AND generation = $2 AND head >= $3`+tx.share,
			snap.Doc, snap.Generation, snap.Seq).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return rooms.ErrGeneration
		}
		if err != nil {
			return err
		}
		if alone, err := tx.alone(ctx, id); err != nil || !alone {
			return err
		}
		return place(ctx, tx, id, placing{snap.Seq, state})
	})
	if err != nil {
		return fmt.Errorf("compacting %s: %w", snap.Doc, err)
	}
	return nil
}

// Reset replaces a document and raises its generation; see rooms.Log.
func (s *Store) Reset(ctx context.Context, doc string, to rooms.Replacement) (uint64, error) {
	state, err := s.sealed(ctx, scopeOfDoc(doc), labelOf(doc), to.State)
	if err != nil {
		return 0, fmt.Errorf("resetting %s: %w", doc, err)
	}
	var generation uint64
	err = s.locking(ctx, func(tx transaction) error {
		// An update alone would not exclude who compacts.
		if _, err := tx.ExecContext(ctx, `SELECT 1 FROM documents WHERE name = $1`+tx.exclusive, doc); err != nil {
			return err
		}
		var id, head int64
		// A document without a row is of the first generation already.
		err := tx.QueryRowContext(ctx, `INSERT INTO documents (name, generation, head) VALUES ($1, $2, 0)
			ON CONFLICT (name) DO UPDATE SET generation = documents.generation + 1 RETURNING id, generation, head`,
			doc, rooms.FirstGeneration+1).Scan(&id, &generation, &head)
		if err != nil {
			return err
		}
		tables := []string{"document_entries", "document_snapshots", "document_former"}
		if to.State == nil {
			tables = append(tables, "document_writers", "document_relays")
		}
		for _, table := range tables {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE document = $1`, id); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE documents SET former = $1 WHERE id = $2`, to.Former, id); err != nil {
			return err
		}
		return place(ctx, tx, id, placing{uint64(head), state})
	})
	if err != nil {
		return 0, fmt.Errorf("resetting %s: %w", doc, err)
	}
	return generation, nil
}
