CREATE TEMP VIEW old_schedules AS SELECT 0 AS id, '' AS body WHERE 0;
CREATE TEMP VIEW eras AS SELECT '' AS object, 0 AS ended_by, 0 AS until, 0 AS schedule WHERE 0;
