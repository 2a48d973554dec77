-- How many objects an apply has forgotten: they went without being destroyed.
ALTER TABLE applies ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;
