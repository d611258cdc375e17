-- +goose Up
-- What a job is asked for anew for, the frames that it will have, and the node
-- that just failed it.
ALTER TABLE renders ADD COLUMN retries TEXT NOT NULL DEFAULT '';
ALTER TABLE renders ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
ALTER TABLE renders ADD COLUMN length INTEGER NOT NULL DEFAULT 0;
ALTER TABLE renders ADD COLUMN avoid TEXT NOT NULL DEFAULT '';
CREATE INDEX renders_by_place ON renders (project, place);
CREATE INDEX renders_retried ON renders (retries) WHERE retries <> '';
CREATE INDEX renders_paces ON renders (finished) WHERE state = 'done' AND started > 0;

-- What a day's spending is added up from, without the jobs themselves.
DROP INDEX renders_by_start;
CREATE INDEX renders_by_start ON renders (workspace, started, seconds, cost) WHERE started > 0;

-- All that decides about which job is next, without the jobs and what they pin.
DROP INDEX renders_queued;
CREATE INDEX renders_queued ON renders (workspace, priority DESC, place, not_for, backend, avoid, project, kind, length) WHERE state = 'queued';

-- Of a workspace: what it may render in a day (0 is no bound), from where on even
-- what runs is stopped, whether its queue is, and when it was told that it nears
-- its budget.
ALTER TABLE render_budgets RENAME TO render_workspaces;
ALTER TABLE render_workspaces ADD COLUMN stop_seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE render_workspaces ADD COLUMN stop_cost REAL NOT NULL DEFAULT 0;
ALTER TABLE render_workspaces ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE render_workspaces ADD COLUMN told INTEGER NOT NULL DEFAULT 0;

-- Which nodes render what, and when they last said so.
CREATE TABLE render_nodes (
	node    TEXT    NOT NULL,
	backend TEXT    NOT NULL,
	seen    INTEGER NOT NULL,
	PRIMARY KEY (node, backend)
) STRICT, WITHOUT ROWID;
