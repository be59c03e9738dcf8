SELECT json_build_object(
  'visible', to_regclass('pg_stat_statements') IS NOT NULL,
  'schema', (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements')
) AS facts
