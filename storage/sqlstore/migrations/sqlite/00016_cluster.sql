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
