-- +goose Up
-- A version is a whole state; people and changes are JSON. People who have gone
-- leave their ids, which then name nobody.
CREATE TABLE versions (
	id      TEXT    PRIMARY KEY,
	project TEXT    NOT NULL,
	doc     TEXT    NOT NULL,
	kind    TEXT    NOT NULL CHECK (kind IN ('automatic', 'named', 'before-restore', 'restored', 'before-import')),
	name    TEXT    NOT NULL,
	person  TEXT    NOT NULL,
	people  TEXT    NOT NULL,
	changes TEXT    NOT NULL,
	created INTEGER NOT NULL,
	made_of TEXT    NOT NULL,
	before  TEXT    NOT NULL,
	state   BLOB    NOT NULL
) STRICT;
CREATE INDEX versions_by_project ON versions (project, created, id);

-- Who writes as which client of a document: who used it first.
CREATE TABLE document_writers (
	document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	client   INTEGER NOT NULL,
	person   TEXT    NOT NULL,
	PRIMARY KEY (document, client)
) STRICT, WITHOUT ROWID;
