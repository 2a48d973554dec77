-- Times are microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE meta (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    lineage TEXT NOT NULL,
    serial INTEGER NOT NULL,
    fence INTEGER NOT NULL
) STRICT;

-- One row an apply: the audit trail.
CREATE TABLE applies (
    serial INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    version TEXT NOT NULL,
    added INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    destroyed INTEGER NOT NULL
) STRICT;

-- An object from one serial up to (without) another one.
CREATE TABLE objects (
    address TEXT NOT NULL,
    from_serial INTEGER NOT NULL,
    to_serial INTEGER,
    kind TEXT NOT NULL,
    type TEXT NOT NULL,
    pipeline TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (address, from_serial)
) STRICT, WITHOUT ROWID;

CREATE TABLE outputs (
    name TEXT NOT NULL,
    from_serial INTEGER NOT NULL,
    to_serial INTEGER,
    value TEXT NOT NULL,
    PRIMARY KEY (name, from_serial)
) STRICT, WITHOUT ROWID;

-- When a pipeline was first activated: where schedules without a start begin.
CREATE TABLE activations (
    pipeline TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where the intervals of an object's changed schedule begin.
CREATE TABLE cuts (
    object TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The end of the newest interval of an object that has an instance. Outlives pruned history.
CREATE TABLE cursors (
    object TEXT PRIMARY KEY,
    made_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE instances (
    object TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    definition INTEGER,
    not_before INTEGER,
    checking_since INTEGER,
    started_at INTEGER,
    running_since INTEGER,
    ended_at INTEGER,
    reason TEXT,
    PRIMARY KEY (object, start, "end")
) STRICT, WITHOUT ROWID;

CREATE INDEX instances_open ON instances (status, object) WHERE status NOT IN ('FINISHED', 'SKIPPED');
CREATE INDEX instances_by_start ON instances (start DESC, object);

CREATE TABLE attempts (
    object TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    number INTEGER NOT NULL,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    error TEXT,
    fence INTEGER NOT NULL,
    -- The process group it runs in, and when its leader started (clock ticks since boot).
    process INTEGER,
    process_started INTEGER,
    PRIMARY KEY (object, start, "end", number)
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_running ON attempts (status) WHERE status = 'RUNNING';
