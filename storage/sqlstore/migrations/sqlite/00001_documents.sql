-- +goose Up
-- One row a document, kept for ever: a document that was reset is empty and
-- has a higher generation, so that late writers of an older one are refused.
CREATE TABLE documents (
	id         INTEGER PRIMARY KEY,
	name       TEXT    NOT NULL UNIQUE,
	generation INTEGER NOT NULL DEFAULT 1,
	head       INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The tail: what was appended after the snapshot, in order, without gaps.
CREATE TABLE document_entries (
	document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	seq      INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	person   TEXT    NOT NULL,
	checksum INTEGER NOT NULL,
	payload  BLOB    NOT NULL,
	PRIMARY KEY (document, seq)
) STRICT, WITHOUT ROWID;

-- The newest snapshot: all entries up to seq, merged.
CREATE TABLE document_snapshots (
	document INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
	seq      INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	checksum INTEGER NOT NULL,
	payload  BLOB    NOT NULL
) STRICT;

-- +goose Down
DROP TABLE document_snapshots;
DROP TABLE document_entries;
DROP TABLE documents;
