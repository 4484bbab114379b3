-- Dividends and splits as the sources list them; the latest report wins. $11: the expected warehouse, NULL for any.
WITH here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse
), written AS (
    INSERT INTO corporate_action AS stored
        (asset_id, source, date, kind, amount, numerator, denominator, currency, left_out, ingested_at)
    SELECT *
    FROM UNNEST($1::text[], $2::text[], $3::date[], $4::text[], $5::float8[], $6::float8[], $7::float8[], $8::text[], $9::text[],
                $10::timestamptz[])
    WHERE (SELECT $11::text IS NULL OR warehouse = $11 FROM here)
    ON CONFLICT (asset_id, source, date, kind) DO UPDATE
    SET amount = EXCLUDED.amount,
        numerator = EXCLUDED.numerator,
        denominator = EXCLUDED.denominator,
        currency = EXCLUDED.currency,
        left_out = EXCLUDED.left_out,
        ingested_at = EXCLUDED.ingested_at
    WHERE stored.ingested_at <= EXCLUDED.ingested_at
)
SELECT warehouse
FROM here
