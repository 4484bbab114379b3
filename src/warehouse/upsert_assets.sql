-- The assets as configured, and their sources with the mark that tells whose the row of asset_master is: one statement,
-- so that no row that we created is ever without it. An existing row that is not ours stays unchanged. $1 to $7: the
-- assets; $8 to $12: their sources. $13: the expected warehouse, NULL for any. Text in braces is for an asset_master
-- with a column for the currency.
WITH here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse
), sent AS (
    SELECT *
    FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::bool[], $7::text[])
        AS sent (asset_id, name, category, source_priority, is_active, is_claimed, currency)
    WHERE (SELECT $13::text IS NULL OR warehouse = $13 FROM here)
), ours AS (
    SELECT asset_id FROM sent WHERE is_claimed
    UNION
    SELECT asset_id::text FROM asset_source WHERE writes_master AND asset_id = ANY ($1::text[])
), written AS (
    INSERT INTO asset_master AS stored (asset_id, name, category, source_priority, is_active{, currency})
    SELECT asset_id, name, category, source_priority::json, is_active{, currency}
    FROM sent
    ON CONFLICT (asset_id) DO UPDATE
    SET name = EXCLUDED.name,
        category = EXCLUDED.category,
        source_priority = EXCLUDED.source_priority,
        is_active = EXCLUDED.is_active{, currency = EXCLUDED.currency}
    WHERE stored.asset_id::text IN (SELECT asset_id FROM ours)
    RETURNING asset_id::text
), sources AS (
    INSERT INTO asset_source AS stored (asset_id, source, priority, currency, symbol, writes_master)
    SELECT asset_id, source, priority, currency, symbol, asset_id IN (SELECT asset_id FROM written)
    FROM UNNEST($8::text[], $9::text[], $10::int4[], $11::text[], $12::text[])
        AS source (asset_id, source, priority, currency, symbol)
    WHERE asset_id IN (SELECT asset_id FROM sent)
    ON CONFLICT (asset_id, source) DO UPDATE
    SET priority = EXCLUDED.priority,
        currency = EXCLUDED.currency,
        symbol = EXCLUDED.symbol,
        writes_master = stored.writes_master OR EXCLUDED.writes_master
)
SELECT warehouse, ARRAY(SELECT asset_id FROM written)
FROM here
