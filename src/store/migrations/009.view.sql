CREATE TEMP VIEW wishes AS SELECT '' AS object, '' AS wish, 0 AS start, 0 AS "end" WHERE 0;
