-- Identifies the warehouse and table, and checks whether a chunk may be copied to it: it is the expected one, and has
-- no row on the days of the chunk.
--
-- $1: the expected warehouse, NULL for any. $2 to $4: the assets, each with its first and last day in the chunk. $5:
-- the expected table, NULL for any. $6 to $9: bars of which it must have one with their ingest time or a newer one;
-- empty if this connection has checked it.
WITH here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse,
           n.nspname || '.' || c.oid::text AS relation
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass('price_daily')
)
SELECT warehouse,
       relation,
       ($1::text IS NULL OR warehouse = $1)
           AND ($5::text IS NULL OR relation = $5)
           AND (
               cardinality($6::text[]) = 0 OR EXISTS (
                   SELECT
                   FROM UNNEST($6::text[], $7::date[], $8::text[], $9::timestamptz[])
                       AS witness (asset_id, date, source, ingested_at)
                   JOIN price_daily AS stored USING (asset_id, date, source)
                   WHERE stored.ingested_at >= witness.ingested_at
               )
           )
           AND NOT EXISTS (
               SELECT
               FROM UNNEST($2::text[], $3::date[], $4::date[]) AS part (asset_id, first, last)
               -- One look-up in the key per asset.
               CROSS JOIN LATERAL (
                   SELECT
                   FROM price_daily AS stored
                   WHERE stored.asset_id = part.asset_id AND stored.date BETWEEN part.first AND part.last
                   LIMIT 1
               ) AS stored
           )
FROM here
