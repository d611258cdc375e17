package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/history"
	"github.com/soratoo/soratoo/rooms"
)

const versionColumns = `id, project, doc, kind, name, person, people, changes, created, made_of, before`

// AddVersion stores a version of a project that exists; see history.Versions.
func (s *Store) AddVersion(ctx context.Context, v history.Version) error {
	people, err := json.Marshal(v.People)
	if err != nil {
		return fmt.Errorf("storing a version: %w", err)
	}
	changes, err := json.Marshal(v.Changes)
	if err != nil {
		return fmt.Errorf("storing a version: %w", err)
	}
	state, text, err := s.sealVersion(ctx, v, string(changes))
	if err != nil {
		return fmt.Errorf("storing a version: %w", err)
	}
	return s.exec(ctx, "storing a version", `INSERT INTO versions (`+versionColumns+`, state)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 WHERE EXISTS (SELECT 1 FROM projects WHERE id = $13)`,
		v.ID, v.Project, v.Doc, v.Kind, v.Name, v.Person, string(people), text, v.Created.UnixMilli(), v.Of, v.Before,
		state, v.Project)
}

// storedVersion is a version as the database has it.
type storedVersion struct {
	history.Version
	people, changes string
	state           []byte // nil when it was not asked for
}

// readVersion reads a version, and its state when that is among the columns.
func readVersion(scan scanner, state ...any) (v storedVersion, err error) {
	var created int64
	err = scan(append([]any{
		&v.ID, &v.Project, &v.Doc, &v.Kind, &v.Name, &v.Person, &v.people, &v.changes, &created, &v.Of, &v.Before,
	}, state...)...)
	v.Created = millis(created)
	return v, err
}

// version is a stored version, opened.
func (s *Store) version(ctx context.Context, stored storedVersion) (v history.Version, err error) {
	state, changes, err := s.openVersion(ctx, stored)
	v = stored.Version
	v.State = state
	if err == nil {
		err = json.Unmarshal([]byte(stored.people), &v.People)
	}
	if err == nil {
		err = json.Unmarshal(changes, &v.Changes)
	}
	return v, err
}

// Version returns a version with its state.
func (s *Store) Version(ctx context.Context, id string) (history.Version, error) {
	var state []byte
	stored, err := readVersion(s.read.QueryRowContext(ctx, `SELECT `+versionColumns+`, state FROM versions WHERE id = $1`, id).Scan, &state)
	if err := found(err, "reading a version"); err != nil {
		return history.Version{}, err
	}
	stored.state = blob(state)
	return s.version(ctx, stored)
}

// Versions lists the versions of a project, the newest first.
func (s *Store) Versions(ctx context.Context, project string, p auth.Page) ([]history.Version, error) {
	created, id := p.Position()
	if id == "" {
		created = math.MaxInt64
	}
	rows, err := s.read.QueryContext(ctx, `SELECT `+versionColumns+` FROM versions
		WHERE project = $1 AND (created, id) < ($2, $3) ORDER BY created DESC, id DESC LIMIT $4`, project, created, id, p.Limit)
	stored, err := collect(rows, err, "listing versions", func(scan scanner) (storedVersion, error) { return readVersion(scan) })
	if err != nil {
		return nil, err
	}
	var out []history.Version
	for _, one := range stored {
		v, err := s.version(ctx, one)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// SetVersion replaces kind and name of a version, and its state if there is one.
func (s *Store) SetVersion(ctx context.Context, v history.Version) error {
	if v.State == nil {
		return s.exec(ctx, "changing a version", `UPDATE versions SET kind = $1, name = $2 WHERE id = $3`, v.Kind, v.Name, v.ID)
	}
	old, err := s.Version(ctx, v.ID)
	if err != nil {
		return err
	}
	changes, err := json.Marshal(old.Changes)
	if err != nil {
		return fmt.Errorf("changing a version: %w", err)
	}
	old.State = v.State
	state, text, err := s.sealVersion(ctx, old, string(changes)) // both are sealed, or none
	if err != nil {
		return fmt.Errorf("changing a version: %w", err)
	}
	return s.exec(ctx, "changing a version", `UPDATE versions SET kind = $1, name = $2, state = $3, changes = $4 WHERE id = $5`,
		v.Kind, v.Name, state, text, v.ID)
}

// DeleteVersions removes versions of a project, or all of them.
func (s *Store) DeleteVersions(ctx context.Context, project string, ids ...string) error {
	err := s.tx(ctx, func(tx transaction) error {
		if len(ids) == 0 {
			_, err := tx.ExecContext(ctx, `DELETE FROM versions WHERE project = $1`, project)
			return err
		}
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, `DELETE FROM versions WHERE project = $1 AND id = $2`, project, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("removing versions: %w", err)
	}
	return nil
}

// Writers are the people behind the clients that wrote in a document.
func (s *Store) Writers(ctx context.Context, doc string) (map[uint64]string, error) {
	writers, err := readWriters(ctx, s.read, doc)
	if err != nil {
		return nil, fmt.Errorf("reading the writers of %s: %w", doc, err)
	}
	people := make(map[uint64]string, len(writers))
	for client, w := range writers {
		people[client] = w.Person
	}
	return people, nil
}

// Relays are the units of a document that somebody else brought than who wrote
// them, by client and clock.
func (s *Store) Relays(ctx context.Context, doc string) ([]history.Relay, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT r.client, r.clock, r.len, r.person, r.at FROM document_relays r
		JOIN documents d ON d.id = r.document WHERE d.name = $1 ORDER BY r.client, r.clock LIMIT $2`, doc, maxRelays)
	if err != nil {
		return nil, fmt.Errorf("reading the relays of %s: %w", doc, err)
	}
	defer func() { _ = rows.Close() }()
	var relays []history.Relay
	for rows.Next() {
		var r history.Relay
		var at int64
		if err := rows.Scan(&r.Client, &r.Clock, &r.Len, &r.Person, &at); err != nil {
			return nil, fmt.Errorf("reading the relays of %s: %w", doc, err)
		}
		r.At = time.UnixMilli(at).UTC()
		relays = append(relays, r)
	}
	return relays, rows.Err()
}

// maxRelays are read at once: who relays is rare.
const maxRelays = 1000

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func readWriters(ctx context.Context, db querier, doc string) (map[uint64]rooms.Writer, error) {
	rows, err := db.QueryContext(ctx, `SELECT w.client, w.person, w.carried FROM document_writers w
		JOIN documents d ON d.id = w.document WHERE d.name = $1`, doc)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	writers := map[uint64]rooms.Writer{}
	for rows.Next() {
		var client uint64
		var w rooms.Writer
		if err := rows.Scan(&client, &w.Person, &w.Carried); err != nil {
			return nil, err
		}
		writers[client] = w
	}
	return writers, rows.Err()
}
