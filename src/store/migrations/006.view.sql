CREATE TEMP VIEW tallies AS
    SELECT object, status, count(*) AS number, 0 AS removed FROM instances
    WHERE status IN ('FINISHED', 'SKIPPED') GROUP BY object, status;
CREATE TEMP VIEW settled AS
    SELECT object, start, "end" FROM instances WHERE status IN ('FINISHED', 'SKIPPED') AND start < "end";
CREATE TEMP VIEW referrers AS SELECT '' AS target, '' AS source, 0 AS from_serial WHERE 0;
CREATE TEMP VIEW dues AS SELECT '' AS object, 0 AS at WHERE 0;
CREATE TEMP VIEW meta AS SELECT *, NULL AS indexed_serial FROM main.meta;
CREATE TEMP VIEW retentions AS SELECT '' AS object, 0 AS keep, 0 AS next_at WHERE 0;
