-- +goose Up
-- The state vector of what a document was before it was reset; NULL when it never was.
ALTER TABLE documents ADD COLUMN former BLOB;
