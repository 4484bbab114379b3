-- The assets as configured, where their sources cannot be written: a row that stands there stays as it is unless it is claimed.
-- $7: which warehouse this must be, NULL for any.
WITH here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse
), written AS (
    INSERT INTO asset_master AS stored (asset_id, name, category, source_priority, is_active)
    SELECT asset_id, name, category, source_priority::json, is_active
    FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[])
        AS sent (asset_id, name, category, source_priority, is_active)
    WHERE (SELECT $7::text IS NULL OR warehouse = $7 FROM here)
    ON CONFLICT (asset_id) DO UPDATE
    SET name = EXCLUDED.name,
        category = EXCLUDED.category,
        source_priority = EXCLUDED.source_priority,
        is_active = EXCLUDED.is_active
    WHERE stored.asset_id::text IN (
        SELECT asset_id FROM UNNEST($1::text[], $6::bool[]) AS claim (asset_id, is_claimed) WHERE is_claimed
    )
    RETURNING asset_id::text
)
SELECT warehouse, ARRAY(SELECT asset_id FROM written)
FROM here
