-- What actions came to, with the instance that each was for.
CREATE TABLE actions (
    object TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    action TEXT NOT NULL,
    error TEXT,
    PRIMARY KEY (object, start, "end", ended_at, action)
) STRICT, WITHOUT ROWID;
