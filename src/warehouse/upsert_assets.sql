-- The assets as configured. $6: which warehouse this must be, NULL for any.
WITH here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse
), written AS (
    INSERT INTO asset_master (asset_id, name, category, source_priority, is_active)
    SELECT asset_id, name, category, source_priority::json, is_active
    FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[])
        AS sent (asset_id, name, category, source_priority, is_active)
    WHERE (SELECT $6::text IS NULL OR warehouse = $6 FROM here)
    ON CONFLICT (asset_id) DO UPDATE
    SET name = EXCLUDED.name,
        category = EXCLUDED.category,
        source_priority = EXCLUDED.source_priority,
        is_active = EXCLUDED.is_active
)
SELECT warehouse
FROM here
