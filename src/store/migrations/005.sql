-- Stretches of time whose intervals `catch_up` has passed over: they are SKIPPED, without rows of their own.
CREATE TABLE dropped (
    object TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (object, start)
) STRICT, WITHOUT ROWID;

-- What operators hold: pipelines, activities, data nodes.
CREATE TABLE pauses (
    object TEXT PRIMARY KEY,
    who TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What operators have asked for: the audit trail beside that of the applies. `targets` (JSON) is there until it is done.
CREATE TABLE operations (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    operation TEXT NOT NULL,
    what TEXT NOT NULL,
    asked INTEGER NOT NULL,
    targets TEXT,
    changed INTEGER,
    done_at INTEGER
) STRICT;

CREATE INDEX operations_open ON operations (id) WHERE done_at IS NULL;
