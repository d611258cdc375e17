-- +goose Up
-- Who was asked into a workspace and has not answered; '' is any email.
CREATE TABLE invitations (
	id        TEXT    PRIMARY KEY,
	workspace TEXT    NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	email     TEXT    NOT NULL,
	role      TEXT    NOT NULL CHECK (role IN ('admin', 'editor', 'commenter', 'viewer')),
	hash      BLOB    NOT NULL UNIQUE,
	person    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	created   INTEGER NOT NULL,
	expires   INTEGER NOT NULL
) STRICT;
CREATE INDEX invitations_by_workspace ON invitations (workspace, created, id);
CREATE INDEX invitations_by_person ON invitations (person);
CREATE INDEX invitations_by_end ON invitations (expires);

-- +goose Down
DROP TABLE invitations;
