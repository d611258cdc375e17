-- +goose Up
-- The same tables as in SQLite, of one release. Texts are compared by their bytes, as
-- ids and cursors are in Go; times are milliseconds of Unix time.

-- A shared document. Head is the position of its last entry, which has no gaps. Who
-- appends locks the row. A document that was reset has a higher generation, so that
-- late writers of an older one are refused; former is the state vector of what it was.
CREATE TABLE documents (
	id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name       TEXT COLLATE "C" NOT NULL UNIQUE,
	generation BIGINT NOT NULL DEFAULT 1,
	head       BIGINT NOT NULL DEFAULT 0,
	former     BYTEA
) WITH (fillfactor = 50);

-- The tail: what was appended after the snapshot, in order, without gaps.
CREATE TABLE document_entries (
	document BIGINT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	seq      BIGINT NOT NULL,
	at       BIGINT NOT NULL,
	person   TEXT COLLATE "C" NOT NULL,
	checksum BIGINT NOT NULL,
	payload  BYTEA NOT NULL,
	PRIMARY KEY (document, seq)
);

-- The newest snapshot: all entries up to seq, merged.
CREATE TABLE document_snapshots (
	document BIGINT PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
	seq      BIGINT NOT NULL,
	at       BIGINT NOT NULL,
	checksum BIGINT NOT NULL,
	payload  BYTEA NOT NULL
);

-- The snapshot before the newest: what is left when that is damaged.
CREATE TABLE document_former (
	document BIGINT PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
	seq      BIGINT NOT NULL,
	at       BIGINT NOT NULL,
	checksum BIGINT NOT NULL,
	payload  BYTEA NOT NULL
);

-- Rows that were found damaged, as they were.
CREATE TABLE document_damage (
	id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	document BIGINT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	kind     TEXT NOT NULL,
	found    BIGINT NOT NULL,
	seq      BIGINT NOT NULL,
	at       BIGINT NOT NULL,
	person   TEXT COLLATE "C" NOT NULL,
	checksum BIGINT NOT NULL,
	payload  BYTEA NOT NULL
);
CREATE INDEX damage_by_document ON document_damage (document, id);

-- Who writes as which client of a document: who used it first. Carried: the person
-- only brought what this client wrote, with other things.
CREATE TABLE document_writers (
	document BIGINT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	client   BIGINT NOT NULL,
	person   TEXT COLLATE "C" NOT NULL,
	carried  BOOLEAN NOT NULL DEFAULT FALSE,
	PRIMARY KEY (document, client)
);
CREATE INDEX writers_by_person ON document_writers (person);

-- Who brought units of another person's client.
CREATE TABLE document_relays (
	document BIGINT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
	client   BIGINT NOT NULL,
	clock    BIGINT NOT NULL,
	len      BIGINT NOT NULL,
	person   TEXT COLLATE "C" NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (document, client, clock)
);

CREATE TABLE accounts (
	id       TEXT COLLATE "C" PRIMARY KEY,
	name     TEXT NOT NULL,
	email    TEXT COLLATE "C" NOT NULL UNIQUE,
	color    TEXT NOT NULL,
	password TEXT NOT NULL,
	policy   TEXT NOT NULL,
	created  BIGINT NOT NULL,
	alarmed  BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE sessions (
	id      TEXT COLLATE "C" PRIMARY KEY,
	person  TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	hash    BYTEA NOT NULL UNIQUE,
	device  TEXT NOT NULL DEFAULT '',
	created BIGINT NOT NULL,
	used    BIGINT NOT NULL DEFAULT 0,
	rotated BIGINT NOT NULL DEFAULT 0,
	expires BIGINT NOT NULL
);
CREATE INDEX sessions_by_person ON sessions (person);
CREATE INDEX sessions_by_end ON sessions (expires);

CREATE TABLE session_past (
	hash    BYTEA PRIMARY KEY,
	session TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
	spent   BIGINT NOT NULL
);
CREATE INDEX session_past_of ON session_past (session);
CREATE INDEX session_past_by_end ON session_past (spent);

CREATE TABLE workspaces (
	id      TEXT COLLATE "C" PRIMARY KEY,
	name    TEXT NOT NULL,
	created BIGINT NOT NULL
);

CREATE TABLE members (
	workspace TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	person    TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	role      TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'commenter', 'viewer')),
	joined    BIGINT NOT NULL,
	PRIMARY KEY (workspace, person)
);
CREATE INDEX members_by_person ON members (person);

CREATE TABLE invitations (
	id        TEXT COLLATE "C" PRIMARY KEY,
	workspace TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	email     TEXT NOT NULL,
	role      TEXT NOT NULL CHECK (role IN ('admin', 'editor', 'commenter', 'viewer')),
	hash      BYTEA NOT NULL UNIQUE,
	person    TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	created   BIGINT NOT NULL,
	expires   BIGINT NOT NULL
);
CREATE INDEX invitations_by_workspace ON invitations (workspace, created, id);
CREATE INDEX invitations_by_person ON invitations (person);
CREATE INDEX invitations_by_end ON invitations (expires);

