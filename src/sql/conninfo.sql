WITH c AS (
  SELECT regexp_replace(setting, '\mpassword\s*=\s*(''([^''\\]|\\.)*''|\S+)', '', 'g') AS text
  FROM pg_settings WHERE name = 'primary_conninfo' AND setting <> ''
)
SELECT json_build_object(
  'host', (SELECT substring(text FROM '\mhost\s*=\s*''?([^'' ]+)') FROM c),
  'port', (SELECT substring(text FROM '\mport\s*=\s*''?([0-9]+)')::int FROM c),
  'application_name', (SELECT COALESCE(substring(text FROM '\mapplication_name\s*=\s*''?([^'' ]+)'),
                                       NULLIF(current_setting('cluster_name'), ''), 'walreceiver') FROM c)
) AS facts
