-- Of compute: whether it could not be made or failed; whether it was told that it is late; and whether it was told what the compute of its
-- interval came to.
ALTER TABLE resources ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resources ADD COLUMN late INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resources ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
-- Nothing is told any more of what ended before.
UPDATE resources SET told = 1 WHERE ended_at IS NOT NULL;
CREATE INDEX resources_untold ON resources (object) WHERE told = 0;
