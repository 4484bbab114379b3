-- Who makes a session of ours wait for a lock, or holds a lock on one of our tables that excludes writers.
SELECT DISTINCT pid, usename::text, application_name, state
FROM pg_stat_activity
WHERE pid <> pg_backend_pid()
  AND (
      pid IN (
          SELECT UNNEST(pg_blocking_pids(waiting.pid))
          FROM pg_stat_activity AS waiting
          WHERE waiting.wait_event_type = 'Lock' AND waiting.usename = current_user
            AND waiting.application_name = current_setting('application_name')
      )
      OR pid IN (
          SELECT pid
          FROM pg_locks
          WHERE granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND relation IN (to_regclass('price_daily'), to_regclass('asset_master'), to_regclass('job_run'))
            AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
      )
  )
ORDER BY pid
LIMIT 3
