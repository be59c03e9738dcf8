SELECT json_build_object(
  'at', extract(epoch FROM clock_timestamp()),
  'series', concat_ws(' ', (SELECT max(stats_reset) FROM pg_stat_database), pg_postmaster_start_time(),
                           (SELECT timeline_id FROM pg_control_checkpoint())),
  'blind', CASE WHEN NOT pg_has_role('pg_read_all_stats', 'USAGE') THEN current_user::text END,
  'connections', (SELECT json_build_object(
     'max', current_setting('max_connections')::int,
     'reserved', current_setting('superuser_reserved_connections')::int
                 + COALESCE(current_setting('reserved_connections', true)::int, 0),
     'clients', CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE')
       THEN count(*) FILTER (WHERE backend_type = 'client backend')
       ELSE (SELECT sum(numbackends) FROM pg_stat_database) END,
     'active', count(*) FILTER (WHERE backend_type = 'client backend' AND state = 'active' AND application_name <> 'quarterdeck'),
     'idle_in_transaction', count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
     'waiting_lock', count(*) FILTER (WHERE wait_event_type = 'Lock'),
     'waiting_sync', count(*) FILTER (WHERE wait_event = 'SyncRep'),
     'wal_senders', count(*) FILTER (WHERE backend_type = 'walsender'),
     'oldest_transaction', extract(epoch FROM min(xact_start)
       FILTER (WHERE backend_type = 'client backend' AND application_name <> 'quarterdeck')),
     'oldest_xmin_age', greatest(0, COALESCE(max(age(backend_xmin)), 0)))
   FROM pg_stat_activity),
  'databases', (SELECT json_build_object(
     'hit', COALESCE(sum(blks_hit), 0),
     'read', COALESCE(sum(blks_read), 0),
     'commits', COALESCE(sum(xact_commit), 0),
     'rollbacks', COALESCE(sum(xact_rollback), 0),
     'deadlocks', COALESCE(sum(deadlocks), 0),
     'conflicts', COALESCE(sum(conflicts), 0),
     'temp_bytes', COALESCE(sum(temp_bytes), 0),
     'checksum_failures', sum(checksum_failures))
   FROM pg_stat_database),
  'slots', (SELECT COALESCE(json_agg(json_build_object(
     'name', slot_name,
     'kind', slot_type,
     'active', active,
     'pid', active_pid,
     'retained', pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                                 ELSE pg_current_wal_lsn() END, restart_lsn),
     'wal_status', wal_status,
     'safe_wal_size', safe_wal_size) ORDER BY slot_name), '[]')
   FROM pg_replication_slots),
  'archiver', (SELECT json_build_object(
     'enabled', current_setting('archive_mode') <> 'off',
     'archived', archived_count,
     'failed', failed_count,
     'last_wal', last_archived_wal,
     'last_archived', extract(epoch FROM last_archived_time),
     'last_failed', extract(epoch FROM last_failed_time),
     'failing', last_failed_time IS NOT NULL AND (last_archived_time IS NULL OR last_failed_time > last_archived_time))
   FROM pg_stat_archiver),
  'base_backups', (SELECT count(*) FROM pg_stat_progress_basebackup)
) AS facts
