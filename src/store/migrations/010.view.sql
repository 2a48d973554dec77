CREATE TEMP VIEW applies AS SELECT *, 'apply' AS operation, NULL AS plan_hash, 0 AS forgotten FROM main.applies;
