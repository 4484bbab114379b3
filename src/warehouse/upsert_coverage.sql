-- The days for which all dividends and splits are known; the latest report wins. $6: the expected warehouse, NULL for
-- any.
WITH here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse
), written AS (
    INSERT INTO corporate_action_coverage AS stored (asset_id, source, first_date, last_date, told_at)
    SELECT *
    FROM UNNEST($1::text[], $2::text[], $3::date[], $4::date[], $5::timestamptz[])
    WHERE (SELECT $6::text IS NULL OR warehouse = $6 FROM here)
    ON CONFLICT (asset_id, source) DO UPDATE
    SET first_date = EXCLUDED.first_date,
        last_date = EXCLUDED.last_date,
        told_at = EXCLUDED.told_at
    WHERE stored.told_at <= EXCLUDED.told_at
)
SELECT warehouse
FROM here
