package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/storage/seal"
)

const (
	headsAtOnce = 1024 // documents that are asked for in one query
	forgetEvery = 64   // notices between two looks for old ones
	nodesKept   = 24 * time.Hour
	nodesMost   = 1000 // that are listed
)

// Heads tells how far documents are; see rooms.Shared.
func (s *Store) Heads(ctx context.Context, docs []string) (map[string]rooms.Head, error) {
	heads := make(map[string]rooms.Head, len(docs))
	for len(docs) > 0 {
		names := docs[:min(len(docs), headsAtOnce)]
		docs = docs[len(names):]
		rows, err := s.read.QueryContext(ctx, `SELECT name, generation, head FROM documents WHERE name IN (`+params(1, len(names))+`)`, anys(names)...)
		_, err = collect(rows, err, "reading how far documents are", func(scan scanner) (head rooms.Head, err error) {
			var name string
			err = scan(&name, &head.Generation, &head.Seq)
			heads[name] = head
			return head, err
		})
		if err != nil {
			return nil, err
		}
	}
	return heads, nil
}

// Since returns what a document got after a position; see rooms.Shared.
func (s *Store) Since(ctx context.Context, doc string, after uint64) (rooms.Stored, error) {
	var l loading
	err := s.view(ctx, func(tx transaction) error {
		l = loading{tx: tx, doc: doc}
		return l.since(ctx, int64(after))
	})
	if err == nil && len(l.stored.Damage) > 0 {
		err = rooms.ErrCorrupt
	}
	if err == nil {
		err = s.openStored(ctx, &l)
	}
	if err != nil {
		return rooms.Stored{}, fmt.Errorf("reading what %s got: %w", doc, err)
	}
	return l.stored, nil
}

// since reads the entries after a position, or the snapshot that has them and what
// follows.
func (l *loading) since(ctx context.Context, after int64) error {
	if found, err := l.document(ctx); err != nil || !found {
		return err
	}
	l.last = after
	if err := l.tail(ctx); err != nil {
		return err
	}
	if len(l.stored.Damage) > 0 || l.last < l.head { // the first of them are gone, perhaps
		l.stored.Damage, l.bad, l.rows, l.last = nil, nil, nil, 0
		if _, err := l.snapshot(ctx, "document_snapshots"); err != nil {
			return err
		}
		if err := l.tail(ctx); err != nil {
			return err
		}
	}
	if l.last < l.head {
		l.damaged(badRow{"", "head", l.head})
	}
	l.stored.Seq = uint64(l.last)
	return nil
}

// Announce stores a notice for all nodes; see rooms.Shared.
func (s *Store) Announce(ctx context.Context, payload []byte) (seq uint64, err error) {
	c, err := s.sealed(ctx, seal.Installation, "notice", payload)
	if err != nil {
		return 0, fmt.Errorf("sealing a notice: %w", err)
	}
	err = s.locking(ctx, func(tx transaction) error {
		// The row is locked until the commit: numbers follow the commits.
		if err := tx.QueryRowContext(ctx, `UPDATE notice_head SET seq = seq + 1 WHERE id = 1 RETURNING seq`).Scan(&seq); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO notices (seq, at, payload) VALUES ($1, `+tx.clock+`, $2)`, int64(seq), blob(c.bytes)); err != nil {
			return err
		}
		if seq%forgetEvery != 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM notices WHERE at < `+tx.clock+` - $1`, rooms.NoticesKept.Milliseconds())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("storing a notice: %w", err)
	}
	return seq, nil
}

// Notices lists notices after a number; see rooms.Shared.
func (s *Store) Notices(ctx context.Context, after uint64, most int) (n rooms.Notices, err error) {
	err = s.view(ctx, func(tx transaction) error {
		if err := tx.QueryRowContext(ctx, `SELECT seq FROM notice_head WHERE id = 1`).Scan(&n.Last); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT seq, payload FROM notices WHERE seq > $1 ORDER BY seq LIMIT $2`, int64(after), most)
		n.List, err = collect(rows, err, "listing notices", func(scan scanner) (one rooms.Notice, err error) {
			return one, scan(&one.Seq, &one.Payload)
		})
		return err
	})
	for i := 0; i < len(n.List) && err == nil; i++ {
		one := &n.List[i]
		one.Payload, err = s.opened(ctx, seal.Installation, "notice", content{one.Payload, isSealed(one.Payload)})
	}
	if err != nil {
		return rooms.Notices{}, fmt.Errorf("reading notices: %w", err)
	}
	return n, nil
}

// Beat stores what a node says of itself; see rooms.Nodes.
func (s *Store) Beat(ctx context.Context, n rooms.Node) error {
	return s.locking(ctx, func(tx transaction) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO nodes (id, address, version, started, seen, rooms, members, load)
			VALUES ($1, $2, $3, $4, `+tx.clock+`, $5, $6, $7) ON CONFLICT (id) DO UPDATE
			SET address = excluded.address, seen = excluded.seen, rooms = excluded.rooms, members = excluded.members, load = excluded.load`,
			n.ID, n.Address, n.Version, n.Started.UnixMilli(), n.Rooms, n.Members, n.Load)
		if err != nil {
			return fmt.Errorf("noting a node: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM nodes WHERE seen < `+tx.clock+` - $1`, nodesKept.Milliseconds()); err != nil {
			return fmt.Errorf("forgetting nodes: %w", err)
		}
		return nil
	})
}

// Leave forgets a node; see rooms.Nodes.
func (s *Store) Leave(ctx context.Context, id string) error {
	_, err := s.run(ctx, `DELETE FROM nodes WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("forgetting a node: %w", err)
	}
	return nil
}

// Nodes lists the nodes that were seen; see rooms.Nodes.
func (s *Store) Nodes(ctx context.Context, within time.Duration) ([]rooms.Node, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id, address, version, started, seen, rooms, members, load FROM nodes
		WHERE seen >= `+s.dialect.clock+` - $1 ORDER BY started, id LIMIT $2`, within.Milliseconds(), nodesMost)
	return collect(rows, err, "listing nodes", func(scan scanner) (n rooms.Node, err error) {
		var started, seen int64
		err = scan(&n.ID, &n.Address, &n.Version, &started, &seen, &n.Rooms, &n.Members, &n.Load)
		n.Started, n.Seen = millis(started), millis(seen)
		return n, err
	})
}