CREATE TABLE projects (
	id        TEXT COLLATE "C" PRIMARY KEY,
	workspace TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	name      TEXT NOT NULL,
	created   BIGINT NOT NULL,
	updated   BIGINT NOT NULL
);
CREATE INDEX projects_by_workspace ON projects (workspace, created, id);

CREATE TABLE shares (
	id       TEXT COLLATE "C" PRIMARY KEY,
	project  TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
	hash     BYTEA NOT NULL UNIQUE,
	comment  BOOLEAN NOT NULL,
	download BOOLEAN NOT NULL,
	password TEXT NOT NULL,
	version  TEXT COLLATE "C" NOT NULL,
	person   TEXT COLLATE "C" NOT NULL,
	created  BIGINT NOT NULL,
	expires  BIGINT NOT NULL,
	revoked  BOOLEAN NOT NULL DEFAULT FALSE,
	crowded  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX shares_by_project ON shares (project, created, id);

CREATE TABLE guests (
	id      TEXT COLLATE "C" PRIMARY KEY,
	share   TEXT COLLATE "C" NOT NULL REFERENCES shares (id) ON DELETE CASCADE,
	name    TEXT NOT NULL,
	color   TEXT NOT NULL,
	hash    BYTEA NOT NULL,
	created BIGINT NOT NULL
);
CREATE INDEX guests_by_share ON guests (share);

CREATE TABLE share_views (
	id    TEXT COLLATE "C" PRIMARY KEY,
	share TEXT COLLATE "C" NOT NULL REFERENCES shares (id) ON DELETE CASCADE,
	guest TEXT COLLATE "C" NOT NULL REFERENCES guests (id) ON DELETE CASCADE,
	at    BIGINT NOT NULL
);
CREATE INDEX share_views_by_share ON share_views (share, at, id);

CREATE TABLE assets (
	id          TEXT COLLATE "C" PRIMARY KEY,
	project     TEXT COLLATE "C" NOT NULL,
	name        TEXT NOT NULL,
	kind        TEXT NOT NULL CHECK (kind IN ('image', 'video', 'audio', 'file')),
	type        TEXT NOT NULL,
	size        BIGINT NOT NULL,
	hash        TEXT NOT NULL,
	person      TEXT COLLATE "C" NOT NULL,
	created     BIGINT NOT NULL,
	duration    BIGINT NOT NULL,
	width       BIGINT NOT NULL,
	height      BIGINT NOT NULL,
	rate_num    BIGINT NOT NULL,
	rate_den    BIGINT NOT NULL,
	channels    BIGINT NOT NULL,
	sample_rate BIGINT NOT NULL,
	made        TEXT NOT NULL DEFAULT ''
);
CREATE INDEX assets_by_project ON assets (project, created, id);

CREATE TABLE versions (
	id      TEXT COLLATE "C" PRIMARY KEY,
	project TEXT COLLATE "C" NOT NULL,
	doc     TEXT COLLATE "C" NOT NULL,
	kind    TEXT NOT NULL CHECK (kind IN ('automatic', 'named', 'before-restore', 'restored', 'before-import')),
	name    TEXT NOT NULL,
	person  TEXT COLLATE "C" NOT NULL,
	people  TEXT NOT NULL,
	changes TEXT NOT NULL,
	created BIGINT NOT NULL,
	made_of TEXT COLLATE "C" NOT NULL,
	before  TEXT COLLATE "C" NOT NULL,
	state   BYTEA NOT NULL
);
CREATE INDEX versions_by_project ON versions (project, created, id);

-- The queue; see the migrations of SQLite for what its columns mean.
CREATE TABLE renders (
	id         TEXT COLLATE "C" PRIMARY KEY,
	workspace  TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
	project    TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
	kind       TEXT NOT NULL CHECK (kind IN ('scene', 'preview', 'delivery')),
	scene      TEXT COLLATE "C" NOT NULL,
	backend    TEXT NOT NULL,
	person     TEXT COLLATE "C" NOT NULL,
	title      TEXT NOT NULL,
	spec       BYTEA NOT NULL,
	hash       TEXT COLLATE "C" NOT NULL,
	priority   BIGINT NOT NULL,
	place      BIGINT NOT NULL,
	state      TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'canceled')),
	attempt    BIGINT NOT NULL,
	code       TEXT NOT NULL,
	reason     TEXT NOT NULL,
	progress   DOUBLE PRECISION NOT NULL,
	worker     TEXT NOT NULL,
	fence      BIGINT NOT NULL,
	lease      BIGINT NOT NULL,
	not_for    BIGINT NOT NULL,
	asset      TEXT COLLATE "C" NOT NULL,
	frames     BIGINT NOT NULL,
	seconds    DOUBLE PRECISION NOT NULL,
	cost       DOUBLE PRECISION NOT NULL,
	created    BIGINT NOT NULL,
	started    BIGINT NOT NULL,
	finished   BIGINT NOT NULL,
	chosen     BOOLEAN NOT NULL DEFAULT FALSE,
	retries    TEXT COLLATE "C" NOT NULL DEFAULT '',
	replaces   TEXT COLLATE "C" NOT NULL DEFAULT '',
	length     BIGINT NOT NULL DEFAULT 0,
	avoid      TEXT NOT NULL DEFAULT ''
) WITH (fillfactor = 70);
CREATE INDEX renders_by_project ON renders (project, created, id);
CREATE INDEX renders_queued ON renders (workspace, priority DESC, place, created, id) WHERE state = 'queued';
CREATE INDEX renders_running ON renders (workspace, lease) WHERE state = 'running';
CREATE INDEX renders_done ON renders (workspace, hash) WHERE state = 'done';
CREATE INDEX renders_by_start ON renders (workspace, started, seconds, cost) WHERE started > 0;
CREATE INDEX renders_unchosen ON renders (finished, id) WHERE kind = 'scene' AND state = 'done' AND NOT chosen;
CREATE INDEX renders_by_place ON renders (project, place);
CREATE INDEX renders_retried ON renders (retries) WHERE retries <> '';
CREATE INDEX renders_paces ON renders (finished) WHERE state = 'done' AND started > 0;

