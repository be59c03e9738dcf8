-- The role that quarterdeck observes PostgreSQL with. Run once on the primary, as a superuser; grants reach the standbys by replication.
--
-- pg_monitor lets it see the state of the WAL receiver and senders, sessions of others, pg_stat_statements, the sizes of pg_wal and of the
-- archive queue. It can read no table of yours and change nothing. Without pg_monitor quarterdeck still shows roles and positions, and says
-- "no permission" where something is hidden.
--
-- It keeps two connections to each server; the limit leaves room for two consoles and a reconnect of both.
CREATE ROLE quarterdeck LOGIN CONNECTION LIMIT 8;
GRANT pg_monitor TO quarterdeck;

-- Give it a password where psql does not echo or log it:   \password quarterdeck
-- and let it in, in pg_hba.conf of every server, for example:
--   hostssl  postgres  quarterdeck  10.0.0.0/8  scram-sha-256
