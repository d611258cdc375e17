package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/soratoo/soratoo/rooms"
)

const rollbackTimeout = time.Second

// append stores writes in one commit, in two round trips; see engine. Whoever appends
// to a document locks its row until the commit, so positions become visible in order
// and without gaps; documents are locked in the order of their ids, so that no two
// nodes wait for each other.
func (p *postgres) append(ctx context.Context, writes []rooms.Write, sealed bool) ([]rooms.Receipt, error) {
	conn, err := p.log.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	a := appending{conn: conn, now: time.Now(), sealed: sealed, docs: map[string]*lockedDoc{}}
	receipts, err := a.all(ctx, writes)
	if err != nil {
		return nil, errors.Join(err, a.rollback())
	}
	return receipts, nil
}

// appending is one commit being made.
type appending struct {
	conn   *pgxpool.Conn
	now    time.Time
	sealed bool // updates are
	docs   map[string]*lockedDoc

	// What is stored, by columns.
	document, seq, at, checksum []int64
	person                      []string
	payload                     [][]byte
	writers                     writerColumns
	relays                      relayColumns
}

// lockedDoc is a document whose row is locked.
type lockedDoc struct {
	id, head   int64
	generation uint64
	grew       bool
}

func (a *appending) all(ctx context.Context, writes []rooms.Write) ([]rooms.Receipt, error) {
	var names, fresh []string
	for _, w := range writes {
		names = append(names, w.Doc)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if err := a.lock(ctx, names, true); err != nil {
		return nil, err
	}
	for _, w := range writes {
		if a.docs[w.Doc] == nil && w.Generation == rooms.FirstGeneration && !slices.Contains(fresh, w.Doc) {
			fresh = append(fresh, w.Doc)
		}
	}
	if len(fresh) > 0 {
		slices.Sort(fresh)
		_, err := a.conn.Exec(ctx, `INSERT INTO documents (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING`, fresh)
		if err != nil {
			return nil, err
		}
		if err := a.lock(ctx, fresh, false); err != nil {
			return nil, err
		}
	}
	receipts := make([]rooms.Receipt, len(writes))
	for i, w := range writes {
		receipts[i] = a.add(w)
	}
	return receipts, a.store(ctx)
}

// lock locks the rows of documents that are there; begin begins the transaction.
func (a *appending) lock(ctx context.Context, names []string, begin bool) error {
	b := &pgx.Batch{}
	if begin {
		b.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED`)
	}
	b.Queue(`SELECT id, name, generation, head FROM documents WHERE name = ANY($1) ORDER BY id FOR NO KEY UPDATE`, names).Query(func(rows pgx.Rows) error {
		var name string
		var d lockedDoc
		_, err := pgx.ForEachRow(rows, []any{&d.id, &name, &d.generation, &d.head}, func() error {
			a.docs[name] = &lockedDoc{id: d.id, head: d.head, generation: d.generation}
			return nil
		})
		return err
	})
	return a.conn.SendBatch(ctx, b).Close()
}

// add puts the entries of a document behind its head.
func (a *appending) add(w rooms.Write) rooms.Receipt {
	d := a.docs[w.Doc]
	if d == nil || d.generation != w.Generation {
		return rooms.Receipt{Err: rooms.ErrGeneration}
	}
	for _, e := range w.Entries {
		d.head++
		d.grew = true
		at := e.At
		if at.IsZero() {
			at = a.now
		}
		r := row{d.id, d.head, at.UnixMilli(), e.Person, blob(e.Update), a.sealed}
		a.document, a.seq, a.at = append(a.document, r.document), append(a.seq, r.seq), append(a.at, r.at)
		a.checksum, a.person, a.payload = append(a.checksum, r.sum()), append(a.person, r.person), append(a.payload, r.payload)
		for i, client := range slices.Concat(e.Clients, e.Carried) {
			a.writers.add(d.id, client, e.Person, i >= len(e.Clients))
		}
		for _, ids := range e.Relays {
			a.relays.add(relay{d.id, int64(ids.Client), int64(ids.Clock), int64(ids.Len), e.Person, at.UnixMilli()})
		}
	}
	return rooms.Receipt{Seq: uint64(d.head)}
}

// store writes all columns and commits.
func (a *appending) store(ctx context.Context) error {
	var ids, heads []int64
	for _, d := range a.docs {
		if d.grew {
			ids, heads = append(ids, d.id), append(heads, d.head)
		}
	}
	b := &pgx.Batch{}
	b.Queue(`UPDATE documents d SET head = v.head FROM unnest($1::bigint[], $2::bigint[]) AS v (id, head) WHERE d.id = v.id`, ids, heads)
	b.Queue(`INSERT INTO document_entries (document, seq, at, person, checksum, payload)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bytea[])`,
		a.document, a.seq, a.at, a.person, a.checksum, a.payload)
	a.writers.queue(b)
	a.relays.queue(b)
	b.Queue(`COMMIT`)
	return a.conn.SendBatch(ctx, b).Close()
}

// rollback gives the transaction up, if it is one still. A connection of which nobody
// knows how it is goes.
func (a *appending) rollback() error {
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	if _, err := a.conn.Exec(ctx, `ROLLBACK`); err != nil {
		return errors.Join(fmt.Errorf("rolling back: %w", err), a.conn.Conn().Close(ctx))
	}
	return nil
}

// writerColumns are whose clients are, each client of a document once.
type writerColumns struct {
	place            map[[2]int64]int // by document and client
	document, client []int64
	person           []string
	carried          []bool
}

// add notes whose a client is: who used it first, or else who first carried it.
func (w *writerColumns) add(document int64, client uint64, person string, carried bool) {
	key := [2]int64{document, int64(client)}
	i, known := w.place[key]
	switch {
	case known && (!w.carried[i] || carried):
	case known:
		w.person[i], w.carried[i] = person, false
	default:
		if w.place == nil {
			w.place = map[[2]int64]int{}
		}
		w.place[key] = len(w.client)
		w.document, w.client = append(w.document, document), append(w.client, int64(client))
		w.person, w.carried = append(w.person, person), append(w.carried, carried)
	}
}

func (w *writerColumns) queue(b *pgx.Batch) {
	if len(w.client) == 0 {
		return
	}
	b.Queue(`INSERT INTO document_writers (document, client, person, carried)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::boolean[])
		ON CONFLICT (document, client) DO UPDATE SET person = excluded.person, carried = FALSE WHERE document_writers.carried AND NOT excluded.carried`,
		w.document, w.client, w.person, w.carried)
}

// relay is units of a client that somebody else brought.
type relay struct {
	document, client, clock, length int64
	person                          string
	at                              int64
}

type relayColumns struct {
	document, client, clock, length, at []int64
	person                              []string
}

func (c *relayColumns) add(r relay) {
	c.document, c.client, c.clock = append(c.document, r.document), append(c.client, r.client), append(c.clock, r.clock)
	c.length, c.at, c.person = append(c.length, r.length), append(c.at, r.at), append(c.person, r.person)
}

func (c *relayColumns) queue(b *pgx.Batch) {
	if len(c.client) == 0 {
		return
	}
	b.Queue(`INSERT INTO document_relays (document, client, clock, len, person, at)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[]) ON CONFLICT DO NOTHING`,
		c.document, c.client, c.clock, c.length, c.person, c.at)
}
