WITH r AS MATERIALIZED (
  SELECT pg_is_in_recovery() AS rec
), s AS (
  SELECT r.rec,
    CASE WHEN NOT r.rec THEN pg_current_wal_lsn() END            AS write_lsn,
    CASE WHEN NOT r.rec THEN pg_current_wal_flush_lsn() END      AS flush_lsn,
    CASE WHEN r.rec THEN pg_last_wal_receive_lsn() END           AS receive_lsn,
    CASE WHEN r.rec THEN pg_last_wal_replay_lsn() END            AS replay_lsn,
    CASE WHEN r.rec THEN pg_last_xact_replay_timestamp() END     AS replayed_commit,
    CASE WHEN r.rec THEN pg_is_wal_replay_paused() END           AS replay_paused,
    CASE WHEN NOT r.rec THEN ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS walfile_timeline
  FROM r
)
SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'system_id', (SELECT system_identifier::text FROM pg_control_system()),
  'started', extract(epoch FROM pg_postmaster_start_time()),
  'in_recovery', s.rec,
  'default_read_only', current_setting('default_transaction_read_only')::bool,
  'sync_names', current_setting('synchronous_standby_names'),
  'sync_commit', current_setting('synchronous_commit'),
  'timeline', COALESCE(s.walfile_timeline, wr.received_tli, (SELECT timeline_id FROM pg_control_checkpoint())),
  'write_lsn', s.write_lsn::text,
  'flush_lsn', s.flush_lsn::text,
  'receive_lsn', s.receive_lsn::text,
  'replay_lsn', s.replay_lsn::text,
  'replayed_commit', extract(epoch FROM s.replayed_commit),
  'replay_paused', s.replay_paused,
  'receiver', CASE
    WHEN wr.pid IS NULL THEN to_json('absent'::text)
    WHEN wr.status IS NULL THEN to_json('hidden'::text)
    ELSE json_build_object('present', json_build_object(
      'status', wr.status,
      'timeline', wr.received_tli,
      'written', wr.written_lsn::text,
      'flushed', wr.flushed_lsn::text,
      'sender_end', wr.latest_end_lsn::text,
      'message_age', 10 * greatest(0, floor(extract(epoch FROM clock_timestamp() - wr.last_msg_receipt_time) / 10))::int,
      'slot', wr.slot_name,
      'sender_host', wr.sender_host,
      'sender_port', wr.sender_port)) END,
  'senders', CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN
    (SELECT COALESCE(json_agg(json_build_object(
       'pid', pid,
       'name', COALESCE(application_name, ''),
       'address', host(client_addr),
       'state', state,
       'sync', sync_state,
       'sent', sent_lsn::text,
       'write', write_lsn::text,
       'flush', flush_lsn::text,
       'replay', replay_lsn::text,
       'write_lag', round(extract(epoch FROM write_lag)::numeric, 3),
       'flush_lag', round(extract(epoch FROM flush_lag)::numeric, 3),
       'replay_lag', round(extract(epoch FROM replay_lag)::numeric, 3)) ORDER BY application_name, pid), '[]')
     FROM pg_stat_replication) END,
  'blind', CASE WHEN NOT pg_has_role('pg_read_all_stats', 'USAGE') THEN current_user::text END
) AS facts
FROM s LEFT JOIN pg_stat_wal_receiver wr ON true
