-- Why there is an instance; when its attempt was last heard of; what it comes to when that has been stopped; whether it
-- was late.
ALTER TABLE instances ADD COLUMN origin TEXT NOT NULL DEFAULT 'SCHEDULE';
ALTER TABLE instances ADD COLUMN heard_at INTEGER;
ALTER TABLE instances ADD COLUMN stop TEXT;
ALTER TABLE instances ADD COLUMN late INTEGER NOT NULL DEFAULT 0;
UPDATE instances SET origin = 'TRIGGER' WHERE start = "end";
