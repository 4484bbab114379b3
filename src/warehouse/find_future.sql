-- The rows among these ($1 to $3: their keys) with an ingest time in the future by the warehouse's own clock.
SELECT stored.asset_id::text, stored.date, stored.source::text
FROM price_daily AS stored
JOIN UNNEST($1::text[], $2::date[], $3::text[]) AS row (asset_id, date, source)
    ON stored.asset_id = row.asset_id AND stored.date = row.date AND stored.source = row.source
WHERE stored.ingested_at > now() + interval '5 minutes'
