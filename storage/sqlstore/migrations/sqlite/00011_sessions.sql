-- +goose Up
-- What a session is known by to its owner, and when it got its secret; 0: it has
-- its first.
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN rotated INTEGER NOT NULL DEFAULT 0;

-- When a session's secret was last in two hands; 0: never.
ALTER TABLE accounts ADD COLUMN alarmed INTEGER NOT NULL DEFAULT 0;

-- What sessions had for a secret before, and until when.
CREATE TABLE session_past (
	hash    BLOB    PRIMARY KEY,
	session TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
	spent   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_past_of ON session_past (session);
CREATE INDEX session_past_by_end ON session_past (spent);

-- +goose Down
DROP TABLE session_past;
ALTER TABLE accounts DROP COLUMN alarmed;
ALTER TABLE sessions DROP COLUMN rotated;
ALTER TABLE sessions DROP COLUMN used;
ALTER TABLE sessions DROP COLUMN device;
