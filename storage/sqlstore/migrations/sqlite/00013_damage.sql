-- +goose Up
-- The snapshot before the newest: what is left when that is damaged.
CREATE TABLE document_former (
	document INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
	seq      INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	checksum INTEGER NOT NULL,
	payload  BLOB    NOT NULL
) STRICT;

-- Rows that were found damaged, as they were.
CREATE TABLE document_damage (
	id       INTEGER PRIMARY KEY,
	document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	kind     TEXT    NOT NULL,
	found    INTEGER NOT NULL,
	seq      INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	person   TEXT    NOT NULL,
	checksum INTEGER NOT NULL,
	payload  BLOB    NOT NULL
) STRICT;
CREATE INDEX damage_by_document ON document_damage (document, id);

-- How many guests a link has let go for new ones.
ALTER TABLE shares ADD COLUMN crowded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX writers_by_person ON document_writers (person);

-- Written to see whether there is space.
CREATE TABLE probe (
	id     INTEGER PRIMARY KEY,
	filler BLOB    NOT NULL
) STRICT;

-- +goose Down
DROP INDEX writers_by_person;
ALTER TABLE shares DROP COLUMN crowded;
DROP TABLE probe;
DROP TABLE document_damage;
DROP TABLE document_former;
