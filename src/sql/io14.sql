SELECT json_build_object(
  'at', extract(epoch FROM clock_timestamp()),
  'series', concat_ws(' ', b.stats_reset, (SELECT stats_reset FROM pg_stat_wal), pg_postmaster_start_time(), (SELECT timeline_id FROM pg_control_checkpoint())),
  'timing', current_setting('track_io_timing')::bool,
  'checkpoints', json_build_object(
     'timed', b.checkpoints_timed,
     'requested', b.checkpoints_req,
     'write_ms', b.checkpoint_write_time,
     'buffers', b.buffers_checkpoint),
  'blocks', NULL,
  'wal', (SELECT json_build_object('bytes', wal_bytes, 'images', wal_fpi) FROM pg_stat_wal)
) AS facts
FROM pg_stat_bgwriter b
