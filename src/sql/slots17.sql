SELECT COALESCE(json_object_agg(slot_name, invalidation_reason), '{}') AS facts
FROM pg_replication_slots WHERE invalidation_reason IS NOT NULL
