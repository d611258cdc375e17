-- +goose Up
-- Renders make files that are neither pictures nor sounds: packages and captions.
CREATE TABLE assets_new (
	id          TEXT    PRIMARY KEY,
	project     TEXT    NOT NULL,
	name        TEXT    NOT NULL,
	kind        TEXT    NOT NULL CHECK (kind IN ('image', 'video', 'audio', 'file')),
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
	sample_rate INTEGER NOT NULL,
	made        TEXT    NOT NULL DEFAULT ''
) STRICT;
INSERT INTO assets_new (id, project, name, kind, type, size, hash, person, created, duration, width, height, rate_num, rate_den, channels, sample_rate, made)
SELECT id, project, name, kind, type, size, hash, person, created, duration, width, height, rate_num, rate_den, channels, sample_rate, made FROM assets;
DROP TABLE assets;
ALTER TABLE assets_new RENAME TO assets;
CREATE INDEX assets_by_project ON assets (project, created, id);
