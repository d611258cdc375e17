-- +goose Up
-- Times are milliseconds of Unix time, ids 22 characters of base 62.
CREATE TABLE accounts (
	id       TEXT    PRIMARY KEY,
	name     TEXT    NOT NULL,
	email    TEXT    NOT NULL UNIQUE,
	color    TEXT    NOT NULL,
	password TEXT    NOT NULL,
	policy   TEXT    NOT NULL,
	created  INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
	id      TEXT    PRIMARY KEY,
	person  TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	hash    BLOB    NOT NULL UNIQUE,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_person ON sessions (person);
CREATE INDEX sessions_by_end ON sessions (expires);

CREATE TABLE workspaces (
	id      TEXT    PRIMARY KEY,
	name    TEXT    NOT NULL,
	created INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
	workspace TEXT    NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	person    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	role      TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'commenter', 'viewer')),
	joined    INTEGER NOT NULL,
	PRIMARY KEY (workspace, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_person ON members (person);

CREATE TABLE projects (
	id        TEXT    PRIMARY KEY,
	workspace TEXT    NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	name      TEXT    NOT NULL,
	created   INTEGER NOT NULL,
	updated   INTEGER NOT NULL
) STRICT;
CREATE INDEX projects_by_workspace ON projects (workspace, created, id);
