-- Compute that was asked for: written before it is asked for, and open (`ended_at` is null) until it is on its way to its end.
-- Moments are microseconds since 1970, in UTC.
CREATE TABLE resources (
    token TEXT PRIMARY KEY NOT NULL,
    object TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    number INTEGER NOT NULL,
    -- How the service is reached, as JSON.
    settings TEXT NOT NULL,
    name TEXT NOT NULL,
    id TEXT,
    state TEXT NOT NULL,
    reason TEXT,
    -- The activities that have asked for it, as JSON.
    users TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    since INTEGER NOT NULL,
    init_by INTEGER,
    terminate_at INTEGER,
    ready_at INTEGER,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX resources_open ON resources (object) WHERE ended_at IS NULL;
