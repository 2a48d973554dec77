-- The schedules that objects have had, with all they were made of, as JSON. Objects share them.
CREATE TABLE old_schedules (
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL UNIQUE
) STRICT;

-- Which of them an object had until when, and the serial of the apply that ended that.
CREATE TABLE eras (
    object TEXT NOT NULL,
    ended_by INTEGER NOT NULL,
    until INTEGER NOT NULL,
    schedule INTEGER NOT NULL REFERENCES old_schedules,
    PRIMARY KEY (object, ended_by)
) STRICT, WITHOUT ROWID;
