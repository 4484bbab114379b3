-- Whether there is a table of asset sources, whether asset_master has a text column for the currency, and whether
-- price_daily is the view that we created for readers.
SELECT to_regclass('asset_source') IS NOT NULL,
       EXISTS (
           SELECT
           FROM pg_attribute
           WHERE attrelid = to_regclass('asset_master') AND attname = 'currency' AND NOT attisdropped
             AND atttypid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
       ),
       coalesce(obj_description(to_regclass('price_daily'), 'pg_class') LIKE 'pricestash: %', false)
