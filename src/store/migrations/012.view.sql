CREATE TEMP VIEW resources AS SELECT
    '' AS token, '' AS object, 0 AS start, 0 AS "end", 0 AS number, '' AS settings, '' AS name, NULL AS id, '' AS state,
    NULL AS reason, '' AS users, 0 AS requested_at, 0 AS since, NULL AS init_by, NULL AS terminate_at, NULL AS ready_at,
    NULL AS ended_at, 0 AS failed, 0 AS late, 0 AS told
    WHERE 0;
