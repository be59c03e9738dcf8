SELECT json_build_object(
  'xid_age', (SELECT max(age(datfrozenxid)) FROM pg_database),
  'mxid_age', (SELECT max(mxid_age(datminmxid)) FROM pg_database),
  'freeze_max_age', current_setting('autovacuum_freeze_max_age')::bigint,
  'settings', (SELECT json_object_agg(name, COALESCE(setting, '')) FROM pg_settings WHERE name = ANY ('{
     archive_mode, archive_timeout, cluster_name, data_checksums, full_page_writes, hot_standby, hot_standby_feedback,
     idle_replication_slot_timeout, max_connections, max_locks_per_transaction, max_prepared_transactions, max_replication_slots,
     max_slot_wal_keep_size, max_wal_senders, max_worker_processes, primary_slot_name, recovery_min_apply_delay,
     recovery_target_timeline, shared_buffers, sync_replication_slots, track_io_timing, wal_keep_size, wal_level, wal_log_hints,
     wal_receiver_timeout, wal_sender_timeout}'::text[])),
  'last_checkpoint', (SELECT extract(epoch FROM checkpoint_time) FROM pg_control_checkpoint()),
  'pending_restart', EXISTS (SELECT 1 FROM pg_settings WHERE pending_restart)
) AS facts
