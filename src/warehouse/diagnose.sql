-- Facts about the server. $1: the required tables
SELECT current_setting('server_version'),
       (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl),
       clock_timestamp(),
       ARRAY(SELECT name FROM UNNEST($1::text[]) AS name WHERE to_regclass(name) IS NULL),
       pg_is_in_recovery(),
       current_setting('server_encoding')
