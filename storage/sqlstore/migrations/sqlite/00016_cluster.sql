-- +goose Up
-- What every node is to do once. The head is in a row of its own, so that numbers
-- have no gaps and follow the commits.
CREATE TABLE notices (
	seq     INTEGER PRIMARY KEY,
	at      INTEGER NOT NULL,
	payload BLOB    NOT NULL
) STRICT;
CREATE TABLE notice_head (
	id  INTEGER PRIMARY KEY CHECK (id = 1),
	seq INTEGER NOT NULL
) STRICT;
INSERT INTO notice_head (id, seq) VALUES (1, 0);

-- Which nodes there are, as they last said.
CREATE TABLE nodes (
	id      TEXT    PRIMARY KEY,
	address TEXT    NOT NULL,
	version TEXT    NOT NULL,
	started INTEGER NOT NULL,
	seen    INTEGER NOT NULL,
	rooms   INTEGER NOT NULL,
	members INTEGER NOT NULL,
	load    REAL    NOT NULL
) STRICT, WITHOUT ROWID;

-- Of two jobs with one place the older is first, as in every database.
DROP INDEX renders_queued;
CREATE INDEX renders_queued ON renders (workspace, priority DESC, place, created, id, not_for, backend, avoid, project, kind, length) WHERE state = 'queued';

-- What nodes have counted of tries. Used is how many, at that time.
CREATE TABLE tries (
	key  TEXT    PRIMARY KEY,
	used REAL    NOT NULL,
	at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tries_by_time ON tries (at);

-- Secrets that stand for a person, once.
CREATE TABLE tickets (
	hash    BLOB    PRIMARY KEY,
	person  TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	session TEXT    NOT NULL,
	project TEXT    NOT NULL,
	expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tickets_by_person ON tickets (person);
CREATE INDEX tickets_by_end ON tickets (expires);

-- What all nodes of the installation know and nobody else: values are sealed.
CREATE TABLE secrets (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys of what is sealed, themselves wrapped by the master key. Without its key
-- nothing of a scope can be read.
CREATE TABLE data_keys (
	scope   TEXT PRIMARY KEY,
	wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Which installation this is, so that it is noticed when media or keys are another's.
-- The epoch changes with each start of a database that one process has for itself; next
-- is the one that is about to be.
CREATE TABLE installation (
	id    INTEGER PRIMARY KEY CHECK (id = 1),
	name  TEXT NOT NULL,
	epoch TEXT NOT NULL,
	next  TEXT NOT NULL
) STRICT;
