-- +goose Up
-- Bytes are files of their own; what was not found in them is 0. A person who
-- has gone leaves their id, which then names nobody.
CREATE TABLE assets (
	id          TEXT    PRIMARY KEY,
	project     TEXT    NOT NULL,
	name        TEXT    NOT NULL,
	kind        TEXT    NOT NULL CHECK (kind IN ('image', 'video', 'audio')),
	type        TEXT    NOT NULL,
	size        INTEGER NOT NULL,
	hash        TEXT    NOT NULL,
	person      TEXT    NOT NULL,
	created     INTEGER NOT NULL,
	duration    INTEGER NOT NULL,
	width       INTEGER NOT NULL,
	height      INTEGER NOT NULL,
	rate_num    INTEGER NOT NULL,
	rate_den    INTEGER NOT NULL,
	channels    INTEGER NOT NULL,
	sample_rate INTEGER NOT NULL
) STRICT;
CREATE INDEX assets_by_project ON assets (project, created, id);
