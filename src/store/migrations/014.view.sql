-- A state of a format before 12 has this view already.
CREATE TEMP VIEW IF NOT EXISTS resources AS SELECT *, 0 AS failed, 0 AS late, ended_at IS NOT NULL AS told FROM main.resources;
