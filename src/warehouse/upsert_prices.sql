-- One chunk of bars in one statement, in key order. Latest ingest wins: an older one changes nothing.
-- An inserted row has no xmax yet, an updated one has. Tells how many of each.
WITH written AS (
    INSERT INTO price_daily AS stored (asset_id, date, source, open, high, low, close, volume, ingested_at)
    SELECT *
    FROM UNNEST(
        $1::text[], $2::date[], $3::text[],
        $4::float8[], $5::float8[], $6::float8[], $7::float8[],
        $8::int8[], $9::timestamptz[]
    )
    ON CONFLICT (asset_id, date, source) DO UPDATE
    SET open = EXCLUDED.open,
        high = EXCLUDED.high,
        low = EXCLUDED.low,
        close = EXCLUDED.close,
        volume = EXCLUDED.volume,
        ingested_at = EXCLUDED.ingested_at
    WHERE stored.ingested_at <= EXCLUDED.ingested_at
    RETURNING stored.xmax = 0 AS inserted
)
SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted)
FROM written
