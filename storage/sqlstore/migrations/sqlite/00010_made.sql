-- +goose Up
-- What kind of render made an asset; '' for what somebody added.
ALTER TABLE assets ADD COLUMN made TEXT NOT NULL DEFAULT '';
