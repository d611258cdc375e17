package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

const (
	poolConns   = 16 // connections of a node, unless the URL says pool_max_conns,
	logConns    = 4  // and beside them those of the log, which others cannot take
	triesMost   = 12 // of a transaction that others were in the way of
	tryAgain    = 2 * time.Millisecond
	openTimeout = 60 * time.Second // another node may be changing the schema
	pingTimeout = 5 * time.Second
)

// What PostgreSQL answers that is acted on.
const (
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	codeDiskFull      = "53100"
)

var postgresDialect = dialect{
	share: ` FOR KEY SHARE`, exclusive: ` FOR UPDATE`, free: ` FOR UPDATE SKIP LOCKED`,
	single:   `SELECT pg_try_advisory_xact_lock(hashtextextended('soratoo compaction', $1))`,
	given:    `OVERRIDING SYSTEM VALUE`,
	sequence: `SELECT setval(pg_get_serial_sequence('%[1]s', 'id'), GREATEST((SELECT MAX(id) FROM %[1]s), 1))`,
	clock:    `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`,
	moment:   sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead},
	goose:    goose.DialectPostgres, folder: "migrations/postgres",
}

// schemaLock is the advisory lock of who changes the schema: "soratoo" in hexadecimal.
const schemaLock = 0x736f7261746f6f

// postgres is a database that nodes share.
type postgres struct {
	pool *pgxpool.Pool
	log  *pgxpool.Pool
	db   *sql.DB
}

// OpenPostgres connects to the database of a URL, and brings its schema up to date. It
// may be open by other nodes.
func OpenPostgres(ctx context.Context, url string) (*Store, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	p := &postgres{}
	if err := p.open(ctx, url); err != nil {
		return nil, errors.Join(fmt.Errorf("opening PostgreSQL: %w", err), p.Close())
	}
	return &Store{engine: p, write: p.db, read: p.db, dialect: postgresDialect}, nil
}

func (p *postgres) open(ctx context.Context, url string) error {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("the database URL is not one: %w", err) // pgx leaves the password out
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = poolConns
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "soratoo"
	}
	logConfig := config.Copy()
	logConfig.MaxConns = logConns
	if p.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	if p.log, err = pgxpool.NewWithConfig(ctx, logConfig); err != nil {
		return err
	}
	p.db = stdlib.OpenDBFromPool(p.pool)
	p.db.SetMaxIdleConns(0) // the pool keeps them
	if err := p.durable(ctx); err != nil {
		return err
	}
	return p.migrate(ctx)
}

// migrate brings the schema up to date. Nodes that start at once do it one after the
// other; the lock ends with its connection.
func (p *postgres) migrate(ctx context.Context) error {
	conn, err := p.log.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(schemaLock)); err != nil {
		return err
	}
	err = postgresDialect.migrate(ctx, p.db)
	_, unlocking := conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, int64(schemaLock))
	return errors.Join(err, unlocking)
}

// durable refuses a server that answers commits before they are on disk.
func (p *postgres) durable(ctx context.Context) error {
	for setting, wrong := range map[string]string{"synchronous_commit": "off"} {
		var value string
		if err := p.pool.QueryRow(ctx, `SELECT current_setting($1)`, setting).Scan(&value); err != nil {
			return err
		}
		if value == wrong {
			return fmt.Errorf("%s is %s: what is acknowledged could be lost; set it to on for this database or user", setting, value)
		}
	}
	return nil
}

// Ping answers whether the database does, and takes writes; see engine.
func (p *postgres) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	var readOnly bool
	err := p.pool.QueryRow(ctx, `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'`).Scan(&readOnly)
	if err == nil && readOnly {
		err = errors.New("it only reads")
	}
	if err != nil {
		return fmt.Errorf("reaching the database: %w", err)
	}
	return nil
}

// Close ends all work on the database; see engine.
func (p *postgres) Close() error {
	var err error
	if p.db != nil {
		err = p.db.Close()
	}
	for _, pool := range []*pgxpool.Pool{p.pool, p.log} {
		if pool != nil {
			pool.Close()
		}
	}
	return err
}

// transact runs fn in one write transaction; see engine. What is strict is as if there
// were no other transaction; the rest locks what it reads.
func (p *postgres) transact(ctx context.Context, strict bool, fn func(tx transaction) error) error {
	options := &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	if strict {
		options.Isolation = sql.LevelSerializable
	}
	for try := 1; ; try++ {
		err := attempt(ctx, p.db, options, func(tx *sql.Tx) error { return fn(transaction{tx, postgresDialect}) })
		if try == triesMost || !inTheWay(err) {
			return p.failed(err)
		}
		pause := tryAgain << min(try, 6)
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		}
	}
}

// inTheWay tells whether a transaction failed as another one was at the same rows.
func inTheWay(err error) bool {
	code := codeOf(err)
	return code == codeSerialization || code == codeDeadlock
}

func codeOf(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// failed is what an error of a write means; see engine.
func (p *postgres) failed(err error) error {
	if codeOf(err) == codeDiskFull && !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", syscall.ENOSPC, err)
	}
	return err
}
