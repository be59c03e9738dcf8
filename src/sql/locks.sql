SELECT json_build_object(
  'rows', (SELECT COALESCE(json_agg(t), '[]') FROM (
    SELECT a.pid, pg_blocking_pids(a.pid) AS blocked_by, COALESCE(a.datname, '') AS database, COALESCE(a.usename, '') AS "user",
           COALESCE(a.application_name, '') AS application, COALESCE(a.state, '') AS state,
           concat_ws(' ', a.wait_event_type, a.wait_event) AS wait, extract(epoch FROM a.xact_start) AS transaction_start,
           left(COALESCE(a.query, ''), 200) AS query
    FROM pg_stat_activity a
    WHERE a.backend_type = 'client backend'
      AND (a.wait_event_type = 'Lock'
           OR a.pid IN (SELECT unnest(pg_blocking_pids(b.pid)) FROM pg_stat_activity b WHERE b.wait_event_type = 'Lock'))
    ORDER BY a.xact_start NULLS LAST LIMIT 50
  ) t),
  'blind', CASE WHEN NOT pg_has_role('pg_read_all_stats', 'USAGE') THEN current_user::text END
) AS facts
