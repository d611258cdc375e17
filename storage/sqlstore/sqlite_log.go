package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/soratoo/soratoo/rooms"
)

// append stores writes in one commit; see engine.
func (s *embedded) append(ctx context.Context, writes []rooms.Write, sealed bool) ([]rooms.Receipt, error) {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	// What follows is short, and a commit that is under way is not given up.
	ctx = context.WithoutCancel(ctx)
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	a := appender{log: s.log, tx: tx, now: time.Now(), sealed: sealed}
	receipts, err := a.all(ctx, writes)
	if err != nil {
		return nil, errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return nil, errors.Join(err, ignoreDone(tx.Rollback()))
	}
	s.dirty.Store(true)
	return receipts, nil
}

// logStatements are those of each commit, prepared once on the one writer.
type logStatements struct{ advance, create, insert, bind, relay *sql.Stmt }

func prepareLog(ctx context.Context, db *sql.DB) (l logStatements, err error) {
	for _, p := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&l.advance, `UPDATE documents SET head = head + $1 WHERE name = $2 AND generation = $3 RETURNING id, head`},
		{&l.create, `INSERT INTO documents (name, generation, head) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO NOTHING RETURNING id, head`},
		{&l.insert, `INSERT INTO document_entries (document, seq, at, person, checksum, payload) VALUES ($1, $2, $3, $4, $5, $6)`},
		{&l.bind, `INSERT INTO document_writers (document, client, person, carried) VALUES ($1, $2, $3, $4)
			ON CONFLICT (document, client) DO UPDATE SET person = excluded.person, carried = 0 WHERE document_writers.carried AND NOT excluded.carried`},
		{&l.relay, `INSERT INTO document_relays (document, client, clock, len, person, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`},
	} {
		if *p.to, err = db.PrepareContext(ctx, p.query); err != nil {
			return l, err
		}
	}
	return l, nil
}

// close lets go of the statements that were prepared.
func (l logStatements) close() (err error) {
	for _, s := range []*sql.Stmt{l.advance, l.create, l.insert, l.bind, l.relay} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return err
}

// appender writes the entries of one transaction.
type appender struct {
	log    logStatements
	tx     *sql.Tx
	now    time.Time
	sealed bool // updates are
	insert *sql.Stmt
}

func (a *appender) all(ctx context.Context, writes []rooms.Write) ([]rooms.Receipt, error) {
	a.insert = a.tx.StmtContext(ctx, a.log.insert)
	receipts := make([]rooms.Receipt, len(writes))
	for i, w := range writes {
		var err error
		if receipts[i], err = a.one(ctx, w); err != nil {
			return nil, fmt.Errorf("%s: %w", w.Doc, err)
		}
	}
	return receipts, nil
}

// one appends the entries of one document behind its head. The head and the
// entries become visible together, so positions have no gaps.
func (a *appender) one(ctx context.Context, w rooms.Write) (rooms.Receipt, error) {
	id, head, err := a.advance(ctx, w)
	if errors.Is(err, rooms.ErrGeneration) {
		return rooms.Receipt{Err: err}, nil
	}
	if err != nil {
		return rooms.Receipt{}, err
	}
	seq := head - int64(len(w.Entries))
	for _, e := range w.Entries {
		seq++
		at := e.At
		if at.IsZero() {
			at = a.now
		}
		if _, err := a.insert.ExecContext(ctx, id, seq, at.UnixMilli(), e.Person, row{id, seq, at.UnixMilli(), e.Person, e.Update, a.sealed}.sum(), blob(e.Update)); err != nil {
			return rooms.Receipt{}, err
		}
		if err := a.attribute(ctx, id, e, at); err != nil {
			return rooms.Receipt{}, err
		}
	}
	return rooms.Receipt{Seq: uint64(head)}, nil
}

// attribute stores whose the clients are whose units an entry brings.
func (a *appender) attribute(ctx context.Context, id int64, e rooms.Entry, at time.Time) error {
	for i, client := range slices.Concat(e.Clients, e.Carried) {
		carried := i >= len(e.Clients)
		if _, err := a.tx.StmtContext(ctx, a.log.bind).ExecContext(ctx, id, int64(client), e.Person, carried); err != nil {
			return err
		}
	}
	for _, r := range e.Relays {
		_, err := a.tx.StmtContext(ctx, a.log.relay).ExecContext(ctx, id, int64(r.Client), r.Clock, r.Len, e.Person, at.UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}

// advance moves the head of w's document by its number of entries, and makes
// the document when there is none.
func (a *appender) advance(ctx context.Context, w rooms.Write) (id, head int64, err error) {
	n := len(w.Entries)
	err = a.tx.StmtContext(ctx, a.log.advance).QueryRowContext(ctx, n, w.Doc, w.Generation).Scan(&id, &head)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, head, err
	}
	if w.Generation != rooms.FirstGeneration {
		return 0, 0, rooms.ErrGeneration
	}
	err = a.tx.StmtContext(ctx, a.log.create).QueryRowContext(ctx, w.Doc, w.Generation, n).Scan(&id, &head)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, rooms.ErrGeneration
	}
	return id, head, err
}
