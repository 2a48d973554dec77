-- A state of a format before 10 has this view already.
CREATE TEMP VIEW IF NOT EXISTS applies AS SELECT *, 0 AS forgotten FROM main.applies;