CREATE TABLE render_needs (
	job   TEXT COLLATE "C" NOT NULL REFERENCES renders (id) ON DELETE CASCADE,
	needs TEXT COLLATE "C" NOT NULL REFERENCES renders (id) ON DELETE CASCADE,
	PRIMARY KEY (job, needs)
);
CREATE INDEX render_needs_of ON render_needs (needs);

CREATE TABLE render_queues (
	project TEXT COLLATE "C" PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
	seq     BIGINT NOT NULL,
	paused  BOOLEAN NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE render_workspaces (
	workspace    TEXT COLLATE "C" PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
	jobs         BIGINT NOT NULL,
	seconds      DOUBLE PRECISION NOT NULL,
	cost         DOUBLE PRECISION NOT NULL,
	stop_seconds DOUBLE PRECISION NOT NULL DEFAULT 0,
	stop_cost    DOUBLE PRECISION NOT NULL DEFAULT 0,
	paused       BOOLEAN NOT NULL DEFAULT FALSE,
	told         BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE render_nodes (
	node    TEXT COLLATE "C" NOT NULL,
	backend TEXT NOT NULL,
	seen    BIGINT NOT NULL,
	PRIMARY KEY (node, backend)
);

-- What every node is to do once. The head is in a row of its own, so that numbers
-- have no gaps and follow the commits.
CREATE TABLE notices (
	seq     BIGINT PRIMARY KEY,
	at      BIGINT NOT NULL,
	payload BYTEA NOT NULL
);
CREATE TABLE notice_head (
	id  BIGINT PRIMARY KEY CHECK (id = 1),
	seq BIGINT NOT NULL
) WITH (fillfactor = 50);
INSERT INTO notice_head (id, seq) VALUES (1, 0);

-- Which nodes there are, as they last said.
CREATE TABLE nodes (
	id      TEXT COLLATE "C" PRIMARY KEY,
	address TEXT NOT NULL,
	version TEXT NOT NULL,
	started BIGINT NOT NULL,
	seen    BIGINT NOT NULL,
	rooms   BIGINT NOT NULL,
	members BIGINT NOT NULL,
	load    DOUBLE PRECISION NOT NULL
);

-- What nodes have counted of tries. Used is how many, at that time.
CREATE TABLE tries (
	key  TEXT COLLATE "C" PRIMARY KEY,
	used DOUBLE PRECISION NOT NULL,
	at   BIGINT NOT NULL
);
CREATE INDEX tries_by_time ON tries (at);

-- Secrets that stand for a person, once.
CREATE TABLE tickets (
	hash    BYTEA PRIMARY KEY,
	person  TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	session TEXT COLLATE "C" NOT NULL,
	project TEXT COLLATE "C" NOT NULL,
	expires BIGINT NOT NULL
);
CREATE INDEX tickets_by_person ON tickets (person);
CREATE INDEX tickets_by_end ON tickets (expires);

-- What all nodes of the installation know and nobody else: values are sealed.
CREATE TABLE secrets (
	name  TEXT COLLATE "C" PRIMARY KEY,
	value BYTEA NOT NULL
);

-- Keys of what is sealed, themselves wrapped by the master key. Without its key
-- nothing of a scope can be read.
CREATE TABLE data_keys (
	scope   TEXT COLLATE "C" PRIMARY KEY,
	wrapped BYTEA NOT NULL
);

-- Which installation this is, so that it is noticed when media or keys are another's.
-- The epoch changes with each start of a database that one process has for itself; next
-- is the one that is about to be.
CREATE TABLE installation (
	id    BIGINT PRIMARY KEY CHECK (id = 1),
	name  TEXT NOT NULL,
	epoch TEXT NOT NULL,
	next  TEXT NOT NULL
);
