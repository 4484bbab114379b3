-- The server as a whole. $1: the tables that are needed
SELECT current_setting('server_version'),
       (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl),
       clock_timestamp(),
       ARRAY(SELECT name FROM UNNEST($1::text[]) AS name WHERE to_regclass(name) IS NULL),
       pg_is_in_recovery(),
       current_setting('server_encoding')
