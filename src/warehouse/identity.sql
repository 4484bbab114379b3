-- The table for the bars: database, schema and number, whether it is empty, and whether it has one of the bars $1 to $4
-- with their ingest time or a newer one, if any are given. The system identifier is created with the server's data and
-- is the same in its standbys and backups.
SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database(),
       (SELECT n.nspname || '.' || c.oid::text
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = to_regclass('price_daily')),
       NOT EXISTS (SELECT FROM price_daily),
       cardinality($1::text[]) = 0 OR EXISTS (
           SELECT
           FROM UNNEST($1::text[], $2::date[], $3::text[], $4::timestamptz[]) AS witness (asset_id, date, source, ingested_at)
           JOIN price_daily AS stored USING (asset_id, date, source)
           WHERE stored.ingested_at >= witness.ingested_at
       )
