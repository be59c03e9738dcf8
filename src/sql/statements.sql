SELECT COALESCE(json_agg(t), '[]') AS facts FROM (
  SELECT calls, total_exec_time AS total_ms, mean_exec_time AS mean_ms, rows,
         shared_blks_hit AS blocks_hit, shared_blks_read AS blocks_read, left(COALESCE(query, ''), 200) AS query
  FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 20
) t
