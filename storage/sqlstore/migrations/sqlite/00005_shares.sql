-- +goose Up
-- Links to projects for people without an account. A revoked one stays, as the
-- names of its guests stand beside what they wrote.
CREATE TABLE shares (
	id       TEXT    PRIMARY KEY,
	project  TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
	hash     BLOB    NOT NULL UNIQUE,
	comment  INTEGER NOT NULL,
	download INTEGER NOT NULL,
	password TEXT    NOT NULL,
	version  TEXT    NOT NULL,
	person   TEXT    NOT NULL,
	created  INTEGER NOT NULL,
	expires  INTEGER NOT NULL,
	revoked  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX shares_by_project ON shares (project, created, id);

CREATE TABLE guests (
	id      TEXT    PRIMARY KEY,
	share   TEXT    NOT NULL REFERENCES shares (id) ON DELETE CASCADE,
	name    TEXT    NOT NULL,
	color   TEXT    NOT NULL,
	hash    BLOB    NOT NULL,
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX guests_by_share ON guests (share);

-- Who opened a link when: the newest openings.
CREATE TABLE share_views (
	id    TEXT    PRIMARY KEY,
	share TEXT    NOT NULL REFERENCES shares (id) ON DELETE CASCADE,
	guest TEXT    NOT NULL REFERENCES guests (id) ON DELETE CASCADE,
	at    INTEGER NOT NULL
) STRICT;
CREATE INDEX share_views_by_share ON share_views (share, at, id);

-- +goose Down
DROP TABLE share_views;
DROP TABLE guests;
DROP TABLE shares;
