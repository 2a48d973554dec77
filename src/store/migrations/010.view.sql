CREATE TEMP VIEW applies AS SELECT *, 'apply' AS operation, NULL AS plan_hash FROM main.applies;
