-- How many of these keys were ingested in the future by the warehouse's own clock: a machine's clock was wrong, and
-- nothing replaces such a row until that time has come.
SELECT count(*)
FROM UNNEST($1::text[], $2::date[], $3::text[]) AS sent (asset_id, date, source)
JOIN price_daily AS stored USING (asset_id, date, source)
WHERE stored.ingested_at > now() + interval '5 minutes'
