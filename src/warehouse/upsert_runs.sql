-- Runs as recorded: one that was sent while running is sent again after it has ended. $7: the expected warehouse, NULL
-- for any.
WITH here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse
), written AS (
    INSERT INTO job_run AS stored (job_id, job_name, started_at, ended_at, status, error_message)
    SELECT *
    FROM UNNEST($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[])
    WHERE (SELECT $7::text IS NULL OR warehouse = $7 FROM here)
    ON CONFLICT (job_id) DO UPDATE
    SET job_name = EXCLUDED.job_name,
        started_at = EXCLUDED.started_at,
        ended_at = EXCLUDED.ended_at,
        status = EXCLUDED.status,
        error_message = EXCLUDED.error_message
    -- What was sent while it was running may arrive after its end.
    WHERE stored.ended_at IS NULL OR EXCLUDED.ended_at IS NOT NULL
)
SELECT warehouse
FROM here
