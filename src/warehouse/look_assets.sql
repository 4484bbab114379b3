-- Whether there is a table of the assets' sources, and whether asset_master has a column for the currency, which takes a text.
SELECT to_regclass('asset_source') IS NOT NULL,
       EXISTS (
           SELECT
           FROM pg_attribute
           WHERE attrelid = to_regclass('asset_master') AND attname = 'currency' AND NOT attisdropped
             AND atttypid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
       )
