CREATE TEMP VIEW dropped AS SELECT '' AS object, 0 AS start, 0 AS "end", 0 AS at WHERE 0;
CREATE TEMP VIEW pauses AS SELECT '' AS object, '' AS who, 0 AS at WHERE 0;
CREATE TEMP VIEW operations AS SELECT
    0 AS id, 0 AS at, '' AS who, '' AS operation, '' AS what, 0 AS asked, NULL AS targets, NULL AS changed, NULL AS done_at
    WHERE 0;
