-- That an instance has finished is noted in two steps. Values are put straight into a table that they were read from, where a query that
-- reads it would have to keep them aside first: that took a table of its own for each instance.
DROP TRIGGER instance_settled;

CREATE TRIGGER instance_tallied AFTER UPDATE OF status ON instances
WHEN NEW.status IN ('FINISHED', 'SKIPPED') AND OLD.status NOT IN ('FINISHED', 'SKIPPED') BEGIN
    INSERT INTO tallies (object, status, number) VALUES (NEW.object, NEW.status, 1)
        ON CONFLICT (object, status) DO UPDATE SET number = number + 1;
END;

CREATE TRIGGER instance_settled AFTER UPDATE OF status ON instances
WHEN NEW.status IN ('FINISHED', 'SKIPPED') AND OLD.status NOT IN ('FINISHED', 'SKIPPED') AND NEW.start < NEW."end" BEGIN
    INSERT INTO settled (object, start, "end") VALUES (
            NEW.object,
            coalesce((SELECT iif("end" >= NEW.start, start, NEW.start) FROM settled
                WHERE object = NEW.object AND start <= NEW.start ORDER BY start DESC LIMIT 1), NEW.start),
            max(NEW."end", coalesce((SELECT "end" FROM settled
                WHERE object = NEW.object AND start <= NEW."end" ORDER BY start DESC LIMIT 1), NEW."end"))
        )
        ON CONFLICT (object, start) DO UPDATE SET "end" = max("end", excluded."end");
    DELETE FROM settled WHERE object = NEW.object AND start > NEW.start AND start <= NEW."end";
END;
