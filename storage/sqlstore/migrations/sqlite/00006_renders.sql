-- +goose Up
-- The queue. Who asked for a job and has gone leaves their id, which then names
-- nobody; '' is the automation.
CREATE TABLE renders (
	id         TEXT    PRIMARY KEY,
	workspace  TEXT    NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	project    TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
	kind       TEXT    NOT NULL CHECK (kind IN ('scene', 'preview', 'delivery')),
	scene      TEXT    NOT NULL,
	backend    TEXT    NOT NULL,
	person     TEXT    NOT NULL,
	title      TEXT    NOT NULL,
	spec       BLOB    NOT NULL,
	hash       TEXT    NOT NULL,
	priority   INTEGER NOT NULL,
	place      INTEGER NOT NULL,
	state      TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'canceled')),
	attempt    INTEGER NOT NULL,
	code       TEXT    NOT NULL,
	reason     TEXT    NOT NULL,
	progress   REAL    NOT NULL,
	worker     TEXT    NOT NULL,
	fence      INTEGER NOT NULL,
	lease      INTEGER NOT NULL,
	not_for    INTEGER NOT NULL,
	asset      TEXT    NOT NULL,
	frames     INTEGER NOT NULL,
	seconds    REAL    NOT NULL,
	cost       REAL    NOT NULL,
	created    INTEGER NOT NULL,
	started    INTEGER NOT NULL,
	finished   INTEGER NOT NULL
) STRICT;
CREATE INDEX renders_by_project ON renders (project, created, id);
CREATE INDEX renders_queued ON renders (workspace, priority DESC, place) WHERE state = 'queued';
CREATE INDEX renders_running ON renders (workspace, lease) WHERE state = 'running';
CREATE INDEX renders_done ON renders (workspace, hash) WHERE state = 'done';
CREATE INDEX renders_by_start ON renders (workspace, started) WHERE started > 0;

-- What a job needs to be done before it.
CREATE TABLE render_needs (
	job   TEXT NOT NULL REFERENCES renders (id) ON DELETE CASCADE,
	needs TEXT NOT NULL REFERENCES renders (id) ON DELETE CASCADE,
	PRIMARY KEY (job, needs)
) STRICT, WITHOUT ROWID;
CREATE INDEX render_needs_of ON render_needs (needs);

-- Of a project: the number of its last event, and whether its queue is stopped.
CREATE TABLE render_queues (
	project TEXT    PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
	seq     INTEGER NOT NULL,
	paused  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a workspace may render in a day; 0 is no bound.
CREATE TABLE render_budgets (
	workspace TEXT    PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
	jobs      INTEGER NOT NULL,
	seconds   REAL    NOT NULL,
	cost      REAL    NOT NULL
) STRICT, WITHOUT ROWID;
