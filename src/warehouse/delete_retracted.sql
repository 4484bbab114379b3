-- Deletes retracted bars: each if it has the refused values, or was not fetched later, or has an ingest time in the
-- future, which proves nothing. Other values that were fetched later stay.
--
-- The last column counts those that stay.
--
-- $1 to $4: the columns; the values are the last parameters. $5: the expected warehouse, NULL for any.
WITH here AS (
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || current_database() AS warehouse
), refused AS (
    SELECT *
    FROM UNNEST($1::text[], $2::date[], $3::text[], $4::timestamptz[], {values: $PLACE::TYPE[]})
        AS columns (asset_id, date, source, ingested_at, {values})
), gone AS (
    DELETE FROM price_daily AS stored
    USING refused
    WHERE (SELECT $5::text IS NULL OR warehouse = $5 FROM here)
      AND stored.asset_id = refused.asset_id AND stored.date = refused.date AND stored.source = refused.source
      -- Compares bytes, too: a collation may treat another key as equal.
      AND stored.asset_id::text = refused.asset_id COLLATE "C" AND stored.source::text = refused.source COLLATE "C"
      AND (
          stored.ingested_at <= refused.ingested_at
          OR stored.ingested_at > now() + interval '5 minutes'
          OR {values AND: stored.COLUMN = refused.COLUMN}
      )
    RETURNING 1
)
SELECT here.warehouse, (SELECT count(*) FROM gone),
       (
           -- Every part of a statement sees the table as it was before.
           SELECT count(DISTINCT (stored.asset_id, stored.date, stored.source))
           FROM refused
           JOIN price_daily AS stored
               ON stored.asset_id = refused.asset_id AND stored.date = refused.date AND stored.source = refused.source
               AND stored.asset_id::text = refused.asset_id COLLATE "C" AND stored.source::text = refused.source COLLATE "C"
       ) - (SELECT count(*) FROM gone)
FROM here
