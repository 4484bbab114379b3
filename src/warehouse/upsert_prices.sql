-- One chunk of bars in one statement, in key order. The latest ingest wins: an older one changes nothing. An unchanged
-- row is left out, because ON CONFLICT locks every row it looks at, which is a write. A row must not replace one with
-- another key that the table's collation treats as equal.
--
-- $1: the expected warehouse, NULL for any. $2 to $4: the assets and the first and last day of the chunk, so that its
-- stored rows are found by a range of the key. $5: whether this connection has checked that the table's columns fit;
-- then the planner skips the check, which takes as long as fifty rows. $6 to $9: the columns; the values are the last
-- parameters. $10: the expected table, NULL for any. $11 to $14: bars of which it must have one with their ingest time
-- or a newer one; empty if this connection has checked it.
WITH sent AS (
    SELECT *
    FROM UNNEST(
        $6::text[], $7::date[], $8::text[], $9::timestamptz[],
        {values: $PLACE::TYPE[]}
    ) WITH ORDINALITY AS columns (asset_id, date, source, ingested_at, {values}, place)
), here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse,
           (SELECT n.nspname || '.' || c.oid::text
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = to_regclass('price_daily')) AS relation,
           -- A column of another type would accept the values and change them.
           $5::bool OR (
               SELECT count(*) = cardinality(ARRAY['date', 'ingested_at', {values: 'COLUMN'}])
               FROM pg_attribute
               JOIN pg_type AS own ON own.oid = atttypid
               LEFT JOIN pg_type AS inner_type ON inner_type.oid = own.typbasetype
               WHERE attrelid = to_regclass('price_daily') AND NOT attisdropped
                 -- As in columns.sql: the base type of a domain, and no time that is rounded.
                 AND (attname, coalesce(nullif(inner_type.typbasetype, 0), inner_type.oid, own.oid)) IN (
                     ('date', 'date'::regtype), ('ingested_at', 'timestamptz'::regtype),
                     {values: ('COLUMN', 'TYPE'::regtype)}
                 )
                 AND (attname <> 'ingested_at'
                      OR greatest(atttypmod, own.typtypmod, inner_type.typtypmod) NOT BETWEEN 0 AND 5)
           ) AS fits
), standing AS (
    SELECT ($1::text IS NULL OR warehouse = $1)
           AND ($10::text IS NULL OR relation = $10)
           AND (
               cardinality($11::text[]) = 0 OR EXISTS (
                   SELECT
                   FROM UNNEST($11::text[], $12::date[], $13::text[], $14::timestamptz[])
                       AS witness (asset_id, date, source, ingested_at)
                   JOIN price_daily AS stored USING (asset_id, date, source)
                   WHERE stored.ingested_at >= witness.ingested_at
               )
           ) AS holds
    FROM here
), known AS (
    -- Every part of a statement sees the table as it was before.
    SELECT asset_id, date, source, ingested_at, {values}
    FROM price_daily
    WHERE asset_id = ANY ($2::text[]) AND date BETWEEN $3::date AND $4::date
), before AS (
    SELECT count(*) FILTER (WHERE is_there) AS there,
           count(*) FILTER (WHERE is_same AND known_at <= sent_at) AS unchanged,
           count(*) FILTER (WHERE is_same AND known_at = sent_at) AS identical,
           -- By the rows' positions.
           array_agg(is_same AND known_at = sent_at ORDER BY place) FILTER (WHERE place IS NOT NULL) AS are_identical
    FROM (
        -- Compares bytes, too: the row with another key in this place is not this one.
        SELECT known.asset_id::text = sent.asset_id COLLATE "C"
                   AND known.source::text = sent.source COLLATE "C" AS is_there,
               {values AND: known.COLUMN = sent.COLUMN}
                   AND known.asset_id::text = sent.asset_id COLLATE "C"
                   AND known.source::text = sent.source COLLATE "C" AS is_same,
               known.ingested_at AS known_at,
               sent.ingested_at AS sent_at,
               sent.place
        -- A full join is a hash join, even if the planner knows nothing about the table yet and would compare each row
        -- with each.
        FROM known
        -- A first load finds nothing and compares nothing.
        FULL JOIN (SELECT * FROM sent WHERE EXISTS (SELECT FROM known)) AS sent USING (asset_id, date, source)
    ) AS pair
), written AS (
    INSERT INTO price_daily AS stored (asset_id, date, source, ingested_at, {values})
    SELECT asset_id, date, source, ingested_at, {values}
    FROM sent
    WHERE (SELECT fits AND holds FROM here, standing)
      AND (SELECT are_identical FROM before)[place] IS NOT TRUE
    ON CONFLICT (asset_id, date, source) DO UPDATE
    SET {values: COLUMN = EXCLUDED.COLUMN},
        ingested_at = EXCLUDED.ingested_at
    WHERE (stored.ingested_at < EXCLUDED.ingested_at
        OR stored.ingested_at = EXCLUDED.ingested_at
           AND ({values: stored.COLUMN}) IS DISTINCT FROM ({values: EXCLUDED.COLUMN}))
      AND stored.asset_id::text = EXCLUDED.asset_id::text COLLATE "C"
      AND stored.source::text = EXCLUDED.source::text COLLATE "C"
    RETURNING ingested_at
)
SELECT here.warehouse, here.fits, (SELECT count(*) FROM written), before.there, before.unchanged, before.identical,
       -- A trigger that keeps the old row leaves its older time.
       coalesce((SELECT min(ingested_at) FROM written) < (SELECT min(ingested_at) FROM sent), false),
       here.relation, standing.holds
FROM here, standing, before
