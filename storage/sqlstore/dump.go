package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// dumped are the tables that a copy of a database has, those that others refer to first.
// What only lives while nodes do is left out: notices, nodes, tries, tickets.
var dumped = []string{
	"assets", "accounts", "sessions", "session_past", "workspaces", "members", "invitations", "projects",
	"shares", "guests", "share_views", "documents", "document_entries", "document_snapshots", "document_former",
	"document_damage", "document_writers", "document_relays", "versions", "renders", "render_needs", "render_queues",
	"render_workspaces", "secrets", "data_keys", "installation",
}

// numberedTables are those whose ids the database gives.
var numberedTables = []string{"documents", "document_damage"}

const (
	dumpRows  = 500     // of a part of a table, at most,
	dumpBytes = 1 << 20 // and about so many bytes
)

// ErrNotEmpty: a database that is to be filled holds something.
var ErrNotEmpty = errors.New("the database is not empty")

// Rows is a part of a table. Values are int64, float64, string, []byte, bool or nil.
type Rows struct {
	Table   string
	Columns []string
	Values  [][]any
}

// Dump reads all that is stored, as of one moment, part by part. What is sealed stays so.
func (s *Store) Dump(ctx context.Context, each func(Rows) error) error {
	err := s.view(ctx, func(tx transaction) error {
		for _, table := range dumped {
			if err := dumpTable(ctx, tx, table, each); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	return nil
}

func dumpTable(ctx context.Context, tx transaction, table string, each func(Rows) error) error {
	found, err := tx.QueryContext(ctx, `SELECT * FROM `+table)
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }()
	part := Rows{Table: table}
	if part.Columns, err = found.Columns(); err != nil {
		return err
	}
	bytes := 0
	for found.Next() {
		values := make([]any, len(part.Columns))
		to := make([]any, len(values))
		for i := range values {
			to[i] = &values[i]
		}
		if err := found.Scan(to...); err != nil {
			return err
		}
		part.Values = append(part.Values, values)
		if bytes += sizeOf(values); len(part.Values) == dumpRows || bytes >= dumpBytes {
			if err := each(part); err != nil {
				return err
			}
			part.Values, bytes = nil, 0
		}
	}
	if err := found.Err(); err != nil || len(part.Values) == 0 {
		return err
	}
	return each(part)
}

func sizeOf(values []any) (n int) {
	for _, v := range values {
		switch v := v.(type) {
		case []byte:
			n += len(v)
		case string:
			n += len(v)
		default:
			n += 8
		}
	}
	return n
}

// Fill stores what Dump has read, from whatever kind of database, all of it or nothing.
// The database has to be empty. next ends with io.EOF.
func (s *Store) Fill(ctx context.Context, next func() (Rows, error)) error {
	err := s.locking(ctx, func(tx transaction) error {
		if err := isEmpty(ctx, tx); err != nil {
			return err
		}
		for {
			part, err := next()
			if errors.Is(err, io.EOF) {
				return tx.renumber(ctx)
			}
			if err != nil {
				return err
			}
			if err := fillTable(ctx, tx, part); err != nil {
				return fmt.Errorf("%s: %w", part.Table, err)
			}
		}
	})
	if err != nil {
		return fmt.Errorf("filling the database: %w", err)
	}
	return nil
}

// isEmpty ends with ErrNotEmpty when a table has a row.
func isEmpty(ctx context.Context, tx transaction) error {
	for _, table := range dumped {
		var some bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+table+`)`).Scan(&some); err != nil {
			return err
		}
		if some {
			return fmt.Errorf("%w: it has %s", ErrNotEmpty, strings.ReplaceAll(table, "_", " "))
		}
	}
	return nil
}

func fillTable(ctx context.Context, tx transaction, part Rows) error {
	if !slices.Contains(dumped, part.Table) {
		return errors.New("there is no such table")
	}
	known, err := columnsOf(ctx, tx, part.Table)
	if err != nil {
		return err
	}
	for _, c := range part.Columns {
		if _, ok := known[c]; !ok {
			return fmt.Errorf("there is no column %q: the copy is of a newer version", c)
		}
	}
	query := `INSERT INTO ` + part.Table + ` (` + strings.Join(part.Columns, ", ") + `) ` + tx.given + ` VALUES (` + params(1, len(part.Columns)) + `)`
	insert, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	for _, values := range part.Values {
		if len(values) != len(part.Columns) {
			return errors.New("a row has too few or too many values")
		}
		for i, c := range part.Columns {
			values[i] = fitting(values[i], known[c])
		}
		if _, err := insert.ExecContext(ctx, values...); err != nil {
			return err
		}
	}
	return nil
}

// columnsOf are the columns of a table with their types.
func columnsOf(ctx context.Context, tx transaction, table string) (map[string]string, error) {
	found, err := tx.QueryContext(ctx, `SELECT * FROM `+table+` LIMIT 0`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	types, err := found.ColumnTypes()
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	for _, c := range types {
		known[c.Name()] = c.DatabaseTypeName()
	}
	return known, found.Err()
}

// fitting is a value for a column of a type: truths are numbers in SQLite.
func fitting(v any, kind string) any {
	switch n := v.(type) {
	case int64:
		if kind == "BOOL" {
			return n != 0
		}
	case bool:
		if kind == "INTEGER" {
			if n {
				return int64(1)
			}
			return int64(0)
		}
	}
	return v
}

// renumber has the database give ids behind those that are there.
func (t transaction) renumber(ctx context.Context) error {
	if t.sequence == "" {
		return nil
	}
	for _, table := range numberedTables {
		if _, err := t.ExecContext(ctx, fmt.Sprintf(t.sequence, table)); err != nil {
			return err
		}
	}
	return nil
}
