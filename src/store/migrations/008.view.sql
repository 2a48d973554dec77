CREATE TEMP VIEW actions AS SELECT
    '' AS object, 0 AS start, 0 AS "end", 0 AS ended_at, '' AS action, NULL AS error
    WHERE 0;
