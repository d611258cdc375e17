-- +goose Up
-- Carried: the person only brought what this client wrote, with other things.
ALTER TABLE document_writers ADD COLUMN carried INTEGER NOT NULL DEFAULT 0;

-- Who brought units of another person's client.
CREATE TABLE document_relays (
	document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	client   INTEGER NOT NULL,
	clock    INTEGER NOT NULL,
	len      INTEGER NOT NULL,
	person   TEXT    NOT NULL,
	at       INTEGER NOT NULL,
	PRIMARY KEY (document, client, clock)
) STRICT, WITHOUT ROWID;
