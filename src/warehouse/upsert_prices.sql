-- One chunk of bars in one statement, in key order. Latest ingest wins: an older one changes nothing, and the same row again
-- is not written again.
--
-- $1 to $9: the columns. $10: which warehouse this must be, NULL for any. $11 to $13: the assets and the first and last day of
-- the chunk, so that its stored rows are found by a range of the key. $14: whether this connection has seen that the table's
-- columns fit; then the planner leaves the look out, which takes as long as fifty rows.
WITH sent AS (
    SELECT *
    FROM UNNEST(
        $1::text[], $2::date[], $3::text[],
        $4::float8[], $5::float8[], $6::float8[], $7::float8[],
        $8::int8[], $9::timestamptz[]
    ) AS columns (asset_id, date, source, open, high, low, close, volume, ingested_at)
), here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse,
           -- A column of another type would take the values and change them.
           $14::bool OR (
               SELECT count(*) = 7
               FROM pg_attribute
               WHERE attrelid = to_regclass('price_daily') AND NOT attisdropped
                 AND (attname, atttypid) IN (
                     ('date', 'date'::regtype),
                     ('open', 'float8'::regtype), ('high', 'float8'::regtype),
                     ('low', 'float8'::regtype), ('close', 'float8'::regtype),
                     ('volume', 'int8'::regtype), ('ingested_at', 'timestamptz'::regtype)
                 )
           ) AS fits
), known AS (
    -- Every part of a statement sees the table as it was before it.
    SELECT asset_id, date, source, open, high, low, close, volume, ingested_at
    FROM price_daily
    WHERE asset_id = ANY ($11::text[]) AND date BETWEEN $12::date AND $13::date
), before AS (
    SELECT count(*) FILTER (WHERE is_there) AS there,
           count(*) FILTER (WHERE is_same AND known_at <= sent_at) AS unchanged,
           count(*) FILTER (WHERE is_same AND known_at = sent_at) AS identical
    FROM (
        SELECT known.close IS NOT NULL AND sent.close IS NOT NULL AS is_there,
               known.close = sent.close AND known.open = sent.open AND known.high = sent.high AND known.low = sent.low
                   AND known.volume = sent.volume AS is_same,
               known.ingested_at AS known_at,
               sent.ingested_at AS sent_at
        -- A full join is a hash join, also where the planner knows nothing of the table yet and would compare each with each.
        FROM known
        -- A first load finds nothing and compares nothing.
        FULL JOIN (SELECT * FROM sent WHERE EXISTS (SELECT FROM known)) AS sent USING (asset_id, date, source)
    ) AS pair
), written AS (
    INSERT INTO price_daily AS stored (asset_id, date, source, open, high, low, close, volume, ingested_at)
    SELECT *
    FROM sent
    WHERE (SELECT fits AND ($10::text IS NULL OR warehouse = $10) FROM here)
    ON CONFLICT (asset_id, date, source) DO UPDATE
    SET open = EXCLUDED.open,
        high = EXCLUDED.high,
        low = EXCLUDED.low,
        close = EXCLUDED.close,
        volume = EXCLUDED.volume,
        ingested_at = EXCLUDED.ingested_at
    WHERE stored.ingested_at < EXCLUDED.ingested_at
       OR stored.ingested_at = EXCLUDED.ingested_at
      AND (stored.open, stored.high, stored.low, stored.close, stored.volume)
          IS DISTINCT FROM (EXCLUDED.open, EXCLUDED.high, EXCLUDED.low, EXCLUDED.close, EXCLUDED.volume)
    RETURNING 1
)
SELECT here.warehouse, here.fits, (SELECT count(*) FROM written), before.there, before.unchanged, before.identical
FROM here, before
