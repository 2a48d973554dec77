CREATE TEMP VIEW objects AS SELECT *, NULL AS lifecycle FROM main.objects;
