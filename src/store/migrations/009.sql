-- What somebody wishes of stretches of time of an object that have no instances: to make them.
CREATE TABLE wishes (
    object TEXT NOT NULL,
    wish TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    PRIMARY KEY (object, wish, start)
) STRICT, WITHOUT ROWID;
