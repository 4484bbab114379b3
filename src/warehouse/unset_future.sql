-- Rows ($1 to $3: their keys) whose ingest time is in the future by the warehouse's own clock, because a machine's
-- clock was wrong. From now on, whatever was fetched is newer.
UPDATE price_daily AS stored
SET ingested_at = '1970-01-01 00:00:00+00'
FROM UNNEST($1::text[], $2::date[], $3::text[]) AS row (asset_id, date, source)
WHERE stored.asset_id = row.asset_id AND stored.date = row.date AND stored.source = row.source
  AND stored.ingested_at > now() + interval '5 minutes'
RETURNING stored.asset_id::text, stored.date, stored.source::text
