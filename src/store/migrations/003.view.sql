CREATE TEMP VIEW instances AS SELECT *,
    CASE WHEN start = "end" THEN 'TRIGGER' ELSE 'SCHEDULE' END AS origin,
    NULL AS heard_at, NULL AS stop, 0 AS late
    FROM main.instances;
