-- How many instances of an object have finished or were skipped, and how many more had: their rows were removed (`retain`).
CREATE TABLE tallies (
    object TEXT NOT NULL,
    status TEXT NOT NULL,
    number INTEGER NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (object, status)
) STRICT, WITHOUT ROWID;

-- The finished and skipped intervals of an object, merged: ranges that do not touch. Outlives removed rows.
CREATE TABLE settled (
    object TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    PRIMARY KEY (object, start)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies (object, status, number)
    SELECT object, status, count(*) FROM instances WHERE status IN ('FINISHED', 'SKIPPED') GROUP BY object, status;

INSERT INTO settled (object, start, "end")
    SELECT object, min(start), max("end") FROM (
        SELECT object, start, "end", sum(gap) OVER (PARTITION BY object ORDER BY start, "end") AS run FROM (
            SELECT object, start, "end", start > max("end") OVER (
                PARTITION BY object ORDER BY start, "end" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS gap
            FROM instances WHERE status IN ('FINISHED', 'SKIPPED') AND start < "end"
        )
    ) GROUP BY object, run;

-- An instance has finished.
CREATE TRIGGER instance_made_settled AFTER INSERT ON instances
WHEN NEW.status IN ('FINISHED', 'SKIPPED') BEGIN
    -- It had finished before, and its row was removed.
    UPDATE tallies SET removed = removed - 1
        WHERE object = NEW.object AND status = 'FINISHED' AND removed > 0 AND NEW.start < NEW."end" AND (
            SELECT "end" FROM settled WHERE object = NEW.object AND start <= NEW.start ORDER BY start DESC LIMIT 1
        ) >= NEW."end";
    INSERT INTO tallies (object, status, number) VALUES (NEW.object, NEW.status, 1)
        ON CONFLICT (object, status) DO UPDATE SET number = number + 1;
    INSERT INTO settled (object, start, "end")
        SELECT NEW.object,
            coalesce((SELECT iif("end" >= NEW.start, start, NEW.start) FROM settled
                WHERE object = NEW.object AND start <= NEW.start ORDER BY start DESC LIMIT 1), NEW.start),
            max(NEW."end", coalesce((SELECT "end" FROM settled
                WHERE object = NEW.object AND start <= NEW."end" ORDER BY start DESC LIMIT 1), NEW."end"))
        WHERE NEW.start < NEW."end"
        ON CONFLICT (object, start) DO UPDATE SET "end" = max("end", excluded."end");
    DELETE FROM settled
        WHERE object = NEW.object AND start > NEW.start AND start <= NEW."end" AND NEW.start < NEW."end";
END;

CREATE TRIGGER instance_settled AFTER UPDATE OF status ON instances
WHEN NEW.status IN ('FINISHED', 'SKIPPED') AND OLD.status NOT IN ('FINISHED', 'SKIPPED') BEGIN
    INSERT INTO tallies (object, status, number) VALUES (NEW.object, NEW.status, 1)
        ON CONFLICT (object, status) DO UPDATE SET number = number + 1;
    INSERT INTO settled (object, start, "end")
        SELECT NEW.object,
            coalesce((SELECT iif("end" >= NEW.start, start, NEW.start) FROM settled
                WHERE object = NEW.object AND start <= NEW.start ORDER BY start DESC LIMIT 1), NEW.start),
            max(NEW."end", coalesce((SELECT "end" FROM settled
                WHERE object = NEW.object AND start <= NEW."end" ORDER BY start DESC LIMIT 1), NEW."end"))
        WHERE NEW.start < NEW."end"
        ON CONFLICT (object, start) DO UPDATE SET "end" = max("end", excluded."end");
    DELETE FROM settled
        WHERE object = NEW.object AND start > NEW.start AND start <= NEW."end" AND NEW.start < NEW."end";
END;

-- One that had finished begins again.
CREATE TRIGGER instance_reopened AFTER UPDATE OF status ON instances
WHEN OLD.status IN ('FINISHED', 'SKIPPED') AND NEW.status NOT IN ('FINISHED', 'SKIPPED') BEGIN
    UPDATE tallies SET number = number - 1 WHERE object = OLD.object AND status = OLD.status;
    INSERT OR IGNORE INTO settled (object, start, "end")
        SELECT object, OLD."end", "end" FROM (
            SELECT object, "end" FROM settled
            WHERE object = OLD.object AND start <= OLD.start ORDER BY start DESC LIMIT 1
        ) WHERE "end" > OLD."end" AND OLD.start < OLD."end";
    UPDATE settled SET "end" = OLD.start
        WHERE object = OLD.object AND OLD.start < OLD."end" AND "end" > OLD.start
            AND start = (SELECT start FROM settled
                WHERE object = OLD.object AND start < OLD.start ORDER BY start DESC LIMIT 1);
    DELETE FROM settled WHERE object = OLD.object AND start = OLD.start AND OLD.start < OLD."end";
END;

-- The same, of one whose row was removed.
CREATE TRIGGER instance_made_anew AFTER INSERT ON instances
WHEN NEW.status NOT IN ('FINISHED', 'SKIPPED') AND NEW.start < NEW."end" AND (
    SELECT "end" FROM settled WHERE object = NEW.object AND start <= NEW.start ORDER BY start DESC LIMIT 1
) >= NEW."end" BEGIN
    UPDATE tallies SET removed = removed - 1 WHERE object = NEW.object AND status = 'FINISHED' AND removed > 0;
    INSERT OR IGNORE INTO settled (object, start, "end")
        SELECT object, NEW."end", "end" FROM (
            SELECT object, "end" FROM settled
            WHERE object = NEW.object AND start <= NEW.start ORDER BY start DESC LIMIT 1
        ) WHERE "end" > NEW."end";
    UPDATE settled SET "end" = NEW.start
        WHERE object = NEW.object AND "end" > NEW.start
            AND start = (SELECT start FROM settled
                WHERE object = NEW.object AND start < NEW.start ORDER BY start DESC LIMIT 1);
    DELETE FROM settled WHERE object = NEW.object AND start = NEW.start;
END;

-- The row of one that has finished is removed; that it has finished stays.
CREATE TRIGGER instance_removed AFTER DELETE ON instances
WHEN OLD.status IN ('FINISHED', 'SKIPPED') BEGIN
    UPDATE tallies SET number = number - 1 WHERE object = OLD.object AND status = OLD.status;
END;

-- The objects that refer to an object, as of the serials that their definitions are of.
CREATE TABLE referrers (
    target TEXT NOT NULL,
    source TEXT NOT NULL,
    from_serial INTEGER NOT NULL,
    PRIMARY KEY (target, source, from_serial)
) STRICT, WITHOUT ROWID;

-- When the next interval of an object that was not made yet is due; without a row, it has none. True as of the serial in
-- `meta`: what was written by an earlier version has none there.
CREATE TABLE dues (
    object TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX dues_by_time ON dues (at, object);
ALTER TABLE meta ADD COLUMN indexed_serial INTEGER;

CREATE INDEX objects_by_pipeline ON objects (kind, pipeline, address, from_serial, to_serial);

-- How long (in microseconds) what has finished is kept, of objects where that is said, and when it is looked at next.
CREATE TABLE retentions (
    object TEXT PRIMARY KEY,
    keep INTEGER NOT NULL,
    next_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX retentions_by_time ON retentions (next_at, object);
