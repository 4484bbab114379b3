-- The assets as configured, if their sources cannot be written: an existing row stays unchanged unless it is claimed.
-- $8: the expected warehouse, NULL for any. Text in braces is for an asset_master with a column for the currency.
WITH here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse
), written AS (
    INSERT INTO asset_master AS stored (asset_id, name, category, source_priority, is_active{, currency})
    SELECT asset_id, name, category, source_priority::json, is_active{, currency}
    FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $7::text[])
        AS sent (asset_id, name, category, source_priority, is_active, currency)
    WHERE (SELECT $8::text IS NULL OR warehouse = $8 FROM here)
    ON CONFLICT (asset_id) DO UPDATE
    SET name = EXCLUDED.name,
        category = EXCLUDED.category,
        source_priority = EXCLUDED.source_priority,
        is_active = EXCLUDED.is_active{, currency = EXCLUDED.currency}
    WHERE stored.asset_id::text IN (
        SELECT asset_id FROM UNNEST($1::text[], $6::bool[]) AS claim (asset_id, is_claimed) WHERE is_claimed
    )
    RETURNING asset_id::text
)
SELECT warehouse, ARRAY(SELECT asset_id FROM written)
FROM here
