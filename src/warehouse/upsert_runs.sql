-- Runs as they are: one that was sent while it was running is sent again when it has ended.
INSERT INTO job_run AS stored (job_id, job_name, started_at, ended_at, status, error_message)
SELECT *
FROM UNNEST($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[])
ON CONFLICT (job_id) DO UPDATE
SET job_name = EXCLUDED.job_name,
    started_at = EXCLUDED.started_at,
    ended_at = EXCLUDED.ended_at,
    status = EXCLUDED.status,
    error_message = EXCLUDED.error_message
-- A sync that read the run while it was running may come after one that knows its end.
WHERE stored.ended_at IS NULL OR EXCLUDED.ended_at IS NOT NULL
