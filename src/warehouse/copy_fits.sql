-- The table for the bars, and whether it is suitable for COPY: a plain table without side effects on rows, with a key
-- that refuses duplicates and columns that keep every value.
SELECT n.nspname || '.' || c.oid::text,
       -- A partition is not a plain table, and with Citus a plain one may be distributed.
       c.relkind = 'r' AND NOT (c.relhassubclass OR c.relhasrules OR c.relrowsecurity)
           AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
           -- Triggers of foreign keys are internal.
           AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
           AND EXISTS (
               SELECT
               FROM pg_index i
               WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
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
               WHERE attrelid = c.oid AND NOT attisdropped AND attgenerated = ''
                 AND (
                     attname IN ('asset_id', 'source') AND atttypid IN ('varchar'::regtype, 'text'::regtype)
                     OR (attname, atttypid) IN (
                         ('date', 'date'::regtype), ('ingested_at', 'timestamptz'::regtype),
                         {values: ('COLUMN', 'TYPE'::regtype)}
                     )
                 )
           )
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('price_daily')
