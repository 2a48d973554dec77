-- Actions that are still to be taken: written together with what called for them, gone when they have ended.
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY NOT NULL,
    object TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    action TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    -- The instance as it was then, as JSON.
    instance TEXT NOT NULL,
    tries INTEGER NOT NULL,
    not_before INTEGER,
    error TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_instance ON deliveries (object, start, "end");
