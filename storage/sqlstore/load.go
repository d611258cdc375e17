package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/soratoo/soratoo/rooms"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// row is an entry or a snapshot as it is stored. Snapshots have no person.
type row struct {
	document, seq, at int64
	person            string
	payload           []byte
	sealed            bool // the payload is
}

// What a checksum says beside itself: whole, that it is of all columns (older rows have
// that of their payload alone), and sealed, that the payload is.
const (
	whole  = 1 << 32
	sealed = 1 << 33
)

// sum is the checksum that the row is stored with.
func (r row) sum() int64 {
	c := crc32.Checksum(fmt.Appendf(nil, "%d %d %d %q ", r.document, r.seq, r.at, r.person), castagnoli)
	sum := whole | int64(crc32.Update(c, castagnoli, r.payload))
	if r.sealed {
		sum |= sealed
	}
	return sum
}

// sound tells whether the row is as it was written with this checksum, and learns from
// that whether it is sealed.
func (r *row) sound(sum int64) bool {
	r.sealed = sum&sealed != 0
	return sum == r.sum() || sum == int64(crc32.Checksum(r.payload, castagnoli))
}

// Load returns everything sound that is stored of a document; see rooms.Log.
func (s *Store) Load(ctx context.Context, doc string) (rooms.Stored, error) {
	var l loading
	read := func(tx transaction) (err error) {
		l = loading{tx: tx, doc: doc}
		return l.all(ctx)
	}
	err := s.view(ctx, read)
	if err == nil && len(l.stored.Damage) > 0 {
		// What is set aside is what the same transaction finds.
		err = s.tx(ctx, func(tx transaction) error {
			if err := read(tx); err != nil {
				return err
			}
			return l.setAside(ctx)
		})
	}
	if err == nil {
		err = s.openStored(ctx, &l)
	}
	if err != nil {
		return rooms.Stored{}, fmt.Errorf("loading %s: %w", doc, err)
	}
	return l.stored, nil
}

// loading reads head, snapshot and tail in one transaction, as of one moment.
type loading struct {
	tx     transaction
	doc    string
	id     int64
	head   int64
	last   int64 // position of the last sound entry, or of the snapshot
	bad    []badRow
	base   *row  // the snapshot
	rows   []row // the entries after it
	stored rooms.Stored
}

// badRow says where a damaged row is.
type badRow struct {
	table, kind string
	seq         int64
}

func (l *loading) all(ctx context.Context) error {
	if found, err := l.document(ctx); err != nil || !found {
		return err
	}
	for _, table := range []string{"document_snapshots", "document_former"} {
		found, err := l.snapshot(ctx, table)
		if err != nil {
			return err
		}
		if found && table == "document_former" && len(l.bad) == 0 {
			l.stored.Damage = append(l.stored.Damage, rooms.Damage{Kind: "missing snapshot"})
		}
		if found {
			break
		}
	}
	if err := l.tail(ctx); err != nil {
		return err
	}
	if l.head != l.last {
		l.damaged(badRow{"", "head", l.head})
	}
	l.stored.Seq = uint64(l.last)
	return nil
}

// document reads what is known of the document, and tells whether it was ever written.
func (l *loading) document(ctx context.Context) (bool, error) {
	err := l.tx.QueryRowContext(ctx, `SELECT id, generation, head, former FROM documents WHERE name = $1`, l.doc).
		Scan(&l.id, &l.stored.Generation, &l.head, &l.stored.Former)
	if errors.Is(err, sql.ErrNoRows) {
		l.stored = rooms.Stored{Generation: rooms.FirstGeneration}
		return false, nil
	}
	if err == nil {
		l.stored.Writers, err = readWriters(ctx, l.tx, l.doc)
	}
	return err == nil, err
}

// damaged notes a row that is not as it was written.
func (l *loading) damaged(b badRow) {
	l.bad = append(l.bad, b)
	l.stored.Damage = append(l.stored.Damage, rooms.Damage{Kind: b.kind, Seq: uint64(max(b.seq, 0))})
}

