-- A database of the release before migrations were numbered without gaps, a row in each table.
BEGIN TRANSACTION;
CREATE TABLE accounts (
	id       TEXT    PRIMARY KEY,
	name     TEXT    NOT NULL,
	email    TEXT    NOT NULL UNIQUE,
	color    TEXT    NOT NULL,
	password TEXT    NOT NULL,
	policy   TEXT    NOT NULL,
	created  INTEGER NOT NULL
, alarmed INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "accounts" VALUES('account','name of accounts','email of accounts','color of accounts','password of accounts','policy of accounts',1,1);
CREATE TABLE "assets" (
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
INSERT INTO "assets" VALUES('asset','project','name of assets','video','type of assets',1,'hash of assets','account',1,1,1,1,1,1,1,1,'made of assets');
CREATE TABLE document_damage (
	id       INTEGER PRIMARY KEY,
	document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	kind     TEXT    NOT NULL,
	found    INTEGER NOT NULL,
	seq      INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	person   TEXT    NOT NULL,
	checksum INTEGER NOT NULL,
	payload  BLOB    NOT NULL
) STRICT;
INSERT INTO "document_damage" VALUES(1,1,'entry',1,1,1,'account',1,X'3C313E');
CREATE TABLE document_entries (
	document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	seq      INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	person   TEXT    NOT NULL,
	checksum INTEGER NOT NULL,
	payload  BLOB    NOT NULL,
	PRIMARY KEY (document, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO "document_entries" VALUES(1,2,1,'account',2558182233,X'3C313E');
CREATE TABLE document_former (
	document INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
	seq      INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	checksum INTEGER NOT NULL,
	payload  BLOB    NOT NULL
) STRICT;
INSERT INTO "document_former" VALUES(1,1,1,2558182233,X'3C313E');
CREATE TABLE document_relays (
	document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	client   INTEGER NOT NULL,
	clock    INTEGER NOT NULL,
	len      INTEGER NOT NULL,
	person   TEXT    NOT NULL,
	at       INTEGER NOT NULL,
	PRIMARY KEY (document, client, clock)
) STRICT, WITHOUT ROWID;
INSERT INTO "document_relays" VALUES(1,1,1,1,'account',1);
CREATE TABLE document_snapshots (
	document INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
	seq      INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	checksum INTEGER NOT NULL,
	payload  BLOB    NOT NULL
) STRICT;
INSERT INTO "document_snapshots" VALUES(1,1,1,2558182233,X'3C313E');
CREATE TABLE document_writers (
	document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	client   INTEGER NOT NULL,
	person   TEXT    NOT NULL, carried INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (document, client)
) STRICT, WITHOUT ROWID;
INSERT INTO "document_writers" VALUES(1,1,'account',1);
CREATE TABLE documents (
	id         INTEGER PRIMARY KEY,
	name       TEXT    NOT NULL UNIQUE,
	generation INTEGER NOT NULL DEFAULT 1,
	head       INTEGER NOT NULL DEFAULT 0
, former BLOB) STRICT;
INSERT INTO "documents" VALUES(1,'project/timeline',1,2,NULL);
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
INSERT INTO "goose_db_version" VALUES(1,0,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(2,1,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(3,2,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(4,3,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(5,4,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(6,6,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(7,9,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(8,10,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(9,11,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(10,12,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(11,13,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(12,20,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(13,21,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(14,30,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(15,40,1,'2026-11-28 00:00:00');
INSERT INTO "goose_db_version" VALUES(16,50,1,'2026-11-28 00:00:00');
CREATE TABLE guests (
	id      TEXT    PRIMARY KEY,
	share   TEXT    NOT NULL REFERENCES shares (id) ON DELETE CASCADE,
	name    TEXT    NOT NULL,
	color   TEXT    NOT NULL,
	hash    BLOB    NOT NULL,
	created INTEGER NOT NULL
) STRICT;
INSERT INTO "guests" VALUES('guest','share','name of guests','color of guests',X'3C313E',1);
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
INSERT INTO "invitations" VALUES('invitation','workspace','email of invitations','editor',X'3C313E','account',1,1);
CREATE TABLE members (
	workspace TEXT    NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	person    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	role      TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'commenter', 'viewer')),
	joined    INTEGER NOT NULL,
	PRIMARY KEY (workspace, person)
) STRICT, WITHOUT ROWID;
INSERT INTO "members" VALUES('workspace','account','editor',1);
CREATE TABLE probe (
	id     INTEGER PRIMARY KEY,
	filler BLOB    NOT NULL
) STRICT;
INSERT INTO "probe" VALUES(1,X'3C313E');
CREATE TABLE projects (
	id        TEXT    PRIMARY KEY,
	workspace TEXT    NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	name      TEXT    NOT NULL,
	created   INTEGER NOT NULL,
	updated   INTEGER NOT NULL
) STRICT;
INSERT INTO "projects" VALUES('project','workspace','name of projects',1,1);
CREATE TABLE render_needs (
	job   TEXT NOT NULL REFERENCES renders (id) ON DELETE CASCADE,
	needs TEXT NOT NULL REFERENCES renders (id) ON DELETE CASCADE,
	PRIMARY KEY (job, needs)
) STRICT, WITHOUT ROWID;
INSERT INTO "render_needs" VALUES('render','render');
CREATE TABLE render_nodes (
	node    TEXT    NOT NULL,
	backend TEXT    NOT NULL,
	seen    INTEGER NOT NULL,
	PRIMARY KEY (node, backend)
) STRICT, WITHOUT ROWID;
INSERT INTO "render_nodes" VALUES('node of render_nodes','backend of render_nodes',1);
CREATE TABLE render_queues (
	project TEXT    PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
	seq     INTEGER NOT NULL,
	paused  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "render_queues" VALUES('project',1,1);
CREATE TABLE "render_workspaces" (
	workspace TEXT    PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
	jobs      INTEGER NOT NULL,
	seconds   REAL    NOT NULL,
	cost      REAL    NOT NULL
, stop_seconds REAL NOT NULL DEFAULT 0, stop_cost REAL NOT NULL DEFAULT 0, paused INTEGER NOT NULL DEFAULT 0, told INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
INSERT INTO "render_workspaces" VALUES('workspace',1,1.5,1.5,1.5,1.5,1,1);
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
, chosen INTEGER NOT NULL DEFAULT 0, retries TEXT NOT NULL DEFAULT '', replaces TEXT NOT NULL DEFAULT '', length INTEGER NOT NULL DEFAULT 0, avoid TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO "renders" VALUES('render','workspace','project','scene','scene of renders','backend of renders','account','title of renders',X'3C313E','hash of renders',1,1,'done',1,'code of renders','reason of renders',1.5,'worker of renders',1,1,1,'asset of renders',1,1.5,1.5,1,1,1,1,'retries of renders','replaces of renders',1,'avoid of renders');
CREATE TABLE session_past (
	hash    BLOB    PRIMARY KEY,
	session TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
	spent   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "session_past" VALUES(X'3C313E','session',1);
CREATE TABLE sessions (
	id      TEXT    PRIMARY KEY,
	person  TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	hash    BLOB    NOT NULL UNIQUE,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL
, device TEXT NOT NULL DEFAULT '', used INTEGER NOT NULL DEFAULT 0, rotated INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "sessions" VALUES('session','account',X'3C313E',1,1,'device of sessions',1,1);
CREATE TABLE share_views (
	id    TEXT    PRIMARY KEY,
	share TEXT    NOT NULL REFERENCES shares (id) ON DELETE CASCADE,
	guest TEXT    NOT NULL REFERENCES guests (id) ON DELETE CASCADE,
	at    INTEGER NOT NULL
) STRICT;
INSERT INTO "share_views" VALUES('share_view','share','guest',1);
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
, crowded INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "shares" VALUES('share','project',X'3C313E',1,1,'password of shares','version of shares','account',1,1,1,1);
CREATE TABLE versions (
	id      TEXT    PRIMARY KEY,
	project TEXT    NOT NULL,
	doc     TEXT    NOT NULL,
	kind    TEXT    NOT NULL CHECK (kind IN ('automatic', 'named', 'before-restore', 'restored', 'before-import')),
	name    TEXT    NOT NULL,
	person  TEXT    NOT NULL,
	people  TEXT    NOT NULL,
	changes TEXT    NOT NULL,
	created INTEGER NOT NULL,
	made_of TEXT    NOT NULL,
	before  TEXT    NOT NULL,
	state   BLOB    NOT NULL
) STRICT;
INSERT INTO "versions" VALUES('version','project','doc of versions','named','name of versions','account','null','null',1,'made_of of versions','before of versions',X'3C313E');
CREATE TABLE workspaces (
	id      TEXT    PRIMARY KEY,
	name    TEXT    NOT NULL,
	created INTEGER NOT NULL
) STRICT;
INSERT INTO "workspaces" VALUES('workspace','name of workspaces',1);
CREATE INDEX sessions_by_person ON sessions (person);
CREATE INDEX sessions_by_end ON sessions (expires);
CREATE INDEX members_by_person ON members (person);
CREATE INDEX projects_by_workspace ON projects (workspace, created, id);
CREATE INDEX versions_by_project ON versions (project, created, id);
CREATE INDEX shares_by_project ON shares (project, created, id);
CREATE INDEX guests_by_share ON guests (share);
CREATE INDEX share_views_by_share ON share_views (share, at, id);
CREATE INDEX renders_by_project ON renders (project, created, id);
CREATE INDEX renders_running ON renders (workspace, lease) WHERE state = 'running';
CREATE INDEX renders_done ON renders (workspace, hash) WHERE state = 'done';
CREATE INDEX render_needs_of ON render_needs (needs);
CREATE INDEX renders_unchosen ON renders (finished, id) WHERE kind = 'scene' AND state = 'done' AND chosen = 0;
CREATE INDEX session_past_of ON session_past (session);
CREATE INDEX session_past_by_end ON session_past (spent);
CREATE INDEX invitations_by_workspace ON invitations (workspace, created, id);
CREATE INDEX invitations_by_person ON invitations (person);
CREATE INDEX invitations_by_end ON invitations (expires);
CREATE INDEX damage_by_document ON document_damage (document, id);
CREATE INDEX writers_by_person ON document_writers (person);
CREATE INDEX renders_by_place ON renders (project, place);
CREATE INDEX renders_retried ON renders (retries) WHERE retries <> '';
CREATE INDEX renders_paces ON renders (finished) WHERE state = 'done' AND started > 0;
CREATE INDEX renders_by_start ON renders (workspace, started, seconds, cost) WHERE started > 0;
CREATE INDEX renders_queued ON renders (workspace, priority DESC, place, not_for, backend, avoid, project, kind, length) WHERE state = 'queued';
CREATE INDEX assets_by_project ON assets (project, created, id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('goose_db_version',16);
COMMIT;
