-- Which table it is; whether it fits COPY: a plain table in which nothing else happens to a row, with the key that refuses a second one
-- and columns that keep every value; and whether a chunk may be copied to it: it is the one that is expected, and has no row at the days
-- of the chunk.
--
-- $1: which warehouse this must be, NULL for any. $2 to $4: the assets, each with its first and last day in the chunk. $5: which table
-- this must be, NULL for any. $6 to $9: bars of which it must have one with their ingest time or a newer one; none where this
-- connection has seen it. $10: the table that this connection has seen to be as needed, NULL for none.
WITH here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse,
           c.oid,
           n.nspname || '.' || c.oid::text AS relation,
           -- A partition is no plain table, and with Citus a plain one may be none.
           c.relkind = 'r' AND NOT (c.relhassubclass OR c.relhasrules OR c.relrowsecurity) AS is_plain
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass('price_daily')
), fit AS (
    SELECT warehouse, relation,
           coalesce(relation = $10::text, false) OR is_plain
             AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
             -- Those of foreign keys are internal.
             AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = here.oid AND NOT tgisinternal)
             AND EXISTS (
                 SELECT
                 FROM pg_index i
                 WHERE i.indrelid = here.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
                   AND i.indpred IS NULL AND i.indexprs IS NULL
                   AND (
                       SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C")
                       FROM pg_attribute a
                       WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
                   ) = ARRAY['asset_id', 'date', 'source']
             )
             AND (
                 SELECT count(*) = cardinality(ARRAY['asset_id', 'source', 'date', 'ingested_at', {values: 'COLUMN'}])
                 FROM pg_attribute
                 WHERE attrelid = here.oid AND NOT attisdropped AND attgenerated = ''
                   AND (
                       attname IN ('asset_id', 'source') AND atttypid IN ('varchar'::regtype, 'text'::regtype)
                       OR (attname, atttypid) IN (
                           ('date', 'date'::regtype), ('ingested_at', 'timestamptz'::regtype),
                           {values: ('COLUMN', 'TYPE'::regtype)}
                       )
                   )
             ) AS fits
    FROM here
)
SELECT warehouse, relation, fits,
       fits AND ($1::text IS NULL OR warehouse = $1)
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
           -- One look into the key for each asset.
           CROSS JOIN LATERAL (
               SELECT
               FROM price_daily AS stored
               WHERE stored.asset_id = part.asset_id AND stored.date BETWEEN part.first AND part.last
               LIMIT 1
           ) AS stored
       ) AS may_be_copied
FROM fit
