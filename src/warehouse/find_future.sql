-- Which of these keys (by their place, from 1) were ingested in the future by the warehouse's own clock: a machine's clock was wrong, and
-- nothing replaces such a row until that time has come.
SELECT sent.place
FROM UNNEST($1::text[], $2::date[], $3::text[]) WITH ORDINALITY AS sent (asset_id, date, source, place)
JOIN price_daily AS stored USING (asset_id, date, source)
WHERE stored.ingested_at > now() + interval '5 minutes'