// snapshot reads the snapshot of a table, and tells whether it is there and sound.
func (l *loading) snapshot(ctx context.Context, table string) (bool, error) {
	r := row{document: l.id}
	var sum int64
	err := l.tx.QueryRowContext(ctx, `SELECT seq, at, checksum, payload FROM `+table+` WHERE document = $1`, l.id).
		Scan(&r.seq, &r.at, &sum, &r.payload)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !r.sound(sum) || r.seq < 0 {
		l.damaged(badRow{table, "snapshot", r.seq})
		return false, nil
	}
	l.base, l.last = &r, r.seq
	return true, nil
}

// tail reads the entries after the snapshot. Those that are damaged are left out,
// and so is what is missing.
func (l *loading) tail(ctx context.Context) error {
	rows, err := l.tx.QueryContext(ctx, `SELECT seq, at, person, checksum, payload FROM document_entries
		WHERE document = $1 AND (seq > $2 OR seq < 0) ORDER BY seq`, l.id, l.last)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		r := row{document: l.id}
		var sum int64
		if err := rows.Scan(&r.seq, &r.at, &r.person, &sum, &r.payload); err != nil {
			return err
		}
		if !r.sound(sum) || r.seq < 0 || r.seq == math.MaxInt64 {
			l.damaged(badRow{"document_entries", "entry", r.seq})
			continue
		}
		if r.seq > l.last+1 {
			l.stored.Damage = append(l.stored.Damage, rooms.Damage{Kind: "missing", Seq: uint64(l.last + 1)})
		}
		l.last = r.seq
		l.rows = append(l.rows, r)
	}
	return rows.Err()
}

// setAside moves the damaged rows to a table of their own, and lets the document
// go on behind what is sound.
func (l *loading) setAside(ctx context.Context) error {
	for _, b := range l.bad {
		if b.table == "" {
			continue
		}
		person, where := "person", " WHERE document = $1 AND seq = $2"
		if b.table != "document_entries" {
			person = "''"
		}
		if _, err := l.tx.ExecContext(ctx, `INSERT INTO document_damage (document, kind, found, seq, at, person, checksum, payload)
			SELECT document, $3, $4, seq, at, `+person+`, checksum, payload FROM `+b.table+where,
			l.id, b.seq, b.kind, time.Now().UnixMilli()); err != nil {
			return err
		}
		if _, err := l.tx.ExecContext(ctx, `DELETE FROM `+b.table+where, l.id, b.seq); err != nil {
			return err
		}
	}
	_, err := l.tx.ExecContext(ctx, `UPDATE documents SET head = $1 WHERE id = $2`, l.last, l.id)
	return err
}

// placing is a snapshot to be stored.
type placing struct {
	seq   uint64
	state content
}

// replacing has a snapshot take the place of the one that is there.
const replacing = ` ON CONFLICT (document) DO UPDATE SET seq = excluded.seq, at = excluded.at, checksum = excluded.checksum, payload = excluded.payload`

// place stores the snapshot, unless there is a newer one. The one before stays
// beside it, if it is sound, with the entries since, and older ones go.
func place(ctx context.Context, tx transaction, id int64, snap placing) error {
	old := row{document: id}
	var sum int64
	err := tx.QueryRowContext(ctx, `SELECT seq, at, checksum, payload FROM document_snapshots WHERE document = $1`, id).
		Scan(&old.seq, &old.at, &sum, &old.payload)
	found := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if found && old.sound(sum) {
		if uint64(old.seq) >= snap.seq {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO document_former (document, seq, at, checksum, payload)
			SELECT document, seq, at, checksum, payload FROM document_snapshots WHERE document = $1`+replacing, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM document_entries WHERE document = $1 AND seq <= $2`, id, old.seq); err != nil {
			return err
		}
	}
	fresh := row{id, int64(snap.seq), time.Now().UnixMilli(), "", blob(snap.state.bytes), snap.state.sealed}
	_, err = tx.ExecContext(ctx, `INSERT INTO document_snapshots (document, seq, at, checksum, payload) VALUES ($1, $2, $3, $4, $5)`+replacing,
		id, fresh.seq, fresh.at, fresh.sum(), fresh.payload)
	return err
}
