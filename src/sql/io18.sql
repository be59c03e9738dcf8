SELECT json_build_object(
  'at', extract(epoch FROM clock_timestamp()),
  'series', concat_ws(' ', c.stats_reset, (SELECT stats_reset FROM pg_stat_wal), (SELECT max(stats_reset) FROM pg_stat_io), pg_postmaster_start_time(), (SELECT timeline_id FROM pg_control_checkpoint())),
  'timing', current_setting('track_io_timing')::bool,
  'checkpoints', json_build_object(
     'timed', c.num_timed,
     'requested', c.num_requested,
     'write_ms', c.write_time,
     'buffers', c.buffers_written),
  'blocks', (SELECT json_build_object(
     'reads', COALESCE(sum(reads), 0),
     'read_bytes', COALESCE(sum(read_bytes), 0),
     'read_ms', COALESCE(sum(read_time), 0),
     'writes', COALESCE(sum(writes), 0),
     'write_bytes', COALESCE(sum(write_bytes), 0),
     'fsyncs', COALESCE(sum(fsyncs), 0))
   FROM pg_stat_io WHERE object <> 'wal'),
  'wal', (SELECT json_build_object('bytes', wal_bytes, 'images', wal_fpi) FROM pg_stat_wal)
) AS facts
FROM pg_stat_checkpointer c
