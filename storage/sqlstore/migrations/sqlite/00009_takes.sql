-- +goose Up
-- Whether the scene of a take has been made to show it.
ALTER TABLE renders ADD COLUMN chosen INTEGER NOT NULL DEFAULT 0;
CREATE INDEX renders_unchosen ON renders (finished, id) WHERE kind = 'scene' AND state = 'done' AND chosen = 0;
