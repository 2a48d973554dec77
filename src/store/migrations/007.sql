-- Where an apply stands among what operators have asked for: after the operation with this number.
ALTER TABLE applies ADD COLUMN after_operation INTEGER NOT NULL DEFAULT 0;
